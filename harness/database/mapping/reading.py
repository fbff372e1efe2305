"""Reads the mapping of a database in one transaction that can only read (PostgreSQL documentation, SET TRANSACTION: READ ONLY)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import TupleRow

from harness.core.errors import DatabaseError
from harness.core.redact import learn_url
from harness.core.text import many
from harness.database.errors import first_line
from harness.database.filling import Table, read_tables
from harness.database.mapping.figures import column_figures, holds_clerk_ids, share_for, user_figures
from harness.database.mapping.find_users import find_users
from harness.database.mapping.model import ColumnFigures, Mapping, Named, Pointing, Users
from harness.database.mapping.pointing import kind_beside, pointing

Connection = psycopg.Connection[TupleRow]
_OLDEST = 130000
_LOCK_SECONDS = 5
_PROBED, _READ = 4 << 20, 16 << 20
"""Bytes that are read of a table for each column: of one that only may point to users, and of one that does."""


@contextmanager
def reading(url: str, seconds: float) -> Iterator[Connection]:
    """A connection in a transaction that can only read. `seconds`: how long a statement may take.

    Raises DatabaseError in a sentence without a password.
    """
    _refuse_unclear(url)
    learn_url(url)
    try:
        connection = psycopg.connect(_plain(url), connect_timeout=10, application_name="clerk-harness mapping")
    except psycopg.OperationalError as error:
        raise DatabaseError(f"--database: no connection: {first_line(error)}") from None
    except (psycopg.Error, ValueError):  # What cannot be read as an address is not shown: it may hold a password.
        raise DatabaseError(f"--database: {_FORM}") from None
    try:
        if connection.info.server_version < _OLDEST:
            raise DatabaseError(
                f"--database: the server is version {connection.info.server_version // 10000}; 13 or later is needed"
            )
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.prepare_threshold = None
        connection.execute(f"SET LOCAL statement_timeout = {round(seconds * 1000)}".encode())
        connection.execute(f"SET LOCAL lock_timeout = {_LOCK_SECONDS * 1000}".encode())
        connection.execute(
            "SET LOCAL row_security = off"
        )  # Rows that a policy hides are an error, not a smaller count.
        if connection.execute("SHOW transaction_read_only").fetchone() != ("on",):
            raise DatabaseError("--database: the server does not keep the transaction read-only: nothing was read")
        yield connection
    except psycopg.OperationalError as error:
        raise DatabaseError(f"--database: the connection was lost: {first_line(error)}") from None
    finally:
        connection.close()


_FORM = "write postgresql://user@host:port/database, with @ : / ? # of a password as %40 %3A %2F %3F %23"


def _plain(url: str) -> str:
    """The URL without the driver of SQLAlchemy."""
    return re.sub(r"^postgres(?:ql)?\+\w+://", "postgresql://", url)


def _refuse_unclear(url: str) -> None:
    """Refuse what libpq reads in another way than it was meant: a part of the password would be shown as a host or a port."""
    try:
        parts = urlsplit(_plain(url))
    except ValueError:
        raise DatabaseError(f"--database: {_FORM}") from None
    beyond = "@" in parts.path or "@" in parts.fragment or ("@" in parts.query and not parts.netloc.count("@"))
    if parts.scheme not in ("postgresql", "postgres") or parts.netloc.count("@") > 1 or beyond:
        raise DatabaseError(f"--database: {_FORM}")


def read_mapping(
    url: str, named: Named, *, seconds: float, whole: bool = False, progress: Callable[[str], None] | None = None
) -> Mapping:
    """Read a database's mapping: counts only, no value of a row leaves the server.

    `seconds`: how long a statement may take; `whole`: large tables are read whole, not in a part; `progress`: told of each column.
    Raises DatabaseError where the database cannot be reached, or has no table of users.
    """
    with reading(url, seconds) as connection:
        tables = read_tables(connection)
        users = find_users(tables, named, lambda table, column: _looks(connection, table, column))
        mapping = Mapping(users, user_figures(connection, users))
        every = list(pointing(tables, users))
        reader = _Reader(connection, users, whole)
        for number, each in enumerate(every, 1):
            if progress is not None:
                progress(f"{each.table.name}.{each.column}, {number} of {len(every)} columns")
            figures = reader.figures(each)
            if figures is not None:
                mapping.columns.append(figures)
        mapping.unread = reader.unread
        if reader.in_part:
            mapping.notes.append(
                f"in {many(reader.in_part, 'column')} of large tables nothing that points to users was seen, in the part that was read"
            )
        mapping.notes += _not_looked_at(tables, mapping.users)
    return mapping


def _looks(connection: Connection, table: Table, column: str) -> bool:
    try:
        with connection.transaction():
            return holds_clerk_ids(connection, table, column)
    except psycopg.Error:
        return False  # Its figures say why.


class _Reader:
    """Reads columns: a small part of each first, and more of those that point to users. `whole`: all of those.

    `unread`: tables with columns of which nobody knows whether they point to users, and why; `in_part`: how many columns were
    left out after a part of their table.
    """

    def __init__(self, connection: Connection, users: Users, whole: bool) -> None:
        self._connection, self._users, self._whole = connection, users, whole
        self.unread: dict[str, str] = {}
        self.in_part = 0

    def figures(self, each: Pointing) -> ColumnFigures | None:
        """A column's figures; None where it does not point to users."""
        first = self._attempt(each, _PROBED)
        if isinstance(first, str):
            if each.telling or each.key:
                return ColumnFigures(each, each.table.columns[each.column].type, unknown=first)
            self.unread[each.table.name] = first
            return None
        if not points(first):
            self.in_part += first.share < 1
            return None
        if first.share >= 1:
            return first
        second = self._attempt(each, None if self._whole else _READ)
        if isinstance(second, str):
            first.short = second
            return first
        return second

    def _attempt(self, each: Pointing, most: int | None) -> ColumnFigures | str:
        """What so many bytes of its table say, or why nothing is known."""
        try:
            with self._connection.transaction():
                share = 1.0 if most is None else share_for(self._connection, each.table, most)
                return column_figures(self._connection, self._users, each, share)
        except psycopg.errors.OperationalError:
            if self._connection.broken:
                raise
            return "it took longer than --timeout, or somebody has locked it"
        except psycopg.errors.InsufficientPrivilege:
            return "this user of the database may not read it, or a policy hides rows"
        except psycopg.Error as error:
            return type(error).__name__  # The message may quote a value.


