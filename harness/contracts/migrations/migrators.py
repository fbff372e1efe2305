"""Runs a migration tool as the app's own Python does: up, down, its heads, and whether the models equal the schema."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.core import processes
from harness.core.errors import DatabaseError, UnsafeError
from harness.targets.own_database import missed_database, own_database, reached_books, without_marks

_ERROR = re.compile(r"(?:[\w.]*(?:Error|Exception|\w+\.exc\.\w+|errors\.\w+)|FAILED): ")
_MISSING = re.compile(r"Revision (?P<parent>\S+) referenced from \S+ -> (?P<child>\S+) .*is not present")
"""Alembic's warning of a gap in the history."""
_CALL = """
import functools, importlib, sys
sys.path.insert(0, "")
module, _, name = sys.argv[1].partition(":")
functools.reduce(getattr, name.split("."), importlib.import_module(module))(sys.argv[2])
"""
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
        lines = [line.strip() for line in without_marks(self.output).splitlines() if line.strip()]
        errors = [line for line in lines if _ERROR.match(line)]
        return (errors or lines or ["it printed nothing"])[-1][:300]

    def require(self, message: str) -> None:
        """Raise CheckFailed with the message and the error where the command failed."""
        if self.code != 0:
            raise CheckFailed(f"{message}: {self.error_line}")


class Migrator(Protocol):
    """A migration tool, as far as the checks use it. Its methods raise DatabaseError when it cannot be run at all."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables in which it keeps its own books, once `reach` was called; they are no part of the schema."""

    def __init__(
        self, config: str, python: str, directory: Path, environment_for: Callable[[str], dict[str, str]]
    ) -> None:
        """`config`: its file; `python`: the app's interpreter; `directory`: where it is run; `environment_for`: the
        variables for a database's URL.
        """

    @staticmethod
    def upgrade_command(config: str) -> str:
        """The command by which a run migrates its own databases, as `migrate` of `[database]` has it."""

    def reach(self, url: str) -> None:
        """Make sure that it reaches a database, before anything is run. Raises DatabaseError where it does not."""

    def upgrade(self, url: str, revision: str = "head") -> CommandResult:
        """Migrate a database up to a revision."""

    def downgrade(self, url: str, revision: str) -> CommandResult:
        """Migrate a database back to a revision."""

    def heads(self) -> tuple[list[str], CommandResult]:
        """The revisions that no other follows, and what the command printed. Raises CheckFailed where the history is broken."""

    def compare_models(self, url: str) -> CommandResult:
        """Compare the models with a database that is up to date. Raises CheckSkipped where the app names no models."""

    def call(self, function: str, url: str) -> CommandResult:
        """Call `module:function` of the app in its own Python, with a database's URL."""


@dataclass(frozen=True)
class Alembic:
    """Alembic, by its command line; see `Migrator`."""

    config: str
    python: str
    directory: Path
    environment_for: Callable[[str], dict[str, str]]
    _books: list[str] = field(default_factory=lambda: ["alembic_version"])

    @property
    def tables(self) -> frozenset[str]:
        """The table of its revision, as env.py names it (`version_table`, `version_table_schema`)."""
        return frozenset(self._books)

    @staticmethod
    def upgrade_command(config: str) -> str:
        """The command by which a run migrates its own databases."""
        return f"python -m alembic -c {shlex.quote(config)} upgrade head"

    def reach(self, url: str) -> None:
        """Ask for the revision, for which env.py connects and nothing is run; what it connects to is looked at there."""
        result = self._run("current", url)
        books = reached_books(result.output)
        if books is not None:
            self._books[:] = [books]
        elif result.code == 0:
            raise DatabaseError(
                "migrations.toml: env.py does not hand a connection to context.configure while a database is migrated, "
                "so nothing tells that it reaches the one that the harness made; nothing was run"
            )

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
            failed = f"`alembic heads` failed in {self.directory.name}: {result.error_line}"
            if missing := _MISSING.search(result.output):
                child, parent = missing["child"], missing["parent"]
                raise CheckFailed(f"revision {child} follows {parent}, which is not there: {failed}")
            if not (self.directory / self.config).is_file():
                raise DatabaseError(f"migrations.toml: {failed}")
            raise CheckFailed(failed)
        return re.findall(r"^(\S+) .*\(head\)", result.output, flags=re.MULTILINE), result

    def compare_models(self, url: str) -> CommandResult:
        """Compare the models with a database that is up to date. Raises CheckSkipped where the app names no models."""
        result = self._run("check", url)
        if "target_metadata" in result.output or "MetaData object" in result.output:
            raise CheckSkipped("env.py names no target_metadata: nothing to compare with")
        return result

    def call(self, function: str, url: str) -> CommandResult:
        """Call `module:function` of the app in its own Python, with a database's URL."""
        return self._process([self.python, "-c", _CALL, function, url], function, url)

    def _run(self, command: str, url: str) -> CommandResult:
        words = [self.python, "-m", "alembic", "-c", self.config, *command.split()]
        return self._process(words, f"alembic {command}", url)

    def _process(self, words: list[str], shown: str, url: str) -> CommandResult:
        try:
            variables = own_database(self.environment_for(url), url)
            done = processes.run(words, cwd=self.directory, env=variables, timeout=_TIMEOUT)
        except TimeoutError:
            return CommandResult(1, f"`{shown}` took more than {_TIMEOUT} s")
        except OSError as error:
            raise DatabaseError(f"--python {self.python}: {error.strerror or error}") from error
        if missed := missed_database(done.stderr):
            raise UnsafeError(f"migrations.toml: {missed}")
        return CommandResult(done.returncode, done.stdout + done.stderr)


MIGRATORS: dict[str, type[Migrator]] = {"alembic": Alembic}
"""The tools by the names that migrations.toml uses."""
