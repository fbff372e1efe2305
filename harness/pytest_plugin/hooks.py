"""The pytest plugin: every `routers/*.toml` beside an `auth_matrix.toml` is a suite, every cell an item.

    pytest suites/routers/peers.toml
    pytest suites -n auto

The target is started once a process, when the first suite is collected. Cells are judged by the same engine as in
`clerk-harness run`; an item only waits for its verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.core.errors import HarnessError
from harness.pytest_plugin.items import CONTRACT_FILES, ContractFile, FindingError, StoryItem
from harness.run.verdict_stream import VerdictStream

if TYPE_CHECKING:
    from harness.contracts.matrix import CellVerdict, Declaration, Plan
    from harness.contracts.matrix.plan import RoutePlan
    from harness.database import Server
    from harness.run.context import Session
    from harness.run.options import Options

_MATRIX_FILE = "auth_matrix.toml"
_RUNS = pytest.StashKey["Runs"]()
_SERVER = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the plugin; each has the meaning of its namesake of `clerk-harness run`."""
    group = parser.getgroup("clerk-harness", "auth matrix suites (routers/*.toml beside auth_matrix.toml)")
    group.addoption("--harness-app", metavar="MODULE:ATTRIBUTE", help="app to test instead of [target] app")
    group.addoption("--harness-app-dir", metavar="DIR", help="where it is imported from")
    group.addoption("--harness-python", metavar="PATH", help="the target's Python")
    group.addoption(
        "--harness-env", action="append", default=[], metavar="NAME=VALUE", help="set before the app is imported"
    )
    group.addoption("--harness-url", metavar="URL", help="a running backend instead of an app")
    group.addoption("--harness-command", metavar="COMMAND", help="a command that starts a server to test")
    group.addoption("--harness-postgres", metavar="URL", help="a Postgres to use: a URL, docker, or embedded (default)")
    group.addoption("--harness-agents", type=int, metavar="N", help="agents side by side in one process")
    group.addoption("--harness-sequences", type=int, metavar="N", help="how many sequences the sync contract generates")
    group.addoption("--harness-seed", type=int, default=0, metavar="S", help="for other sequences than those of seed 0")
    group.addoption(
        "--harness-credentials", metavar="NAMES", help="only these credentials or groups, separated by commas"
    )


def _options(config: pytest.Config, suites: Path) -> Options:
    from harness.run.options import Options, parse_env, parse_names

    def value(name: str) -> Any:
        return config.getoption(f"harness_{name}")

    agents = value("agents") or (1 if hasattr(config, "workerinput") else None)
    return Options(
        suites=suites,
        app=value("app"),
        app_dir=Path(value("app_dir")) if value("app_dir") else None,
        python=value("python"),
        env=parse_env(value("env")),
        url=value("url"),
        command=value("command"),
        postgres=value("postgres"),
        agents=agents,
        credentials=parse_names(value("credentials")),
        rotation=bool(value("credentials")),
        sequences=value("sequences"),
        seed=value("seed"),
    )


class Run:
    """One declaration with its target, started once a process. Verdicts are asked for by key."""

    def __init__(self, suites: Path, config: pytest.Config) -> None:
        from harness.cli.main import repeat_command
        from harness.contracts.matrix import load
        from harness.report import Meta, Record
        from harness.run.context import Session

        self._stream: VerdictStream | None = None
        self.options = _options(config, suites)
        self.declaration: Declaration = load(suites)
        self.session: Session = Session(self.options, self.declaration, server=_shared_server(config)).__enter__()
        try:
            self.plan: Plan = self.session.plan()
        except BaseException:
            self.close()
            raise
        meta = Meta(self.session.target.description, str(suites), repeat_command(self.options), "")
        self.record = Record(meta, self.plan)
        self.verdicts: dict[tuple[str, str], CellVerdict] = {}
        self.wanted: dict[str, set[str]] = {}
        self.beside: list[CellVerdict] = []
        """Every verdict, several of one key too."""
        self._failure: HarnessError | None = None
        self._whole = not hasattr(config, "workerinput")

    def _narrowed(self, plans: list[RoutePlan]) -> Plan:
        from harness.contracts.matrix import Plan

        for plan in plans:
            plan.cells = [cell for cell in plan.cells if cell.label in self.wanted[plan.key]]
        return Plan(plans, [])

    def of_the_route(self, plan: RoutePlan) -> list[CellVerdict]:
        """What was found of a route beside its declared cells: a handler that fails, ways in that nobody has declared.

        It is told before the verdicts of the cells.
        """
        planned = {cell.label for cell in plan.cells}
        told = {gap.kind for gap in self.plan.gaps}
        return [
            v
            for v in self.beside
            if v.route == plan.key and v.failed and v.credential not in planned and v.verdict not in told
        ]

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
                self.beside.append(found)
                continue
            rest = [p for p in self.plan.routes if p.key in self.wanted and (p is plan or self._whole)]
            rest = [p for p in rest if any((p.key, name) not in self.verdicts for name in self.wanted[p.key])]
            if plan not in rest:
                raise HarnessError(f"{plan.key} [{credential}] was not judged")
            self._stream = VerdictStream(self.session.run(self._narrowed(rest)))
        return self.verdicts[key]

    def close(self) -> None:
        """Stop target, database and fake Clerk."""
        if self._stream is not None:
            self._stream.close()
        self.session.__exit__(None, None, None)


