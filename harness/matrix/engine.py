"""The engine: sends the cells of a plan to the lanes of a target and yields verdicts as they are reached.

It knows no listener. Batches keep the lanes busy; what was sent is judged while the next batch runs. A batch that left
traces in the database is undone and sent again call by call, so that no verdict rests on what another cell wrote.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.credentials import CATALOGUE, Credential, Mint
from harness.matrix.bent import crossed
from harness.matrix.drills import Drills
from harness.matrix.fuzz import FUZZ, Fuzzer
from harness.matrix.judge import Judge, RouteState, decides_inside, outcome_of
from harness.matrix.plan import Cell, Plan, RoutePlan, proof_of_entry
from harness.matrix.verdicts import CellVerdict
from harness.targets.base import Call, Lane, Observation, Request, Target
from harness.targets.generated import needs_input, requests_for
from harness.targets.requests import with_presentation

_SAFE = {"GET", "HEAD", "OPTIONS", "WS"}
_BASELINES = ("forged", "garbage")
"""Two bad credentials whose refusals the others are compared with."""
_UNFIT = (400, 415, 422)
"""What a route answers to a request that it does not take, whoever sends it."""
_NOWHERE = "/clerk-harness-nowhere"
_AT_ONCE = 6
"""Pairs of requests that are sent at the same moment."""
_PATIENCE = 0.5
"""Seconds between looks at lanes that give no sign of life."""


class Resets(Protocol):
    """Restores the database of one lane; says whether anything had been written."""

    def reset(self) -> bool:
        """Undo what was written since the last call."""


@dataclass(slots=True)
class Work:
    """Calls for a lane; `singly`: one at a time, with a reset after each; `together`: at the same moment."""

    calls: list[Call]
    singly: bool = False
    together: bool = False


@dataclass(slots=True)
class Prepared:
    """The requests of one cell: what is sent before, what is done then, and each form that is judged."""

    before: list[Request]
    forms: list[Request]
    lures: list[str | None]
    then: Callable[[], object] | None = None
    control: list[Request] = field(default_factory=list)
    """The bent requests, aimed at a path that nothing serves: what everything is answered with."""


Verdicts = Callable[[], list[CellVerdict]]
"""Judging, put off until the lane has its next work."""
RouteScript = Generator[Work, list[Observation], Verdicts]


class Engine:
    """One run of a plan. `limit`: seconds for each request; `resets`: one for each lane, or none without a database.

    `heal_within`: seconds after an outage of the issuer within which genuine tokens must get in again. `fuzz`: how
    many mutations are tried on some routes.
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
        fuzz: int = 0,
        seed: int = 0,
    ) -> None:
        self.target = target
        self.plan = plan
        self.mint = mint
        self.judge = judge
        self.resets = resets
        self.limit = limit
        self.heal_within = heal_within
        self.fuzz = fuzz
        self.seed = seed
        self.states: dict[str, RouteState] = {}

    def run(self) -> Iterator[CellVerdict]:
        """Yield a verdict for every gap of the declaration and for every cell."""
        for gap in self.plan.gaps:
            yield CellVerdict(
                gap.router, gap.key, gap.policy, "", "", "", gap.kind, "declaration", "", gap.detail,
                hint=f'add a line: "{gap.key}" = "…"' if gap.kind == "undeclared" else "",
            )  # fmt: skip
        drills = Drills(self)
        drills.begin()
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
        yield from drills.finish()
        if self.fuzz:
            yield from Fuzzer(self, self.fuzz, self.seed).run()

    # One route

    def prepare(self, plan: RoutePlan, credential: Credential) -> Prepared:
        """The requests of a cell."""
        base, carrier, webhook = plan.base, plan.example.carrier, self.mint.instance.webhook_headers
        presented = self.mint.present(credential)
        forms = (presented, *presented.also)
        prepared = Prepared(
            [with_presentation(base, form, carrier, webhook) for form in presented.before],
            [with_presentation(base, form, carrier, webhook) for form in forms],
            [form.lure for form in forms],
            presented.then,
        )
        if credential.bent and not self.target.probed:
            nowhere = replace(base, path=_NOWHERE)
            prepared.control = [with_presentation(nowhere, form, carrier, webhook) for form in forms]
        return prepared

    def _script(self, plan: RoutePlan) -> RouteScript:
        """Yields work for a lane, is sent observations, and lastly returns what gives the verdicts."""
        state = self.states[plan.key] = RouteState(plan, guard=plan.guard)
        entry = proof_of_entry(plan)
        cells = [cell for cell in plan.cells if cell.credential.drill is None and cell.credential is not FUZZ]
        pairs = [cell for cell in plan.cells if cell.credential.drill == "pair"]
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
        if entry is not None and plan.guessed and needs_input(plan.route):
            yield from self._find_request(plan, state, entry)
        # All before the first yield: it is done while the lane still works on the route before this one.
        prepared = {cell.credential.name: self.prepare(plan, cell.credential) for cell in (*welcome, *unwelcome)}
        observed: dict[str, list[Observation]] = {}
        # Where one person is let in and another is not, the handler may be what tells them apart.
        persons = entry is not None and entry.personal

        def calls_of(cell: Cell, requests: list[Request]) -> list[Call]:
            stop = cell.expect == "reject" and state.guard != "handler" and not (persons and cell.credential.personal)
            return [Call(plan.route, request, stop) for request in requests]

        def observe(some: list[Cell], *, singly: bool) -> Generator[Work, list[Observation], None]:
            acted = [cell for cell in some if prepared[cell.credential.name].then is not None]
            if acted:
                yield Work([c for cell in acted for c in calls_of(cell, prepared[cell.credential.name].before)], True)
                for cell in acted:
                    _do(prepared[cell.credential.name].then)
            calls = []
            for cell in some:
                ready = prepared[cell.credential.name]
                calls += calls_of(cell, ready.forms if ready.then is not None else [*ready.before, *ready.forms])
            answers = iter((yield Work(calls, singly)) if calls else [])
            for cell in some:
                name = cell.credential.name
                ready = prepared[name]
                if ready.then is None:
                    for _ in ready.before:
                        next(answers)
                observed[name] = [next(answers) for _ in ready.forms]
                for lure, answer in zip(ready.lures, observed[name], strict=True):
                    answer.lured = lure is not None and self.mint.trap.sprung(lure)

        writing = plan.route.method not in _SAFE
        yield from observe([c for c in welcome if not _first_sign_in(c)], singly=writing)
        self._learn(state, entry, observed)
        yield from observe([c for c in (*welcome, *unwelcome) if _first_sign_in(c)], singly=True)
        # A person may get as far as a handler that then refuses; should one write, the batch is sent again singly.
        yield from observe([c for c in unwelcome if not _first_sign_in(c)], singly=False)
        for cell in unwelcome:
            ready, answers = prepared[cell.credential.name], observed[cell.credential.name]
            if ready.control and any(answer.status is not None and answer.status < 300 for answer in answers):
                state.controls[cell.credential.name] = yield Work(calls_of(cell, ready.control))
        for cell in pairs:
            observed[cell.credential.name] = yield from self._pair(plan)
        self._compare(state, observed, {cell.credential.name: cell.credential for cell in (*cells, *unwelcome)})
        # Drills and fuzzing give their verdicts themselves: they are not among what was observed here.
        return lambda: [
            self.judge.judge(cell, observed[cell.credential.name], state)
            for cell in plan.cells
            if cell.credential.name in observed
        ]

    def _find_request(
        self, plan: RoutePlan, state: RouteState, entry: Credential
    ) -> Generator[Work, list[Observation], None]:
        """A request that gets as far as the decision, where nobody has said what one looks like."""

        def reaches(answer: Observation) -> bool:
            return answer.status not in _UNFIT or outcome_of(answer, state, entry)[0] != "unreached"

        def call(base: Request) -> Call:
            presented = self.mint.present(entry)
            webhook = self.mint.instance.webhook_headers
            return Call(plan.route, with_presentation(base, presented, plan.example.carrier, webhook), stop=True)

        (answer,) = yield Work([call(plan.base)], True)
        if reaches(answer):
            return
        generated = requests_for(plan.route, plan.base)
        if generated:
            answers = yield Work([call(request) for request in generated], True)
            fit = [request for request, answer in zip(generated, answers, strict=True) if reaches(answer)]
            if fit:
                plan.base = fit[0]

    def _pair(self, plan: RoutePlan) -> Generator[Work, list[Observation], list[Observation]]:
        """Two people, one after the other and then at the same moment; says where an answer was the other's."""
        requests = [self.prepare(plan, CATALOGUE[name]).forms[0] for name in ("clerk", "clerk-other")]
        calls = [Call(plan.route, request) for request in requests]
        alone = yield Work(calls)
        if len({answer.status for answer in alone}) > 1 or alone[0].status is None or alone[0].status >= 300:
            return alone[:1]  # Only the one of them is let in: there is nothing to mix up.
        at_once = yield Work(calls * _AT_ONCE, together=True)
        # What both see afterwards is no secret: a list of who was here lately, say.
        after = yield Work(calls)
        people = [self.mint.identities[name] for name in ("alice", "bob")]
        for number, answer in enumerate(at_once):
            mine, other = number % 2, 1 - number % 2
            answer.crossed = crossed(answer, [alone[mine], after[mine]], alone[other], people[other])
        return sorted(at_once, key=lambda answer: not answer.crossed)[:1]

    def _learn(self, state: RouteState, entry: Credential | None, observed: dict[str, list[Observation]]) -> None:
        """Where does the route decide? The first admission tells."""
        if entry is None or entry.name not in observed:
            return
        state.genuine = first = observed[entry.name][0]
        if state.guard is None and first.entered:
            state.guard = "handler" if decides_inside(first) else "door"

    def _compare(self, state: RouteState, observed: dict[str, list[Observation]], tried: dict[str, Credential]) -> None:
        """Whom does the route admit, and how does it refuse? Only then can refusals be judged."""
        for name in (*_BASELINES, "missing"):
            if name in observed:
                outcome, _, _ = outcome_of(observed[name][0], state, CATALOGUE[name])
                if outcome == "refused":
                    state.learn_refusal(name, observed[name][0])
        for name, credential in tried.items():
            answers = observed[name]
            if credential.group == "genuine" and outcome_of(answers[0], state, credential)[0] == "admitted":
                state.admitted = True


def _do(action: Callable[[], object] | None) -> None:
    if action is not None:
        action()


def _first_sign_in(cell: Cell) -> bool:
    """Whether the credential speaks for somebody whom no database knows: backends write then."""
    return cell.credential.identity == "newcomer"


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
        self._singly = self._together = False

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
        if partial.alone or (self._together and self._todo):
            self._singly, self._together = True, False
        wrote = self._reset.reset() if self._reset is not None else False
        if len(self._sent) == 1:
            for answer in partial.observations:
                answer.wrote = wrote
        if wrote and len(self._sent) > 1 and not self._together:
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
        self.lane.submit(self._sent, self._limit, together=self._together and count > 1)
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
            self._singly, self._together = work.singly, work.together
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
