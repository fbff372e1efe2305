"""What a migration tool is to the checks: up, down, its heads, its history; and how it is run in the app's own Python."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from harness.contracts.migrations.results import CheckFailed
from harness.core import processes
from harness.core.errors import DatabaseError, UnsafeError
from harness.targets.own_database import missed_database, own_database, without_marks

_ERROR = re.compile(r"(?:[\w.]*(?:Error|Exception|\w+\.exc\.\w+|errors\.\w+)|FAILED): ")
_CALL = """
import functools, importlib, sys
sys.path.insert(0, "")
module, _, name = sys.argv[1].partition(":")
functools.reduce(getattr, name.split("."), importlib.import_module(module))(sys.argv[2])
"""
_LATE = "due to lock timeout"
_FOR_ITSELF = "(nobody else uses this database: it waits for a lock that another session of the migration holds)"
_TIMEOUT = 300
"""Seconds within which a command must end."""
HEAD = "head"
"""The newest revision, in every tool's history."""


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
        told = (errors or lines or ["it printed nothing"])[-1][:300]
        return f"{told} {_FOR_ITSELF}" if _LATE in told else told

    def require(self, message: str) -> None:
        """Raise CheckFailed with the message and the error where the command failed."""
        if self.code != 0:
            raise CheckFailed(f"{message}: {self.error_line}")


@dataclass(frozen=True)
class Migrator(ABC):
    """A migration tool, as far as the checks use it. `config`: its file or folder; `python`: the app's interpreter; `directory`:
    where it is run; `environment_for`: the variables for a database's URL.

    Its methods raise DatabaseError when it cannot be run at all, UnsafeError when it would migrate another database.
    """

    places: ClassVar[tuple[str, ...]]
    """Where its file or folder usually lies, relative to the app."""

    config: str
    python: str
    directory: Path
    environment_for: Callable[[str], dict[str, str]]
    books: set[str] = field(default_factory=set)
    known: dict[str, Any] = field(default_factory=dict)
    """What it was asked already, of what does not change in a run."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables in which it keeps its own books, once `reach` was called; they are no part of the schema."""
        return frozenset(self.books)

    @classmethod
    @abstractmethod
    def fits(cls, place: Path) -> bool:
        """Whether a file or folder is this tool's."""

    @property
    def upgrade_command(self) -> str | None:
        """The command by which a run migrates its own databases, as `migrate` of `[database]` has it; None where the tool is
        no program of the app's Python.
        """
        return None

    @abstractmethod
    def reach(self, url: str) -> None:
        """Make sure that it reaches a database, before anything is run. Raises DatabaseError where it does not."""

    @abstractmethod
    def upgrade(self, url: str, revision: str = HEAD) -> CommandResult:
        """Migrate a database up to a revision."""

    @abstractmethod
    def downgrade(self, url: str, revision: str) -> CommandResult:
        """Migrate a database back to a revision. Raises CheckSkipped where no way back is declared."""

    @abstractmethod
    def heads(self) -> dict[str, list[str]]:
        """The revisions that no other follows, by line of history: each has one. Raises CheckFailed where the history is broken."""

    @abstractmethod
    def history(self) -> list[str]:
        """All revisions, in the order in which they are run. Raises CheckFailed where the history is broken."""

    @abstractmethod
    def compare_models(self, url: str) -> CommandResult:
        """Compare the models with a database that is up to date. Raises CheckSkipped where there are none to compare."""

    def name_of(self, noted: dict[str, Any]) -> str:
        """What a migration is called, by the row that it wrote into the tool's books."""
        return str(next(iter(noted.values()), ""))

    def call(self, function: str, url: str) -> CommandResult:
        """Call `module:function` of the app in its own Python, with a database's URL."""
        return self.process([self.python, "-c", _CALL, function, url], function, url)

    def process(self, words: list[str], shown: str, url: str, directory: Path | None = None) -> CommandResult:
        """Run a command of the app's that may reach the database at `url` and no other. `shown`: what it is, in words;
        `directory`: where, if elsewhere than usual.
        """
        try:
            variables = own_database(self.environment_for(url), url)
            done = processes.run(words, cwd=directory or self.directory, env=variables, timeout=_TIMEOUT)
        except TimeoutError:
            return CommandResult(1, f"`{shown}` took more than {_TIMEOUT} s")
        except OSError as error:
            raise DatabaseError(f"--python {self.python}: {error.strerror or error}") from error
        if missed := missed_database(done.stderr):
            raise UnsafeError(f"migrations.toml: {missed}")
        return CommandResult(done.returncode, done.stdout + done.stderr)
