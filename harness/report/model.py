"""What a report is made of: the run's facts, and the verdicts gathered from the stream."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from harness.checks import Check, unexamined
from harness.matrix import FAILURES, CellVerdict, Plan
from harness.matrix.plan import RoutePlan


@dataclass
class Meta:
    """Facts of the run that are not verdicts. `repeat`: the beginning of a command that runs it again.

    `narrowed`: the options that left out a part of the matrix; empty for a whole run.
    """

    target: dict[str, str]
    suites: str
    repeat: str
    evidence: str
    narrowed: str = ""
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))


@dataclass
class Group:
    """Findings of one route with the same verdict and the same story: one thing to mend."""

    verdicts: list[CellVerdict]

    @property
    def first(self) -> CellVerdict:
        """The one to show."""
        return self.verdicts[0]

    @property
    def credentials(self) -> list[str]:
        """All credentials concerned."""
        return [verdict.credential for verdict in self.verdicts if verdict.credential]


@dataclass
class Record:
    """A run as far as it has come: fed verdict by verdict."""

    meta: Meta
    plan: Plan
    verdicts: list[CellVerdict] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    checks: list[Check] = field(default_factory=list)
    """What the other contracts say."""

    def add(self, verdict: CellVerdict) -> None:
        """Take the next verdict of the stream."""
        self.verdicts.append(verdict)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each verdict, the grave ones first."""
        counted = Counter(verdict.verdict for verdict in self.verdicts)
        return {kind: counted[kind] for kind in ("pass", *FAILURES) if counted[kind]}

    @property
    def findings(self) -> list[CellVerdict]:
        """Every verdict that is not a pass, the grave ones first, in the order of routers and routes."""
        order = {plan.key: number for number, plan in enumerate(self.plan.routes)}
        return sorted(
            (verdict for verdict in self.verdicts if verdict.failed),
            key=lambda v: (FAILURES.index(v.verdict), v.router, order.get(v.route, -1)),
        )

    @property
    def groups(self) -> list[Group]:
        """Findings that are one thing to mend, together."""
        grouped: dict[tuple[str, str, str], list[CellVerdict]] = {}
        for verdict in self.findings:
            grouped.setdefault((verdict.verdict, verdict.route, verdict.detail), []).append(verdict)
        return [Group(verdicts) for verdicts in grouped.values()]

    def by_route(self) -> dict[str, list[CellVerdict]]:
        """Verdicts of cells by route."""
        found: dict[str, list[CellVerdict]] = {plan.key: [] for plan in self.plan.routes}
        for verdict in self.verdicts:
            if verdict.credential:
                found.setdefault(verdict.route, []).append(verdict)
        return found

    def by_router(self) -> dict[str, list[RoutePlan]]:
        """Routes by router, both in the order of their names."""
        routers: dict[str, list[RoutePlan]] = {}
        for plan in sorted(self.plan.routes, key=lambda plan: plan.router):
            routers.setdefault(plan.router, []).append(plan)
        return routers

    @property
    def examined(self) -> bool:
        """A run that judged no cell and held no other contract has examined nothing, and fails."""
        return any(verdict.credential for verdict in self.verdicts) or any(
            check.status != "not examined" for check in self.checks
        )

    @property
    def unexamined(self) -> dict[str, str]:
        """Contracts that were to be held and examined nothing, and why. A run with one fails: it would say more than it knows."""
        return unexamined(self.checks)

    @property
    def passed(self) -> bool:
        """All that was to be judged was judged, and nothing was found."""
        judged = sum(1 for verdict in self.verdicts if verdict.credential)
        broken = any(v.failed for v in self.verdicts) or any(check.failed for check in self.checks)
        return self.examined and judged == self.plan.cells and not broken and not self.unexamined

    def repeat(self, verdict: CellVerdict) -> str:
        """The command that repeats just this cell."""
        command = f'{self.meta.repeat} --route "{verdict.route}"'
        return (
            f"{command} --credentials {verdict.credential}"
            if verdict.credential
            else f"{self.meta.repeat} --router {verdict.router}"
        )


class Listener(Protocol):
    """A report format: renders a record as text."""

    def render(self, record: Record) -> str:
        """The whole file."""
