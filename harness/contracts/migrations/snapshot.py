"""What a database is at one moment: the content of every column of every table, and whether its tables were rewritten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.database.filling import Table, read_tables

_FILES = """
SELECT array_agg(pg_relation_filenode(t.relid)) FROM pg_class c
CROSS JOIN LATERAL (SELECT relid::oid FROM pg_partition_tree(c.oid) UNION SELECT c.oid) t
WHERE c.oid = %s::regclass
"""


@dataclass
class Snapshot:
    """The content of a database. `keys`: by table, the primary keys as texts; `content`: by table and column, the values as
    texts, in the order of the keys. A table was written anew where its `files` (the numbers of its files on disk) or the
    `versions` of its rows (the transaction that wrote them last, by key) have changed.
    """

    tables: dict[str, Table]
    keys: dict[str, list[str]] = field(default_factory=dict)
    content: dict[tuple[str, str], list[str | None]] = field(default_factory=dict)
    files: dict[str, set[int]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)


def snapshot(
    connection: psycopg.Connection[TupleRow], books: Collection[str], before: Snapshot | None = None
) -> Snapshot:
    """The database as it is now. `books`: the migrator's own tables, which are left out.

    `before`: what it is compared with, by whose keys rows are told apart: all its columns, where a table has no key.
    """
    tables = {name: table for name, table in read_tables(connection).items() if name not in books}
    found = Snapshot(tables)
    for name, table in tables.items():
        old = before.tables.get(name, table) if before is not None else table
        key = [c for c in old.key if c in table.columns] or [c for c in old.columns if c in table.columns]
        keyed = sql.SQL("ROW({})::text").format(sql.SQL(", ").join(map(sql.Identifier, key)))
        columns = list(table.columns)
        texts = [sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns]
        statement = sql.SQL("SELECT {} FROM {} ORDER BY 1").format(
            sql.SQL(", ").join([keyed, sql.SQL("xmin::text"), *texts]), table.only
        )
        rows = connection.execute(statement).fetchall()
        found.keys[name] = [row[0] for row in rows]
        found.versions[name] = {row[0]: row[1] for row in rows}
        for number, column in enumerate(columns):
            found.content[name, column] = [row[number + 2] for row in rows]
        files = connection.execute(_FILES, [table.identifier.as_string(connection)]).fetchone()
        found.files[name] = {number for number in (files[0] if files else None) or () if number}
    return found
