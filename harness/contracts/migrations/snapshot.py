"""What a database is at one moment: its schema, the content of every column, and whether its tables were rewritten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.database.row_factory import Column, TableSchema, insert, referring, tables_of, value_for

_SCHEMA = """
SELECT 'column', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
UNION ALL SELECT 'constraint', c.relname || '.' || conname, pg_get_constraintdef(con.oid)
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND contype <> 'n'
UNION ALL SELECT 'sequence', sequence_name, data_type FROM information_schema.sequences WHERE sequence_schema = current_schema()
UNION ALL SELECT 'type', t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
"""


def schema_of(connection: psycopg.Connection[TupleRow], books: Collection[str]) -> set[str]:
    """The schema, one line for each column, index, constraint, sequence and type. `books`: the migrator's own tables."""
    return {
        f"{kind} {name}: {what}"
        for kind, name, what in connection.execute(_SCHEMA)
        if not any(book in name for book in books)
    }


@dataclass
class Snapshot:
    """The content of a database. `keys`: by table, the primary keys as texts; `content`: by table and column, the values as
    texts, in the order of the keys. A table was written anew where its `files` (the number of its file on disk) or the
    `versions` of its rows (the transaction that wrote them last, by key) have changed.
    """

    tables: dict[str, TableSchema]
    keys: dict[str, list[str]] = field(default_factory=dict)
    content: dict[tuple[str, str], list[str | None]] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)


def snapshot(connection: psycopg.Connection[TupleRow], books: Collection[str]) -> Snapshot:
    """The database as it is now. `books`: the migrator's own tables, which are left out."""
    tables = {name: table for name, table in tables_of(connection).items() if name not in books}
    found = Snapshot(tables)
    for name, table in tables.items():
        key = table.key or list(table.columns)
        keyed = sql.SQL("ROW({})::text").format(sql.SQL(", ").join(map(sql.Identifier, key)))
        columns = list(table.columns)
        texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
        statement = sql.SQL("SELECT {}, xmin::text, {} FROM {} ORDER BY 1").format(keyed, texts, sql.Identifier(name))
        rows = connection.execute(statement).fetchall()
        found.keys[name] = [row[0] for row in rows]
        found.versions[name] = {row[0]: row[1] for row in rows}
        for number, column in enumerate(columns):
            found.content[name, column] = [row[number + 2] for row in rows]
    for name, node in connection.execute(
        "SELECT c.relname, c.relfilenode FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relkind = 'r'"
    ):
        found.files[name] = node
    return found


def populate(connection: psycopg.Connection[TupleRow], users: str, rows: int, books: Collection[str]) -> list[str]:
    """Insert `rows` users, and rows of other tables that refer to some of them, but for `books`, the migrator's own.

    Returns the tables that could not be filled.
    """
    tables = tables_of(connection)
    unfilled: list[str] = []
    with connection.transaction():
        _copy_rows(connection, tables[users], rows)
    some = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 60").format(sql.Identifier(users)), prepare=False)
    assert some.description is not None
    names = [entry.name for entry in some.description]
    people = [dict(zip(names, row, strict=True)) for row in some]
    for name in tables:
        links = (
            [r for r in referring(tables, users, tables[users].key[0]) if r.table == name] if tables[users].key else []
        )
        if name in (users, *books):
            continue
        try:
            with connection.transaction():
                for person in people if links else people[:3]:
                    insert(connection, tables, name, {link.column: person[link.to_column] for link in links[:1]})
        except psycopg.Error:
            unfilled.append(name)
    return unfilled


def _copy_rows(connection: psycopg.Connection[TupleRow], table: TableSchema, rows: int) -> None:
    """Insert rows by COPY. Texts are in mixed case, with tags and emoji; what need not be there is NULL in every fifth row."""
    columns = [column for column in table.columns.values() if not (column.default and column.name in table.key)]
    known = {reference.column for reference in table.references}
    columns = [column for column in columns if column.name not in known]
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)) as copy,
    ):
        for number in range(rows):
            copy.write_row([_value(column, number) for column in columns])


def _value(column: Column, number: int) -> object:
    if not column.required and number % 5 == 4:
        return None
    if column.type in ("text", "character varying") and column.label is None:
        form = ("user{}@example.com", "User{}@Example.com", "user{}+tag@example.com", "  Ünï{} 👩🏽‍🚀 ", "name {}")
        text = form[number % (3 if "mail" in column.name else 5)].format(number)
        return text if column.length is None or len(text) <= column.length else str(number)[-column.length :]
    if column.type == "boolean":
        return number % 2 == 0
    return value_for(column, number + 1)
