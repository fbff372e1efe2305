"""When nothing more is sent to a route, and how long a limiter is waited for: what a lane does with each answer, without a target."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from harness.contracts.matrix.cutoff import CutOff, brought_down
from harness.contracts.matrix.factory import RequestFactory, Sending, Sequence
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.runner import AT_ONCE, Limiter, Runner, Work
from harness.credentials import CATALOGUE
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation
from tests.matrix.kit import RecordingMint, TableLane, lanes, plan_of, seen

HUNG, CRASHED = seen(None, hung=True), seen(None, died=True, error="SIGSEGV")
REFUSED, WORKED = seen(401, entered=False), seen(200, entered=True)
STOPPED = seen(None, stopped=True, entered=True)
THREE = ("forged", "expired", "clerk")


def sending(minting: RecordingMint, name: str, *, stop: bool = True, plan: RoutePlan | None = None) -> Sending:
    plan = plan or plan_of()
    way = plan.ways[0]
    return Sequence(RequestFactory(minting, probed=True), plan, CATALOGUE[name], way, way.base).forms(stop)[0]


def cut(minting: RecordingMint, *answers: tuple[str, Observation] | tuple[str, Observation, bool]) -> CutOff:
    """What is known after these credentials were answered so."""
    known = CutOff()
    for name, answer, *stop in answers:
        known.see(sending(minting, name, stop=bool(stop[0]) if stop else True), answer)
    return known


@pytest.mark.parametrize(
    ("answer", "unsendable", "how"),
    [
        (WORKED, False, ""), (REFUSED, False, ""), (seen(500), False, ""),
        (seen(None, died=True), False, "crashed"), (CRASHED, False, "crashed (SIGSEGV)"), (HUNG, False, "hung"),
        (seen(None, hung=True, untried="x"), False, ""),
        (seen(None, error="reset"), False, "gave no answer (reset)"), (seen(None, error="reset"), True, ""),
        (seen(None, error="reset", entered=False), False, ""), (seen(500, error="reset"), False, ""), (seen(None), False, ""),
        (seen(None, error="reset", websocket=WebsocketFacts(accepted=True)), False, ""),
        (seen(None, error="reset", websocket=WebsocketFacts()), False, "gave no answer (reset)"),
        (seen(None, hung=True, websocket=WebsocketFacts()), True, ""),
    ],
)  # fmt: skip
def test_how_a_request_brings_the_target_down(answer: Observation, unsendable: bool, how: str) -> None:
    credential = CATALOGUE["huge-token" if unsendable else "forged"]
    assert credential.unsendable is unsendable
    assert brought_down(answer, credential) == how


def test_three_in_a_row_of_two_groups_or_with_a_genuine_one(minting: RecordingMint) -> None:
    known = cut(minting, ("forged", HUNG), ("expired", CRASHED))
    assert (known.reason, known.last) == ("", "expired crashed (SIGSEGV)")
    known.see(sending(minting, "garbage"), HUNG)
    assert known.reason == (
        "the route hung, crashed (SIGSEGV) 3 times in a row, with forged, expired and garbage: its other cells were not tried"
    )
    assert known.why_not(sending(minting, "alg-none")) == known.reason
    assert CutOff().reason == CutOff().last == ""
    assert "3 times in a row" in cut(minting, ("forged", HUNG), ("expired", HUNG), ("expired-years", HUNG)).reason
    genuine = cut(minting, ("clerk", HUNG), ("clerk-v1", HUNG), ("clerk-other", HUNG))
    assert (
        genuine.reason
        == "the route hung 3 times in a row, with clerk, clerk-v1 and clerk-other: its other cells were not tried"
    )


def test_of_one_group_ten(minting: RecordingMint) -> None:
    names = [
        name
        for name, entry in CATALOGUE.items()
        if entry.group == "time" and entry.drill is None and not entry.authentic
    ][:10]
    assert cut(minting, *((name, HUNG) for name in names[:9])).reason == ""
    assert (
        f"10 times in a row, with {', '.join(names[:9])} and {names[9]}:"
        in cut(minting, *((name, HUNG) for name in names)).reason
    )


def test_the_same_credential_counts_once_and_is_not_sent_a_fourth_time(minting: RecordingMint) -> None:
    known = cut(minting, ("forged", HUNG), ("forged", HUNG))
    assert known.why_not(sending(minting, "forged")) == ""
    known.see(sending(minting, "forged"), CRASHED)
    assert known.reason == "" and known.last == "forged crashed (SIGSEGV)"
    assert known.why_not(sending(minting, "forged")) == "forged brought the target down 3 times: it was not sent again"
    assert known.why_not(sending(minting, "expired")) == ""
    again = cut(minting, ("forged", HUNG), ("forged", HUNG), ("forged", REFUSED), ("forged", HUNG))
    assert again.why_not(sending(minting, "forged")) == ""


@pytest.mark.parametrize(
    ("between", "goes_on"),
    [
        (("alg-none", WORKED), True),
        (("alg-none", seen(200)), True),
        (("alg-none", seen(None, websocket=WebsocketFacts(accepted=True))), True),
        # A refusal, or a stop at the door, shows nothing of a handler that has never worked.
        (("alg-none", REFUSED), False),
        (("alg-none", seen(401)), False),
        (("alg-none", STOPPED), False),
        (("alg-none", seen(200, entered=False)), False),
        (("alg-none", seen(None, websocket=WebsocketFacts())), False),
    ],
)
def test_what_was_answered_in_between(minting: RecordingMint, between: Any, goes_on: bool) -> None:
    inside = [(name, HUNG, False) for name in THREE]
    known = cut(minting, *inside[:2], between, inside[2])
    assert (known.reason == "") is goes_on


def test_what_was_stopped_at_the_door_is_answered_by_a_refusal(minting: RecordingMint) -> None:
    at_the_door = [(name, HUNG, True) for name in THREE]
    assert cut(minting, *at_the_door[:2], ("alg-none", REFUSED), at_the_door[2]).reason == ""
    # And once the handler has worked, everything that is answered shows that it is not each time.
    inside = [(name, HUNG, False) for name in THREE]
    assert cut(minting, ("missing", WORKED), *inside[:2], ("alg-none", REFUSED), inside[2]).reason == ""
    assert cut(minting, ("missing", WORKED), *inside).reason != ""


@pytest.mark.parametrize(
    ("limit", "retries", "answered", "expected"),
    [
        (10.0, ["3"], True, [3.0]), (10.0, ["3", "7"], True, [7.0]), (10.0, [None], True, [1.0]), (10.0, ["0"], True, [1.0]),
        (10.0, ["10"], True, [10.0]), (10.0, ["11"], True, [None]), (10.0, [], True, [0.0]), (0.5, [None], True, [None]),
        (10.0, ["1"], False, [1.0, 1.0, None]), (10.0, ["1"], True, [1.0] * 4),
    ],
)  # fmt: skip
def test_how_long_a_limiter_is_waited_for(
    limit: float, retries: list[str | None], answered: bool, expected: list[float | None]
) -> None:
    limiter = Limiter(limit)
    answers = [seen(429, headers=[("retry-after", told)] if told is not None else []) for told in retries]
    assert [limiter.wait(answers, answered) for _ in expected] == expected
    if not answered:
        assert limiter.wait(answers, True) == 1.0 and limiter.wait(answers, False) == 1.0


# One lane


class Scripted:
    """Routes whose scripts yield given work, and what came of each."""

    def __init__(self, minting: RecordingMint, **works: list[tuple[tuple[str, ...], dict[str, Any]]]) -> None:
        self.minting, self.works = minting, works
        self.answers: list[tuple[str, list[Observation]]] = []
        self.cuts: list[tuple[str, str]] = []

    def plans(self) -> deque[RoutePlan]:
        return deque(plan_of(key=f"GET /{name}") for name in self.works)

    def __call__(self, plan: RoutePlan) -> Any:
        for names, more in self.works[plan.key.partition("/")[2]]:
            rows = more.get("rows", False)
            sendings = [sending(self.minting, name, stop=more.get("stop", True), plan=plan) for name in names]
            for each in sendings:
                each.rows = rows
            how = {name: on for name, on in more.items() if name not in ("rows", "stop")}
            answers = yield Work(sendings, **how)
            self.answers.append((plan.key, answers))
        return lambda: [plan.key]

    def cut(self, plan: RoutePlan, reason: str) -> None:
        self.cuts.append((plan.key, reason))


def played(scripted: Scripted, lane: TableLane, reset: Any = None, limit: float = 5.0) -> tuple[Runner, list[Any]]:
    made = Runner(lane, reset, limit, scripted.plans(), scripted, scripted.cut)
    made.begin()
    found: list[Any] = []
    while made.busy:
        found += made.step(True)
    return made, found


def sizes(lane: TableLane) -> list[int]:
    return [len(batch) for batch in lane.batches]


@pytest.mark.parametrize(
    ("more", "expected", "beside"),
    [
        ({}, [3], [1]),
        ({"singly": True}, [1, 1, 1], [1] * 3),
        ({"together": True}, [3], [3]),
        ({"overlap": True}, [3], [AT_ONCE]),
    ],
)
def test_a_batch_at_once_or_one_by_one(
    minting: RecordingMint, more: Any, expected: list[int], beside: list[int]
) -> None:
    scripted = Scripted(minting, a=[(THREE, more)], b=[(("missing",), {"together": True})])
    with lanes(lambda call: seen(401, body=minting.name_in(call.request))) as (lane,):
        _, found = played(scripted, lane)
        assert (sizes(lane), lane.at_once) == ([*expected, 1], [*beside, 1])
        assert set(lane.limits) == {5.0}
    assert [(key, [answer.body for answer in answers]) for key, answers in scripted.answers] == [
        ("GET /a", list(THREE)), ("GET /b", ["missing"]),
    ]  # fmt: skip
    assert found == ["GET /a", "GET /b"]


def test_a_batch_is_as_large_as_its_tokens_stay_fresh(minting: RecordingMint) -> None:
    four = ("forged", "expired", "garbage", "alg-none")
    scripted = Scripted(minting, a=[(("missing",), {}), (four, {}), (("clerk",) * 3, {"stop": False})], b=[(THREE, {})])
    with lanes(lambda call: seen(401, micros=3_000_000)) as (lane,):
        played(scripted, lane)
        # Two of three seconds make six; nothing is known of those that go inside, and nothing any more of the next route.
        assert sizes(lane) == [1, 2, 2, 3, 3]
    scripted = Scripted(minting, a=[(("missing",), {}), (THREE, {})])
    with lanes(lambda call: seen(401, micros=9_000_000)) as (lane,):
        played(scripted, lane)
        assert sizes(lane) == [1, 1, 1, 1]
    scripted = Scripted(minting, a=[(("missing",), {}), (THREE, {})])
    with lanes(lambda call: seen(401, micros=4_000_000)) as (lane,):
        played(scripted, lane)
        assert sizes(lane) == [1, 2, 1]
