"""The script of one route: which requests are sent in which order, and what is learned on the way.

First a request without any credential, then the genuine credentials of each way: they show whom the route admits and where it
decides. Then everything else, damaged from what was really admitted. Ways that turn out to be open are tried as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.contracts.matrix.concurrent_users import concurrent_users, named_users
from harness.contracts.matrix.factory import RequestFactory, Sequence
from harness.contracts.matrix.fuzz import FUZZ
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.leak import BASELINES
from harness.contracts.matrix.left_behind import FORGED, find_left_behind
from harness.contracts.matrix.named import cells as named_cells
from harness.contracts.matrix.named import learn, refused_person
from harness.contracts.matrix.named_identity import identity_cells
from harness.contracts.matrix.named_tokens import token_cells
from harness.contracts.matrix.objects import Tried, try_objects
from harness.contracts.matrix.own_session import own_session_cells
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.runner import RouteScript, Work
from harness.contracts.matrix.state import RouteState, Twin, decides_inside, ended, fingerprints
from harness.contracts.matrix.steps import OneAnswer, Steps, ask_once, find_request
from harness.contracts.matrix.trials import Trials
from harness.contracts.matrix.verdicts import CellVerdict
from harness.contracts.matrix.ways import BEARER, Way
from harness.contracts.refusal import REFUSING_CLOSES
from harness.credentials import CATALOGUE, Credential
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation

_MISSING = CATALOGUE["missing"]


class Script(Trials):
    """What is sent to one route. `work` is its generator; `state` what is known of the route."""

    def __init__(self, plan: RoutePlan, factory: RequestFactory, judge: Judge) -> None:
        super().__init__(plan, factory)
        self.judge = judge
        self.found: list[Cell] = []
        """The cells of ways that were found open, and of what the source names."""
        self.alone: list[Observation] = []
        """What two people were answered alone, in turn."""
        self.named: list[Cell] = []
        """Cells of what the source names, with another person in it."""
        self.objects: list[Tried] = []
        """What people got on their own rows and on others'."""

    # What is to be tried

    def _usual(self) -> list[Cell]:
        """Return the planned cells that are single requests, and the cells whose refusals the others are compared with."""
        plan = self.plan
        cells = [
            c
            for c in plan.cells
            if c.credential.drill is None and c.credential is not FUZZ
            if not c.credential.objects and c.label not in plan.postponed
        ]
        if any(cell.expect == "reject" for cell in cells):
            for way in {cell.way.label: cell.way for cell in cells if cell.expect == "reject"}.values():
                for name in BASELINES:
                    cell = plan.cell(CATALOGUE[name], way)
                    usual = way.label == "" or name == "forged"
                    if usual and cell.expect == "reject" and all(cell.label != known.label for known in cells):
                        cells.append(cell)
        return cells

    def work(self) -> RouteScript:
        """Yield work for a lane and be sent its answers; return what gives the verdicts."""
        plan, state = self.plan, self.state
        cells = self._usual()
        yield from find_request(self.factory, state)
        yield from self._twins(cells)
        welcome = [cell for cell in cells if cell.expect != "reject" and cell.label not in self.answers]
        unwelcome = [cell for cell in cells if cell.expect == "reject" and cell.label not in self.answers]
        newcomers = [cell for cell in (*welcome, *unwelcome) if _first_sign_in(cell)]
        known = [c for c in welcome if not _first_sign_in(c)]
        for writes in (True, False):  # What is stopped at the door writes nothing.
            some = [c for c in known if (plan.writes and not self.stops(c)) is writes]
            yield from self.send(some, singly=writes)
        yield from self.send(newcomers, singly=True)
        # The handler may refuse a person only after it was entered; should one write, the batch is sent again singly.
        yield from self.send([c for c in unwelcome if not _first_sign_in(c)], singly=False)
        yield from self._left_behind()
        yield from self._open_ways()
        yield from self._named()
        yield from self._own_session()
        if rows := [cell for cell in plan.cells if cell.credential.objects]:
            self.objects = yield from try_objects(self.factory, plan, rows)
        yield from self._controls()
        for cell in plan.cells:
            if cell.credential.drill == "expiry":
                sequence = self.sequence(cell)
                yield Work(sequence.before(self.stops(cell)), True)
                state.expiring.append((cell, sequence, time.monotonic()))
            if cell.credential.drill == "pair":
                self.cells[cell.label] = cell
                self.answers[cell.label] = yield from concurrent_users(self.factory, plan, self.alone)
            if cell.credential.drill == "identity":
                self.cells[cell.label] = cell
                self.answers[cell.label] = yield from named_users(self.factory, plan, cell.credential, self.alone)
        for cell in self.named:
            answers = yield from named_users(self.factory, plan, cell.credential, self.alone)
            # A handler may fail over what it did not expect in its own header: that is nobody's identity.
            if answers := [answer for answer in answers if answer.hung or answer.died or (answer.status or 0) < 500]:
                self.found.append(cell)
                plan.found, self.cells[cell.label], self.answers[cell.label] = self.found, cell, answers
        self._compare()
        return self._verdicts

    def _verdicts(self) -> list[CellVerdict]:
        # Drills and fuzzing give their verdicts themselves: they are not among what was observed here.
        ahead = self.answers.get("clerk-clock-ahead")
        if ahead and self.cells["clerk-clock-ahead"].expect == "tolerate" and self.state.admitted:
            self.state.brittle = outcome_of(ahead[0], self.state, CATALOGUE["clerk-clock-ahead"])[0] == "refused"
        asked = {self.cells[label]: answers for label, answers in self.answers.items()}
        self.state.fingerprints = fingerprints(asked)
        of_the_route = self.judge.route_verdicts(self.state, asked)
        judged = [
            self.judge.judge(cell, self.answers[cell.label], self.state)
            for cell in (*self.found, *self.plan.cells)
            if cell.label in self.answers
        ]
        return of_the_route + judged + [self.judge.of_object(tried) for tried in self.objects]

    # Learning

    def _once(self, credential: Credential, *, stop: bool, learn: bool = False) -> OneAnswer:
        """Send one request in the usual way that is no cell's."""
        return ask_once(self.factory, self.state, credential, self.plan.ways[0], stop=stop, learn=learn)

    def _twins(self, cells: list[Cell]) -> Steps:
        """Find out who is admitted in each way, and where the route decides.

        A request without any credential comes first: functions that end as well for it prove nothing.
        """
        plan, state = self.plan, self.state
        before = yield from self._once(_MISSING, stop=not plan.policy.optional and not state.open)
        state.always = ended(before)
        if not self.factory.probes(plan.route) and not state.open:
            # From outside only the refusal of a bad credential shows that a genuine one got past it.
            bad = CATALOGUE["forged"]
            answer = yield from self._once(bad, stop=True)
            state.refuses = outcome_of(answer, state, bad)[0] == "refused"
        if not plan.admits_nobody:
            yield from self._admissions(self._needed_ways(cells))
        genuine = state.genuine
        if plan.route.kind == "websocket" and plan.carriers == (BEARER,):  # A declared place needs no search.
            yield from self._where_the_token_goes(before)
        if genuine is not None and state.guard is None and genuine.entered:
            yield from self._where_it_decides(genuine, before)
        if plan.policy.optional:
            again = yield from self._once(_MISSING, stop=False)
            state.anonymous = [before, again]
            state.always |= ended(again)
        missing = plan.cell(_MISSING)
        if self.stops(missing) and any(cell.label == missing.label for cell in cells):
            self.cells[missing.label], self.answers[missing.label] = missing, [before]

    def _needed_ways(self, cells: list[Cell]) -> list[Way]:
        """Return the ways whose genuine credential is needed: those of the cells and of the drills, and the usual one."""
        needed = {cell.way.label for cell in cells} | {
            cell.way.label for cell in self.plan.cells if cell.credential.drill not in (None, "pair", "identity")
        }
        return [way for way in self.plan.ways if way.label in needed or way.label == ""]

    def _admissions(self, ways: list[Way]) -> Steps:
        """Find the genuine credential that the route admits in each way: the usual one, or another that the policy names."""
        asked = [(way, way.bases[0], self._twin_of(way, way.bases[0])) for way in ways]
        answers = yield Work([sequence.forms(False)[0] for _, _, sequence in asked], self.plan.writes)
        for (way, credential, sequence), answer in zip(asked, answers, strict=True):
            self._learn(way, credential, sequence, answer)
        for way in ways:
            for credential in way.bases[1:]:
                if self.state.twins[way.label].admitted:
                    break
                sequence = self._twin_of(way, credential)
                (answer,) = yield Work(sequence.forms(False)[:1], True)
                self._learn(way, credential, sequence, answer)

    def _twin_of(self, way: Way, credential: Credential) -> Sequence:
        return Sequence(self.factory, self.plan, credential, way, credential)

    def _learn(self, way: Way, credential: Credential, sequence: Sequence, answer: Observation) -> None:
        own = self.plan.cell(credential, way if way.label == way.carrier else None)
        self.keep(own, sequence, [answer])
        twin = Twin(credential, False, "", answer)
        self._judge_twin(twin)
        if twin.admitted or way.label not in self.state.twins:
            self.state.twins[way.label] = twin

    def _judge_twin(self, twin: Twin) -> None:
        outcome, _, twin.seen = outcome_of(twin.observation, self.state, twin.credential)
        twin.admitted = outcome in ("admitted", "failed")

    def _where_it_decides(self, genuine: Observation, before: Observation) -> Steps:
        """Find out whether the route decides before its handler or inside it. What runs without any credential too decides nothing.

        Where nobody sees what runs inside, a handler that was reached without a credential shows it by its own answer.
        """
        state = self.state
        refuses = False
        if before.stopped and (decides_inside(genuine, state.always) or not self.factory.sees_inside):
            within = yield from self._once(_MISSING, stop=False)
            state.always |= ended(within)
            refuses = not self.factory.sees_inside and outcome_of(within, state, _MISSING)[0] == "refused"
        state.guard = "handler" if refuses or decides_inside(genuine, state.always) else "door"
        self._look_again()

    def _where_the_token_goes(self, before: Observation) -> Steps:
        """Find out whether a websocket is accepted for everybody and then waits: it may take its token in the first message."""
        if before.stopped:
            before = yield from self._once(_MISSING, stop=False)
        facts = before.websocket or WebsocketFacts()
        silent = bool(facts.accepted) and not facts.sent
        waits = silent and facts.waited and not self.plan.example.messages
        # Or everybody is accepted, and sent away after the messages that are declared.
        closed = silent and facts.close in REFUSING_CLOSES
        genuine = [twin.observation.websocket or WebsocketFacts() for twin in self.state.twins.values()]
        all_closed = closed and all(g.close in REFUSING_CLOSES and not g.sent for g in genuine)
        self.state.in_a_message = bool(waits or all_closed)
        self._look_again()

    def _look_again(self) -> None:
        """Judge the answers to the twins again by what is known now."""
        for twin in self.state.twins.values():
            self._judge_twin(twin)

    def _open_ways(self) -> Steps:
        """Try bad credentials in the ways that no policy declares and in which a genuine token was admitted."""
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
        yield from self.send([cell for cell in self.found if not _first_sign_in(cell)], singly=False)
        yield from self.send([cell for cell in self.found if _first_sign_in(cell)], singly=True)

    def _named(self) -> Steps:
        """Try what the target's own source names: learn it from a few requests, and send each of it."""
        plan, state = self.plan, self.state
        chosen, way = plan.named, plan.ways[0]
        if chosen is None or not self.factory.sees_inside or state.open or plan.policy.optional or not state.admitted:
            return
        observed = []
        asking = [(_MISSING, True), (state.base_in(way), False)]
        if way.base.kind is not None:
            asking += [(CATALOGUE["forged"], True), (CATALOGUE["legacy"], True)]
        if (refused := refused_person(plan)) is not None:
            asking.append((refused, True))
        for credential, stop in asking:
            observed.append((yield from self._once(credential, stop=stop and state.stops, learn=True)))
        within = learn(observed, plan, inside=True)
        learned = within if state.guard == "handler" else learn(observed, plan, inside=False)
        source = (plan.policy_name, learned.key, within.key)
        whole = source not in self.factory.named
        cells = named_cells(learned, within, plan, whole=whole, chosen=chosen)
        cells += token_cells(learned, plan, whole=whole, chosen=chosen)
        self.named = identity_cells(within, plan, whole=whole, chosen=chosen)
        self.factory.named.add(source)
        self.found += cells
        plan.found = self.found
        yield from self.send(cells, singly=False)

    def _left_behind(self) -> Steps:
        """Look at the rows that a forged first sign-in wrote, where it wrote any and was refused."""
        for label, cell in list(self.cells.items()):
            if cell.credential is not FORGED or cell.way.kind != "session":
                continue
            answer = self.answers[label][0]
            if answer.wrote and outcome_of(answer, self.state, FORGED)[0] == "refused":
                stop = self.stops(cell)
                answer.left_behind = yield from find_left_behind(self.factory, cell, self.state, stop=stop)

    def _own_session(self) -> Steps:
        """Send back the cookies that genuine answers have set, without a token."""
        if self.plan.named is not None:
            cells = own_session_cells(self.factory.jar, self.state, self.factory.mint, self.plan.named)
            self.found += cells
            self.plan.found = self.found
            yield from self.send(cells, singly=False)

    def _entered(self, label: str) -> bool:
        answers = self.answers.get(label, [])
        return bool(answers) and outcome_of(answers[0], self.state, self.cells[label].credential)[0] == "admitted"

    def _controls(self) -> Steps:
        """Send the bypass requests that succeeded once more, for a path that nothing serves."""
        for label, cell in list(self.cells.items()):
            if not cell.credential.bypass or cell.expect != "reject" or self.factory.probes(self.plan.route):
                continue
            if any(answer.status is not None and answer.status < 300 for answer in self.answers[label]):
                sequence = self.sequence(cell)
                self.state.controls[label] = yield Work(sequence.control(self.stops(cell)))

    def _compare(self) -> None:
        """Keep the refusals with which the others are compared."""
        for way in {cell.way.label: cell.way for cell in self.cells.values()}.values():
            for name in (*BASELINES, "missing"):
                label = way.named(CATALOGUE[name])
                if label not in self.answers:
                    continue
                if outcome_of(self.answers[label][0], self.state, CATALOGUE[name])[0] == "refused":
                    self.state.learn_refusal(way, name, self.answers[label][0])


def _first_sign_in(cell: Cell) -> bool:
    """Whether the credential is of a user whom no database knows: backends write at the first sign-in."""
    return cell.credential.identity == "newcomer"


def script_of(
    factory: RequestFactory, judge: Judge, states: dict[str, RouteState]
) -> Callable[[RoutePlan], RouteScript]:
    """Return what begins the script of a route and keeps the route's state in `states`, under its key."""

    def begin(plan: RoutePlan) -> RouteScript:
        script = Script(plan, factory, judge)
        states[plan.key] = script.state
        return script.work()

    return begin
