"""Finds the table of users, and its columns of the key, of Clerk's id and of the address: by what is said, by names, by values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from psycopg import sql

from harness.core.errors import DatabaseError
from harness.core.text import listed, meant
from harness.database.filling import Table
from harness.database.mapping.model import Kind, Named, Users

Looks = Callable[[Table, str], bool]
"""Whether a column of a table has values that are ids of Clerk's users."""
_TABLES = {"user": 6, "account": 4, "member": 3, "profile": 3, "person": 3, "people": 3, "customer": 3, "login": 2}
_ENOUGH = 6
_CLERK = ("clerkuserid", "clerkid", "clerk", "clerksub", "clerksubject")
_EMAIL = ("email", "emailaddress", "primaryemail", "primaryemailaddress", "useremail", "mail")
_TEXT = {"text", "varchar", "bpchar", "citext", "name"}
_MOST_SHOWN = 12


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case: of `createdBy`, `created_by` and `CREATED_BY`, `created` and `by`."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", parts.lower()) if word]


def singular(word: str) -> str:
    """A word without its plural: good enough for names of tables."""
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def is_text(table: Table, column: str) -> bool:
    """Whether a column holds texts."""
    kind = table.columns[column]
    return kind.kind in _TEXT and kind.shape == "plain"


def find_users(tables: dict[str, Table], named: Named, looks: Looks) -> Users:
    """The table of users. Raises DatabaseError naming the option, where there is none, there are several, or a name is wrong."""
    because: list[str] = []
    table = _named_table(tables, named, because) or _best(tables, because)
    columns: dict[Kind, str] = {}
    said: tuple[tuple[Kind, str | None], ...] = (("id", named.id), ("clerk", named.clerk), ("email", named.email))
    for kind, name in said:
        if kind == "clerk" and name is not None and "." in name:
            continue  # In a table of their own.
        if name is not None and name not in table.columns:
            if named.certain:
                raise DatabaseError(
                    f"{named.source}: the table {table.name} has no column {name!r}{meant(name, table.columns)}; it has "
                    f"{listed(list(table.columns), _MOST_SHOWN)}"
                )
            because.append(f"what there is: {table.name} has no column {name} yet, which {named.source} names")
            name = None
        found = name or _column(table, kind, looks)
        if found is not None:
            columns[kind] = found
    if not columns:
        raise DatabaseError(
            f"the table {table.name} has neither a key nor Clerk's id nor an address: name them with --id"
        )
    users = Users(table, columns, tuple(because))
    return users if "clerk" in columns else _linked(tables, users, named, looks)


def _linked(tables: dict[str, Table], users: Users, named: Named, looks: Looks) -> Users:
    """The users with Clerk's ids out of a table of their own that refers to them, and that holds each once; else as they are.

    Other ways to sign in may stand beside Clerk's there.
    """
    for other in tables.values():
        for key in other.references:
            if key.to != users.table.name or len(key.columns) != 1 or other.name == users.table.name:
                continue
            once = {name for unique in (other.key, *other.unique.values()) for name in unique} - set(key.columns)
            for name in (each for each in other.columns if is_text(other, each)):
                place = f"{other.name}.{name}"
                own = name in once and (_by_name(other, _CLERK, "clerk") == name or looks(other, name))
                if place != named.clerk and (named.clerk is not None or not own):
                    continue
                rows = sql.SQL(
                    "(SELECT t.*, l.{c} AS {place} FROM {users} t "
                    "LEFT JOIN {links} l ON l.{refers} = t.{to} AND l.{c}::text LIKE 'user\\_%')"
                ).format(
                    c=sql.Identifier(name), place=sql.Identifier(place), users=users.table.only, links=other.only,
                    refers=sql.Identifier(key.columns[0]), to=sql.Identifier(key.others[0]),
                )  # fmt: skip
                table = replace(users.table, columns=users.table.columns | {place: other.columns[name]})
                because = (*users.because, f"{place}: Clerk's ids stand in a table of their own")
                return Users(table, {**users.columns, "clerk": place}, because, (other.name, name), rows)
    if named.clerk is not None and "." in named.clerk and named.certain:
        raise DatabaseError(
            f"{named.source}: {named.clerk!r} is no column of texts of a table that refers to {users.table.name}"
        )
    return users


def _named_table(tables: dict[str, Table], named: Named, because: list[str]) -> Table | None:
    if named.table is None:
        return None
    if named.table in tables:
        because.append(f"{named.table}: {named.source} says so")
        return tables[named.table]
    if named.certain:
        raise DatabaseError(
            f"{named.source}: the database has no table {named.table!r}{meant(named.table, tables)}; it has "
            f"{listed(sorted(tables), _MOST_SHOWN) or 'none'}"
        )
    because.append(f"what there is: the database has no table {named.table} yet, which {named.source} names")
    return None


def _best(tables: dict[str, Table], because: list[str]) -> Table:
    """The table that is most likely that of users."""
    points = {name: _points(table, tables.values()) for name, table in tables.items()}
    likely = sorted((name for name in points if points[name] >= _ENOUGH), key=lambda name: (-points[name], name))
    if not likely:
        raise DatabaseError(
            f"no table of users was found among {len(tables)} tables: name it with --table; the database has "
            f"{listed(sorted(tables), _MOST_SHOWN) or 'none'}"
        )
    best = [name for name in likely if points[name] == points[likely[0]]]
    if len(best) > 1:
        raise DatabaseError(
            f"several tables may be that of users: {listed(best, _MOST_SHOWN)}; choose one with --table"
        )
    others = f" (others: {listed(likely[1:], 3)}; --table chooses)" if likely[1:] else ""
    because.append(f"{best[0]}: by its name and columns, and by what refers to it{others}")
    return tables[best[0]]


def _points(table: Table, every: Iterable[Table]) -> int:
    """How much speaks for a table: its name, columns of Clerk's id and of addresses, and foreign keys to it."""
    last = words_of(table.name.rpartition(".")[2])[-1:] or [""]
    points = _TABLES.get(singular(last[0]), 0)
    points += 1 if words_of(table.name.rpartition(".")[2]) in (["users"], ["user"]) else 0
    points += 4 if _by_name(table, _CLERK, "clerk") else 0
    points += 2 if _by_name(table, _EMAIL, "email") else 0
    points += min(3, sum(1 for each in every for key in each.references if key.to == table.name))
    points += 1 if "." not in table.name else 0
    return points if points and (_TABLES.get(singular(last[0])) or _by_name(table, _CLERK, "clerk")) else 0


def _by_name(table: Table, usual: Iterable[str], word: str) -> str | None:
    plain = {"".join(words_of(name)): name for name in table.columns if is_text(table, name)}
    for name in usual:
        if name in plain:
            return plain[name]
    return next(
        (name for short, name in plain.items() if word in short and not short.endswith(("at", "verified"))), None
    )


def _column(table: Table, kind: Kind, looks: Looks) -> str | None:
    """The column of an identifier, where nobody says which it is."""
    if kind == "id":
        own = [name for name in table.key if "".join(words_of(name)) in ("id", "uid", "userid", "uuid")]
        return own[-1] if own else table.key[-1] if table.key else "id" if "id" in table.columns else None
    if kind == "email":
        return _by_name(table, _EMAIL, "email")
    by_name = _by_name(table, _CLERK, "clerk")
    if by_name is not None:
        return by_name
    return next((name for name in table.columns if is_text(table, name) and looks(table, name)), None)
