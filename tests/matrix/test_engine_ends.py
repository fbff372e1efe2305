"""A run on lanes that answer from tables, second half: guards that count for other routes, what is lost, what an onlooker hears."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.depth import same_guard
from harness.contracts.matrix.fuzz import FUZZ
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.runner import LOST
from harness.core.errors import TargetError
from harness.core.onlooker import Onlooker
from harness.credentials import CATALOGUE
from harness.targets.base import Call, Observation
from tests.matrix.engines import FEW, Engines, admitting, with_cells
from tests.matrix.kit import TableLane, seen

BAD = ("signature-zeros", "exp-null")
"""What is not sent where another route's guard proves it."""


def guarded(key: str, *more: str, **given: Any) -> RoutePlan:
    return with_cells(key, *FEW, *BAD, *more, route={"dependencies": ("app:user",)}, **given)


def by_one_guard(name: str, call: Call) -> Observation:
    found = admitting("clerk")(name, call)
    found.ran = [("app:user", name == "clerk", 0)]
    return found


def sent(engines: Engines, key: str) -> set[str]:
    return {engines.mint.name_in(call.request) for call in engines.lanes[0].calls if call.route.key == key}


@pytest.mark.parametrize(
    ("routes", "note"),
    [
        (["GET /a", "GET /b"], "2 cells of 1 route proven by the guard that they share with GET /a"),
        (["POST /b", "GET /a", "PUT /c"], "4 cells of 2 routes proven by the guard that they share with GET /a"),
    ],
)
def test_what_one_route_s_guard_has_refused_is_not_sent_to_the_others(
    engines: Engines, routes: list[str], note: str
) -> None:
    plans = [guarded(key) for key in routes]
    found = engines.run(by_one_guard, *plans, by_guards=True)
    others = [key for key in routes if key != "GET /a"]
    assert {(v.route, v.credential) for v in found if v.evidence == "guard"} == {
        (key, bad) for key in others for bad in BAD
    }
    assert {v.verdict for v in found} == {"pass"}
    assert sorted(v.key for v in found) == sorted((plan.key, cell.label) for plan in plans for cell in plan.cells)
    assert engines.notes == [f"depth guards: {note}"]
    assert sent(engines, "GET /a") == {*FEW, *BAD}
    assert all(sent(engines, key) == {*FEW} for key in others)


def test_a_cell_that_the_other_route_does_not_have_is_sent(engines: Engines) -> None:
    found = engines.run(by_one_guard, guarded("GET /a"), guarded("GET /b", "alg-none-mixed-case"), by_guards=True)
    evidence = {v.credential: v.evidence for v in found if v.route == "GET /b"}
    assert (evidence["exp-null"], evidence["alg-none-mixed-case"]) == ("guard", "probe")


def test_without_guards_every_cell_is_sent_everywhere(engines: Engines) -> None:
    found = engines.run(by_one_guard, guarded("GET /a"), guarded("GET /b"))
    assert {v.evidence for v in found} == {"probe"}
    assert engines.notes == []


def test_a_route_that_decided_otherwise_is_sent_all_the_rest_and_nothing_twice(engines: Engines) -> None:
    asked: list[tuple[str, str]] = []

    def answer(name: str, call: Call) -> Observation:
        asked.append((call.route.path, name))
        found = by_one_guard(name, call)
        if call.route.path == "/b" and name == "expired":
            found.ran = [("app:user", True, 0)]
        if call.route.path == "/b" and name == "signature-zeros":
            return by_one_guard("clerk", call)
        return found

    plans = [guarded("GET /a"), guarded("GET /b"), guarded("GET /c")]
    found = engines.run(answer, *plans, by_guards=True)
    assert {v.route for v in found if v.evidence == "guard"} == {"GET /c"}
    assert [v.key for v in found if v.failed] == [("GET /b", "signature-zeros")]
    assert sorted(v.key for v in found) == sorted((plan.key, cell.label) for plan in plans for cell in plan.cells)
    assert plans[1].postponed == frozenset()
    assert engines.notes == ["depth guards: 2 cells of 1 route proven by the guard that they share with GET /a"]


def test_what_the_leader_has_not_passed_is_sent_to_every_route(engines: Engines) -> None:
    def answer(name: str, call: Call) -> Observation:
        return by_one_guard("clerk" if name == "signature-zeros" else name, call)

    engine = engines.make(answer, guarded("GET /a"), guarded("GET /b"), by_guards=True)
    found = list(engine.run())
    assert [v.key for v in found if v.failed] == [("GET /a", "signature-zeros"), ("GET /b", "signature-zeros")]
    assert {v.evidence for v in found} == {"probe"}
    states = engine.sender.states
    assert same_guard(states["GET /b"], states["GET /a"])


