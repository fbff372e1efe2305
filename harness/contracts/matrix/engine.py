"""The engine: sends the cells of a plan to the lanes of a target and yields verdicts as they are reached.

It knows no listener. Batches keep the lanes busy; what was sent is judged while the next batch runs. A batch that left
traces in the database is undone and sent again call by call, so that no verdict rests on what another cell wrote.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Iterator

from harness.contracts.matrix.browsers import browsers
from harness.contracts.matrix.drills import Drills
from harness.contracts.matrix.factory import RequestFactory, Sending, Sequence
from harness.contracts.matrix.fuzz import Fuzzer
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import Cell, Plan, RoutePlan
from harness.contracts.matrix.rotation import Rotation
from harness.contracts.matrix.runner import Resets, RouteScript, Runner
from harness.contracts.matrix.script import script_of
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import Credential, Mint
from harness.targets.base import Observation, Target, ask

__all__ = ["Engine", "Resets"]

_PATIENCE = 0.5
"""Seconds between looks at lanes that give no sign of life."""
_LIMITED = 0.05
"""The same while a limiter is waited for."""


class Engine:
    """One run of a plan. `limit`: seconds for each request; `resets`: one for each lane, or none without a database.

    `heal_within`, `rotate_within`, `withdrawn_within`: seconds, see `[settings]`. `fuzz`: how many mutations are tried on some
    routes. `note` takes what a reader must know beside the verdicts.
    """

    def __init__(
        self,
        target: Target,
        plan: Plan,
        mint: Mint,
        judge: Judge,
        *,
        resets: list[Resets] | None = None,
        limit: float = 10.0,
        heal_within: float = 15.0,
        rotate_within: float = 45.0,
        withdrawn_within: float | None = None,
        fuzz: int = 0,
        seed: int = 0,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.target = target
        self.plan = plan
        self.mint = mint
        self.judge = judge
        self.resets = resets
        self.limit = limit
        self.heal_within = heal_within
        self.rotate_within = rotate_within
        self.withdrawn_within = withdrawn_within
        self.fuzz = fuzz
        self.seed = seed
        self.note = note
        self.factory = RequestFactory(mint, probed=target.probed)
        self.states = {route.key: RouteState(route, guard=route.guard) for route in plan.routes}
        self.lane_of: dict[str, int] = {}
        """Which lane has tried a route, by its key: what the target remembers is remembered there."""

    def run(self) -> Iterator[CellVerdict]:
        """Yield a verdict for every gap of the declaration and for every cell."""
        for gap in self.plan.gaps:
            yield CellVerdict(
                gap.router, gap.key, gap.policy, "", "", "", gap.kind, "declaration", "", gap.detail,
                hint=f'add a line: "{gap.key}" = "…"' if gap.kind == "undeclared" else "",
            )  # fmt: skip
        for route in self.plan.routes:
            if route.unexaminable:
                self.note(f"{route.key} was not examined: {route.unexaminable}")
        waiting = deque(route for route in self.plan.routes if route.cells)
        begin = script_of(self.factory, self.judge, self.states)
        runners = [
            Runner(
                lane,
                self.resets[number] if self.resets else None,
                self.limit,
                waiting,
                self._on(number, begin),
            )
            for number, lane in enumerate(self.target.lanes)
        ]
        for runner in runners:
            runner.begin()
        while busy := [runner for runner in runners if runner.busy]:
            patience = _LIMITED if any(runner.waits for runner in busy) else _PATIENCE
            readable, _, _ = select.select([r.lane for r in busy if not r.waits], [], [], patience)
            for runner in busy:
                # One lane's verdicts are judged while the others, and its own next batch, run.
                yield from runner.step(runner.lane in readable)
        yield from Rotation(self).run()
        yield from Drills(self).run()
        if self.fuzz:
            yield from Fuzzer(self, self.fuzz, self.seed).run()
        self._brittle()
        for told in browsers(self):
            self.note(told)

    def _on(self, lane: int, begin: Callable[[RoutePlan], RouteScript]) -> Callable[[RoutePlan], RouteScript]:
        """Begins scripts for a lane, which is remembered."""

        def script(plan: RoutePlan) -> RouteScript:
            self.lane_of[plan.key] = lane
            return begin(plan)

        return script

    def send(self, plan: RoutePlan, sendings: list[Sending]) -> list[Observation]:
        """Requests of a route on the lane that has tried it, where nothing else is under way."""
        lane = self.target.lanes[self.lane_of.get(plan.key, 0)]
        return ask(lane, [sending.call() for sending in sendings], self.limit)

    def sequence(self, cell: Cell, credential: Credential | None = None) -> Sequence:
        """The requests of a cell, or of another credential in its way."""
        base = self.states[cell.plan.key].base_in(cell.way)
        return Sequence(self.factory, cell.plan, credential or cell.credential, cell.way, base)

    def _brittle(self) -> None:
        """Who refuses tokens of an issuer whose clock is a little ahead is told of, unless the policy says what is right."""
        routes = [key for key, state in self.states.items() if state.brittle]
        if routes:
            shown = f"{', '.join(routes[:3])}{' …' if len(routes) > 3 else ''}"
            self.note(
                f"brittle: {len(routes)} route(s) refuse genuine tokens of an issuer whose clock is two seconds ahead ({shown}): "
                "allow a few seconds of leeway, as Clerk's SDKs do (5 s); a policy that accepts clerk-clock-ahead demands it"
            )
