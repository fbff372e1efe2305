"""Makes rows for any table: reads from the catalogue what a row must have, and fills it in."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.database.filling import insert_one, read_tables

_NUMBERS = itertools.count(1)
_OWN = """n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'clerk_harness')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"""
_NAME = "CASE WHEN {n}.nspname = coalesce(current_schema(), 'public') THEN {c}.relname::text ELSE {n}.nspname || '.' || {c}.relname END"
_COLUMNS = f"""
SELECT {_NAME.format(n="n", c="c")}, n.nspname, c.relname,
       a.attname, format_type(a.atttypid, NULL), a.attnotnull, a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '',
       CASE WHEN a.atttypmod > 4 AND t.typname IN ('varchar', 'bpchar') THEN a.atttypmod - 4 END, t.typtype,
       (SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY enumsortorder LIMIT 1)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
WHERE {_OWN} AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY n.nspname, c.relname, a.attnum
"""
_KEYS = f"""
SELECT {_NAME.format(n="n", c="c")}, con.contype,
       (SELECT array_agg(attname::text ORDER BY array_position(con.conkey, attnum)) FROM pg_attribute
       WHERE attrelid = con.conrelid AND attnum = ANY (con.conkey)), {_NAME.format(n="m", c="f")},
       (SELECT array_agg(attname::text ORDER BY array_position(con.confkey, attnum)) FROM pg_attribute
       WHERE attrelid = con.confrelid AND attnum = ANY (con.confkey))
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class f ON f.oid = con.confrelid LEFT JOIN pg_namespace m ON m.oid = f.relnamespace
WHERE {_OWN} AND NOT c.relispartition AND con.conparentid = 0 AND con.contype IN ('p', 'u', 'f')
"""


@dataclass(frozen=True)
class Column:
    """A column. `type`: as Postgres writes it; `required`: NOT NULL; `default`: the database gives a value by itself;
    `length`: the most characters of a varchar; `label`: the first label of an enumeration.
    """

    name: str
    type: str
    required: bool
    default: bool
    length: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class Reference:
    """A foreign key of one column: `table.column` refers to `to_table.to_column`."""

    table: str
    column: str
    to_table: str
    to_column: str


@dataclass
class TableSchema:
    """A table. `name`: with the schema in front where that is not the current one; `key`: the columns of the primary key; `unique`:
    those of each unique constraint.
    """

    name: str
    identifier: sql.Identifier
    columns: dict[str, Column] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    unique: list[list[str]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


def tables_of(connection: psycopg.Connection[TupleRow]) -> dict[str, TableSchema]:
    """All tables but those of extensions, by name."""
    tables: dict[str, TableSchema] = {}
    for table, schema, own, name, kind, required, default, length, _, label in connection.execute(_COLUMNS):
        column = Column(name, kind, required, default, length, label)
        tables.setdefault(table, TableSchema(table, sql.Identifier(schema, own))).columns[name] = column
    for table, kind, columns, other, others in connection.execute(_KEYS):
        if kind in ("p", b"p"):
            tables[table].key = columns
        elif kind in ("u", b"u"):
            tables[table].unique.append(columns)
        elif len(columns) == 1:
            tables[table].references.append(Reference(table, columns[0], other, others[0]))
    return tables


def value_for(column: Column, number: int) -> object:
    """A value that the column takes; a different one for each `number`, where the type allows."""
    kind = column.type
    if column.label is not None:
        return column.label
    if kind.endswith("[]"):
        return []
    if kind in ("smallint", "integer", "bigint", "numeric", "real", "double precision"):
        return number
    if kind == "boolean":
        return False
    if kind == "uuid":
        return str(uuid.UUID(int=number + (4 << 76)))
    if kind in ("json", "jsonb"):
        return "{}"
    if kind == "bytea":
        return b"row %d" % number
    if kind.startswith("timestamp"):
        return "2026-01-01 00:00:00"
    if kind in ("date", "time without time zone", "time with time zone", "interval"):
        return {"date": "2026-01-01", "interval": "1 hour"}.get(kind, "12:00")
    if kind == "inet":
        return "127.0.0.1"
    text = f"row {number}"
    return text[-column.length :] if column.length is not None else text


def insert(
    connection: psycopg.Connection[TupleRow], tables: dict[str, TableSchema], name: str, given: Mapping[str, object]
) -> dict[str, Any]:
    """Insert a row with the values `given` and all that the table requires besides, rows of other tables included.

    A required reference to a table to which `given` refers already points at the same row. Returns the whole row. Where a constraint
    does not take it, other values are tried. Raises psycopg.Error where none are taken.
    """
    try:
        with connection.transaction():
            return _insert(connection, tables, name, given)
    except psycopg.Error as error:
        row = by_trial(connection, name, given)
        if row is None:
            raise
        del error
        return row


def by_trial(connection: psycopg.Connection[TupleRow], name: str, given: Mapping[str, object]) -> dict[str, Any] | None:
    """Insert a row with these values, and with others that the table's constraints take; the row, or None where none are found."""
    every = read_tables(connection)
    if name not in every or not insert_one(connection, every, name, given):
        return None
    where = sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier(c), sql.Literal(v)) for c, v in given.items()
    )
    cursor = connection.execute(
        sql.SQL("SELECT * FROM {} WHERE {}").format(every[name].only, where if given else sql.SQL("true"))
    )
    row = cursor.fetchone()
    assert cursor.description is not None
    return dict(zip([entry.name for entry in cursor.description], row, strict=True)) if row is not None else None


def _insert(
    connection: psycopg.Connection[TupleRow], tables: dict[str, TableSchema], name: str, given: Mapping[str, object]
) -> dict[str, Any]:
    table = tables[name]
    number = next(_NUMBERS)
    values = dict(given)
    known = {r.to_table: given[r.column] for r in table.references if r.column in given}
    for reference in table.references:
        column = table.columns[reference.column]
        if reference.column in values or not column.required:
            continue
        if reference.to_table in known:
            values[reference.column] = known[reference.to_table]
        elif reference.to_table != name:
            inner = {r.column: known[r.to_table] for r in tables[reference.to_table].references if r.to_table in known}
            parent = insert(connection, tables, reference.to_table, inner)
            values[reference.column] = parent[reference.to_column]
    for column in table.columns.values():
        if column.required and not column.default and column.name not in values:
            values[column.name] = value_for(column, number)
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
        table.identifier,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    if not values:
        statement = sql.SQL("INSERT INTO {} DEFAULT VALUES RETURNING *").format(table.identifier)
    cursor = connection.execute(statement, list(values.values()))
    row = cursor.fetchone()
    assert row is not None and cursor.description is not None
    return dict(zip([entry.name for entry in cursor.description], row, strict=True))


def referring(tables: dict[str, TableSchema], name: str, column: str) -> list[Reference]:
    """The foreign keys that refer to a table's column."""
    return [r for table in tables.values() for r in table.references if (r.to_table, r.to_column) == (name, column)]


def dump(
    connection: psycopg.Connection[TupleRow], tables: dict[str, TableSchema], left_out: set[tuple[str, str]]
) -> dict[str, list[str]]:
    """All rows of all tables as sorted texts, without the columns in `left_out` (table, column)."""
    found = {}
    for table in tables.values():
        kept = [column for column in table.columns if (table.name, column) not in left_out]
        if not kept:
            continue
        statement = sql.SQL("SELECT ROW({})::text FROM {} ORDER BY 1").format(
            sql.SQL(", ").join(map(sql.Identifier, kept)), table.identifier
        )
        found[table.name] = [text for (text,) in connection.execute(statement)]
    return found