def test_a_way_that_was_found_open_is_counted_once_though_its_route_is_tried_again(engines: Engines) -> None:
    def answer(name: str, call: Call) -> Observation:
        if call.route.path != "/b":
            return by_one_guard(name, call)
        return seen(200, entered=True) if "token=" in call.request.query else admitting("clerk")(name, call)

    plans = [guarded("GET /a", "query-token"), guarded("GET /b", "query-token")]
    found = engines.run(answer, *plans, by_guards=True)
    labels = [cell.label for cell in plans[1].found]
    assert labels and len(labels) == len(set(labels))
    planned = {(plan.key, cell.label) for plan in plans for cell in (*plan.cells, *plan.found)}
    assert {v.key for v in found} == planned and len(found) == len(planned)


# What is lost


def test_a_target_that_cannot_be_started_again_costs_what_was_still_to_be_sent(engines: Engines) -> None:
    plan, other = with_cells("GET /x", "clerk", "forged"), with_cells("GET /y", "clerk")
    plan.drills = frozenset({"heals"})
    plan.cells += [plan.cell(CATALOGUE[name]) for name in ("jwks-heals",)]
    engines.target.start_errors = [TargetError("the app does not start")] * 9
    found = engines.run(admitting("clerk"), plan, other)
    reason = f"{LOST}: the app does not start"
    assert [(v.key, v.verdict, v.detail) for v in found] == [
        (("GET /x", "clerk"), "pass", ""),
        (("GET /x", "forged"), "pass", ""),
        (("GET /y", "clerk"), "pass", ""),
        (("GET /x", "jwks-heals"), "inconclusive", reason),
    ]
    assert engines.notes == [reason]


class GoneLane(TableLane):
    """A lane that takes so many batches, and then cannot be started again."""

    left = 1

    def submit(self, calls: list[Call], limit: float, *, at_once: int = 1) -> None:
        if not self.left:
            raise TargetError("it is gone")
        self.left -= 1
        super().submit(calls, limit, at_once=at_once)


@pytest.mark.parametrize("batches", [0, 1])
def test_where_every_lane_is_lost_what_waits_is_not_tried(engines: Engines, batches: int) -> None:
    lane = GoneLane(lambda call: Observation())
    lane.left = batches
    engines.lanes = [lane]
    engines.target.lanes = [lane]
    plans = [with_cells(f"GET /{number}") for number in range(3)]
    engine = engines.make(admitting("clerk"), *plans)
    found = list(engine.run())
    lane.close()
    reason = f"{LOST}: it is gone"
    assert sorted(v.key for v in found) == sorted((plan.key, name) for plan in plans for name in FEW)
    assert {(v.verdict, v.detail) for v in found if v.route != "GET /0"} == {("inconclusive", reason)}
    assert [state.cut_off for state in engine.sender.states.values()] == [reason] * 3
    assert set(engines.notes) == {reason}


def test_a_route_that_is_cut_off_for_its_own_faults_is_no_loss_of_the_target(engines: Engines) -> None:
    engines.run(lambda name, call: Observation(hung=True), with_cells("GET /x", *FEW, "clerk-v1", "alg-none"))
    assert engines.notes == []


# Who looks on


class Hearing(Onlooker):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def phase(self, name: str) -> None:
        self.heard.append((name,))

    def begins(self, lane: int, router: str, route: str) -> None:
        self.heard.append((lane, router, route))

    def ends(self, lane: int) -> None:
        self.heard.append((lane,))


def test_an_onlooker_hears_phases_routes_and_lanes(engines: Engines) -> None:
    hearing = Hearing()
    engines.run(admitting("clerk"), with_cells("GET /x"), with_cells("GET /y"), onlooker=hearing)
    assert hearing.heard[:4] == [("matrix",), (0, "app", "GET /x"), (0, "app", "GET /y"), (0,)]


def test_an_onlooker_hears_of_drills_and_fuzzing_where_there_are_any(engines: Engines) -> None:
    hearing = Hearing()
    plan = with_cells("GET /x", "clerk", "forged")
    plan.drills = frozenset({"rotated", "flood"})
    plan.cells += [plan.cell(CATALOGUE[name]) for name in ("unknown-kid-flood", "clerk-rotated")]
    plan.cells.append(Cell(plan, FUZZ, "reject", plan.ways[0]))
    found = engines.run(admitting("clerk", "clerk-rotated"), plan, fuzz=1, seed=7, onlooker=hearing)
    assert "(seed 7)" in found[-1].seen
    assert [heard for (heard, *_) in hearing.heard if isinstance(heard, str)] == [
        "matrix",
        "matrix: rotation of keys",
        "matrix: drills",
        "matrix: fuzzing",
    ]
    # Single requests are told of too, each with its end.
    asked = hearing.heard[hearing.heard.index(("matrix: drills",)) + 1 :][:2]
    assert asked == [(0, "app", "GET /x"), (0,)]
