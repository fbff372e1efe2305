"""The databases on which migrations are tried: an empty one, one of the stage before full of rows, and copies of that."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.migrators import CommandResult, Migrator
from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.contracts.migrations.rows import populate
from harness.contracts.migrations.second_session import SecondSession, Seen, waits_in_words
from harness.contracts.migrations.snapshot import Snapshot, snapshot
from harness.contracts.migrations.statement_watch import SchemaStatement, StatementWatch, Taken
from harness.database.filling import grow, read_tables
from harness.database.server import Server

LONGEST_WAIT = 20
"""Seconds that a session may wait for a lock: nobody but the migration uses its database, so what waits does so for itself."""


@dataclass(frozen=True)
class Upgrade:
    """The way up from the legacy revision. `url`: the database; `statements`: what was run, as far as it was `watched`; `taken`: what
    was locked; `seen`: locks and waits that a second session saw; `count`: how many schema statements that were.
    """

    result: CommandResult
    url: str
    before: Snapshot
    after: Snapshot
    statements: list[SchemaStatement]
    taken: list[Taken]
    seen: list[Seen]
    watched: bool
    count: int


class MigrationDatabases:
    """Makes databases on a server, each when it is first needed. What several checks need is made once."""

    def __init__(self, file: MigrationsFile, server: Server, migrator: Migrator, tag: str) -> None:
        """`tag`: a part of the databases' names, different for each run."""
        self.file, self.migrator = file, migrator
        self._server, self._tag = server, tag
        self._names: list[str] = []
        self._made = 0
        self._upgraded_empty: tuple[CommandResult, str] | None = None
        self._legacy: tuple[str, Snapshot] | None = None
        self._unreachable: CheckFailed | None = None
        self._upgrade: Upgrade | None = None
        self.empty: dict[str, str] = {}
        """The tables of the legacy database without a row, and why."""

    def _create(self, template: str | None = None) -> str:
        """Create a database, empty or a copy; its name."""
        self._made += 1
        name = f"clerk_harness_{self._tag}_migrate_{self._made}"
        self._names.append(name)
        url = self._server.create(name, template)
        with psycopg.connect(url, autocommit=True) as connection:
            longest = sql.SQL("ALTER DATABASE {} SET lock_timeout = {}").format(
                sql.Identifier(name), sql.Literal(f"{LONGEST_WAIT}s")
            )
            connection.execute(longest)
        return name

    def drop(self) -> None:
        """Drop all that were made."""
        for name in self._names:
            self._server.drop(name)
        self._names.clear()

    def copy(self, template: str) -> tuple[str, str]:
        """Copy a database that nobody is connected to: the copy's name, and its URL."""
        name = self._create(template)
        return name, self._server.url_of(name)

    def url_of(self, name: str) -> str:
        """The URL of one of those that were made."""
        return self._server.url_of(name)

    def discard(self, name: str) -> None:
        """Drop one of those that were made."""
        self._server.drop(name)
        self._names.remove(name)

    def reach(self) -> None:
        """Make sure that the migrator reaches databases that are made here. Raises UnsafeError or DatabaseError."""
        self.migrator.reach(self._server.url_of(self._create()))

    @contextmanager
    def copy_of(self, template: str) -> Iterator[tuple[str, psycopg.Connection[TupleRow]]]:
        """A copy of a database for one check: its URL, and a connection in autocommit mode."""
        url = self._server.url_of(self._create(template))
        with psycopg.connect(url, autocommit=True) as connection:
            yield url, connection

    def upgraded_empty(self) -> tuple[CommandResult, str]:
        """An empty database that was brought up to date: how that ended, and its URL."""
        if self._upgraded_empty is None:
            url = self._server.url_of(self._create())
            self._upgraded_empty = (self.migrator.upgrade(url), url)
        return self._upgraded_empty

    def legacy(self) -> tuple[str, Snapshot]:
        """The database of the stage before, full of rows, to be copied: its name, and what is in it.

        Raises CheckFailed where the legacy revision cannot be reached, or has no table of users.
        """
        if self._unreachable is not None:
            raise self._unreachable
        if self._legacy is None:
            try:
                self._legacy = self._make_legacy()
            except CheckFailed as failed:
                self._unreachable = failed
                raise
        return self._legacy

    def _make_legacy(self) -> tuple[str, Snapshot]:
        name, revision = self._create(), self.file.legacy
        url = self._server.url_of(name)
        self.migrator.upgrade(url, revision).require(f"the legacy revision {revision} cannot be reached")
        self.empty = populate(url, self.file, self.migrator)
        with psycopg.connect(url, autocommit=True) as connection:
            return name, snapshot(connection, self.migrator.tables)

    def at_size(self, times: int) -> list[SchemaStatement]:
        """The statements of the way up on a database with `times` as many rows; none where it cannot be made."""
        url = self._server.url_of(self._create())
        rows = self.file.rows * times
        if self.migrator.upgrade(url, self.file.legacy).code != 0:
            return []
        populate(url, self.file.model_copy(update={"rows": rows}), self.migrator, rows)
        with psycopg.connect(url, autocommit=True) as connection:
            watch = StatementWatch(connection, self.migrator.tables)
            return watch.statements() if self.migrator.upgrade(url).code == 0 else []

    def grown(self, names: Collection[str], rows: int, seconds: float) -> tuple[Snapshot, Snapshot] | None:
        """What is before and after the way up where the tables named have so many rows; None where that fails.

        `seconds`: how long they may be filled; one that takes no more rows stays smaller.
        """
        template, _ = self.legacy()
        name, url = self.copy(template)
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                every = read_tables(connection)
                tables = {table: each for table, each in every.items() if table not in self.migrator.tables}
                grow(connection, tables, dict.fromkeys(names, rows), seconds)
                before = snapshot(connection, self.migrator.tables)
                if self.migrator.upgrade(url).code != 0:
                    return None
                return before, snapshot(connection, self.migrator.tables, before)
        finally:
            self.discard(name)

    def require_rows(self) -> None:
        """Raise CheckSkipped where a table of the legacy database is empty: of what becomes of its rows nothing is known."""
        empty = {name: why for name, why in self.empty.items() if f"empty:{name}" not in self.file.allow}
        if empty:
            named = "; ".join(f"{name} ({why})" for name, why in empty.items())
            first = next(iter(empty))
            raise CheckSkipped(
                f"no row could be made for {named}, so nothing is known of what becomes of theirs: declare rows in "
                f'migrations.toml: [fill] "{first}" = "INSERT INTO …", or "module:function"; or allow = ["empty:{first}"]',
                declared=True,
            )

    def upgraded(self) -> Upgrade:
        """The way up from the legacy database, watched. Raises CheckFailed where it fails."""
        if self._upgrade is None:
            template, before = self.legacy()
            with self.copy_of(template) as (url, connection):
                watch = StatementWatch(connection, self.migrator.tables)
                with SecondSession(url) as second:
                    result = self.migrator.upgrade(url)
                self._upgrade = Upgrade(
                    result,
                    url,
                    before,
                    snapshot(connection, self.migrator.tables, before),
                    watch.statements(),
                    watch.taken(),
                    second.seen,
                    watch.installed,
                    watch.count if watch.installed else 0,
                )
        self._upgrade.result.require(f"{self.file.rows} users cannot be migrated{waits_in_words(self._upgrade.seen)}")
        return self._upgrade
