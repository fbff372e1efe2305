"""A whole run on lanes that answer from tables: what is sent where, in which order, and what is noted."""

from __future__ import annotations

import pytest

from harness.contracts.matrix import Engine, Judge, Plan, runner
from harness.contracts.matrix.deadlines import Deadlines
from harness.contracts.matrix.fuzz import FUZZ
from harness.contracts.matrix.plan import Cell, Gap
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE
from harness.targets.agent.protocol import Asked
from harness.targets.base import Call, Observation
from tests.matrix.engines import FEW, Engines, admitting, with_cells
from tests.matrix.kit import NO_MECHANISMS, RecordingMint, TableTarget, plan_of, seen

two_lanes = pytest.mark.parametrize("engines", [2], indirect=True)


def facts(verdicts: list[CellVerdict]) -> dict[tuple[str, str], str]:
    return {verdict.key: verdict.verdict for verdict in verdicts}


# The run as a whole


def test_a_backend_that_does_as_declared_passes(engines: Engines) -> None:
    plan, public = with_cells(), with_cells("GET /open", accept=("*",))

    def answer(name: str, call: Call) -> Observation:
        return admitting(*FEW)(name, call) if call.route.path == "/open" else admitting("clerk")(name, call)

    found = engines.run(answer, plan, public)
    assert facts(found) == {(key, name): "pass" for key in ("GET /x", "GET /open") for name in FEW}
    assert {verdict.twin for verdict in found if verdict.expected == "reject"} == {"clerk"}
    assert engines.notes == []


def test_flaws_are_found(engines: Engines) -> None:
    found = engines.run(admitting("clerk", "forged"), with_cells())
    assert facts(found)["GET /x", "forged"] == "breach"
    assert {facts(found)["GET /x", name] for name in FEW if name != "forged"} == {"pass"}
    nobody = engines.run(admitting(), with_cells())
    assert facts(nobody)["GET /x", "clerk"] == "lockout"
    assert {facts(nobody)["GET /x", name] for name in FEW if name != "clerk"} == {"inconclusive"}


def test_gaps_come_first(engines: Engines) -> None:
    gaps = [
        Gap("undeclared", "GET /new", "new", "nobody has declared it"),
        Gap("stale", "GET /gone", "old", "it is gone", "clerk"),
    ]
    found = engines.run(admitting("clerk"), with_cells(), gaps=gaps)
    assert found[:2] == [
        CellVerdict(
            "new", "GET /new", "", "", "", "", "undeclared", "declaration", "", "nobody has declared it",
            hint='add a line: "GET /new" = "…"',
        ),
        CellVerdict("old", "GET /gone", "clerk", "", "", "", "stale", "declaration", "", "it is gone"),
    ]  # fmt: skip
    assert len(found) == 2 + len(FEW)


def test_a_route_that_cannot_be_examined_is_noted(engines: Engines) -> None:
    plan = plan_of(("clerk",), "WS /live", "message")
    assert engines.run(admitting(), plan) == []
    assert engines.notes == [
        'WS /live was not examined: it takes its token in a message, and no message with "{token}" is declared'
    ]
    assert engines.lanes[0].calls == []


def test_a_route_without_cells_is_not_asked(engines: Engines) -> None:
    assert engines.run(admitting(), plan_of()) == []
    assert engines.lanes[0].calls == []
    assert engines.make(admitting(), plan_of()).sender.lane_of == {}


def test_what_the_source_names_may_be_all_that_is_chosen(engines: Engines) -> None:
    def answer(name: str, call: Call) -> Observation:
        named = ("x-door", "sesame") in call.request.headers
        answered = admitting("clerk", *([name] if named else []))(name, call)
        answered.asked = [Asked("header", "x-door", "app:guard", ["sesame"], 0)] if call.learn else []
        return answered

    plan = plan_of()
    plan.named = lambda cell: cell.credential.name == "named-field"
    (found,) = engines.run(answer, plan)
    assert (found.credential, found.verdict, found.twin) == ("named-field", "breach", "clerk")


