"""Single requests of planned routes, and what is known of the routes."""

from __future__ import annotations

from harness.contracts.matrix import Judge
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.state import Twin
from harness.credentials import CATALOGUE
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
