"""Which columns may point to users: by a foreign key, by their names, or by the kind of values that they can hold."""

from __future__ import annotations

from collections.abc import Iterator

from harness.database.filling import Table
from harness.database.mapping.find_users import is_text, singular, words_of
from harness.database.mapping.model import Pointing, Users

_MEANT = {"user", "owner", "author", "creator", "assignee", "uid", "clerk"}
_BY = {
    "created",
    "updated",
    "deleted",
    "modified",
    "invited",
    "approved",
    "assigned",
    "reviewed",
    "uploaded",
    "sent",
    "posted",
}
_NUMBERS = {"int2", "int4", "int8", "numeric"}


def pointing(tables: dict[str, Table], users: Users) -> Iterator[Pointing]:
    """Yield the columns that may point to users, those of foreign keys first, each once."""
    seen: set[tuple[str, str]] = set()
    for each in (*_by_key(tables, users), *_without_key(tables, users)):
        if (each.table.name, each.column) not in seen:
            seen.add((each.table.name, each.column))
            yield each


def _by_key(tables: dict[str, Table], users: Users) -> Iterator[Pointing]:
    for table in tables.values():
        for key in table.references:
            if key.to != users.table.name:
                continue
            pairs = list(zip(key.columns, key.others, strict=True))
            held = [pair for pair in pairs if users.kind_of(pair[1]) is not None]
            if held:
                column, other = held[-1]
                rest = tuple(pair for pair in pairs if pair[0] != column)
                yield Pointing(table, column, True, key.name, users.kind_of(other), rest)


def _without_key(tables: dict[str, Table], users: Users) -> Iterator[Pointing]:
    """Of columns that refer to other tables nothing is asked. Numbers may be anything: their name must say what they mean."""
    others = {singular(words_of(name.rpartition(".")[2])[-1:][0]) for name in tables if words_of(name)} - _MEANT
    own = set(users.columns.values()) | _identities(tables, users.table)
    for table in tables.values():
        taken = {column for key in table.references for column in key.columns}
        for name, column in table.columns.items():
            if (
                name in taken
                or kind_beside(table, name, users)
                or column.shape != "plain"
                or (table.name == users.table.name and name in own)
                or (table.name, name) == users.link
            ):
                continue
            telling = _tells(name, users, others)
            key = table.key == [name]
            fits = is_text(table, name) or column.kind == "uuid" or (column.kind in _NUMBERS and telling)
            if fits and not (key and not telling and column.kind in _NUMBERS):
                yield Pointing(table, name, telling)


def kind_beside(table: Table, name: str, users: Users) -> str:
    """The column that says, row by row, to what kind of thing this one points (`owner_type` beside `owner_id`); empty where there is none.

    Where the name means a user and nothing else (`user_id`), such a column says of what kind the user is.
    """
    *stem, last = words_of(name) or [""]
    if not stem or last not in ("id", "uuid", "key") or {"user", singular(words_of(users.table.name)[-1])} & set(stem):
        return ""
    wanted = [[*stem, kind] for kind in ("type", "kind", "model", "class", "table")]
    return next((other for other in table.columns if words_of(other) in wanted), "")


def _identities(tables: dict[str, Table], users: Table) -> set[str]:
    """Columns of the table of users by which its own rows are told apart, beside those that are known: a public number, say."""
    alone = {columns[0] for columns in users.unique.values() if len(columns) == 1}
    pointed_to = {key.others[0] for table in tables.values() for key in table.references if key.to == users.name}
    referring = {column for key in users.references for column in key.columns}
    return {name for name in alone | pointed_to if name not in referring and words_of(name)[-1:] != ["by"]}


def _tells(name: str, users: Users, others: set[str]) -> bool:
    """Whether a column's name says that it means a user."""
    words = [singular(word) for word in words_of(name)]
    if set(words) & others - {singular(words_of(users.table.name)[-1])} and "user" not in words:
        return False
    if words[-1:] == ["by"] and (len(words) == 1 or words[-2] in _BY):
        return True
    end = words[-2:] if words[-1:] in (["id"], ["uuid"], ["email"], ["sub"], ["key"]) else words[-1:]
    return bool(set(end) & (_MEANT | {singular(words_of(users.table.name)[-1])})) and words[-1] not in (
        "count",
        "agent",
        "name",
    )
