"""The runs behind the items: one for each directory of suites in each process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.contracts.registry import MATRIX_FILE
from harness.core.errors import HarnessError
from harness.pytest_plugin.shown import usage_error
from harness.run.verdict_stream import VerdictStream

if TYPE_CHECKING:
    from harness.contracts.matrix import CellVerdict, Declaration, Plan
    from harness.contracts.matrix.plan import Gap, RoutePlan
    from harness.database import Server
    from harness.run.context import RunContext
    from harness.run.options import Options

SERVER = pytest.StashKey[Any]()
"""The Postgres that the controller of xdist has started."""


def options_of(config: pytest.Config, suites: Path) -> Options:
    """The options of a run, as pytest was given them. Raises HarnessError for values that cannot be meant."""
    from harness.run.option_table import from_pytest

    options = from_pytest(config.getoption, suites)
    options.agents = options.agents or (1 if hasattr(config, "workerinput") else None)
    return options


def shared_server(config: pytest.Config) -> Server | None:
    """Under xdist all workers use the one server that the controller has started."""
    url = getattr(config, "workerinput", {}).get("clerk_harness_postgres")
    if url is None:
        return None
    from harness.database import Server

    return Server(url)


def wants_database(path: Path) -> bool:
    """Whether an argument of pytest names suites whose declaration has a database."""
    from harness.run.environment import declares_database

    near = [suites_of(path)] if path.suffix == ".toml" else [path, path.parent]
    suites = next((one for one in near if one is not None and (one / MATRIX_FILE).is_file()), None)
    return suites is not None and declares_database(suites)


def suites_of(path: Path) -> Path | None:
    """The directory of suites to which a file belongs; None for one that is no suite."""
    from harness.contracts.registry import FILES

    if path.suffix == ".toml":
        if path.name == MATRIX_FILE and (path.parent / "routers").is_dir():
            return path.parent
        if path.name in FILES and (path.parent / MATRIX_FILE).is_file():
            return path.parent
        if path.parent.name == "routers" and (path.parent.parent / MATRIX_FILE).is_file():
            return path.parent.parent
    return None


def relative(suites: Path) -> Path:
    """A directory as a user would write it."""
    return suites.relative_to(Path.cwd()) if suites.is_relative_to(Path.cwd()) else suites


class SuiteRun:
    """One declaration with its target, started once a process. Verdicts are asked for by key."""

    def __init__(self, suites: Path, config: pytest.Config) -> None:
        from harness.contracts.matrix import load
        from harness.report.baseline import read_baseline
        from harness.run.context import RunContext
        from harness.run.record import new_record

        self._stream: VerdictStream | None = None
        self.options = options_of(config, suites)
        self._baseline = read_baseline(self.options.baseline) if self.options.baseline is not None else None
        self.declaration: Declaration = load(suites)
        self.context: RunContext = RunContext(self.options, self.declaration, server=shared_server(config)).__enter__()
        try:
            self.record = new_record(self.context)
        except BaseException:
            self.close()
            raise
        self.plan: Plan = self.record.plan
        self.verdicts: dict[tuple[str, str], CellVerdict] = {}
        self.wanted: dict[str, set[str]] = {}
        self.found: list[CellVerdict] = []
        """Every verdict, several of one key too."""
        self.told_gaps: list[Gap] = []
        """The gaps of the declaration whose items ran."""
        self._failure: HarnessError | None = None
        self._whole = not hasattr(config, "workerinput")

    def _narrowed(self, plans: list[RoutePlan]) -> Plan:
        from harness.contracts.matrix import Plan

        for plan in plans:
            chosen = [cell for cell in plan.cells if cell.label in self.wanted[plan.key]]
            if len(chosen) < len(plan.cells):
                plan.named = None  # Only what is chosen is sent.
            plan.cells = chosen
        return Plan(plans, [])

    def of_the_route(self, plan: RoutePlan) -> list[CellVerdict]:
        """What was found of a route beside its declared cells: a handler that fails, ways in that nobody has declared.

        It is told before the verdicts of the cells.
        """
        planned = {cell.label for cell in plan.cells}
        gaps = {gap.kind for gap in self.plan.gaps}
        return [
            v
            for v in self.found
            if v.route == plan.key and v.failed and v.credential not in planned and v.verdict not in gaps
        ]

    def knows(self, verdict: CellVerdict, plan: RoutePlan | None = None) -> bool:
        """Whether the baseline knows a finding. What runs for nobody as well is found out before that is said."""
        from harness.report.causes import NOBODY

        if self._baseline is None:
            return False
        for cell in list(plan.cells) if plan is not None else ():
            if plan is not None and cell.credential.name in NOBODY and cell.label in self.wanted[plan.key]:
                self.verdict(plan, cell.label)
        return self._baseline.knows_verdict(verdict, [v for v in self.found if v.route == verdict.route])

    def verdict(self, plan: RoutePlan, credential: str) -> CellVerdict:
        """The verdict of a cell, by its label. In one process the engine runs ahead of the items; under xdist it goes route by route.

        Raises HarnessError when the run broke off; once broken, it stays so.
        """
        key = (plan.key, credential)
        while key not in self.verdicts:
            if self._failure is not None:
                raise self._failure
            try:
                found = self._stream.next() if self._stream is not None else None
            except HarnessError as error:
                self._failure = error
                raise
            if found is not None:
                self.verdicts[found.key] = found
                self.found.append(found)
                continue
            rest = [p for p in self.plan.routes if p.key in self.wanted and (p is plan or self._whole)]
            rest = [p for p in rest if any((p.key, name) not in self.verdicts for name in self.wanted[p.key])]
            if plan not in rest:
                raise HarnessError(f"{plan.key} [{credential}] was not judged")
            self._stream = VerdictStream(self.context.run(self._narrowed(rest)))
        return self.verdicts[key]

    def findings(self) -> dict[str, Any]:
        """What the items that ran found, and what tells the causes of it and how to repeat them."""
        from dataclasses import asdict

        from harness.contracts.matrix.engine import gap_verdict
        from harness.report.causes import NOBODY

        found = [v for v in self.found if v.failed]
        failed = {v.route for v in found}
        # What runs for nobody as well lets nobody in: without these the function that did is unknown.
        found += [
            v for v in self.found if not v.failed and v.credential.partition("@")[0] in NOBODY and v.route in failed
        ]
        found += [gap_verdict(gap) for gap in self.told_gaps]
        several = [plan.key for plan in self.plan.routes if plan.key in failed and len(plan.ways) > 1]
        meta = self.record.meta
        return {"verdicts": [asdict(v) for v in found], "several": several, "repeat": meta.repeat, "seed": meta.seed}

    def close(self) -> None:
        """Stop target, database and fake Clerk."""
        if self._stream is not None:
            self._stream.close()
        self.context.__exit__(None, None, None)


class SuiteRuns:
    """The runs of this pytest process, by directory of suites."""

    def __init__(self) -> None:
        self.by_suites: dict[Path, SuiteRun] = {}

    def of(self, suites: Path, config: pytest.Config) -> SuiteRun:
        """The run of a directory, started at first sight. Raises pytest.UsageError for a user's mistake."""
        if suites not in self.by_suites:
            try:
                self.by_suites[suites] = SuiteRun(suites, config)
            except HarnessError as error:
                raise usage_error(error) from None
        return self.by_suites[suites]

    def close(self) -> None:
        """Stop all of them."""
        for run in self.by_suites.values():
            run.close()
        self.by_suites.clear()
