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
_SEQUENCES = """
SELECT a.attname, coalesce(pg_get_serial_sequence(%(table)s, a.attname),
       substring(pg_get_expr(d.adbin, d.adrelid) FROM 'nextval\\(''(.+)''::regclass\\)'))
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %(table)s::regclass AND a.attname = ANY (%(key)s) AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
"""
_NEXT = """
SELECT CASE WHEN s.is_called THEN s.last_value + i.seqincrement ELSE s.last_value END, i.seqincrement > 0
FROM {} s JOIN pg_sequence i ON i.seqrelid = %s::regclass
"""


@dataclass
class Snapshot:
    """The content of a database. `keys`: by table, the primary keys as texts; `content`: by table and column, the values as
    texts, in the order of the keys. A table was written anew where its `files` (the numbers of its files on disk) or the
    `versions` of its rows (the transaction that wrote them last, by key) have changed. `behind`: by table and column of its key,
    the next number of its sequence where a row has that number or a higher one.
    """

    tables: dict[str, Table]
    keys: dict[str, list[str]] = field(default_factory=dict)
    content: dict[tuple[str, str], list[str | None]] = field(default_factory=dict)
    files: dict[str, set[int]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    behind: dict[tuple[str, str], int] = field(default_factory=dict)


def snapshot(
    connection: psycopg.Connection[TupleRow], books: Collection[str], before: Snapshot | None = None
) -> Snapshot:
    """The database as it is now. `books`: the migrator's own tables, which are left out.

    `before`: what it is compared with, by whose keys rows are told apart: all its columns, where a table has no key. What was a
    table there and is a partition now is looked at by itself.
    """
    known = before.tables if before is not None else ()
    tables = {name: table for name, table in read_tables(connection, known).items() if name not in books}
    attached = [table.identifier.as_string(connection) for table in tables.values() if table.partition]
    found = Snapshot(tables)
    for name, table in tables.items():
        old = before.tables.get(name, table) if before is not None else table
        key = [c for c in old.key if c in table.columns] or [c for c in old.columns if c in table.columns]
        keyed = sql.SQL("ROW({})::text").format(sql.SQL(", ").join(map(sql.Identifier, key)))
        columns = list(table.columns)
        texts = [sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns]
        place = table.only + (_without(attached) if table.partitioned and not table.partition else sql.SQL(""))
        statement = sql.SQL("SELECT {} FROM {} ORDER BY 1").format(
            sql.SQL(", ").join([keyed, sql.SQL("xmin::text"), *texts]), place
        )
        rows = connection.execute(statement).fetchall()
        found.keys[name] = [row[0] for row in rows]
        found.versions[name] = {row[0]: row[1] for row in rows}
        for number, column in enumerate(columns):
            found.content[name, column] = [row[number + 2] for row in rows]
        for column, number in _behind(connection, table, place).items():
            found.behind[name, column] = number
        files = connection.execute(_FILES, [table.identifier.as_string(connection)]).fetchone()
        found.files[name] = {number for number in (files[0] if files else None) or () if number}
    return found


def _without(attached: list[str]) -> sql.Composed:
    """Leaves the rows of partitions out."""
    oids = [sql.SQL("SELECT relid FROM pg_partition_tree({})").format(sql.Literal(name)) for name in attached]
    return (
        sql.SQL(" WHERE tableoid NOT IN ({})").format(sql.SQL(" UNION ALL ").join(oids)) if oids else sql.Composed([])
    )


def _behind(connection: psycopg.Connection[TupleRow], table: Table, place: sql.Composed) -> dict[str, int]:
    """By column of the key, the next number of its sequence, where rows have it or a higher one. `place`: what stands in a FROM."""
    found = {}
    name = table.identifier.as_string(connection)
    for column, sequence in connection.execute(_SEQUENCES, {"table": name, "key": table.key}).fetchall():
        if sequence is None:
            continue
        following = connection.execute(_NEXT.format(sequence).encode(), [sequence]).fetchone()
        highest = connection.execute(sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), place)).fetchone()
        if following is not None and highest is not None and following[1] and following[0] <= (highest[0] or 0):
            found[column] = int(following[0])
    return found
