"""A bench for drills: lanes that answer by the credential that they are sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.contracts.matrix.deadlines import Deadlines
from harness.contracts.matrix.drills import Drills
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.sender import Sender
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE
from harness.targets.base import Call, Observation
from tests.matrix.kit import NO_MECHANISMS, FakeTime, RecordingMint, TableTarget, admitted, plan_of, seen

ADMITTED = seen(200, entered=True)
REFUSED = seen(401, entered=False)
DOWN = seen(503, entered=False)
BROKEN = seen(500, entered=False)


class Bench:
    """A sender over two lanes, of which each answers by the credential that it is sent."""

    def __init__(self, lanes_: list[Any], mint: RecordingMint, clock: FakeTime) -> None:
        self.mint = mint
        self.clock = clock
        self.lanes = lanes_
        self.target = TableTarget(lanes_)
        self.table: dict[str, Observation | list[Observation]] = {}
        """The answer to a credential; the next of several, of which the last is repeated."""
        self.given: dict[str, int] = {}
        self.faulty: dict[str, Observation] = {}
        """The same while the issuer has a fault."""
        self.faults = {429, 500, 503}
        """The answers of the Backend API over which the target stumbles."""
        self.sent: list[tuple[int, str, str, bool]] = []
        """Lane, route, credential, and whether the probe stopped the request."""
        self.fetching = 0
        """How often each request makes the target ask for keys."""

    def answer(self, lane: int, call: Call) -> Observation:
        """The answer of a lane."""
        name = self.mint.name_in(call.request)
        self.sent.append((lane, call.route.key, name, call.stop))
        self.mint.instance.jwks_asked += self.fetching
        if self.mint.instance.jwks_fault is not None or self.mint.instance.api_fault in self.faults:
            return replace(self.faulty.get(name, REFUSED))
        answers = self.table.get(name, REFUSED)
        if isinstance(answers, list):
            number = self.given.get(name, 0)
            self.given[name] = number + 1
            return replace(answers[min(number, len(answers) - 1)])
        return replace(answers)

    def sender(self, *plans: RoutePlan) -> Sender:
        """A sender for routes that have admitted their genuine credential."""
        sender = Sender(self.target, list(plans), self.mint, Judge(NO_MECHANISMS, probed=True), limit=3.0)
        for plan in plans:
            sender.states[plan.key].guard = sender.states[plan.key].guard or "door"
            admitted(sender.states[plan.key])
        return sender

    def names(self) -> list[str]:
        """The credentials that were sent, in order."""
        return [name for _, _, name, _ in self.sent]


def drilled(*names: str, key: str = "GET /x", expect: Any = None, **policy: Any) -> RoutePlan:
    """A route with the cells of some drills."""
    plan = plan_of(policy.pop("accept", ("clerk",)), key, **policy)
    plan.drills = frozenset(drill for name in names if (drill := CATALOGUE[name].drill) is not None)
    plan.cells = [plan.cell(CATALOGUE[name]) for name in names]
    if expect is not None:
        plan.cells = [replace(cell, expect=expect) for cell in plan.cells]
    return plan


def run(sender: Sender, **deadlines: Any) -> list[CellVerdict]:
    """The verdicts of the drills."""
    return list(Drills(sender, Deadlines(**deadlines)).run())


def facts_of(verdict: CellVerdict) -> tuple[str, str, str]:
    """What a drill has found, in words."""
    return verdict.verdict, verdict.seen, verdict.detail
