"""Single requests of planned routes, and what is known of the routes."""

from __future__ import annotations

import pytest

from harness.contracts.matrix import Judge
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.state import Twin
from harness.core.onlooker import Onlooker
from harness.credentials import CATALOGUE
from harness.targets.base import Call, Observation
from harness.targets.request_builder import Example
from tests.matrix.bench import Bench
from tests.matrix.kit import NO_MECHANISMS, RecordingMint, TableTarget, admitted, plan_of, seen


def test_what_is_known_of_the_routes_before_a_run(minting: RecordingMint) -> None:
    inside, unknown = plan_of(key="GET /in", guard="handler"), plan_of(key="GET /x")
    target = TableTarget([], probed=False)
    sender = Sender(target, [inside, unknown], minting, Judge(NO_MECHANISMS, probed=False), limit=1.0)
    assert {key: state.guard for key, state in sender.states.items()} == {"GET /in": "handler", "GET /x": None}
    assert sender.states["GET /x"].plan is unknown
    assert sender.routes == [inside, unknown]
    assert sender.mint is minting
    assert not sender.factory.probes(unknown.route)
    assert sender.lane_number(unknown) == 0


@pytest.mark.parametrize(
    ("probed", "sees_inside", "handlers", "inside", "probes"),
    [
        (True, True, (), True, True),
        (True, False, (1,), False, True),
        (True, False, (), False, False),
        (False, True, (1,), False, False),
    ],
)
def test_requests_are_made_for_what_the_target_shows(
    minting: RecordingMint, probed: bool, sees_inside: bool, handlers: tuple[int, ...], inside: bool, probes: bool
) -> None:
    plan = plan_of(route={"handlers": frozenset(handlers)})
    target = TableTarget([], probed=probed, sees_inside=sees_inside)
    sender = Sender(target, [plan], minting, Judge(NO_MECHANISMS, probed=probed), limit=1.0)
    assert (sender.factory.sees_inside, sender.factory.probes(plan.route)) == (inside, probes)


class Watching(Onlooker):
    """An onlooker that remembers what it is told, and how much was sent by then."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.told: list[tuple[object, ...]] = []

    def begins(self, lane: int, router: str, route: str) -> None:
        """Remember it."""
        self.told.append(("begins", lane, router, route, len(self.bench.sent)))

    def ends(self, lane: int) -> None:
        """Remember it."""
        self.told.append(("ends", lane, len(self.bench.sent)))


@pytest.mark.parametrize("lane", [0, 1])
def test_whoever_watches_is_told_which_lane_asks_which_route_and_when_it_is_done(bench: Bench, lane: int) -> None:
    plan = plan_of()
    watching = Watching(bench)
    judge = Judge(NO_MECHANISMS, probed=True)
    sender = Sender(bench.target, [plan], bench.mint, judge, limit=3.0, onlooker=watching)
    sender.lane_of["GET /x"] = lane
    sender.send(plan, sender.sequence(plan.cell(CATALOGUE["clerk"])).forms(False))
    assert watching.told == [("begins", lane, "app", "GET /x", 0), ("ends", lane, 1)]


def test_a_lane_that_fails_is_waited_for_no_more(bench: Bench) -> None:
    def broken(call: Call) -> Observation:
        raise OSError

    plan = plan_of()
    watching = Watching(bench)
    sender = Sender(bench.target, [plan], bench.mint, Judge(NO_MECHANISMS, probed=True), limit=3.0, onlooker=watching)
    bench.lanes[0].answering = broken
    with pytest.raises(OSError):
        sender.send(plan, sender.sequence(plan.cell(CATALOGUE["clerk"])).forms(False))
    assert [told[:2] for told in watching.told] == [("begins", 0), ("ends", 0)]


def test_requests_go_to_the_lane_that_has_tried_the_route(bench: Bench) -> None:
    plan = plan_of()
    sender = bench.sender(plan)
    sender.lane_of["GET /x"] = 1
    bench.table = {"clerk": seen(200, entered=True)}
    cell = plan.cell(CATALOGUE["clerk"])
    (answer,) = sender.send(plan, sender.sequence(cell).forms(False))
    assert bench.sent == [(1, "GET /x", "clerk", False)]
    assert bench.lanes[1].limits == [3.0]
    assert sender.outcome(cell, answer, cell.credential) == ("admitted", "200, the handler was entered")
    assert sender.judge(cell, [answer]).verdict == "pass"
    assert sender.state(cell) is sender.states["GET /x"]


def test_a_sequence_is_made_of_what_the_route_really_admits(bench: Bench) -> None:
    plan = plan_of(("clerk", "clerk-org-admin"), example=Example())
    sender = bench.sender(plan)
    admin = CATALOGUE["clerk-org-admin"]
    sender.states["GET /x"].twins[""] = Twin(admin, True, "", seen())
    cell = plan.cell(CATALOGUE["forged"])
    assert sender.sequence(cell)._arguments == (CATALOGUE["forged"], cell.way, admin)
    assert sender.sequence(cell, admin)._arguments == (admin, cell.way, admin)
    sender.states["GET /x"].twins.clear()
    admitted(sender.states["GET /x"])
    assert sender.sequence(cell)._arguments == (CATALOGUE["forged"], cell.way, CATALOGUE["clerk"])
