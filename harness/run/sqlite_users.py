"""An app's own SQLite files: whether it keeps any, and the table of users in them, the same question as `user_table` has for Postgres.
They are only read.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from harness.contracts.matrix import Declaration
from harness.run.environment import address_of, app_directory
from harness.run.options import Options
from harness.run.user_table import CLERK_ID_COLUMN, EMAIL_COLUMNS, MOST_ROWS, Seeded, UsersTable, seeded_by

_HEADER = b"SQLite format 3\x00"
_PATTERNS = ("*.db", "*.sqlite", "*.sqlite3", "*/*.db", "*/*.sqlite", "*/*.sqlite3")
_BUSY = 1.0
"""Seconds that a lock of the app's is waited for."""


def sqlite_files(folder: Path) -> Iterator[Path]:
    """Yield the SQLite files of a project."""
    for path in (path for pattern in _PATTERNS for path in sorted(folder.glob(pattern))):
        with contextlib.suppress(OSError):
            if not path.is_file():
                continue
            with path.open("rb") as file:
                begins = file.read(len(_HEADER))
            if begins == _HEADER:
                yield path


def shares_a_file(options: Options, declaration: Declaration) -> bool:
    """Whether all that is started of an app would share an SQLite file of its own, for the harness gives it no database: two that
    meet somebody new at the same moment are in each other's way.
    """
    url, command = address_of(options, declaration)
    if declaration.matrix.database is not None or (url is not None and command is None):
        return False
    return any(sqlite_files(app_directory(options, declaration)))


def seeded_in(folder: Path) -> Seeded | None:
    """Who the rows of users are, in the first SQLite file of a project that has such a table; None where none has."""
    for path in sqlite_files(folder):
        with contextlib.suppress(OSError, sqlite3.Error):
            if (found := _seeded(path)) is not None:
                return found
    return None


def _seeded(path: Path) -> Seeded | None:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_BUSY)
    with contextlib.closing(connection):
        connection.row_factory = sqlite3.Row
        tables = [*_tables(connection)]
        if not tables:
            return None
        table = max(
            tables,
            key=lambda each: (each.email is not None, re.search("user|account|member|people", each.name) is not None),
        )
        quoted = '"' + table.name.replace('"', '""') + '"'
        rows = [dict(row) for row in connection.execute(f"SELECT * FROM {quoted} LIMIT {MOST_ROWS}")]
    return seeded_by(table, rows)


def _tables(connection: sqlite3.Connection) -> Iterator[UsersTable]:
    """Yield the tables with one key and a column that is called as Clerk's ids are."""
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in names:
        columns = connection.execute('SELECT name, pk, "notnull" FROM pragma_table_info(?)', (name,)).fetchall()
        keys = [str(row["name"]) for row in columns if row["pk"]]
        clerk = next((row for row in columns if CLERK_ID_COLUMN.fullmatch(row["name"])), None)
        if len(keys) == 1 and clerk is not None:
            email = next((each for each in EMAIL_COLUMNS if each in {row["name"] for row in columns}), None)
            yield UsersTable(name, keys[0], str(clerk["name"]), email, not clerk["notnull"])