class Runs:
    """The runs of this pytest process, by directory of suites."""

    def __init__(self) -> None:
        self.by_suites: dict[Path, Run] = {}

    def of(self, suites: Path, config: pytest.Config) -> Run:
        """The run of a directory, started at first sight. Raises pytest.UsageError for a user's mistake."""
        if suites not in self.by_suites:
            try:
                self.by_suites[suites] = Run(suites, config)
            except HarnessError as error:
                raise pytest.UsageError(f"clerk-harness: {error}") from None
        return self.by_suites[suites]

    def close(self) -> None:
        """Stop all of them."""
        for run in self.by_suites.values():
            run.close()
        self.by_suites.clear()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing is started here."""
    config.stash[_RUNS] = Runs()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Only what is left of the items is sent."""
    for item in session.items:
        if isinstance(item, CellItem):
            item.harness_run.wanted.setdefault(item.plan.key, set()).add(item.credential)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Everything stops here, whatever happened."""
    if _RUNS in config.stash:
        config.stash[_RUNS].close()
    if _SERVER in config.stash:
        config.stash[_SERVER].close()


def _shared_server(config: pytest.Config) -> Server | None:
    """Under xdist all workers use the one server that the controller has started."""
    url = getattr(config, "workerinput", {}).get("clerk_harness_postgres")
    if url is None:
        return None
    from harness.database import Server

    return Server(url)


class XdistHooks:
    """Called by xdist, where it is installed."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Start the server in the controller when suites with a database are among the arguments, and tell each worker."""
        config = node.config
        if _SERVER not in config.stash:
            if not any(
                _wants_database(config.invocation_params.dir / argument.split("::")[0]) for argument in config.args
            ):
                return
            from harness.database import open_server

            try:
                config.stash[_SERVER] = open_server(config.getoption("harness_postgres"))
                config.stash[_SERVER].ready()
            except HarnessError as error:
                raise pytest.UsageError(f"clerk-harness: {error}") from None
        node.workerinput["clerk_harness_postgres"] = config.stash[_SERVER].url

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """A route's cells go to one worker, for they are judged together; everything else is spread as ever."""
        if config.getoption("dist") != "load":
            return None
        from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

        class ByRoute(LoadScopeScheduling):  # type: ignore[misc]
            def _split_scope(self, nodeid: str) -> str:
                return nodeid.rpartition("[")[0] if ".toml::" in nodeid else nodeid

        return ByRoute(config, log)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Join in with xdist where it is there."""
    pluginmanager.register(XdistHooks(), "clerk-harness-xdist")


def _wants_database(path: Path) -> bool:
    """Whether an argument names suites whose declaration has a database."""
    from harness.run.options import declares_database

    near = [_suites_of(path)] if path.suffix == ".toml" else [path, path.parent]
    suites = next((one for one in near if one is not None and (one / _MATRIX_FILE).is_file()), None)
    return suites is not None and declares_database(suites)


def _suites_of(path: Path) -> Path | None:
    if path.suffix == ".toml":
        if path.name == _MATRIX_FILE and (path.parent / "routers").is_dir():
            return path.parent
        if path.name in CONTRACT_FILES and (path.parent / _MATRIX_FILE).is_file():
            return path.parent
        if path.parent.name == "routers" and (path.parent.parent / _MATRIX_FILE).is_file():
            return path.parent.parent
    return None


def _shown(suites: Path) -> Path:
    """As a user would write it."""
    return suites.relative_to(Path.cwd()) if suites.is_relative_to(Path.cwd()) else suites


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Suites are collected where they are found."""
    suites = _suites_of(file_path)
    if suites is None:
        return None
    if file_path.name in CONTRACT_FILES and file_path.parent == suites:
        contract: ContractFile = ContractFile.from_parent(parent, path=file_path)
        try:
            contract.options = _options(parent.config, _shown(suites))
        except HarnessError as error:
            raise pytest.UsageError(f"clerk-harness: {error}") from None
        contract.server = _shared_server(parent.config)
        return contract
    collector: pytest.Collector = SuiteFile.from_parent(parent, path=file_path)
    return collector