def points(figures: ColumnFigures) -> bool:
    """Whether a column points to users: by a foreign key, or by values. A number does where its name says so."""
    each, found = figures.pointing, figures.found
    if each.key:
        return True
    column = each.table.columns[each.column]
    if each.telling:
        return bool(found or figures.orphans) or figures.rows == figures.empty
    unmistakable = column.kind == "uuid" or figures.long_ids
    return bool(
        found.get("clerk") or found.get("email") or figures.orphans.get("clerk") or (unmistakable and found.get("id"))
    )


def _not_looked_at(tables: dict[str, Table], users: Users) -> list[str]:
    """Columns whose names speak of users and that are not read: they hold lists or documents, or point to things of several kinds."""
    held = sorted(
        f"{table.name}.{column.name}"
        for table in tables.values()
        for column in table.columns.values()
        if (column.shape == "array" or column.kind in ("json", "jsonb"))
        and re.search(r"user|clerk|owner|member", column.name, re.I)
    )
    several = [
        f"{table.name}.{name} by {table.name}.{kind}"
        for table in tables.values()
        for name in table.columns
        if (kind := kind_beside(table, name, users))
        and re.search(r"owner|member|author|actor|creator|person|people", name, re.I)
    ]
    return [
        *(f"not looked into, for it holds lists or documents: {name}" for name in held),
        *(f"not looked into, for it points to things of several kinds: {name}" for name in several),
    ]
