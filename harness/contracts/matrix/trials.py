"""The trials of one route: cells are sent, and their answers kept."""

from __future__ import annotations

from harness.contracts.matrix.factory import RequestFactory, Sequence
from harness.contracts.matrix.overlap import door, enough, may_overlap, overlapped, waits_at_the_door
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.runner import Work
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.steps import Steps
from harness.targets.base import Observation


class Trials:
    """Sends cells of a route by what is known of it. `answers` are those to each cell, `cells` the cells, by their label."""

    def __init__(self, plan: RoutePlan, factory: RequestFactory) -> None:
        self.plan = plan
        self.factory = factory
        self.state = RouteState(plan, guard="handler" if "message" in plan.carriers else plan.guard)
        self.answers: dict[str, list[Observation]] = {}
        self.cells: dict[str, Cell] = {}

    def sequence(self, cell: Cell) -> Sequence:
        """Return the requests of a cell, made of what the route admits."""
        base = self.state.base_in(cell.way)
        return Sequence(self.factory, self.plan, cell.credential, cell.way, base)

    def stops(self, cell: Cell) -> bool:
        """Whether the probe stops the cell's requests at the handler's door.

        Where one person is let in and another is not, the handler may be what tells them apart. Of what is admitted, each genuine
        credential runs, and one of each group.
        """
        if not self.state.stops or (cell.expect == "accept" and cell.credential.shows_its_group):
            return False
        return not (cell.credential.personal and cell.expect == "reject" and self.plan.ways[0].kind == "session")

    def send(self, cells: list[Cell], *, singly: bool) -> Steps:
        """Send cells, `singly` or in batches, and keep their answers."""
        ready = [(cell, self.sequence(cell), self.stops(cell)) for cell in cells]
        if not singly and waits_at_the_door(self.state):
            alone = [each for each in ready if may_overlap(*each)]
            known = door(self.plan) in self.factory.waiting
            if enough(sum(len(sequence.prepared.forms) for _, sequence, _ in alone), known=known):
                yield from self._overlapped(alone)
            ready = [each for each in ready if each[0].label not in self.answers]
        if not ready:
            return
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
            self.keep(cell, sequence, [next(answers) for _ in sequence.prepared.forms])

    def _overlapped(self, ready: list[tuple[Cell, Sequence, bool]]) -> Steps:
        """Try cells whose requests may overlap; see `overlap`."""
        genuine = self.state.twins[""].credential
        (control,) = Sequence(self.factory, self.plan, genuine, self.plan.ways[0], genuine).forms(self.state.stops)[:1]
        sendings = [(sending, cell) for cell, sequence, stop in ready for sending in sequence.forms(stop)]
        answers = iter((yield from overlapped(sendings, control, self.state, self.factory.waiting)))
        for cell, sequence, _ in ready:
            self.keep(cell, sequence, [next(answers) for _ in sequence.prepared.forms])

    def keep(self, cell: Cell, sequence: Sequence, answers: list[Observation]) -> None:
        """Keep the answers to the forms of a cell."""
        prepared = sequence.prepared
        for canary_url, words, answer in zip(prepared.canary_urls, prepared.words, answers, strict=True):
            answer.form = words
            answer.canary_fetched = canary_url is not None and self.factory.mint.ssrf_listener.fetched(canary_url)
        self.cells[cell.label] = cell
        self.answers[cell.label] = answers