@two_lanes
def test_each_route_is_tried_on_the_lane_that_is_free(engines: Engines) -> None:
    plans = [with_cells(f"GET /{number}") for number in range(5)]
    engine = engines.make(admitting("clerk"), *plans)
    found = list(engine.run())
    assert len(found) == 5 * len(FEW)
    assert {verdict.verdict for verdict in found} == {"pass"}
    # All requests of a route go to one lane, which is remembered.
    first, second = engines.routes_of(0), engines.routes_of(1)
    assert sorted(first + second) == [plan.key for plan in plans]
    assert engine.sender.lane_of == dict.fromkeys(first, 0) | dict.fromkeys(second, 1)
    assert first[0] == "GET /0"
    assert second


def test_the_limit_of_each_request(engines: Engines) -> None:
    engines.run(admitting("clerk"), with_cells())
    assert set(engines.lanes[0].limits) == {10.0}
    engines.run(admitting("clerk"), with_cells(), limit=2.5)
    assert engines.lanes[0].limits[-1] == 2.5


def test_the_limits_of_drills(engines: Engines) -> None:
    engine = engines.make(admitting())
    assert engine.deadlines == Deadlines(15.0, 45.0, None)
    engine = engines.make(admitting(), heal_within=1.0, rotate_within=2.0, withdrawn_within=3.0)
    assert engine.deadlines == Deadlines(1.0, 2.0, 3.0)


def test_rotation_drills_and_fuzzing_follow_the_cells(engines: Engines) -> None:
    plan = with_cells("GET /x", "clerk", "forged")
    plan.drills = frozenset({"rotated", "flood"})
    plan.cells += [plan.cell(CATALOGUE[name]) for name in ("unknown-kid-flood", "clerk-rotated")]
    plan.cells.append(Cell(plan, FUZZ, "reject", plan.ways[0]))
    found = engines.run(admitting("clerk", "clerk-rotated"), plan, fuzz=3, seed=7)
    assert [verdict.credential for verdict in found] == [
        "clerk", "forged", "clerk-rotated", "unknown-kid-flood", "fuzz",
    ]  # fmt: skip
    assert {verdict.verdict for verdict in found} == {"pass"}
    assert "(seed 7)" in found[-1].seen
    without = engines.run(admitting("clerk", "clerk-rotated"), plan)
    assert [verdict.credential for verdict in without] == [
        "clerk", "forged", "clerk-rotated", "unknown-kid-flood",
    ]  # fmt: skip


def test_drills_know_the_limits(engines: Engines) -> None:
    plan = with_cells("GET /x", "clerk")
    plan.drills = frozenset({"heals"})
    plan.cells.append(plan.cell(CATALOGUE["jwks-heals"]))

    def answer(name: str, call: Call) -> Observation:
        return admitting(*([] if engines.target.renewed else ["clerk"]))(name, call)

    found = engines.run(answer, plan, heal_within=0.0)
    assert facts(found) == {("GET /x", "clerk"): "pass", ("GET /x", "jwks-heals"): "lockout"}


