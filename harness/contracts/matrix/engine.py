"""Sends the cells of a plan to the lanes of a target and yields verdicts as they are reached.

Batches keep the lanes busy: answers are judged while the next batch runs. A batch that left traces in the database is undone
and sent again call by call, so that no verdict rests on what another cell wrote. The engine knows none who reads the verdicts.
"""

from __future__ import annotations

import select
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from functools import partial

from harness.contracts.matrix.browsers import preflight_notes
from harness.contracts.matrix.deadlines import Deadlines
from harness.contracts.matrix.depth import is_shown_by_guard, same_guard, share_guards, shown_by
from harness.contracts.matrix.drills import Drills
from harness.contracts.matrix.fuzz import Fuzzer
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import Gap, Plan, RoutePlan
from harness.contracts.matrix.rotation import Rotation
from harness.contracts.matrix.runner import LOST, Resets, RouteScript, Runner, untried
from harness.contracts.matrix.script import script_of
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.verdicts import CellVerdict
from harness.core.errors import TargetError
from harness.core.onlooker import Onlooker
from harness.core.text import many
from harness.credentials import Mint
from harness.targets.base import Observation, Target

__all__ = ["Engine", "Resets"]

_IDLE_CHECK = 0.5
"""Seconds between looks at lanes that give no sign of life."""
_LIMITER_CHECK = 0.05
"""The same in seconds while a rate limiter is waited for."""


