"""Folders of plain SQL (Flyway's and dbmate's names, Prisma's folders): the harness runs their files as those tools do.

Source: https://documentation.red-gate.com/fd (Flyway, naming and transactions), https://github.com/amacneil/dbmate (usage),
https://www.prisma.io/docs/orm/prisma-migrate (migration histories).
"""

from __future__ import annotations

import itertools
import re
from abc import abstractmethod
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.contracts.migrations.migrators.base import HEAD, CommandResult, Migrator
from harness.contracts.migrations.migrators.files import text_if_any, text_of
from harness.contracts.migrations.migrators.sql_text import needs_no_transaction, statements
from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.core.errors import DatabaseError, DeclarationError
from harness.database.errors import first_line

_FLYWAY = re.compile(r"(?P<kind>[VU])(?P<version>\d+(?:[._]\d+)*)__(?P<name>.+)\.sql")
_REPEATABLE = re.compile(r"R__.+\.sql")
_CALLBACK = re.compile(r"(?:before|after|create)\w*\.sql")
_DBMATE = re.compile(r"(?P<version>\d+)_(?P<name>.*)\.sql")
_SECTION = re.compile(r"^--\s*migrate:(?P<way>up|down)(?P<options>[^\n]*)$", re.MULTILINE)

Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True)
class SqlMigration:
    """One migration. `up` and `down`: SQL, `down` None where no way back is declared; `version`: what the tool's books call it;
    `transaction`: whether it runs in one, None for what its statements need.
    """

    version: str
    name: str
    up: str
    down: str | None = None
    transaction: bool | None = None
    back_in_transaction: bool | None = None


class SqlFolder(Migrator):
    """See `Migrator`. Its configuration is the folder."""

    book: ClassVar[str]
    tool: ClassVar[str]
    forward_only: ClassVar[str]
    """What a way back would be."""

    @abstractmethod
    def migrations(self) -> list[SqlMigration]:
        """All migrations, in the order in which they are run. Raises CheckFailed where a file is none."""

    @property
    def folder(self) -> Path:
        """Where the files are. Raises DatabaseError where there is no such folder."""
        found = self.directory / self.config
        if not found.is_dir():
            raise DatabaseError(f"migrations.toml: config: {self.config}: there is no such folder")
        return found

    def reach(self, url: str) -> None:
        """Nothing is to be made sure of: the harness connects by itself."""
        self.books.add(self.book)

    def upgrade(self, url: str, revision: str = HEAD) -> CommandResult:
        """Run what was not run yet, each migration after the one before."""
        todo = self.migrations()
        if revision != HEAD:
            todo = todo[: self._index(todo, revision) + 1]
        note = sql.SQL("INSERT INTO {} VALUES ({})")
        return self._run(url, [(each, each.up, each.transaction) for each in todo], note, done=False)

    def downgrade(self, url: str, revision: str) -> CommandResult:
        """Run the ways back, the last first. Raises CheckSkipped where one is not declared."""
        every = self.migrations()
        after = every[self._index(every, revision) + 1 :]
        if missing := [each.name for each in after if each.down is None]:
            raise CheckSkipped(f"no way back is declared for {', '.join(missing[:5])}: {self.forward_only}")
        back = [(each, each.down or "", each.back_in_transaction) for each in reversed(after)]
        return self._run(url, back, sql.SQL("DELETE FROM {} WHERE version = {}"), done=True)

    def heads(self) -> dict[str, list[str]]:
        """The last version, and all files of a version that several have."""
        every = self.migrations()
        if not every:
            raise CheckFailed(f"{self.config} has no migrations")
        often = {version for version, count in Counter(each.version for each in every).items() if count > 1}
        return {"": [each.name for each in every if each.version in often] or [every[-1].name]}

    def history(self) -> list[str]:
        """All versions."""
        return [each.version for each in self.migrations()]

    def compare_models(self, url: str) -> CommandResult:
        """Raise CheckSkipped: plain SQL has no models."""
        raise CheckSkipped(f"{self.tool} has no models that the harness could compare with the schema")

    def _index(self, every: list[SqlMigration], revision: str) -> int:
        for number, each in enumerate(every):
            if revision in (each.version, each.name):
                return number
        there = ", ".join(each.version for each in every[:8]) or "none"
        raise DeclarationError(
            f"migrations.toml: legacy: {revision!r}: {self.config} has no such version; there are {there}"
        )

    def _run(
        self, url: str, todo: list[tuple[SqlMigration, str, bool | None]], note: sql.SQL, *, done: bool
    ) -> CommandResult:
        """Run those that were run already (`done`), or those that were not, and write each down."""
        name = ""
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                there = self._done(connection)
                for each, text, transaction in todo:
                    if (each.version in there) == done:
                        name = f"{each.name}, back: " if done else f"{each.name}: "
                        written = note.format(sql.Identifier(self.book), sql.Literal(each.version))
                        _execute(connection, text, transaction, written)
        except psycopg.Error as error:
            return CommandResult(1, f"Error: {name}{first_line(error)}")
        return CommandResult(0, "")

    def _done(self, connection: Connection) -> set[str]:
        """The versions that were run."""
        book = sql.Identifier(self.book)
        if connection.execute("SELECT to_regclass(%s)", [self.book]).fetchone() == (None,):
            connection.execute(sql.SQL("CREATE TABLE {} (version text NOT NULL PRIMARY KEY)").format(book))
        return {row[0] for row in connection.execute(sql.SQL("SELECT version FROM {}").format(book))}


