"""The hooks of the pytest plugin: every `routers/*.toml` beside an `auth_matrix.toml` is a suite, every cell an item.

    pytest suites/routers/peers.toml
    pytest suites -n auto

The target is started once a process, when the first suite is collected. Cells are judged by the same engine as in
`clerk-harness run`; an item only waits for its verdict.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness.contracts.registry import FILES
from harness.core.errors import HarnessError
from harness.core.output import shown
from harness.pytest_plugin.causes import FROM_WORKERS, OUTPUT, gathered, told
from harness.pytest_plugin.cells import RUNS, CellItem, SuiteFile
from harness.pytest_plugin.items import CONTRACTS, ContractFile, StoryItem
from harness.pytest_plugin.runs import SERVER, SuiteRuns, options_of, relative, shared_server, suites_of, wants_database
from harness.pytest_plugin.shown import show, show_report, show_warning, usage_error


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the plugin; each has the meaning of its namesake of `clerk-harness run`."""
    from harness.run.option_table import add_pytest_options

    add_pytest_options(parser.getgroup("clerk-harness", "auth matrix suites (routers/*.toml beside auth_matrix.toml)"))


def pytest_configure(config: pytest.Config) -> None:
    """Nothing is started here."""
    config.stash[RUNS] = SuiteRuns()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Only what is left of the items is sent."""
    for item in session.items:
        if isinstance(item, CellItem):
            item.harness_run.wanted.setdefault(item.plan.key, set()).add(item.credential)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What is told of our items is redacted, before anybody prints it, sends it to xdist's controller or writes it."""
    report = yield
    if isinstance(item, StoryItem):
        show_report(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for what went wrong while our items were collected."""
    report = yield
    if isinstance(collector, (SuiteFile, ContractFile)):
        show_report(report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_warning_recorded(warning_message: Any) -> None:
    """Warnings are redacted before pytest's summary has them, and before xdist sends them."""
    show_warning(warning_message)


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excrepr: Any) -> None:
    """An error of pytest or of a plugin, in whose traceback anything may stand."""
    show(excrepr)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of xdist hands what it found to the controller."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[OUTPUT] = gathered(session.config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The causes of what was found, here or in the workers, as `clerk-harness run` tells them."""
    found = [gathered(config), *config.stash.get(FROM_WORKERS, [])]
    baseline = config.getoption("harness_baseline")
    if any(found) and (lines := told(found, Path(baseline) if baseline else None)):
        terminalreporter.section("causes of the auth matrix")
        for text in lines:
            terminalreporter.write_line(shown(text))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Everything stops here, whatever happened."""
    if RUNS in config.stash:
        config.stash[RUNS].close()
    if SERVER in config.stash:
        config.stash[SERVER].close()


class XdistHooks:
    """Called by xdist, where it is installed."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Start the server in the controller when suites with a database are among the arguments, and tell each worker."""
        config = node.config
        if SERVER not in config.stash:
            if not any(
                wants_database(config.invocation_params.dir / argument.split("::")[0]) for argument in config.args
            ):
                return
            from harness.database import open_server

            try:
                config.stash[SERVER] = open_server(config.getoption("harness_postgres"))
                config.stash[SERVER].ready()
            except HarnessError as error:
                raise usage_error(error) from None
        node.workerinput["clerk_harness_postgres"] = config.stash[SERVER].url

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended, and has told what it found; one that crashed has told nothing."""
        found = getattr(node, "workeroutput", {}).get(OUTPUT, "")
        node.config.stash.setdefault(FROM_WORKERS, []).append(found)

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


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Suites are collected where they are found."""
    suites = suites_of(file_path)
    if suites is None:
        return None
    if file_path.name in FILES and file_path.parent == suites:
        contract: ContractFile = ContractFile.from_parent(parent, path=file_path)
        try:
            contract.options = options_of(parent.config, relative(suites))
        except HarnessError as error:
            raise usage_error(error) from None
        contract.server = shared_server(parent.config)
        parent.config.stash.setdefault(CONTRACTS, []).append(contract)
        return contract
    collector: pytest.Collector = SuiteFile.from_parent(parent, path=file_path)
    return collector
