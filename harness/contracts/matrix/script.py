"""The script of one route: what is asked in which order, and what is learned on the way.

First nobody, then the genuine credentials of each way: they show whom the route admits and where it decides. Then everything
else, damaged from what was really admitted. Ways that turn out to be open are tried as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from harness.contracts.matrix.cross_user_leak import cross_user_leak, named
from harness.contracts.matrix.factory import RequestFactory, Sequence
from harness.contracts.matrix.fuzz import FUZZ
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.refusal import REFUSING_CLOSES, outcome_of
from harness.contracts.matrix.runner import RouteScript, Work
from harness.contracts.matrix.state import RouteState, Twin, decides_inside
from harness.contracts.matrix.verdicts import CellVerdict
from harness.contracts.matrix.ways import BEARER, Way
from harness.credentials import CATALOGUE, Credential
from harness.targets.base import Observation
from harness.targets.request_builder import under
from harness.targets.schemathesis_examples import needs_input, requests_for

_BASELINES = ("forged", "garbage")
"""Two bad credentials whose refusals the others are compared with."""
_UNFIT = (400, 404, 405, 415, 422)
"""What a route answers to a request that it does not take, whoever sends it."""
_AT_ONCE = 6
"""Pairs of requests that are sent at the same moment."""
_MISSING = CATALOGUE["missing"]
Steps = Generator[Work, list[Observation], None]


class Script:
    """What is done with one route. `work` is its generator; `state` what is known of it."""

    def __init__(self, plan: RoutePlan, factory: RequestFactory, judge: Judge) -> None:
        self.plan = plan
        self.factory = factory
        self.judge = judge
        self.state = RouteState(plan, guard="handler" if "message" in plan.carriers else plan.guard)
        self.answers: dict[str, list[Observation]] = {}
        """By the label of the cell."""
        self.cells: dict[str, Cell] = {}
        self.found: list[Cell] = []
        """Cells of ways that were found open."""

    # What is to be tried

    def _usual(self) -> list[Cell]:
        """The planned cells that are single requests, and what refusals are compared with."""
        cells = [c for c in self.plan.cells if c.credential.drill is None and c.credential is not FUZZ]
        if any(cell.expect == "reject" for cell in cells):
            for way in {cell.way.label: cell.way for cell in cells if cell.expect == "reject"}.values():
                for name in _BASELINES:
                    cell = self.plan.cell(CATALOGUE[name], way)
                    usual = way.label == "" or name == "forged"
                    if usual and cell.expect == "reject" and all(cell.label != known.label for known in cells):
                        cells.append(cell)
        return cells

    def work(self) -> RouteScript:
        """Yields work for a lane, is sent observations, and lastly returns what gives the verdicts."""
        plan, state = self.plan, self.state
        cells = self._usual()
        yield from self._find_request()
        yield from self._twins(cells)
        welcome = [cell for cell in cells if cell.expect != "reject" and cell.label not in self.answers]
        unwelcome = [cell for cell in cells if cell.expect == "reject" and cell.label not in self.answers]
        newcomers = [cell for cell in (*welcome, *unwelcome) if _first_sign_in(cell)]
        yield from self._try([c for c in welcome if not _first_sign_in(c)], singly=plan.writes)
        yield from self._try(newcomers, singly=True)
        # A person may get as far as a handler that then refuses; should one write, the batch is sent again singly.
        yield from self._try([c for c in unwelcome if not _first_sign_in(c)], singly=False)
        yield from self._open_ways()
        yield from self._controls()
        for cell in plan.cells:
            if cell.credential.drill == "expiry":
                sequence = self._sequence(cell)
                yield Work(sequence.before(self._stops(cell)), True)
                state.expiring.append((cell, sequence, time.monotonic()))
            if cell.credential.drill == "pair":
                self.cells[cell.label] = cell
                self.answers[cell.label] = yield from self._pair()
        self._compare()
        return self._verdicts

    def _verdicts(self) -> list[CellVerdict]:
        # Drills and fuzzing give their verdicts themselves: they are not among what was observed here.
        ahead = self.answers.get("clerk-clock-ahead")
        if ahead and self.cells["clerk-clock-ahead"].expect == "tolerate" and self.state.admitted:
            self.state.brittle = outcome_of(ahead[0], self.state, CATALOGUE["clerk-clock-ahead"])[0] == "refused"
        asked = {self.cells[label]: answers for label, answers in self.answers.items()}
        of_the_route = self.judge.route_verdicts(self.state, asked)
        judged = [
            self.judge.judge(cell, self.answers[cell.label], self.state)
            for cell in (*self.found, *self.plan.cells)
            if cell.label in self.answers
        ]
        return of_the_route + judged

    # Sending

    def _sequence(self, cell: Cell) -> Sequence:
        base = self.state.base_in(cell.way)
        return Sequence(self.factory, self.plan, cell.credential, cell.way, base)

    def _stops(self, cell: Cell) -> bool:
        """Whether the probe stops the cell's requests at the handler's door.

        Where one person is let in and another is not, the handler may be what tells them apart.
        """
        if not self.state.stops or cell.expect == "accept":
            return False
        return not (cell.credential.personal and cell.expect == "reject" and self.plan.ways[0].kind == "session")

    def _try(self, cells: list[Cell], *, singly: bool) -> Steps:
        if not cells:
            return
        ready = [(cell, self._sequence(cell), self._stops(cell)) for cell in cells]
        acted = [(sequence, stop) for _, sequence, stop in ready if sequence.prepared.then is not None]
        if acted:
            yield Work([sending for sequence, stop in acted for sending in sequence.before(stop)], True)
            for sequence, _ in acted:
                sequence.then()
        sendings = []
        for _, sequence, stop in ready:
            if sequence.prepared.then is None:
                sendings += sequence.before(stop)
            sendings += sequence.forms(stop)
        answers = iter((yield Work(sendings, singly)))
        for cell, sequence, _ in ready:
            if sequence.prepared.then is None:
                for _ in sequence.prepared.before:
                    next(answers)
            self._keep(cell, sequence, [next(answers) for _ in sequence.prepared.forms])

    def _keep(self, cell: Cell, sequence: Sequence, answers: list[Observation]) -> None:
        for canary_url, answer in zip(sequence.prepared.lures, answers, strict=True):
            answer.canary_fetched = canary_url is not None and self.factory.mint.ssrf_listener.fetched(canary_url)
        self.cells[cell.label] = cell
        self.answers[cell.label] = answers

    def _once(self, credential: Credential, way: Way, *, stop: bool) -> Generator[Work, list[Observation], Observation]:
        """One request that is no cell's."""
        sequence = Sequence(self.factory, self.plan, credential, way, way.base)
        (answer,) = yield Work(sequence.forms(stop)[:1], True)
        return answer

    # Learning

    def _find_request(self) -> Steps:
        """A request that gets as far as the decision: under another prefix, or one that schemathesis generates."""
        plan, state = self.plan, self.state
        way = plan.ways[0]
        guess = plan.guessed and needs_input(plan.route)
        if not plan.route.prefixes and not guess:
            return

        def reaches(answer: Observation) -> bool:
            return answer.status not in _UNFIT or outcome_of(answer, state, way.base)[0] != "unreached"

        if reaches((yield from self._once(way.base, way, stop=True))):
            return
        usual = plan.base
        for prefix in plan.route.prefixes:
            plan.base = under(usual, prefix)
            answer = yield from self._once(way.base, way, stop=True)
            if answer.status != 404:
                usual = plan.base
                break
        else:
            plan.base = usual
        if not guess or reaches((yield from self._once(way.base, way, stop=True))):
            return
        for request in requests_for(plan.route, plan.base):
            plan.base = request
            if reaches((yield from self._once(way.base, way, stop=True))):
                return
        plan.base = usual

    def _twins(self, cells: list[Cell]) -> Steps:
        """Who gets in, in each way? Nobody is asked first: what happens without any credential tells what proves something."""
        plan, state = self.plan, self.state
        missing = plan.cell(_MISSING)
        before = yield from self._once(_MISSING, plan.ways[0], stop=not plan.policy.optional and not state.open)
        state.always = frozenset((name, good) for name, good, phase in before.ran if phase < 2)
        if not self.factory.probed and not state.open:
            # From outside only the refusal of a bad one tells that a genuine one got past it.
            bad = CATALOGUE["forged"]
            answer = yield from self._once(bad, plan.ways[0], stop=True)
            state.refuses = outcome_of(answer, state, bad)[0] == "refused"
        needed = {cell.way.label for cell in cells} | {
            cell.way.label for cell in plan.cells if cell.credential.drill not in (None, "pair")
        }
        if not plan.admits_nobody:
            yield from self._admissions([way for way in plan.ways if way.label in needed or way.label == ""])
        genuine = state.genuine
        if plan.route.kind == "websocket" and plan.carriers == (BEARER,):  # Where a place is declared, it is that.
            yield from self._where_the_token_goes(before)
        if genuine is not None and state.guard is None and genuine.entered:
            yield from self._where_it_decides(genuine, before)
        if plan.policy.optional:
            again = yield from self._once(_MISSING, plan.ways[0], stop=False)
            state.anonymous = [before, again]
            state.always |= {(name, good) for name, good, phase in again.ran if phase < 2}
        if self._stops(missing) and any(cell.label == missing.label for cell in cells):
            self.cells[missing.label], self.answers[missing.label] = missing, [before]

    def _admissions(self, ways: list[Way]) -> Steps:
        """The genuine credential that the route admits in each way: the usual one, or another that the policy names."""
        asked = [(way, way.bases[0], self._twin_of(way, way.bases[0])) for way in ways]
        answers = yield Work([sequence.forms(False)[0] for _, _, sequence in asked], self.plan.writes)
        for (way, credential, sequence), answer in zip(asked, answers, strict=True):
            self._know(way, credential, sequence, answer)
        for way in ways:
            for credential in way.bases[1:]:
                if self.state.twins[way.label].admitted:
                    break
                sequence = self._twin_of(way, credential)
                (answer,) = yield Work(sequence.forms(False)[:1], True)
                self._know(way, credential, sequence, answer)

    def _twin_of(self, way: Way, credential: Credential) -> Sequence:
        return Sequence(self.factory, self.plan, credential, way, credential)

    def _know(self, way: Way, credential: Credential, sequence: Sequence, answer: Observation) -> None:
        own = self.plan.cell(credential, way if way.label == way.carrier else None)
        self._keep(own, sequence, [answer])
        twin = Twin(credential, False, "", answer)
        self._judge_twin(twin)
        if twin.admitted or way.label not in self.state.twins:
            self.state.twins[way.label] = twin

    def _judge_twin(self, twin: Twin) -> None:
        outcome, _, twin.seen = outcome_of(twin.observation, self.state, twin.credential)
        twin.admitted = outcome in ("admitted", "failed")

    def _where_it_decides(self, genuine: Observation, before: Observation) -> Steps:
        """At the handler's door or inside of it? What does the same without any credential decides nothing."""
        state = self.state
        if decides_inside(genuine, state.always) and before.stopped:
            within = yield from self._once(_MISSING, self.plan.ways[0], stop=False)
            state.always |= {(name, good) for name, good, phase in within.ran if phase < 2}
        state.guard = "handler" if decides_inside(genuine, state.always) else "door"
        self._look_again()

    def _where_the_token_goes(self, before: Observation) -> Steps:
        """Whether a websocket is accepted for everybody and then waits: it may take its token in the first message."""
        if "*" in self.plan.policy.accept and self.state.genuine is not None:
            before = self.state.genuine
        elif before.stopped:
            before = yield from self._once(_MISSING, self.plan.ways[0], stop=False)
        facts = before.websocket or {}
        silent = bool(facts.get("accepted")) and not facts.get("sent")
        waits = silent and facts.get("waited") and not self.plan.example.messages
        # Or everybody is accepted, and sent away after the messages that are declared.
        closed = silent and facts.get("close") in REFUSING_CLOSES
        genuine = [twin.observation.websocket or {} for twin in self.state.twins.values()]
        all_closed = closed and all(t.get("close") in REFUSING_CLOSES and not t.get("sent") for t in genuine)
        self.state.in_a_message = bool(waits or all_closed)
        self._look_again()

    def _look_again(self) -> None:
        """What is known by now may make something else of what the twins were answered."""
        for twin in self.state.twins.values():
            self._judge_twin(twin)

    def _open_ways(self) -> Steps:
        """Ways that nobody has declared, and that a genuine token got in by: what is bad is tried there too."""
        plan, state = self.plan, self.state
        if state.open or plan.policy.optional or self._entered("missing"):
            return
        known = {way.carrier for way in plan.ways}
        for label, cell in list(self.cells.items()):
            carrier = cell.credential.carrier
            if carrier is None or carrier in known or label != cell.credential.name or not self._entered(label):
                continue
            known.add(carrier)
            way = Way((state.base_in(plan.ways[0]),), carrier, carrier, found=True)
            answer = self.answers[label][0]
            state.twins[carrier] = Twin(cell.credential, True, outcome_of(answer, state, cell.credential)[2], answer)
            self.found += plan.planned_in(way)
        plan.found = self.found
        yield from self._try([cell for cell in self.found if not _first_sign_in(cell)], singly=False)
        yield from self._try([cell for cell in self.found if _first_sign_in(cell)], singly=True)

    def _entered(self, label: str) -> bool:
        answers = self.answers.get(label, [])
        return bool(answers) and outcome_of(answers[0], self.state, self.cells[label].credential)[0] == "admitted"

    def _controls(self) -> Steps:
        """Bent requests that were answered well are sent once more, for a path that nothing serves."""
        for label, cell in list(self.cells.items()):
            if not cell.credential.bypass or cell.expect != "reject" or self.factory.probed:
                continue
            if any(answer.status is not None and answer.status < 300 for answer in self.answers[label]):
                sequence = self._sequence(cell)
                self.state.controls[label] = yield Work(sequence.control(self._stops(cell)))

    def _compare(self) -> None:
        """How does the route refuse? The others are compared with these."""
        for way in {cell.way.label: cell.way for cell in self.cells.values()}.values():
            for name in (*_BASELINES, "missing"):
                label = way.named(CATALOGUE[name])
                if label not in self.answers:
                    continue
                if outcome_of(self.answers[label][0], self.state, CATALOGUE[name])[0] == "refused":
                    self.state.learn_refusal(way, name, self.answers[label][0])

    # Two people at once

    def _pair(self) -> Generator[Work, list[Observation], list[Observation]]:
        """Two people, one after the other and then at the same moment; says where an answer was the other's."""
        names = ("clerk", "clerk-other")

        def both(times: int) -> list[Sequence]:
            way = self.plan.ways[0]
            return [Sequence(self.factory, self.plan, CATALOGUE[n], way, way.base) for n in names * times]

        def work(times: int, *, together: bool = False) -> Work:
            return Work([sending for one in both(times) for sending in one.forms(False)[:1]], together=together)

        alone = yield work(1)
        if len({answer.status for answer in alone}) > 1 or alone[0].status is None or alone[0].status >= 300:
            return alone[:1]  # Only the one of them is let in: there is nothing to mix up.
        cut = any(answer.cut for answer in alone)  # Streams without an end: only a name in one can tell.
        if not cut:
            alone += yield work(1)
        at_once = yield work(1 if cut else _AT_ONCE, together=True)
        # What both see afterwards is no secret: a list of who was here lately, say.
        alone += yield work(1)
        people = [self.factory.mint.identities[name] for name in ("alice", "bob")]

        def mixed(number: int, answer: Observation) -> str:
            mine, other = number % 2, 1 - number % 2
            return cross_user_leak(answer, alone[mine::2], alone[other::2], people[other])

        suspected = [number for number, answer in enumerate(at_once) if mixed(number, answer)]
        if suspected and not any(named(at_once[n], alone[n % 2 :: 2], people[1 - n % 2]) for n in suspected):
            alone += yield work(4)  # What differs by chance does not go on to differ by the person.
        for number in suspected:
            at_once[number].cross_user_leak = mixed(number, at_once[number])
        return sorted(at_once, key=lambda answer: not answer.cross_user_leak)[:1]


def _first_sign_in(cell: Cell) -> bool:
    """Whether the credential speaks for somebody whom no database knows: backends write then."""
    return cell.credential.identity == "newcomer"


def script_of(
    factory: RequestFactory, judge: Judge, states: dict[str, RouteState]
) -> Callable[[RoutePlan], RouteScript]:
    """Begins the script of a route, whose state is kept under its key."""

    def begin(plan: RoutePlan) -> RouteScript:
        script = Script(plan, factory, judge)
        states[plan.key] = script.state
        return script.work()

    return begin
