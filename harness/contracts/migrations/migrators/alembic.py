"""Alembic, by its command line. Source: https://alembic.sqlalchemy.org/en/latest/"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from harness.contracts.migrations.migrators.base import HEAD, CommandResult, Migrator
from harness.contracts.migrations.migrators.files import refuse_irregular, text_if_any
from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.core.errors import DatabaseError
from harness.targets.own_database import reached_books

_MISSING = re.compile(r"Revision (?P<parent>\S+) referenced from \S+ -> (?P<child>\S+) .*is not present")
"""Alembic's warning of a gap in the history."""
_UNKNOWN = re.compile(r"Can't locate revision identified by '(?P<name>[^']+)'")
_HEADS = re.compile(r"Multiple head revisions are present")
_STEP = re.compile(r"^.+ -> (\w+)", re.MULTILINE)
_SCRIPTS = re.compile(r"^script_location\s*=\s*(?!%)(\S+)", re.MULTILINE)
_MARK = re.compile(r"^\[(?:tool\.)?alembic\]", re.MULTILINE)


def own_folder(directory: Path, config: str) -> tuple[Path, str]:
    """Where Alembic is to be run, and its configuration from there: beside alembic.ini, where the relative `script_location`
    in it leads nowhere from `directory`.
    """
    place = directory / config
    found = _SCRIPTS.search(place.read_text(encoding="utf-8", errors="replace")) if place.is_file() else None
    if found is None or (directory / found[1]).exists() or not (place.parent / found[1]).exists():
        return directory, config
    return place.parent, place.name


def broken_history(output: str) -> str:
    """What Alembic says of a history that is no line of revisions, as a sentence that names the revision; empty where it is one."""
    if missing := _MISSING.search(output):
        return f"revision {missing['child']} follows {missing['parent']}, which is not there"
    if unknown := _UNKNOWN.search(output):
        return f"revision {unknown['name']} is not there"
    return "the history has several heads, of which `upgrade heads` takes all" if _HEADS.search(output) else ""


class Alembic(Migrator):
    """See `Migrator`. Its configuration is alembic.ini, or pyproject.toml with `[tool.alembic]`."""

    places = ("alembic.ini", "pyproject.toml")

    @classmethod
    def fits(cls, place: Path) -> bool:
        """Whether a file configures Alembic."""
        return _MARK.search(text_if_any(place)) is not None

    @property
    def upgrade_command(self) -> str:
        """The command by which a run migrates its own databases."""
        return f"python -m alembic -c {shlex.quote(self.config)} upgrade head"

    def reach(self, url: str) -> None:
        """Ask for the revision, for which env.py connects and nothing is run; what it connects to is looked at there."""
        refuse_irregular(self.directory / self.config, self.directory)
        self.books.add("alembic_version")
        result = self._run("current", url)
        books = reached_books(result.output)
        if books is not None:  # As env.py names it (`version_table`, `version_table_schema`).
            self.books.clear()
            self.books.add(books)
        elif result.code == 0:
            raise DatabaseError(
                "migrations.toml: env.py does not hand a connection to context.configure while a database is migrated, "
                "so nothing tells that it reaches the one that the harness made; nothing was run"
            )

    def upgrade(self, url: str, revision: str = HEAD) -> CommandResult:
        """Migrate a database up to a revision."""
        return self._run(f"upgrade {revision}", url)

    def downgrade(self, url: str, revision: str) -> CommandResult:
        """Migrate a database back to a revision."""
        return self._run(f"downgrade {revision}", url)

    def heads(self) -> dict[str, list[str]]:
        """The revisions that no other follows: one line of history."""
        return {"": re.findall(r"^(\S+) .*\(head\)", self._told("heads"), flags=re.MULTILINE)}

    def history(self) -> list[str]:
        """All revisions, the oldest first."""
        return _STEP.findall(self._told("history"))[::-1]

    def compare_models(self, url: str) -> CommandResult:
        """Compare the models with a database that is up to date. Raises CheckSkipped where the app names no models."""
        result = self._run("check", url)
        if "target_metadata" in result.output or "MetaData object" in result.output:
            raise CheckSkipped("env.py names no target_metadata: nothing to compare with")
        return result

    def _told(self, command: str) -> str:
        """What a command says of the history."""
        result = self._run(command, "")
        if result.code == 0:
            return result.output
        failed = f"`alembic {command}` failed in {self.directory.name}: {result.error_line}"
        if broken := broken_history(result.output):
            raise CheckFailed(f"{broken}: {failed}")
        if not (self.directory / self.config).is_file():
            raise DatabaseError(f"migrations.toml: {failed}")
        raise CheckFailed(failed)

    def _run(self, command: str, url: str) -> CommandResult:
        directory, config = own_folder(self.directory, self.config)
        words = [self.python, "-m", "alembic", "-c", config, *command.split()]
        return self.process(words, f"alembic {command}", url, directory)
