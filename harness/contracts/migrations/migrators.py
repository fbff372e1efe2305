"""Runs a migration tool as the app's own Python does: up, down, its heads, and whether the models equal the schema."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.core import processes
from harness.core.errors import DatabaseError

_ERROR = re.compile(r"(?:[\w.]*(?:Error|Exception|\w+\.exc\.\w+|errors\.\w+)|FAILED): ")
_TIMEOUT = 300
"""Seconds within which a command must end."""


@dataclass(frozen=True)
class CommandResult:
    """How a command ended: its exit status, and all that it printed."""

    code: int
    output: str

    @property
    def error_line(self) -> str:
        """The last line that looks like an error, else the last line."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if _ERROR.match(line)]
        return (errors or lines or ["it printed nothing"])[-1][:300]

    def require(self, message: str) -> None:
        """Raise CheckFailed with the message and the error where the command failed."""
        if self.code != 0:
            raise CheckFailed(f"{message}: {self.error_line}")


class Migrator(Protocol):
    """A migration tool, as far as the checks use it. Its methods raise DatabaseError when it cannot be run at all.

    `tables`: in which it keeps its own books; they are no part of the schema.
    """

    tables: ClassVar[frozenset[str]]

    def __init__(
        self, config: str, python: str, directory: Path, environment_for: Callable[[str], dict[str, str]]
    ) -> None:
        """`config`: its file; `python`: the app's interpreter; `directory`: where it is run; `environment_for`: the
        variables for a database's URL.
        """

    @staticmethod
    def upgrade_command(config: str) -> str:
        """The command by which a run migrates its own databases, as `migrate` of `[database]` has it."""

    def upgrade(self, url: str, revision: str = "head") -> CommandResult:
        """Migrate a database up to a revision."""

    def downgrade(self, url: str, revision: str) -> CommandResult:
        """Migrate a database back to a revision."""

    def heads(self) -> tuple[list[str], CommandResult]:
        """The revisions that no other follows, and what the command printed."""

    def compare_models(self, url: str) -> CommandResult:
        """Compare the models with a database that is up to date. Raises CheckSkipped where the app names no models."""


@dataclass(frozen=True)
class Alembic:
    """Alembic, by its command line; see `Migrator`."""

    tables: ClassVar[frozenset[str]] = frozenset({"alembic_version"})
    config: str
    python: str
    directory: Path
    environment_for: Callable[[str], dict[str, str]]

    @staticmethod
    def upgrade_command(config: str) -> str:
        """The command by which a run migrates its own databases."""
        return f"python -m alembic -c {shlex.quote(config)} upgrade head"

    def upgrade(self, url: str, revision: str = "head") -> CommandResult:
        """Migrate a database up to a revision."""
        return self._run(f"upgrade {revision}", url)

    def downgrade(self, url: str, revision: str) -> CommandResult:
        """Migrate a database back to a revision."""
        return self._run(f"downgrade {revision}", url)

    def heads(self) -> tuple[list[str], CommandResult]:
        """The revisions that no other follows, and what the command printed."""
        result = self._run("heads", "")
        if result.code != 0:
            raise DatabaseError(
                f"migrations.toml: `alembic heads` failed in {self.directory.name}: {result.error_line}"
            )
        return re.findall(r"^(\S+) .*\(head\)", result.output, flags=re.MULTILINE), result

    def compare_models(self, url: str) -> CommandResult:
        """Compare the models with a database that is up to date. Raises CheckSkipped where the app names no models."""
        result = self._run("check", url)
        if "target_metadata" in result.output or "MetaData object" in result.output:
            raise CheckSkipped("env.py names no target_metadata: nothing to compare with")
        return result

    def _run(self, command: str, url: str) -> CommandResult:
        words = [self.python, "-m", "alembic", "-c", self.config, *command.split()]
        try:
            done = processes.run(words, cwd=self.directory, env=self.environment_for(url), timeout=_TIMEOUT)
        except TimeoutError:
            return CommandResult(1, f"`alembic {command}` took more than {_TIMEOUT} s")
        except OSError as error:
            raise DatabaseError(f"--python {self.python}: {error.strerror or error}") from error
        return CommandResult(done.returncode, done.stdout + done.stderr)


MIGRATORS: dict[str, type[Migrator]] = {"alembic": Alembic}
"""The tools by the names that migrations.toml uses."""