class Engine:
    """One run of a plan. `limit`: seconds for each request; `resets`: one for each lane, or none without a database.

    `heal_within`, `rotate_within`, `withdrawn_within`: seconds, see `Deadlines`. `fuzz`: how many mutations are tried on a few
    routes, made from `seed`. `by_guards`: the catalogue is tried once for each guard; see `depth`. `note` takes what a reader
    must know beside the verdicts; `onlooker` is told what is done now. `sender` sends further requests of the same routes, when
    the run is over.
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
        by_guards: bool = False,
        note: Callable[[str], None] = lambda text: None,
        onlooker: Onlooker | None = None,
    ) -> None:
        self.target = target
        self.plan = plan
        self.judge = judge
        self.resets = resets
        self.deadlines = Deadlines(heal_within, rotate_within, withdrawn_within)
        self.fuzz = fuzz
        self.seed = seed
        self.shared = share_guards(plan.routes) if by_guards else []
        """The routes for which another with the same guard may stand, each with that other; see `depth`."""
        self.note = note
        self.onlooker = onlooker or Onlooker()
        self.sender = Sender(target, plan.routes, mint, judge, limit=limit, onlooker=self.onlooker)

    def run(self, one_by_one: Callable[[], None] = lambda: None) -> Iterator[CellVerdict]:
        """Yield a verdict for every gap of the declaration and for every cell.

        `one_by_one` is called when the lanes have no more to do at the same time: what is left mostly waits.

        A target that cannot be started again costs what was still to be sent, and nothing of what is known already.
        """
        yield from map(gap_verdict, self.plan.gaps)
        for route in self.plan.routes:
            if route.unexaminable:
                self.note(f"{route.key} was not examined: {route.unexaminable}")
        told: defaultdict[str, set[str]] = defaultdict(
            set
        )  # By route: half a million pairs would take a hundred bytes each.
        try:
            for verdict in self._stages(one_by_one):
                told[verdict.route].add(verdict.credential)
                yield verdict
        except TargetError as error:
            reason = f"{LOST}: {error}"
            self.note(reason)
            for plan in self.plan.routes:
                for cell in plan.cells:
                    if cell.label not in told[plan.key]:
                        yield self.sender.judge(cell, [Observation(untried=reason)])
        self._note_brittle_routes()

    def _stages(self, one_by_one: Callable[[], None]) -> Iterator[CellVerdict]:
        self.onlooker.phase("matrix")
        for plan, leader in self.shared:
            plan.postponed = frozenset(c.label for c in plan.cells if is_shown_by_guard(c)) & {
                c.label for c in leader.cells
            }
        known: dict[tuple[str, str], CellVerdict] = {}
        for verdict in self._cells(self.plan.routes):
            if self.shared:
                known[verdict.key] = verdict
            yield verdict
        yield from self._by_guards(known)
        one_by_one()
        rotation, drills = Rotation(self.sender, self.deadlines), Drills(self.sender, self.deadlines)
        if rotation.cells or rotation.withdrawn:
            self.onlooker.phase("matrix: rotation of keys")
        yield from rotation.run()
        if drills.cells:
            self.onlooker.phase("matrix: drills")
        yield from drills.run()
        if self.fuzz:
            self.onlooker.phase("matrix: fuzzing")
            yield from Fuzzer(self.sender, self.fuzz, self.seed).run()
        for text in preflight_notes(self.sender):
            self.note(text)

    def _by_guards(self, known: dict[tuple[str, str], CellVerdict]) -> Iterator[CellVerdict]:
        """Yield what other routes' guards have proven; where a route's guard turned out to be another, send it all the rest."""
        alone: list[RoutePlan] = []
        shown: dict[str, list[int]] = {}
        states = self.sender.states
        for plan, leader in self.shared:
            cells = [c for c in plan.cells if c.label in plan.postponed and (plan.key, c.label) not in known]
            same = same_guard(states[plan.key], states[leader.key])
            verdicts = shown_by(leader, cells, known) if same else None
            if verdicts is None:
                alone.append(plan)
                continue
            shown.setdefault(leader.key, []).append(len(verdicts))
            yield from verdicts
        for key, numbers in shown.items():
            told = f"{many(sum(numbers), 'cell')} of {many(len(numbers), 'route')} proven by the guard that they share with {key}"
            self.note(f"depth guards: {told}")
        found = {plan.key: plan.found for plan in alone}
        for plan in alone:
            plan.postponed = frozenset()
        yield from (verdict for verdict in self._cells(alone) if verdict.key not in known)
        for plan in alone:
            labels = {cell.label for cell in found[plan.key]}
            plan.found = found[plan.key] + [cell for cell in plan.found if cell.label not in labels]

    def _cells(self, routes: list[RoutePlan]) -> Iterator[CellVerdict]:
        """Try routes on all lanes, each route on the lane that is free first."""
        # What the source names has no cells before it is learned, and may be all that was chosen.
        waiting = deque(route for route in routes if route.cells or route.named is not None)
        begin = script_of(self.sender.factory, self.judge, self.sender.states)
        runners = [
            Runner(
                lane,
                self.resets[number] if self.resets else None,
                self.sender.limit,
                waiting,
                self._on(number, begin),
                self._cut,
                partial(self._begins, number),
            )
            for number, lane in enumerate(self.target.lanes)
        ]
        begun = [runner.begin() for runner in runners]
        yield from (verdict for verdicts in begun for verdict in verdicts)
        while busy := [runner for runner in runners if runner.busy]:
            patience = _LIMITER_CHECK if any(runner.waits for runner in busy) else _IDLE_CHECK
            readable, _, _ = select.select([r.lane for r in busy if not r.waits], [], [], patience)
            for runner in busy:
                # One lane's verdicts are judged while the others, and its own next batch, run.
                yield from runner.step(runner.lane in readable)
        for plan in waiting:
            reason = next(runner.lost for runner in runners if runner.lost)
            script = begin(plan)
            self._cut(plan, reason)
            yield from untried(script, reason)

    def _cut(self, plan: RoutePlan, reason: str) -> None:
        """Note that nothing more is sent to a route."""
        self.sender.states[plan.key].cut_off = reason
        if reason.startswith(LOST):
            self.note(reason)

    def _begins(self, lane: int, plan: RoutePlan | None) -> None:
        if plan is None:
            self.onlooker.ends(lane)
        else:
            self.onlooker.begins(lane, plan.router, plan.key)

    def _on(self, lane: int, begin: Callable[[RoutePlan], RouteScript]) -> Callable[[RoutePlan], RouteScript]:
        """Return what begins the scripts of a lane, and remembers the lane for each route."""

        def script(plan: RoutePlan) -> RouteScript:
            self.sender.lane_of[plan.key] = lane
            return begin(plan)

        return script

    def _note_brittle_routes(self) -> None:
        """Note the routes that refuse tokens of an issuer whose clock is a little ahead, where no policy says what is right."""
        routes = [key for key, state in self.sender.states.items() if state.brittle]
        if routes:
            refuse = many(len(routes), "route refuses", "routes refuse")
            shown = f"{', '.join(routes[:3])}{' …' if len(routes) > 3 else ''}"
            self.note(
                f"brittle: {refuse} genuine tokens of an issuer whose clock is two seconds ahead ({shown}): "
                "allow a few seconds of leeway, as Clerk's SDKs do (5 s); a policy that accepts clerk-clock-ahead demands it"
            )


def gap_verdict(gap: Gap) -> CellVerdict:
    """A gap of the declaration as the finding that it is."""
    return CellVerdict(
        gap.router, gap.key, gap.policy, "", "", "", gap.kind, "declaration", "", gap.detail,
        hint=f'add a line: "{gap.key}" = "…"' if gap.kind == "undeclared" else "",
    )  # fmt: skip