def _execute(connection: Connection, text: str, transaction: bool | None, note: sql.Composed) -> None:
    """Run a file, and write it down. `transaction`: whether in one; None for what its statements need."""
    parts = statements(text)
    whole = transaction if transaction is not None else not any(map(needs_no_transaction, parts))
    with connection.transaction() if whole else nullcontext():
        for part in parts:
            connection.execute(part.encode())
        connection.execute(note)


class Flyway(SqlFolder):
    """`V1__name.sql`, and `U1__name.sql` for the way back; `R__name.sql` after all others, whenever it changes."""

    places = ("src/main/resources/db/migration", "db/migration", "sql", "migrations")
    book, tool = "flyway_schema_history", "Flyway"
    forward_only = "Flyway's is a file U<version>__<name>.sql"

    @classmethod
    def fits(cls, place: Path) -> bool:
        """Whether a folder has a file of that name."""
        return place.is_dir() and any(_FLYWAY.fullmatch(path.name) for path in place.rglob("*.sql"))

    def migrations(self) -> list[SqlMigration]:
        """By version, repeatable ones last. Raises CheckFailed for a file that Flyway would pass over."""
        ways: dict[str, dict[tuple[int, ...], list[Path]]] = {"V": {}, "U": {}}
        repeatable = []
        for path in sorted(self.folder.rglob("*.sql")):
            if named := _FLYWAY.fullmatch(path.name):
                ways[named["kind"]].setdefault(_version(named["version"]), []).append(path)
            elif _REPEATABLE.fullmatch(path.name):
                repeatable.append(path)
            elif not _CALLBACK.fullmatch(path.name):
                raise CheckFailed(f"{path.name} is never run: its name is not V<version>__<name>.sql")
        found = []
        for version, paths in sorted(ways["V"].items()):
            back = ways["U"].get(version)
            down = self._read(back[0]) if back else None
            found += [SqlMigration(".".join(map(str, version)), path.name, self._read(path), down) for path in paths]
        return found + [SqlMigration(path.stem, path.name, self._read(path), "") for path in repeatable]

    def _read(self, path: Path) -> str:
        text = text_of(path, self.directory)
        if (placeholder := re.search(r"\$\{[^}\s]+\}", text)) is not None:
            raise DeclarationError(
                f"migrations.toml: {path.name} has a placeholder, {placeholder[0]}, which Flyway fills from its own "
                "configuration and the harness cannot"
            )
        return text


def _version(text: str) -> tuple[int, ...]:
    """A version as Flyway orders it: 1.0 is 1."""
    parts = [int(part) for part in re.split("[._]", text)]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return tuple(parts)


class Dbmate(SqlFolder):
    """`20260101_name.sql` with the sections `-- migrate:up` and `-- migrate:down`."""

    places = ("db/migrations", "migrations")
    book, tool = "schema_migrations", "dbmate"
    forward_only = "dbmate's is a section `-- migrate:down`"

    @classmethod
    def fits(cls, place: Path) -> bool:
        """Whether a folder has a file with such a section."""
        return place.is_dir() and any(_SECTION.search(text_if_any(path)) for path in place.glob("*.sql"))

    def migrations(self) -> list[SqlMigration]:
        """By version. Raises CheckFailed for a file without the section `up`."""
        found = []
        for path in sorted(self.folder.glob("*.sql")):
            named = _DBMATE.fullmatch(path.name)
            text = text_of(path, self.directory)
            ends = [*_SECTION.finditer(text)]
            sections = {
                end["way"]: (text[end.end() : following.start() if following else None], end["options"])
                for end, following in itertools.zip_longest(ends, ends[1:])
            }
            if named is None:
                raise CheckFailed(f"{path.name} is never run: its name does not begin with a version and `_`")
            if "up" not in sections:
                raise CheckFailed(f"{path.name} cannot be run: it has no section `-- migrate:up`")
            up, options = sections["up"]
            down, back = sections.get("down", ("", ""))
            declared = down if "down" in sections and statements(down) else None
            found.append(SqlMigration(named["version"], path.name, up, declared, _whole(options), _whole(back)))
        return found


def _whole(options: str) -> bool:
    return re.search(r"\btransaction:\s*false\b", options) is None


class Prisma(SqlFolder):
    """`<time>_<name>/migration.sql`, which goes forward only. Each file is one message to Postgres, as Prisma sends it."""

    places = ("prisma/migrations",)
    book, tool = "_prisma_migrations", "Prisma"
    forward_only = "Prisma's migrations go forward only"

    @classmethod
    def fits(cls, place: Path) -> bool:
        """Whether a folder has such folders."""
        return place.is_dir() and any(place.glob("*/migration.sql"))

    def migrations(self) -> list[SqlMigration]:
        """By name. Raises CheckFailed for a folder without the file."""
        found = []
        for path in sorted(each for each in self.folder.iterdir() if each.is_dir()):
            file = path / "migration.sql"
            if not file.exists():
                raise CheckFailed(f"{path.name} cannot be run: it has no migration.sql (Prisma's P3015)")
            text = text_of(file, self.directory)
            # Several statements in one message are one transaction to Postgres; a single one is none.
            found.append(SqlMigration(path.name, path.name, text, None, len(statements(text)) > 1))
        return found

    def compare_models(self, url: str) -> CommandResult:
        """Raise CheckSkipped: that needs Prisma's own engine."""
        raise CheckSkipped("schema.prisma is compared by `prisma migrate diff`, which is not run here")
