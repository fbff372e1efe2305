"""The contracts beside the matrix as pytest items: one for each check of `user_sync.toml`, `migrations.toml`, `budget.toml`
and `configuration.toml` beside an `auth_matrix.toml`.

    pytest suites/user_sync.toml
    pytest suites/user_sync.toml -k at-once --harness-sequences 1000

A contract is verified whole, in a run of its own, when the first of its items runs; the others only read off their check.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from harness.contracts import registry
from harness.contracts.registry import FILES
from harness.core.errors import HarnessError
from harness.core.output import shown
from harness.pytest_plugin.runs import relative
from harness.pytest_plugin.shown import show

if TYPE_CHECKING:
    from harness.contracts.base import Check
    from harness.run.options import Options


CONTRACTS = pytest.StashKey[list["ContractFile"]]()
"""The contracts' files that this process has collected."""


class FindingError(Exception):
    """What an item found; the text is the whole story."""


class StoryItem(pytest.Item):
    """An item whose failure is told in words."""

    line = 1
    """The line of its file that asks for it."""

    def __init__(self, name: str, parent: pytest.Collector, **more: Any) -> None:
        # As pytest reads it from its cache of failures: what is in brackets is no part of the name.
        super().__init__(name, parent, nodeid=f"{parent.nodeid}::{name}", **more)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item comes from; pytest counts lines from 0."""
        return self.path, self.line - 1, self.name

    @property
    def where(self) -> str:
        """File and line, as editors and terminals take them."""
        return f"{relative(self.path)}:{self.line}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The story, without the harness's own frames."""
        if isinstance(excinfo.value, (FindingError, HarnessError)):
            return shown(str(excinfo.value))
        return show(super().repr_failure(excinfo, style))


def known(told: str) -> NoReturn:
    """End an item whose finding the baseline knows: it is told, as an expected failure, and fails nothing."""
    pytest.xfail(shown(f"known to the baseline: {told}"))


class ContractFile(pytest.File):
    """One contract's declaration."""

    options: Options
    server: Any = None
    unread: str = ""
    """That nobody has read the file since `init` wrote it."""
    _checks: dict[str, Check] | HarnessError | None = None

    @property
    def contract(self) -> str:
        """Its name, as `--only` takes it."""
        return FILES[self.path.name]

    def collect(self) -> Iterable[pytest.Item]:
        """An item for each check; a mistake in the file is told before anything starts."""
        from harness.report.baseline import read_baseline

        contract = registry.contract(self.contract)
        try:
            if self.options.baseline is not None:
                read_baseline(self.options.baseline)
            self.unread = contract.unread(contract.load(self.options.suites))
        except HarnessError as error:
            raise self.CollectError(shown(f"clerk-harness: {error}")) from None
        for spec in contract.checks:
            yield ContractItem.from_parent(self, name=f"{self.contract}[{spec.name}]", check=spec.name)

    def checks(self) -> dict[str, Check]:
        """The checks by name, verified at the first call. Raises HarnessError when the contract could not be verified."""
        if self._checks is None:
            try:
                self._checks = {check.name: check for check in self._verify()}
            except HarnessError as error:
                self._checks = error
        if isinstance(self._checks, HarnessError):
            raise self._checks
        return self._checks

    def _verify(self) -> list[Check]:
        from harness.contracts.matrix import load
        from harness.database import explained
        from harness.run.context import RunContext

        self.options.agents = 1
        with explained(), RunContext(self.options, load(self.options.suites), server=self.server) as context:
            return registry.contract(self.contract).verify(context, asked=True)

    def broken(self) -> list[Check]:
        """The checks that are broken, of those that were verified; where none could be, that."""
        if isinstance(self._checks, HarnessError):
            return [registry.contract(self.contract).failed(str(self._checks))]
        return [check for check in (self._checks or {}).values() if check.failed]

    def repeat_any(self) -> str:
        """The beginning of a command that tests the same target again."""
        from harness.run.option_table import repeat_command

        return repeat_command(self.options)

    def repeat(self) -> str:
        """The command that verifies it again."""
        from harness.report.model import repeat_contract

        return repeat_contract(self.repeat_any(), self.contract, self.options.seed)


class ContractItem(StoryItem):
    """One check of a contract."""

    def __init__(self, *, check: str, **more: Any) -> None:
        super().__init__(**more)
        self.check = check

    def runtest(self) -> None:
        """Read off the check. Skipped where it was not examined, unless its file asks for it or nothing of the contract was."""
        from harness.contracts.base import unexamined
        from harness.report.baseline import read_baseline
        from harness.report.model import declared_in_vain

        assert isinstance(self.parent, ContractFile)
        if self.parent.unread:
            pytest.skip(self.parent.unread)
        checks = self.parent.checks()
        check, nothing = checks[self.check], unexamined(checks.values())
        if nothing:
            raise FindingError(
                f"{check.contract}: nothing was examined: {nothing[check.contract]}\n  declared: {self.where}"
            )
        if check.failed:
            told = "\n".join([*check.story(), f"  declared: {self.where}", f"  repeat: {self.parent.repeat()}"])
            baseline = self.parent.options.baseline
            if baseline is not None and read_baseline(baseline).knows_check(check):
                known(told)
            raise FindingError(told)
        if check.unmeasured:
            raise FindingError(f"{declared_in_vain(check)}\n  declared: {self.where}")
        if check.status == "not examined":
            pytest.skip(f"not examined: {check.detail or 'nothing bears on it'}")
