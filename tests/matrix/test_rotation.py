"""Keys that the issuer rotates to and withdraws, on lanes that answer from tables; time only passes where somebody sleeps."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.deadlines import Deadlines
from harness.contracts.matrix.rotation import Rotation
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.verdicts import CellVerdict
from harness.targets.base import Call, Observation
from tests.matrix.bench import ADMITTED, BROKEN, REFUSED, Bench, drilled, facts_of, run
from tests.matrix.kit import RecordingMint, kept_out, seen

# Keys that are withdrawn

WITHDRAWN = "rotated-out-after-genuine"


def withdrawing(bench: Bench, **policy: Any) -> Sender:
    """A route with a token of a key that is published."""
    plan = drilled(WITHDRAWN, **policy)
    sender = bench.sender(plan)
    list(Rotation(sender, Deadlines()).run())
    bench.sent.clear()
    return sender


def test_the_key_is_withdrawn_when_its_token_was_accepted(bench: Bench) -> None:
    sender = withdrawing(bench, expect="reject")
    published = len(bench.mint.instance.published)
    keys: list[int] = []

    def answer(call: Call) -> Observation:
        keys.append(len(bench.mint.instance.published) - published)
        return bench.answer(0, call)

    bench.lanes[0].answering = answer
    bench.table = {WITHDRAWN: [ADMITTED, ADMITTED, REFUSED], "clerk-rotated": ADMITTED}
    (found,) = run(sender)
    assert (found.verdict, found.credential, found.expected) == ("pass", WITHDRAWN, "reject")
    assert keys == [0, -1, -1]
    assert bench.clock.slept == [0.25]


def test_a_new_key_is_waited_for_where_rotations_are_followed(bench: Bench) -> None:
    sender = withdrawing(bench, expect="reject")
    bench.table = {WITHDRAWN: [REFUSED, REFUSED, ADMITTED, REFUSED], "clerk-rotated": ADMITTED}
    (found,) = run(sender)
    assert found.verdict == "pass"
    assert bench.names() == [WITHDRAWN, "clerk-rotated", WITHDRAWN, "clerk-rotated", WITHDRAWN, WITHDRAWN]
    assert bench.clock.slept == [0.25, 0.25]


@pytest.mark.parametrize("rotated", [REFUSED, seen(500, entered=True)])
def test_where_they_are_not_there_is_nothing_to_wait_for(bench: Bench, rotated: Observation) -> None:
    sender = withdrawing(bench)
    bench.table = {"clerk-rotated": rotated}
    (found,) = run(sender)
    assert facts_of(found) == ("pass", "its key was never taken: keys are not asked for again", "")
    assert bench.names() == [WITHDRAWN, "clerk-rotated"]
    assert bench.clock.slept == []


def test_a_new_key_is_waited_for_no_longer_than_a_rotation_may_take(bench: Bench) -> None:
    sender = withdrawing(bench)
    bench.table = {"clerk-rotated": ADMITTED}
    (found,) = run(sender, rotate_within=0.5)
    assert found.seen == "its key was never taken: keys are not asked for again"
    assert bench.clock.slept == [0.25, 0.25]
    assert bench.names().count(WITHDRAWN) == 3


@pytest.mark.parametrize(
    ("expect", "within", "rotate", "verdict", "expected", "slept"),
    [
        # Caches keep keys: either answer is right, at once.
        (None, None, 0.5, "pass", "tolerate", 0),
        # A limit is declared, and it must be refused by then.
        (None, 1.0, 0.5, "breach", "reject", 4),
        ("reject", 1.0, 0.5, "breach", "reject", 4),
        # The policy demands it, and the limit of a rotation stands in.
        ("reject", None, 0.5, "breach", "reject", 2),
        ("accept", 1.0, 0.5, "pass", "accept", 0),
    ],
)
def test_how_long_a_withdrawn_key_may_be_taken(
    bench: Bench, expect: str | None, within: float | None, rotate: float, verdict: str, expected: str, slept: int
) -> None:
    sender = withdrawing(bench, expect=expect)
    bench.table = {WITHDRAWN: ADMITTED}
    (found,) = run(sender, rotate_within=rotate, withdrawn_within=within)
    assert (found.verdict, found.expected) == (verdict, expected)
    assert bench.clock.slept == [0.25] * slept


@pytest.mark.parametrize(("expect", "stops"), [("reject", [True, True]), (None, [True, False])])
def test_where_either_answer_is_right_the_handler_answers(bench: Bench, expect: Any, stops: list[bool]) -> None:
    sender = withdrawing(bench, expect=expect)
    bench.table = {WITHDRAWN: [ADMITTED, REFUSED]}
    run(sender)
    assert [stop for *_, stop in bench.sent] == stops


def test_the_drill_takes_its_own_sequence(bench: Bench) -> None:
    plan, other = drilled(WITHDRAWN), drilled(WITHDRAWN, key="GET /y")
    sender = bench.sender(plan, other)
    list(Rotation(sender, Deadlines()).run())
    bench.table = {WITHDRAWN: ADMITTED}
    assert [found.route for found in run(sender)] == ["GET /x", "GET /y"]
    tokens = [dict(call.request.headers)["authorization"] for call in bench.lanes[0].calls]
    assert len(set(tokens)) == 2


# The rotation itself

ROTATED = "clerk-rotated"


def rotated(sender: Sender, **deadlines: Any) -> list[CellVerdict]:
    return list(Rotation(sender, Deadlines(**deadlines)).run())


def test_nothing_is_published_where_nothing_is_rotated(minting: RecordingMint, bench: Bench) -> None:
    published = len(bench.mint.instance.published)
    sender = bench.sender(drilled("jwks-outage"))
    assert rotated(sender) == []
    assert len(bench.mint.instance.published) == published
    assert sender.states["GET /x"].withdrawn == []


def test_withdrawn_keys_are_published_with_the_rotation_where_that_drill_is_run(bench: Bench) -> None:
    plan, other = drilled(WITHDRAWN), drilled(WITHDRAWN, key="GET /y")
    other.drills = frozenset()
    sender = bench.sender(plan, other)
    published = len(bench.mint.instance.published)
    assert rotated(sender) == []
    assert [cell for cell, _ in sender.states["GET /x"].withdrawn] == plan.cells
    assert sender.states["GET /y"].withdrawn == []
    assert len(bench.mint.instance.published) > published


@pytest.mark.parametrize(
    ("answers", "expect", "slept", "verdict"),
    [
        ([ADMITTED], None, 0, "pass"),
        ([REFUSED, BROKEN, ADMITTED], "accept", 2, "pass"),
        ([seen(404, entered=False)], "accept", 0, "inconclusive"),
        ([REFUSED], "accept", 4, "lockout"),
        ([BROKEN], "accept", 4, "fault"),
        ([REFUSED], "reject", 4, "pass"),
    ],
)
def test_a_rotated_key_is_waited_for(
    bench: Bench, answers: list[Observation], expect: Any, slept: int, verdict: str
) -> None:
    bench.table = {ROTATED: answers}
    (found,) = rotated(bench.sender(drilled(ROTATED, expect=expect)), rotate_within=1.0)
    assert found.verdict == verdict
    assert bench.clock.slept == [0.25] * slept
    assert bench.target.renewed == []


@pytest.mark.parametrize(
    ("fetching", "renewable", "verdict", "expected", "renewed"),
    [
        (1, True, "lockout", "accept", [0]),  # It asks for keys, so it could have followed.
        (0, True, "pass", "tolerate", [0]),  # A PEM.
        (1, False, "lockout", "accept", []),
        (0, False, "pass", "tolerate", []),
    ],
)
def test_a_pem_cannot_follow(
    bench: Bench, fetching: int, renewable: bool, verdict: str, expected: str, renewed: list[int]
) -> None:
    bench.fetching = fetching
    bench.target.renewable = renewable
    (found,) = rotated(bench.sender(drilled(ROTATED)), rotate_within=0.0)
    assert (found.verdict, found.expected) == (verdict, expected)
    assert bench.target.renewed == renewed
    assert bench.names() == [ROTATED, *(["clerk"] if renewable else [])]


def test_a_target_that_asks_for_keys_at_its_start(bench: Bench) -> None:
    def start() -> None:
        bench.mint.instance.jwks_asked += 1

    bench.target.on_renew = start
    sender = bench.sender(drilled(ROTATED))
    sender.lane_of = {"GET /x": 1}
    (found,) = rotated(sender, rotate_within=0.0)
    assert found.verdict == "lockout"
    assert bench.target.renewed == [1]


def test_to_learn_whether_keys_are_asked_for_the_handler_need_not_run(bench: Bench) -> None:
    rotated(bench.sender(drilled(ROTATED, guard="handler")), rotate_within=0.0)
    assert bench.sent == [(0, "GET /x", ROTATED, False), (0, "GET /x", "clerk", True)]


def test_what_was_asked_for_before_says_nothing(bench: Bench) -> None:
    bench.mint.instance.jwks_asked = 3
    (found,) = rotated(bench.sender(drilled(ROTATED)), rotate_within=0.0)
    assert found.verdict == "pass"


@pytest.mark.parametrize(
    ("one", "other", "renewed"),
    [
        ({"dependencies": ("m:f",)}, {"dependencies": ("m:f",)}, [0]),
        ({"dependencies": ("m:f",)}, {"dependencies": ("m:g",)}, [0, 0]),
        ({"inside": ("m:f",)}, {"inside": ("m:f",)}, [0]),
        ({"dependencies": ("m:f",), "inside": ("m:a",)}, {"dependencies": ("m:f",), "inside": ("m:b",)}, [0]),
        ({}, {}, [0, 0]),
    ],
)
def test_each_guard_is_started_anew_once(
    bench: Bench, one: dict[str, Any], other: dict[str, Any], renewed: list[int]
) -> None:
    plans = [drilled(ROTATED, route=one), drilled(ROTATED, key="GET /y", route=other)]
    rotated(bench.sender(*plans), rotate_within=0.0)
    assert bench.target.renewed == renewed


def test_a_rotation_without_a_twin(bench: Bench) -> None:
    sender = bench.sender(drilled(ROTATED))
    kept_out(sender.states["GET /x"])
    (found,) = rotated(sender)
    detail = "before the rotation its twin was not let in (it was refused): nothing is known of a new key"
    assert facts_of(found) == ("inconclusive", "it was refused", detail)
    assert (found.status, found.expected) == (None, "tolerate")
    assert bench.sent == []
    sender = bench.sender(drilled(ROTATED, expect="accept"))
    kept_out(sender.states["GET /x"])
    assert rotated(sender)[0].expected == "accept"


def test_all_routes_wait_for_the_same_rotation(bench: Bench) -> None:
    first, second = (drilled(ROTATED, key=key, expect="accept") for key in ("GET /x", "GET /y"))
    rotated(bench.sender(first, second), rotate_within=1.0)
    assert bench.clock.slept == [0.25] * 4  # The second one has no time left.
    assert len(bench.sent) == 6
