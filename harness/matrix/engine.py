"""The engine: sends the cells of a plan to the lanes of a target and yields verdicts as they are reached.

It knows no listener. Batches keep the lanes busy; what was sent is judged while the next batch runs. A batch that left
traces in the database is undone and sent again call by call, so that no verdict rests on what another cell wrote.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Protocol

from harness.credentials import CATALOGUE, Credential, Mint
from harness.matrix.judge import Judge, RouteState, decides_inside, outcome_of
from harness.matrix.leak import text_of
from harness.matrix.plan import Cell, Plan, RoutePlan, proof_of_entry
from harness.matrix.verdicts import CellVerdict
from harness.targets.base import Call, Lane, Observation, Request, Target
from harness.targets.requests import with_presentation

_SAFE = {"GET", "HEAD", "OPTIONS", "WS"}
_BASELINES = ("forged", "garbage")
"""Two bad credentials whose refusals the others are compared with."""
_PATIENCE = 0.5
"""Seconds between looks at lanes that give no sign of life."""


class Resets(Protocol):
    """Restores the database of one lane; says whether anything had been written."""

    def reset(self) -> bool:
        """Undo what was written since the last call."""


@dataclass(slots=True)
class Work:
    """Calls for a lane; `singly`: one at a time, with a reset after each."""

    calls: list[Call]
    singly: bool = False


Verdicts = Callable[[], list[CellVerdict]]
"""Judging, put off until the lane has its next work."""
RouteScript = Generator[Work, list[Observation], Verdicts]


class Engine:
    """One run of a plan. `limit`: seconds for each request; `resets`: one for each lane, or none without a database."""

    def __init__(
        self,
        target: Target,
        plan: Plan,
        mint: Mint,
        judge: Judge,
        *,
        resets: list[Resets] | None = None,
        limit: float = 10.0,
    ) -> None:
        self.target = target
        self.plan = plan
        self.mint = mint
        self.judge = judge
        self.resets = resets
        self.limit = limit

    def run(self) -> Iterator[CellVerdict]:
        """Yield a verdict for every gap of the declaration and for every cell."""
        for gap in self.plan.gaps:
            yield CellVerdict(
                gap.router, gap.key, gap.policy, "", "", "", gap.kind, "declaration", "", gap.detail,
                hint=f'add a line: "{gap.key}" = "…"' if gap.kind == "undeclared" else "",
            )  # fmt: skip
        waiting = deque(self.plan.routes)
        runners = [
            _Runner(lane, self.resets[number] if self.resets else None, self.limit, waiting, self._script)
            for number, lane in enumerate(self.target.lanes)
        ]
        for runner in runners:
            runner.begin()
        while busy := [runner for runner in runners if runner.busy]:
            readable, _, _ = select.select([runner.lane for runner in busy], [], [], _PATIENCE)
            for runner in busy:
                # One lane's verdicts are judged while the others, and its own next batch, run.
                yield from runner.step(runner.lane in readable)

    # One route

    def _requests(self, plan: RoutePlan, credentials: list[Credential]) -> tuple[dict[str, Request], dict[str, str]]:
        """The requests of a route by credential, and the lures among them."""
        base = plan.base
        carrier, webhook = plan.example.carrier, self.mint.instance.webhook_headers
        presented = {c.name: self.mint.present(c) for c in credentials}
        requests = {name: with_presentation(base, p, carrier, webhook) for name, p in presented.items()}
        return requests, {name: p.lure for name, p in presented.items() if p.lure is not None}

    def _script(self, plan: RoutePlan) -> RouteScript:
        """Yields work for a lane, is sent observations, and lastly returns what gives the verdicts."""
        state = RouteState(plan, guard=plan.guard)
        entry = proof_of_entry(plan)
        cells = list(plan.cells)
        if entry is not None and all(cell.credential is not entry for cell in cells):
            cells.insert(0, Cell(plan, entry, plan.expects(entry)))
        unwelcome = [cell for cell in cells if cell.expect == "reject"]
        for name in reversed(_BASELINES):
            known = CATALOGUE[name]
            if unwelcome and all(c.credential is not known for c in cells) and plan.expects(known) == "reject":
                unwelcome.insert(0, Cell(plan, known, "reject"))
        welcome = [cell for cell in cells if cell.expect != "reject"]
        if entry is not None:
            welcome.sort(key=lambda cell: cell.credential is not entry)
        # All before the first yield: it is done while the lane still works on the route before this one.
        requests, lures = self._requests(plan, [cell.credential for cell in (*welcome, *unwelcome)])
        observed: dict[str, Observation] = {}
        # Where one person is let in and another is not, the handler may be what tells them apart.
        persons = entry is not None and entry.personal

        def observe(some: list[Cell], *, singly: bool) -> Generator[Work, list[Observation], None]:
            if not some:
                return
            stop = [
                cell.expect == "reject" and state.guard != "handler" and not (persons and cell.credential.personal)
                for cell in some
            ]
            calls = [Call(plan.route, requests[cell.credential.name], s) for cell, s in zip(some, stop, strict=True)]
            answers = yield Work(calls, singly)
            for cell, answer in zip(some, answers, strict=True):
                name = cell.credential.name
                answer.lured = name in lures and self.mint.trap.sprung(lures[name])
                observed[name] = answer

        writing = plan.route.method not in _SAFE
        yield from observe([c for c in welcome if c.credential.identity != "newcomer"], singly=writing)
        self._learn(state, entry, observed)
        yield from observe([c for c in welcome if c.credential.identity == "newcomer"], singly=True)
        # A person may get as far as a handler that then refuses; should one write, the batch is sent again singly.
        yield from observe(unwelcome, singly=False)
        self._compare(state, observed)
        return lambda: [self.judge.judge(cell, observed[cell.credential.name], state) for cell in plan.cells]

    def _learn(self, state: RouteState, entry: Credential | None, observed: dict[str, Observation]) -> None:
        """Where does the route decide? The first admission tells."""
        first = observed.get(entry.name) if entry is not None else None
        if state.guard is None and first is not None and first.entered:
            state.guard = "handler" if decides_inside(first) else "door"

    def _compare(self, state: RouteState, observed: dict[str, Observation]) -> None:
        """Whom does the route admit, and how does it refuse? Only then can refusals be judged."""
        for name in _BASELINES:
            if name in observed:
                outcome, _, _ = outcome_of(observed[name], state, CATALOGUE[name])
                if outcome == "refused":
                    state.refuses = True
                    state.refusals.append(text_of(observed[name]))
        for name, observation in observed.items():
            credential = CATALOGUE[name]
            if credential.group == "genuine" and outcome_of(observation, state, credential)[0] == "admitted":
                state.admitted = True


class _Runner:
    """Drives one lane through route after route."""

    def __init__(
        self,
        lane: Lane,
        reset: Resets | None,
        limit: float,
        waiting: deque[RoutePlan],
        script: Callable[[RoutePlan], RouteScript],
    ) -> None:
        self.lane = lane
        self.busy = False
        self._reset = reset
        self._limit = limit
        self._waiting = waiting
        self._make = script
        self._script: RouteScript | None = None
        self._next: tuple[RouteScript, Work] | None = None
        self._todo: deque[Call] = deque()
        self._sent: list[Call] = []
        self._done: list[Observation] = []
        self._singly = False

    def begin(self) -> None:
        """Take the first route."""
        self._advance(None)

    def step(self, readable: bool) -> list[CellVerdict]:
        """Take what the lane has; returns the verdicts of a route that is complete."""
        partial = self.lane.collect() if readable else self.lane.overdue()
        if partial is None:
            return []
        self._done += partial.observations
        for call in reversed(self._sent[len(partial.observations) :]):
            self._todo.appendleft(call)
        if partial.alone:
            self._singly = True
        wrote = self._reset.reset() if self._reset is not None else False
        if wrote and len(self._sent) > 1:
            # Somebody wrote, and nobody knows who: once more, one at a time.
            del self._done[len(self._done) - len(partial.observations) :]
            self._todo.extendleft(reversed(self._sent[: len(partial.observations)]))
            self._singly = True
        if self._todo:
            self._send()
            return []
        return self._advance(self._done)

    def _send(self) -> None:
        count = 1 if self._singly else len(self._todo)
        self._sent = [self._todo.popleft() for _ in range(count)]
        self.lane.submit(self._sent, self._limit)
        if self._next is None and self._waiting:
            # Made ready while the lane is busy.
            script = self._make(self._waiting.popleft())
            self._next = script, next(script)

    def _advance(self, answers: list[Observation] | None) -> list[CellVerdict]:
        """Hand observations to the route's script; send its next work, or the next route's; then judge."""
        finished: list[Verdicts] = []
        self.busy = False
        while True:
            try:
                work = self._script.send(answers) if self._script is not None and answers is not None else self._take()
            except StopIteration as end:
                finished.append(end.value)
                self._script = None
                continue
            if work is None:
                break
            self._todo.extend(work.calls)
            self._singly = work.singly
            self._done = []
            self.busy = True
            self._send()
            break
        return [verdict for judge in finished for verdict in judge()]

    def _take(self) -> Work | None:
        """Begin the next route; its first work, or None when there is none left."""
        if self._next is not None:
            (self._script, work), self._next = self._next, None
            return work
        if not self._waiting:
            return None
        self._script = self._make(self._waiting.popleft())
        return next(self._script)
