"""The table of users in the app's database: which column has Clerk's ids, and who the people of its rows are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.core.text import listed
from harness.database.row_factory import TableSchema, tables_of

_CLERK_ID = re.compile(r"user_[A-Za-z0-9]+")
CLERK_ID_COLUMN = re.compile(
    r"clerk_?(user_?)?(id|sub|subject|uid|ref|key|identifier)|clerk(_?user)?|clerk_?external_?id", re.I
)
_TEXTS = ("text", "character varying", "character", "citext")
EMAIL_COLUMNS = ("email", "email_address", "primary_email", "primary_email_address", "mail")
_FIELDS = {
    "first_name": ("first_name", "firstname", "given_name"),
    "last_name": ("last_name", "lastname", "family_name"),
}
_OFF = re.compile(r"(is_)?(deleted|disabled|banned|blocked|archived|locked)|(deleted|disabled|banned)_at", re.I)
_ON = re.compile(r"(is_)?(active|enabled)", re.I)
_ADMIN = re.compile(r"(is_)?(admin|superuser|staff)", re.I)
_USERS = re.compile(r"(app_?)?(users?|accounts?|members?|people|persons?|customers?|employees?)", re.I)
MOST_ROWS = 200


@dataclass(frozen=True)
class UsersTable:
    """A table of users. `id`: its key; `clerk_id`: the column of Clerk's ids; `email`: that of the address, where there is one;
    `nullable`: whether a row may have no Clerk id.
    """

    name: str
    id: str
    clerk_id: str
    email: str | None
    nullable: bool


@dataclass(frozen=True)
class Seeded:
    """What the rows of the table of users tell. `people`: tables of `[identities]` by name; `rows`: how many rows there are,
    `linked` of them with a Clerk id.
    """

    table: UsersTable
    people: dict[str, dict[str, Any]]
    rows: int
    linked: int
    unlinked: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The same of rows without a Clerk id: whom only the old token can name."""


def find_users(connection: psycopg.Connection[TupleRow]) -> UsersTable | None:
    """The table of users with a column for Clerk's ids: by the column's name, else by what stands in it."""
    found: list[tuple[tuple[bool, ...], UsersTable]] = []
    for table in tables_of(connection).values():
        if len(table.key) != 1:
            continue
        email = next((name for name in EMAIL_COLUMNS if name in table.columns), None)
        for column in table.columns.values():
            named = CLERK_ID_COLUMN.fullmatch(column.name) is not None
            if column.type not in _TEXTS or not (named or _holds_ids(connection, table, column.name)):
                continue
            rank = (email is not None, named, re.search("user|account|member|people|person", table.name) is not None)
            found.append((rank, UsersTable(table.name, table.key[0], column.name, email, not column.required)))
    return max(found, key=lambda each: each[0])[1] if found else None


def without_clerk_ids(url: str) -> str:
    """Why no table of users is found where there are tables that may be it; empty where there are none."""
    with psycopg.connect(url, autocommit=True) as connection:
        likely = [
            table.name
            for table in tables_of(connection).values()
            if _USERS.fullmatch(table.name.rpartition(".")[2]) or any(name in table.columns for name in EMAIL_COLUMNS)
        ]
    if not likely:
        return ""
    return (
        f"no column with Clerk's ids was recognised by its name or by rows, though there is {listed(likely, 3)}; where there is one, "
        '[table] names it: clerk_id = "column", or "table.column" where they stand in a table of their own, see docs/user-sync.md'
    )


def _holds_ids(connection: psycopg.Connection[TupleRow], table: TableSchema, column: str) -> bool:
    """Whether ids of Clerk's users stand in a column that nothing else refers to, and nothing but them."""
    if any(reference.column == column for reference in table.references):
        return False
    statement = sql.SQL("SELECT {0} FROM {1} WHERE {0} IS NOT NULL LIMIT 20").format(
        sql.Identifier(column), table.identifier
    )
    values = [str(value) for (value,) in connection.execute(statement)]
    return bool(values) and all(_CLERK_ID.fullmatch(value) for value in values)


def seeded(url: str) -> Seeded | None:
    """Who the rows of users are; None where there is no such table."""
    with psycopg.connect(url, autocommit=True) as connection:
        table = find_users(connection)
        if table is None:
            return None
        rows = [*_rows(connection, tables_of(connection)[table.name], table)]
    return seeded_by(table, rows)


def unlinked_people(url: str) -> tuple[tuple[str, int | str], ...]:
    """Return address and key of some people whose rows have no Clerk id; none where there is no database, or it cannot be read."""
    if not url:
        return ()
    try:
        found = seeded(url)
    except psycopg.Error:  # Whatever is wrong with it is told by those who need it.
        return ()
    return tuple((each["email"], each["database_id"]) for each in (found.unlinked.values() if found else ()))


def seeded_by(table: UsersTable, rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> Seeded:
    """Who these rows are."""
    linked = [row for row in rows if row[table.clerk_id] is not None]
    old = [row for row in rows if row[table.clerk_id] is None and table.email is not None and row[table.email]]
    people, unlinked = (_people(table, [row for row in each if _is_active(row)]) for each in (linked, old))
    return Seeded(table, people, len(rows), len(linked), unlinked)


def _rows(
    connection: psycopg.Connection[TupleRow], schema: TableSchema, table: UsersTable
) -> Iterator[Mapping[str, Any]]:
    statement = sql.SQL("SELECT * FROM {} ORDER BY {} IS NULL, {} LIMIT {}").format(
        schema.identifier, sql.Identifier(table.clerk_id), sql.Identifier(table.id), sql.Literal(MOST_ROWS)
    )
    cursor = connection.execute(statement)
    names = [entry.name for entry in cursor.description or ()]
    yield from (dict(zip(names, row, strict=True)) for row in cursor)


def _is_active(row: Mapping[str, Any]) -> bool:
    off = any(value for name, value in row.items() if _OFF.fullmatch(name))
    return not off and all(value for name, value in row.items() if _ON.fullmatch(name) and isinstance(value, bool))


def _is_admin(row: Mapping[str, Any]) -> bool:
    flagged = any(value is True for name, value in row.items() if _ADMIN.fullmatch(name))
    return flagged or "admin" in str(row.get("role", "")).lower()


def _people(table: UsersTable, rows: list[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The usual people: two that are nobody special, an administrator, another member."""
    ordinary, admins = [r for r in rows if not _is_admin(r)], [r for r in rows if _is_admin(r)]
    if not ordinary:
        ordinary, admins = rows, []  # All of them are: then it makes no difference.
    chosen = dict(zip(("alice", "bob", "member"), ordinary, strict=False)) | dict(zip(("admin",), admins, strict=False))
    return {name: _identity(name, table, row) for name, row in chosen.items()}


def _identity(name: str, table: UsersTable, row: Mapping[str, Any]) -> dict[str, Any]:
    email = row[table.email] if table.email is not None else None
    own = row[table.id]
    found: dict[str, Any] = {
        "email": str(email or f"{name}@example.com"),
        "database_id": own if isinstance(own, int) and not isinstance(own, bool) else str(own),
    }
    if row[table.clerk_id] is not None:
        found["clerk_id"] = str(row[table.clerk_id])
    for name_of, columns in _FIELDS.items():
        text = next((row[column] for column in columns if isinstance(row.get(column), str) and row[column]), None)
        found |= {name_of: text} if text is not None else {}
    return found | ({"onboarding_completed": False} if row.get("onboarding_completed") is False else {})
