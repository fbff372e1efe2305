"""Engines on lanes that answer by the credential that they are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.contracts.matrix import Engine, Judge, Plan
from harness.contracts.matrix.plan import Gap, RoutePlan
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE
from harness.targets.base import Call, Observation
from tests.matrix.kit import NO_MECHANISMS, RecordingMint, TableLane, TableTarget, plan_of, seen

FEW = ("clerk", "missing", "forged", "expired", "garbage")
Answer = Callable[[str, Call], Observation]


def with_cells(key: str = "GET /x", *names: str, accept: tuple[str, ...] = ("clerk",), **more: Any) -> RoutePlan:
    """A route with its cells."""
    plan = plan_of(accept, key, **more)
    plan.cells = [cell for name in names or FEW for cell in plan.planned(CATALOGUE[name])]
    return plan


def admitting(*names: str) -> Answer:
    """A backend that lets these credentials in, and refuses the others with 401."""

    def answer(name: str, call: Call) -> Observation:
        if name not in names:
            return seen(401, entered=False, body="no")
        return seen(None, stopped=True, entered=True) if call.stop else seen(200, entered=True, body="hello")

    return answer


class Engines:
    """Makes engines on table lanes."""

    def __init__(self, mint: RecordingMint) -> None:
        self.mint = mint
        self.notes: list[str] = []
        self.lanes: list[TableLane] = []
        self.target = TableTarget([])

    def make(self, answer: Answer, *plans: RoutePlan, gaps: list[Gap] | None = None, **more: Any) -> Engine:
        """Make an engine whose lanes answer like that."""
        for lane in self.lanes:
            lane.answering = lambda call: answer(self.mint.name_in(call.request), call)
        judge = Judge(NO_MECHANISMS, probed=self.target.probed)
        return Engine(self.target, Plan(list(plans), gaps or []), self.mint, judge, note=self.notes.append, **more)

    def run(self, answer: Answer, *plans: RoutePlan, **more: Any) -> list[CellVerdict]:
        """Run an engine and return its verdicts."""
        return list(self.make(answer, *plans, **more).run())

    def routes_of(self, lane: int) -> list[str]:
        """Return the routes that a lane has tried, in order."""
        return list(dict.fromkeys(call.route.key for call in self.lanes[lane].calls))
