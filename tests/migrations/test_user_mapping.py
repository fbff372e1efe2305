"""Which columns have become worse by migrations: those that are new, and those that agreed before."""

from __future__ import annotations

import pytest
from psycopg import sql

from harness.contracts.migrations.checks.user_mapping import worse
from harness.database.filling import Table
from harness.database.mapping import ColumnFigures, Mapping, UserFigures, Users
from harness.database.mapping.model import Kind, Pointing

TABLE = Table("notes", sql.Identifier("public", "notes"), partitioned=False)
USERS = Users(Table("users", sql.Identifier("public", "users"), partitioned=False), {"id": "id"})


def holding(found: dict[Kind, int], orphans: dict[Kind, int] | None = None) -> Mapping:
    column = ColumnFigures(Pointing(TABLE, "user_id", telling=True), "text", 10, found=found, orphans=orphans or {})
    return Mapping(USERS, UserFigures(), [column])


NONE, AGREES, OTHER = Mapping(USERS, UserFigures()), holding({"id": 10}), holding({"clerk": 10})
MIXED, NOBODY = holding({"id": 5, "clerk": 5}), holding({"id": 9}, {"id": 1})


@pytest.mark.parametrize(
    ("before", "after", "known", "told"),
    [
        (AGREES, AGREES, True, ""),
        (AGREES, OTHER, True, ""),
        (AGREES, MIXED, True, "notes.user_id is mixed: 5 id, 5 Clerk's id after the migrations"),
        (AGREES, NOBODY, True, "notes.user_id points in 1 of its rows to nobody after the migrations"),
        (MIXED, MIXED, True, ""),
        (NOBODY, MIXED, True, ""),
        (NONE, MIXED, True, ""),
        (NONE, MIXED, False, "notes.user_id is mixed"),
        (NONE, OTHER, False, ""),
    ],
)
def test_what_has_become_worse(before: Mapping, after: Mapping, known: bool, told: str) -> None:
    columns = ["notes.user_id"] if known else []
    found = worse(before, after, columns, [])
    assert (len(found), "".join(found)[: len(told)]) == (1 if told else 0, told)
    assert worse(before, after, columns, ["mapping:notes.user_id"]) == []
