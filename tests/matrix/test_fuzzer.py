"""What the fuzzer sends and what it says, where a table answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.contracts.matrix import fuzz as fuzz_module
from harness.contracts.matrix.fuzz import FUZZ, Fuzzer
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.verdicts import CellVerdict
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE
from harness.credentials.mutations import name_of, program_of, words_of
from harness.targets.base import Call, Observation
from tests.matrix.kit import (
    NO_MECHANISMS,
    FakeTime,
    RecordingMint,
    TableLane,
    TableTarget,
    admitted,
    kept_out,
    lanes,
    plan_of,
    seen,
)

ADMITTED, REFUSED = seen(200, entered=True), seen(401, entered=False)


class FuzzBench:
    """A fuzzer on one lane, whose answers a function gives by the token that was sent."""

    def __init__(self, lane: TableLane, mint: RecordingMint) -> None:
        self.mint = mint
        self.target = TableTarget([lane])
        self.lane = lane
        self.answer: Callable[[str], Observation] = lambda token: REFUSED
        self.tokens: list[str] = []
        lane.answering = self._answered

    def _answered(self, call: Call) -> Observation:
        headers = dict(call.request.headers)
        token = headers.get("authorization", headers.get("cookie", "")).partition(" ")[2]
        self.tokens.append(token)
        return replace(self.answer(token))

    def fuzzer(
        self, *plans: RoutePlan, examples: int = 5, seed: int = 7, probed: bool = True, known: Any = admitted
    ) -> Fuzzer:
        self.target.probed = probed
        sender = Sender(self.target, list(plans), self.mint, Judge(NO_MECHANISMS, probed=probed), limit=3.0)
        for plan in plans:
            sender.states[plan.key].guard = "door"
            known(sender.states[plan.key])
        return Fuzzer(sender, examples, seed)

    def run(self, *plans: RoutePlan, **more: Any) -> list[CellVerdict]:
        return list(self.fuzzer(*plans, **more).run())


def fuzzed(key: str = "GET /x", *carriers: str) -> RoutePlan:
    plan = plan_of(("clerk",), key, *carriers)
    plan.cells = [plan.cell(CATALOGUE["clerk"]), Cell(plan, FUZZ, "reject", plan.ways[0])]
    return plan


@pytest.fixture
def bench(minting: RecordingMint) -> Iterator[FuzzBench]:
    with lanes(lambda call: Observation()) as (lane,):
        yield FuzzBench(lane, minting)


SPELLED = "only spelled the genuine token otherwise"


def test_refusals_are_counted_by_seed(bench: FuzzBench) -> None:
    (verdict,) = bench.run(fuzzed())
    tried = len(bench.tokens)
    assert 0 < tried <= 5
    same = 5 - tried
    seen_ = f"{tried} mutations were refused (seed 7); {same} {SPELLED}"
    assert verdict == CellVerdict("app", "GET /x", "p", "fuzz", "fuzz", "reject", "pass", "probe", seen_, "")
    again = list(bench.tokens)
    bench.tokens.clear()
    assert bench.run(fuzzed())[0].seen == verdict.seen and bench.tokens == again
    bench.tokens.clear()
    bench.run(fuzzed(), seed=8)
    assert bench.tokens != again
    assert {call.stop for call in bench.lane.calls} == {True}
    assert {call.route.key for call in bench.lane.calls} == {"GET /x"}


def test_each_route_with_a_cell_of_it_and_no_other(bench: FuzzBench) -> None:
    other = plan_of(key="GET /other")
    other.cells = [other.cell(CATALOGUE["forged"])]
    found = bench.run(fuzzed(), other, fuzzed("GET /y"), examples=2)
    assert [verdict.route for verdict in found] == ["GET /x", "GET /y"]
    assert all(
        verdict.seen.startswith(f"{2 - int(verdict.seen.split('; ')[1].split()[0])} mutations") for verdict in found
    )


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (ADMITTED, "breach", "must be rejected, was let in"),
        (seen(500, entered=False), "fault", "the target failed instead of deciding"),
    ],
)
def test_what_a_mutation_does_is_told_with_the_program(
    bench: FuzzBench, answer: Observation, kind: str, detail: str
) -> None:
    bench.answer = lambda token: answer
    (verdict,) = bench.run(fuzzed(), examples=20)
    program = program_of(verdict.credential)
    assert (verdict.verdict, verdict.group, verdict.status) == (kind, "fuzz", answer.status)
    assert verdict.detail.startswith(detail) and verdict.detail.endswith(f"; {words_of(program)}")
    assert len(program) == 1  # Made small.
    assert len(bench.tokens) > 1


def test_the_answer_that_is_judged_is_that_of_the_smallest(bench: FuzzBench) -> None:
    bench.answer = lambda token: seen(200, entered=True, body=f"answer {len(bench.tokens)}")
    (verdict,) = bench.run(fuzzed(), examples=20)
    assert verdict.excerpt == f"answer {len(bench.tokens)}"


@pytest.mark.parametrize("down", [seen(None, died=True, entered=False), seen(None, hung=True, entered=False)])
def test_a_target_that_is_brought_down_is_not_brought_down_again_to_find_a_smaller_one(
    bench: FuzzBench, down: Observation
) -> None:
    bench.answer = lambda token: down
    (verdict,) = bench.run(fuzzed(), examples=20)
    assert (verdict.verdict, len(bench.tokens)) == ("fault", 1)


@pytest.mark.parametrize(
    ("letter", "raised"), [("A", fuzz_module._BroughtDown), ("\xff", fuzz_module._Broke), ("\x01", fuzz_module._Broke)]
)
def test_what_no_server_takes_brings_no_target_down(bench: FuzzBench, letter: str, raised: type[BaseException]) -> None:
    """Bytes of a header that are no text: the server may break the connection off by itself."""
    bench.answer = lambda token: seen(None, error="reset")
    plan = fuzzed()
    with pytest.raises(raised):
        bench.fuzzer(plan, probed=False)._try(plan.cells[1], [["claims", "sub", "x"], ["text", "insert", 60, letter]])


def test_without_a_genuine_token_that_got_in_refusals_prove_nothing(bench: FuzzBench) -> None:
    (verdict,) = bench.run(fuzzed(), examples=2, known=kept_out)
    assert (verdict.verdict, verdict.detail) == (
        "inconclusive",
        "no genuine token got in: these refusals prove nothing",
    )
    assert verdict.seen.endswith(SPELLED)


def test_a_route_that_is_cut_off_is_not_fuzzed(bench: FuzzBench) -> None:
    fuzzer = bench.fuzzer(fuzzed())
    fuzzer.sender.states["GET /x"].cut_off = "it hung three times"
    (verdict,) = fuzzer.run()
    assert (verdict.verdict, verdict.seen, verdict.detail) == ("inconclusive", "not tried", "it hung three times")
    assert bench.tokens == []


def tried(bench: FuzzBench, plan: RoutePlan, program: list[Any]) -> tuple[Fuzzer, list[str]]:
    fuzzer = bench.fuzzer(plan)
    fuzzer._try(plan.cells[1], program)
    return fuzzer, bench.tokens


def test_another_spelling_is_counted_apart_and_what_no_header_can_carry_is_not_sent(bench: FuzzBench) -> None:
    spelled, tokens = tried(bench, fuzzed(), [["text", "insert", 9999, " "]])
    assert (spelled._same, spelled._tried, tokens) == (1, 0, [])
    unsent, tokens = tried(bench, fuzzed(), [["text", "insert", 3, "\u0100"]])
    assert (unsent._same, unsent._tried, tokens) == (0, 0, [])
    sent, tokens = tried(bench, fuzzed(), [["claims", "sub", "x"], ["text", "insert", 60, "\xff"]])
    assert (sent._same, sent._tried, len(tokens)) == (0, 1, 1)


def test_the_token_goes_where_the_route_takes_it(bench: FuzzBench) -> None:
    tried(bench, fuzzed("GET /x", "cookie:__session"), [["sign", "attacker"]])
    (call,) = bench.lane.calls
    names = [name for name, _ in call.request.headers]
    assert "cookie" in names and "authorization" not in names


def test_the_handler_answers_where_it_decides(bench: FuzzBench) -> None:
    plan = fuzzed()
    fuzzer = bench.fuzzer(plan)
    fuzzer.sender.states["GET /x"].guard = "handler"
    fuzzer._try(plan.cells[1], [["sign", "attacker"]])
    assert [call.stop for call in bench.lane.calls] == [False]


def test_the_genuine_token_is_made_anew_before_it_grows_old(bench: FuzzBench, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeTime()
    monkeypatch.setattr(fuzz_module, "time", clock)
    plan = fuzzed()
    fuzzer = bench.fuzzer(plan)
    made: list[str] = []
    usual = bench.mint.present

    def present(credential: Any, base: Any = None) -> Any:
        made.append(credential.name)
        return usual(credential, base)

    monkeypatch.setattr(bench.mint, "present", present)
    first = fuzzer._token(plan.cells[1])
    clock.now += 20.0
    assert fuzzer._token(plan.cells[1]) == first and made == ["clerk"]
    clock.now += 0.1
    fuzzer._token(plan.cells[1])
    assert made == ["clerk", "clerk"]
    clock.now += 20.0
    fuzzer._token(plan.cells[1])
    assert made == ["clerk", "clerk"]
    # Each cell begins with one of its own.
    list(fuzzer.run())
    assert made == ["clerk"] * 3


def test_a_base_without_a_token_is_the_usual_one(bench: FuzzBench) -> None:
    plan = fuzzed()
    fuzzer = bench.fuzzer(plan)
    way = plan.ways[0]
    fuzzer.sender.states["GET /x"].twins[way.label].credential = CATALOGUE["missing"]
    assert fuzzer._token(plan.cells[1]).count(".") == 2
    admin = CATALOGUE["clerk-org-admin"]
    fuzzer._genuine = (0.0, "")
    fuzzer.sender.states["GET /x"].twins[way.label].credential = admin
    assert bench.mint.names[f"Bearer {fuzzer._token(plan.cells[1])}"] == "clerk-org-admin"


def test_what_is_fuzzed_in_another_way_is_named_so(bench: FuzzBench) -> None:
    plan = plan_of(("clerk",), "GET /x", "bearer", "cookie:__session")
    way = next(way for way in plan.ways if way.label)
    plan.cells = [Cell(plan, FUZZ, "reject", way)]
    fuzzer = bench.fuzzer(plan, examples=2)
    admitted(fuzzer.sender.states["GET /x"], way=Way(way.bases, way.carrier, way.label))
    (verdict,) = fuzzer.run()
    assert verdict.credential == f"fuzz@{way.label}" and verdict.verdict == "pass"


def test_the_credential_of_the_fuzzer_itself(minting: RecordingMint) -> None:
    assert (FUZZ.name, FUZZ.group, FUZZ.cwe, FUZZ.source) == ("fuzz", "fuzz", "CWE-347", "RFC 8725 section 3")
    assert minting.present(FUZZ).token is not None
    assert program_of(name_of([])) == []
