"""The matrix as pytest items: one for each cell, for each route as such, and for each gap of the declaration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from harness.contracts.registry import MATRIX_FILE
from harness.core.output import line, shown
from harness.pytest_plugin.items import FindingError, StoryItem, known
from harness.pytest_plugin.runs import SuiteRun, SuiteRuns, relative, suites_of

if TYPE_CHECKING:
    from harness.contracts.matrix import CellVerdict
    from harness.contracts.matrix.plan import RoutePlan

RUNS = pytest.StashKey[SuiteRuns]()


class SuiteFile(pytest.File):
    """One router's declaration, or the matrix itself with what concerns the whole."""

    def collect(self) -> Iterable[pytest.Item]:
        """An item for each cell and for each gap of the declaration."""
        suites = suites_of(self.path)
        assert suites is not None
        run = self.config.stash[RUNS].of(relative(suites), self.config)
        if self.path.name == MATRIX_FILE:
            yield CompleteItem.from_parent(self, name="complete", run=run)
            return
        file = next(file for path, file in run.declaration.routers.items() if path.name == self.path.name)
        for gap in run.plan.gaps:
            if gap.router == file.router:
                yield GapItem.from_parent(self, name=line(f"{gap.key}[{gap.kind}]"), run=run, gap=gap)
        for plan in run.plan.routes:
            if plan.router == file.router:
                for cell in plan.cells:
                    yield CellItem.from_parent(
                        self,
                        name=line(f"{plan.key}[{cell.label}]"),
                        run=run,
                        plan=plan,
                        credential=cell.label,
                    )
                if plan.cells:
                    yield RouteItem.from_parent(
                        self, name=line(f"{plan.key}[route]"), run=run, plan=plan, credential=plan.cells[0].label
                    )


class _Item(StoryItem):
    def __init__(self, *, run: SuiteRun, **more: Any) -> None:
        super().__init__(**more)
        self.harness_run = run

    def at(self, route: str, router: str) -> None:
        """Stand on the line that declares a route."""
        place = self.harness_run.record.meta.places.line_of(route, router)
        self.line = place.line if place is not None else 1

    def told(self, verdict: CellVerdict) -> str:
        """A finding as a developer reads it, with the lines to look at."""
        handler = self.harness_run.record.meta.places.handlers.get(verdict.route)
        return story(
            verdict,
            self.harness_run.record.repeat(verdict),
            declared=self.where,
            handler=f"{handler.file}:{handler.line}" if handler is not None else "",
        )


class CellItem(_Item):
    """One route tried with one credential."""

    def __init__(self, *, plan: RoutePlan, credential: str, **more: Any) -> None:
        super().__init__(**more)
        self.plan = plan
        self.credential = credential
        self.at(plan.key, plan.router)

    def runtest(self) -> None:
        """Wait for the verdict."""
        verdict = self.harness_run.verdict(self.plan, self.credential)
        if verdict.failed:
            told = self.told(verdict)
            if self.harness_run.knows(verdict, self.plan):
                known(told)
            raise FindingError(told)


class RouteItem(CellItem):
    """What a run finds of a route as such: its handler works, and no way in is open that nobody has declared."""

    def runtest(self) -> None:
        """Wait for the verdict of the route's first cell: what concerns the whole route has been told by then."""
        self.harness_run.verdict(self.plan, self.credential)
        if found := self.harness_run.of_the_route(self.plan):
            told = "\n\n".join(self.told(v) for v in found)
            if all(self.harness_run.knows(verdict, self.plan) for verdict in found):
                known(told)
            raise FindingError(told)


class GapItem(_Item):
    """A route without a policy, a policy without a route, or one that is over."""

    def __init__(self, *, gap: Any, **more: Any) -> None:
        super().__init__(**more)
        self.gap = gap
        self.at(gap.key, gap.router)

    def runtest(self) -> None:
        """Always a finding."""
        from harness.contracts.matrix.engine import gap_verdict

        self.harness_run.told_gaps.append(self.gap)
        told = f"{self.gap.kind}: {self.gap.key}\n  {self.gap.detail}\n  declared: {self.where}"
        if self.harness_run.knows(gap_verdict(self.gap)):
            known(told)
        raise FindingError(told)


class CompleteItem(_Item):
    """Every route that was found has a policy, every policy a route, in whatever file."""

    def runtest(self) -> None:
        """Fails with the list."""
        from harness.contracts.matrix.engine import gap_verdict

        gaps = self.harness_run.plan.gaps
        if gaps:
            self.harness_run.told_gaps += gaps
            places = self.harness_run.record.meta.places
            lines = []
            for gap in gaps:
                place = places.line_of(gap.key, gap.router)
                where = f" [{place.file}:{place.line}]" if place is not None else ""
                lines.append(f"{gap.kind}: {gap.key} ({gap.router}): {gap.detail}{where}")
            told = "\n".join(lines)
            if all(self.harness_run.knows(gap_verdict(gap)) for gap in gaps):
                known(told)
            raise FindingError(told)


def story(verdict: CellVerdict, repeat: str, *, declared: str = "", handler: str = "") -> str:
    """A finding as a developer reads it; `declared` and `handler` are `file:line`."""
    lines = [
        f"{verdict.verdict}: {verdict.route} with `{verdict.credential}`",
        f"  {verdict.detail}",
        f"  expected: {verdict.expected} (policy {verdict.policy})",
        f"  seen:     {verdict.seen}",
        f"  evidence: {verdict.evidence}"
        + (f", mechanism {', '.join(verdict.mechanism)}" if verdict.mechanism else ""),
    ]
    if verdict.excerpt:
        lines.append(f"  answer:   {line(verdict.excerpt)[:200]}")
    if verdict.hint:
        lines.append(f"  way out:  {verdict.hint}")
    if declared:
        lines.append(f"  declared: {declared}")
    if handler:
        lines.append(f"  handler:  {handler}")
    lines.append(f"  repeat:   {repeat}")
    return shown("\n".join(text.replace("\n", "\n    ") for text in lines))