def test_a_limiter_is_waited_for(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_USUAL_WAIT", 0.01)
    throttled: list[str] = []

    def answer(name: str, call: Call) -> Observation:
        if name == "forged" and not throttled:
            throttled.append(name)
            return seen(429)
        return admitting("clerk")(name, call)

    found = engines.run(answer, with_cells())
    assert throttled == ["forged"]
    assert {verdict.verdict for verdict in found} == {"pass"}


def test_fuzzing_finds_what_lets_everything_in(engines: Engines) -> None:
    plan = with_cells("GET /x", "clerk")
    plan.cells.append(Cell(plan, FUZZ, "reject", plan.ways[0]))
    found = engines.run(lambda name, call: seen(200, entered=True), plan, fuzz=3)
    assert [verdict.verdict for verdict in found] == ["pass", "breach"]
    assert found[1].credential.startswith("fuzz-")
    engines.target.probed = False
    (verdict,) = engines.run(lambda name, call: seen(401), plan, fuzz=2)[1:]
    assert (verdict.verdict, verdict.evidence) == ("inconclusive", "status")


def test_nothing_is_noted_without_a_reader(minting: RecordingMint) -> None:
    engine = Engine(TableTarget([]), Plan([], []), minting, Judge(NO_MECHANISMS, probed=True))
    engine.note("lost")
    assert (engine.fuzz, engine.seed, engine.resets, engine.sender.limit) == (0, 0, None, 10.0)
    assert list(engine.run()) == []


# The database


class Tables:
    """Resets of a lane: the tables that were written since the last one."""

    def __init__(self, *wrote: tuple[str, ...]) -> None:
        self.wrote = list(wrote)
        self.times = 0

    def reset(self) -> tuple[str, ...]:
        self.times += 1
        return self.wrote.pop(0) if self.wrote else ()


def test_the_database_is_reset_after_each_batch(engines: Engines) -> None:
    tables = Tables()
    found = engines.run(admitting("clerk"), with_cells(), resets=[tables])
    assert {verdict.verdict for verdict in found} == {"pass"}
    assert tables.times == len(engines.lanes[0].batches)


def test_a_batch_that_wrote_is_sent_again_one_by_one(engines: Engines) -> None:
    plan = with_cells()
    quiet = engines.run(admitting("clerk"), plan, resets=[Tables()])
    usual = [len(batch) for batch in engines.lanes[0].batches]
    position = next(number for number, size in enumerate(usual) if size > 1)
    engines.lanes[0].batches.clear()
    found = engines.run(admitting("clerk"), plan, resets=[Tables(*[()] * position, ("notes",))])
    sizes = [len(batch) for batch in engines.lanes[0].batches]
    assert sizes[: position + 1] == usual[: position + 1]
    assert sizes[position + 1 :][: usual[position]] == [1] * usual[position]
    assert facts(found) == facts(quiet)


@two_lanes
def test_each_lane_has_its_own_database(engines: Engines) -> None:
    tables = [Tables(), Tables()]
    engines.run(admitting("clerk"), *[with_cells(f"GET /{number}") for number in range(4)], resets=tables)
    assert [table.times for table in tables] == [len(lane.batches) for lane in engines.lanes]


# Notes

BRITTLE = (
    "brittle: {} genuine tokens of an issuer whose clock is two seconds ahead ({}): "
    "allow a few seconds of leeway, as Clerk's SDKs do (5 s); a policy that accepts clerk-clock-ahead demands it"
)


@pytest.mark.parametrize(
    ("count", "shown"), [(1, "GET /0"), (3, "GET /0, GET /1, GET /2"), (4, "GET /0, GET /1, GET /2 …")]
)
def test_a_verifier_without_leeway_is_noted(engines: Engines, count: int, shown: str) -> None:
    plans = [with_cells(f"GET /{number}", "clerk", "clerk-clock-ahead") for number in range(count)]
    found = engines.run(admitting("clerk"), *plans)
    assert {verdict.verdict for verdict in found} == {"pass"}
    assert engines.notes == [BRITTLE.format("1 route refuses" if count == 1 else f"{count} routes refuse", shown)]


def test_where_leeway_is_given_or_judged_nothing_is_noted(engines: Engines) -> None:
    plan = with_cells("GET /x", "clerk", "clerk-clock-ahead")
    engines.run(admitting("clerk", "clerk-clock-ahead"), plan)
    engines.run(admitting("clerk"), with_cells("GET /x", "clerk", "clerk-clock-ahead", reject=["clerk-clock-ahead"]))
    engines.run(admitting(), plan)  # Nobody is let in at all.
    assert engines.notes == []
