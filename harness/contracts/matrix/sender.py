"""Sends single requests of planned routes, for whatever examines a route after its script has ended.

Drills, fuzzing, the rotation of keys and the contracts beside the matrix use it; the engine makes it and shares what it has
learned of each route.
"""

from __future__ import annotations

from harness.contracts.matrix.factory import RequestFactory, Sending, Sequence
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.refusal import Outcome, outcome_of
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.verdicts import CellVerdict
from harness.core.onlooker import Onlooker
from harness.credentials import Credential, Mint
from harness.targets.base import Call, Observation, Target, ask


class Sender:
    """Makes requests, sends them and judges the answers. `limit`: seconds for each request.

    `states`: what is known of each route, by its key. `lane_of`: the number of the lane that tries a route, by its key;
    what the target's process remembers of a route, the process of that lane remembers. `onlooker` is told what is asked.
    """

    def __init__(
        self,
        target: Target,
        routes: list[RoutePlan],
        mint: Mint,
        judge: Judge,
        *,
        limit: float,
        onlooker: Onlooker | None = None,
    ) -> None:
        self.target = target
        self.routes = routes
        self.mint = mint
        self.limit = limit
        self.factory = RequestFactory(mint, probed=target.probed, sees_inside=target.sees_inside)
        self.states = {plan.key: RouteState(plan, guard=plan.guard) for plan in routes}
        self.lane_of: dict[str, int] = {}
        self._judge = judge
        self._onlooker = onlooker or Onlooker()

    def lane_number(self, plan: RoutePlan) -> int:
        """Return the number of the lane that has tried a route; the first where none has."""
        return self.lane_of.get(plan.key, 0)

    def state(self, cell: Cell) -> RouteState:
        """Return what is known of a cell's route."""
        return self.states[cell.plan.key]

    def sequence(self, cell: Cell, credential: Credential | None = None) -> Sequence:
        """Return the requests of a cell, or those of another credential in the cell's way."""
        base = self.state(cell).base_in(cell.way)
        return Sequence(self.factory, cell.plan, credential or cell.credential, cell.way, base)

    def ask(self, plan: RoutePlan, calls: list[Call]) -> list[Observation]:
        """Send calls on the lane that has tried a route, which must be idle, and return their answers in order."""
        lane = self.lane_number(plan)
        self._onlooker.begins(lane, plan.router, plan.key)
        try:
            return ask(self.target.lanes[lane], calls, self.limit)
        finally:
            self._onlooker.ends(lane)

    def send(self, plan: RoutePlan, sendings: list[Sending]) -> list[Observation]:
        """Make requests of a route and send them as `ask` does."""
        return self.ask(plan, [sending.call() for sending in sendings])

    def outcome(self, cell: Cell, answer: Observation, credential: Credential) -> tuple[Outcome, str]:
        """Return what the cell's route did with a credential, and that in words."""
        outcome, _, description = outcome_of(answer, self.state(cell), credential)
        return outcome, description

    def judge(self, cell: Cell, answers: list[Observation]) -> CellVerdict:
        """Return the verdict of a cell on the answers to its forms."""
        return self._judge.judge(cell, answers, self.state(cell))
