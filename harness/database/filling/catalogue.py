"""The tables of all schemas, as Postgres' catalogue has them: what a row must have, and what it may not be.

Source: PostgreSQL documentation, System Catalogs (pg_class, pg_attribute, pg_type, pg_constraint, pg_index).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

OURS = "clerk_harness"
"""The schema of the harness itself."""
_OWN = f"""n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '{OURS}')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"""
_TABLES = f"""
SELECT c.oid, n.nspname, c.relname, n.nspname = coalesce(current_schema(), 'public'), c.relkind = 'p',
       CASE WHEN c.relkind = 'p' THEN (SELECT array_agg(pg_get_expr(p.relpartbound, p.oid)) FROM pg_partition_tree(c.oid) t
            JOIN pg_class p ON p.oid = t.relid WHERE p.relpartbound IS NOT NULL) END,
       (SELECT partattrs::int[] FROM pg_partitioned_table p WHERE p.partrelid = c.oid), c.relispartition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND {_OWN} AND (NOT c.relispartition OR CASE WHEN n.nspname = coalesce(current_schema(), 'public')
      THEN c.relname ELSE n.nspname || '.' || c.relname END = ANY (%s)) ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.attnotnull, a.atthasdef,
       a.attidentity <> '', a.attgenerated <> ''
FROM pg_attribute a WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
"""
_CONSTRAINTS = """
SELECT conrelid, conname, contype::text, conkey::int[], confrelid, confkey::int[], pg_get_constraintdef(oid)
FROM pg_constraint WHERE conrelid = ANY (%s) AND contype IN ('p', 'u', 'f', 'c', 'x') AND conparentid = 0 ORDER BY conrelid, conname
"""
_INDEXES = """
SELECT indrelid, i.relname, indkey::int[] FROM pg_index JOIN pg_class i ON i.oid = indexrelid
WHERE indisunique AND indrelid = ANY (%s)
"""
_TYPES = """
SELECT t.oid, t.typname, t.typtype::text, t.typbasetype, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
       CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END, r.rngsubtype,
       (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
       (SELECT string_agg(pg_get_constraintdef(c.oid), ' ') FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c')
FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid
"""


@dataclass(frozen=True)
class Column:
    """A column. `type`: as SQL writes it; `kind`: the name of its type, or of that which a domain, an array or a range is made
    of; `shape`: `plain`, `array`, `range` or `multirange`; `modified`: the type that holds length or precision; `labels`: of an
    enumeration; `checks`: those of its domain.
    """

    name: str
    type: str
    kind: str
    shape: str
    modified: str
    required: bool
    default: bool
    identity: bool
    generated: bool
    labels: tuple[str, ...] = ()
    domain: str = ""
    checks: str = ""


@dataclass(frozen=True)
class ForeignKey:
    """`columns` refer to `others` of the table `to`."""

    name: str
    columns: tuple[str, ...]
    to: str
    others: tuple[str, ...]


@dataclass
class Table:
    """A table, a `partition` only where it was asked for. `name`: with the schema in front where that is not the current one;
    `checks`: by the constraint's name, its columns and its definition; `unique`: by the index's or constraint's name, its columns.
    """

    name: str
    identifier: sql.Identifier
    partitioned: bool
    columns: dict[str, Column] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    checks: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    unique: dict[str, tuple[str, ...]] = field(default_factory=dict)
    references: list[ForeignKey] = field(default_factory=list)
    bounds: str = ""
    partitioned_by: tuple[str, ...] = ()
    partition: bool = False

    @property
    def only(self) -> sql.Composed:
        """The table in a FROM: without the tables that inherit from it, but with its partitions."""
        return sql.SQL("{}" if self.partitioned else "ONLY {}").format(self.identifier)


def read_tables(connection: psycopg.Connection[TupleRow], also: Iterable[str] = ()) -> dict[str, Table]:
    """All tables of the database's schemas, by name; those of extensions and of the harness are left out, and partitions that are
    not among `also`.
    """
    by_oid: dict[int, Table] = {}
    keyed: dict[int, list[int]] = {}
    for oid, schema, name, here, partitioned, bounds, attributes, partition in connection.execute(
        _TABLES, [list(also)]
    ):
        shown = name if here else f"{schema}.{name}"
        by_oid[oid] = Table(
            shown, sql.Identifier(schema, name), partitioned, bounds=" ".join(bounds or ()), partition=partition
        )
        keyed[oid] = attributes or []
    numbers: dict[tuple[int, int], str] = {}
    oids, types = [list(by_oid)], {row[0]: row for row in connection.execute(_TYPES)}
    for oid, number, name, kind, type_oid, required, default, identity, generated in connection.execute(_COLUMNS, oids):
        numbers[oid, number] = name
        facts = _facts(types, type_oid, kind)
        facts["required"] = required or facts["required"]
        by_oid[oid].columns[name] = Column(
            name=name, type=kind, default=default, identity=identity, generated=generated, **facts
        )
    for oid, attributes in keyed.items():
        by_oid[oid].partitioned_by = tuple(numbers[oid, number] for number in attributes if number)
    _read_constraints(connection, by_oid, numbers)
    return {table.name: table for table in by_oid.values()}


def _read_constraints(
    connection: psycopg.Connection[TupleRow], by_oid: dict[int, Table], numbers: dict[tuple[int, int], str]
) -> None:
    for oid, name, kind, own, other, others, text in connection.execute(_CONSTRAINTS, [list(by_oid)]):
        table = by_oid[oid]
        columns = tuple(numbers[oid, number] for number in own or () if number)
        if kind == "p":
            table.key = list(columns)
        if kind == "c":
            table.checks[name] = (columns, text)
        elif kind == "f" and other in by_oid:
            to = tuple(numbers[other, number] for number in others)
            table.references.append(ForeignKey(name, columns, by_oid[other].name, to))
        elif kind in ("u", "p", "x"):
            table.unique[name] = columns
    for oid, name, own in connection.execute(_INDEXES, [list(by_oid)]):
        by_oid[oid].unique.setdefault(name, tuple(numbers[oid, number] for number in own if (oid, number) in numbers))


def _facts(types: dict[int, Any], oid: int, shown: str) -> dict[str, Any]:
    """What a type is made of: a domain of arrays of enumerations is followed to the labels."""
    shape, checks, domain, labels, required = "plain", "", "", (), False
    while True:
        _, name, kind, base, base_shown, not_null, element, sub, own, check = types[oid]
        checks, labels, required = f"{checks} {check or ''}", tuple(own or ()), required or not_null
        if kind == "d":
            domain, oid, shown = domain or name, base, base_shown
        elif kind in ("r", "m") and sub is not None:
            shape, oid = ("range" if kind == "r" else "multirange"), sub
        elif element:
            shape, oid, shown = "array", element, shown.removesuffix("[]")
        else:
            return {
                "kind": name, "shape": shape, "modified": shown, "labels": labels, "domain": domain,
                "checks": checks.strip(), "required": required,
            }  # fmt: skip