class SuiteFile(pytest.File):
    """One router's declaration, or the matrix itself with what concerns the whole."""

    def collect(self) -> Iterable[pytest.Item]:
        """An item for each cell and for each gap of the declaration."""
        suites = _suites_of(self.path)
        assert suites is not None
        run = self.config.stash[_RUNS].of(_shown(suites), self.config)
        if self.path.name == _MATRIX_FILE:
            yield CompleteItem.from_parent(self, name="complete", run=run)
            return
        file = next(file for path, file in run.declaration.routers.items() if path.name == self.path.name)
        for gap in run.plan.gaps:
            if gap.router == file.router:
                yield GapItem.from_parent(self, name=f"{gap.key}[{gap.kind}]", run=run, gap=gap)
        for plan in run.plan.routes:
            if plan.router == file.router:
                for cell in plan.cells:
                    yield CellItem.from_parent(
                        self,
                        name=f"{plan.key}[{cell.label}]",
                        run=run,
                        plan=plan,
                        credential=cell.label,
                    )
                if plan.cells:
                    yield RouteItem.from_parent(
                        self, name=f"{plan.key}[route]", run=run, plan=plan, credential=plan.cells[0].label
                    )


class _Item(StoryItem):
    def __init__(self, *, run: Run, **more: Any) -> None:
        super().__init__(**more)
        self.harness_run = run


class CellItem(_Item):
    """One route tried with one credential."""

    def __init__(self, *, plan: RoutePlan, credential: str, **more: Any) -> None:
        super().__init__(**more)
        self.plan = plan
        self.credential = credential

    def runtest(self) -> None:
        """Wait for the verdict."""
        verdict = self.harness_run.verdict(self.plan, self.credential)
        if verdict.failed:
            raise FindingError(story(verdict, self.harness_run.record.repeat(verdict)))


class RouteItem(CellItem):
    """What a run finds of a route as such: its handler works, and no way in is open that nobody has declared."""

    def runtest(self) -> None:
        """Wait for the verdict of the route's first cell: what concerns the whole route has been told by then."""
        self.harness_run.verdict(self.plan, self.credential)
        if found := self.harness_run.of_the_route(self.plan):
            raise FindingError("\n\n".join(story(v, self.harness_run.record.repeat(v)) for v in found))


class GapItem(_Item):
    """A route without a policy, a policy without a route, or one that is over."""

    def __init__(self, *, gap: Any, **more: Any) -> None:
        super().__init__(**more)
        self.gap = gap

    def runtest(self) -> None:
        """Always a finding."""
        raise FindingError(f"{self.gap.kind}: {self.gap.key}\n  {self.gap.detail}")


class CompleteItem(_Item):
    """Every route that was found has a policy, every policy a route, in whatever file."""

    def runtest(self) -> None:
        """Fails with the list."""
        gaps = self.harness_run.plan.gaps
        if gaps:
            raise FindingError("\n".join(f"{gap.kind}: {gap.key} ({gap.router}): {gap.detail}" for gap in gaps))


def story(verdict: CellVerdict, repeat: str) -> str:
    """A finding as a developer reads it."""
    lines = [
        f"{verdict.verdict}: {verdict.route} with `{verdict.credential}`",
        f"  {verdict.detail}",
        f"  expected: {verdict.expected} (policy {verdict.policy})",
        f"  seen:     {verdict.seen}",
        f"  evidence: {verdict.evidence}"
        + (f", mechanism {', '.join(verdict.mechanism)}" if verdict.mechanism else ""),
    ]
    if verdict.excerpt:
        lines.append(f"  answer:   {' '.join(verdict.excerpt.split())[:200]}")
    if verdict.hint:
        lines.append(f"  way out:  {verdict.hint}")
    lines.append(f"  repeat:   {repeat}")
    return "\n".join(lines)
