"""Grows tables that have rows already, to the size that they have in production: rows are multiplied in the database itself.

A new row is an old one with other values where something must be unique; the database is the judge of each way to make them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.database.errors import first_line
from harness.database.filling.catalogue import ForeignKey, Table
from harness.database.filling.order import in_order
from harness.database.filling.variation import OWN_VALUE, variations

_MODELS = 1000
"""How many rows of a table stand for the others."""
_TRIAL = 20
_BATCH = 100_000
_WAYS = 80
"""How many ways to make new rows are tried."""
_LATE = "the time was over"
_UNIQUE = """
SELECT array_agg(a.attname::text ORDER BY a.attnum = ANY (i.indkey::int2[]) DESC, a.attnum)
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum > 0 AND (
    a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
        AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
WHERE i.indrelid = %s::regclass AND (i.indisunique OR i.indisexclusion) GROUP BY i.indexrelid
"""
"""The columns that each unique index, also of an expression, and each exclusion is about."""


@dataclass(frozen=True)
class Grown:
    """How many rows a table has now, and why no more; empty where it has as many as were wanted."""

    rows: int
    why: str = ""


@dataclass
class _Way:
    """A way to make new rows: columns with other values, and references that lead to each row of another table in turn."""

    values: dict[str, sql.Composable | None] = field(default_factory=dict)
    drawn: list[ForeignKey] = field(default_factory=list)

    def varies(self, columns: list[str]) -> bool:
        """Whether the columns, together, are others in each row."""
        return any(c in self.values for c in columns) or any(set(r.columns) & set(columns) for r in self.drawn)


def grow(
    connection: psycopg.Connection[TupleRow], tables: Mapping[str, Table], wanted: Mapping[str, int], seconds: float
) -> dict[str, Grown]:
    """Grow the tables named in `wanted` to so many rows, in at most some `seconds`, of which each has its share.

    `connection`: in autocommit mode. Those that already have as many are left as they are. Statistics are made anew.
    """
    found, deadline = dict[str, Grown](), time.monotonic() + seconds
    order = [name for name in in_order(tables) if name in wanted]
    with suppress(psycopg.errors.InsufficientPrivilege):
        # What rows refer to is there, and what triggers would do was done for the rows that are copied.
        connection.execute("SET session_replication_role = replica")
    for number, name in enumerate(order):
        share = (deadline - time.monotonic()) / (len(order) - number)
        try:
            found[name] = _Growing(connection, tables, name).grow(wanted[name], time.monotonic() + share)
        except psycopg.Error as error:
            found[name] = Grown(_count(connection, tables[name]), first_line(error))
    with suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute("SET session_replication_role = origin")
    for name in order:
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(tables[name].identifier))
    return found


def _count(connection: psycopg.Connection[TupleRow], table: Table) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table.only)).fetchone()
    return int(row[0]) if row is not None else 0


class _Growing:
    """One table that grows."""

    def __init__(self, connection: psycopg.Connection[TupleRow], tables: Mapping[str, Table], name: str) -> None:
        self.connection, self.tables, self.table = connection, tables, tables[name]
        self.rows = _count(connection, self.table)
        self._begun = self._next = self.rows + 1
        self._parents: dict[str, tuple[str, int]] = {}

    def grow(self, wanted: int, deadline: float) -> Grown:
        """Insert rows until there are as many as `wanted`, until the deadline, or until no more fit."""
        if self.rows >= wanted:
            return Grown(self.rows)
        if not self.rows:
            return Grown(0, "it is empty")
        with self.connection.transaction():
            self.connection.execute(
                sql.SQL(
                    "CREATE TEMP TABLE clerk_harness_model ON COMMIT DROP AS SELECT row_number() OVER () - 1 AS clerk_harness_row, "
                    "each.* FROM (SELECT * FROM {} LIMIT {}) each"
                ).format(self.table.only, _MODELS)
            )
            self._models = min(self.rows, _MODELS)
            return self._grow(wanted, deadline)

    def _grow(self, wanted: int, deadline: float) -> Grown:
        way, why = self._find(wanted, deadline)
        size = 1000
        while way is not None and self.rows < wanted:
            left = deadline - time.monotonic()
            if left <= 0:
                return Grown(self.rows, _LATE)
            try:
                made = self._insert(way, min(size, wanted - self.rows), left)
            except psycopg.errors.QueryCanceled:
                return Grown(self.rows, _LATE)
            except psycopg.Error as error:
                return Grown(self.rows, first_line(error))
            if not made:
                return Grown(self.rows, "no more such rows fit")
            size = min(_BATCH, size * 4)
        return Grown(self.rows, "" if self.rows >= wanted else why)

    def _find(self, wanted: int, deadline: float) -> tuple[_Way | None, str]:
        """The first way by which the database takes rows; None and its last word where there is none."""
        why = "no more such rows fit"
        for number, way in enumerate(self._ways(wanted)):
            if time.monotonic() > deadline:
                return None, _LATE
            if number >= _WAYS:
                break
            try:
                if self._insert(way, min(_TRIAL, wanted - self.rows), max(0.1, deadline - time.monotonic())):
                    return way, ""
            except psycopg.Error as error:
                why = first_line(error)
        return None, why

    def _ways(self, wanted: int) -> Iterator[_Way]:
        name = self.table.identifier.as_string(self.connection)
        sets = [row[0] for row in self.connection.execute(_UNIQUE, [name])]
        yield from self._varied(_Way(), sorted(sets, key=len), wanted)

    def _varied(self, way: _Way, sets: list[list[str]], wanted: int) -> Iterator[_Way]:
        """Each way that makes one column, or one reference, of each set another one in each row."""
        left = [columns for columns in sets if not way.varies(columns)]
        if not left:
            yield way
            return
        columns, referring = left[0], {c for r in self.table.references for c in r.columns}
        for column in columns:
            if column not in referring and not self.table.columns[column].generated:
                for value in variations(self.table, column, self._highest(column)):
                    yield from self._varied(_Way(way.values | {column: value}, way.drawn), left[1:], wanted)
        every = [r for r in self.table.references if set(r.columns) & set(columns)]
        for drawn in [*([each] for each in every), every] if len(every) > 1 else [[each] for each in every]:
            if all(self._parents_of(reference, wanted) for reference in drawn):
                yield from self._varied(_Way(way.values, way.drawn + drawn), left[1:], wanted)

    def _highest(self, column: str) -> sql.Literal:
        """The highest number of a column, 0 where it holds none."""
        if self.table.columns[column].kind not in ("int2", "int4", "int8", "numeric", "float4", "float8"):
            return sql.Literal(0)
        if self.table.columns[column].shape != "plain":
            return sql.Literal(0)
        query = sql.SQL("SELECT coalesce(max({}), 0) FROM {}").format(sql.Identifier(column), self.table.only)
        row = self.connection.execute(query).fetchone()
        return sql.Literal(row[0] if row is not None else 0)

    def _parents_of(self, reference: ForeignKey, wanted: int) -> int:
        """Number the rows to which a reference may lead, those first that no row refers to; how many there are."""
        if reference.name not in self._parents:
            name = f"clerk_harness_parents_{len(self._parents)}"
            own = sql.SQL(", ").join(map(sql.Identifier, reference.columns))
            others = sql.SQL(", ").join(sql.SQL("o.{}").format(sql.Identifier(each)) for each in reference.others)
            there = sql.SQL(" AND ").join(
                sql.SQL("o.{} IS NOT NULL").format(sql.Identifier(each)) for each in reference.others
            )
            self.connection.execute(
                sql.SQL(
                    "CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT row_number() OVER () - 1 AS clerk_harness_row, each.* FROM ("
                    "SELECT {} FROM {} o WHERE {} ORDER BY ({}) IN (SELECT {} FROM {}) LIMIT {}) each"
                ).format(
                    sql.Identifier(name), others, self.tables[reference.to].only, there, others, own, self.table.only,
                    wanted,
                )
            )  # fmt: skip
            row = self.connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
            self._parents[reference.name] = name, int(row[0]) if row is not None else 0
        return self._parents[reference.name][1]

    def _insert(self, way: _Way, count: int, seconds: float) -> int:
        """Insert up to `count` rows that way; how many there are now that were not."""
        columns, values, joins = list[sql.Composable](), list[sql.Composable](), list[sql.Composable]()
        drawn, stride = dict[str, sql.Composable](), 1
        for reference in way.drawn:
            name, size = self._parents[reference.name]
            joins.append(
                sql.SQL(" JOIN {0} ON {0}.clerk_harness_row = (n.n - {1}) / {2} % {3}").format(
                    sql.Identifier(name), self._begun, stride, size
                )
            )
            stride *= size
            for own, other in zip(reference.columns, reference.others, strict=True):
                drawn[own] = sql.SQL("{}.{}").format(sql.Identifier(name), sql.Identifier(other))
        for name, column in self.table.columns.items():
            value = way.values.get(name, drawn.get(name, sql.SQL("m.{}").format(sql.Identifier(name))))
            if not column.generated and value is not OWN_VALUE:
                columns.append(sql.Identifier(name))
                values.append(value if value is not None else sql.NULL)
        statement = sql.SQL(
            "INSERT INTO {}{} SELECT {} FROM generate_series({}::bigint, {}::bigint) n JOIN clerk_harness_model m "
            "ON m.clerk_harness_row = n.n % {}{} ON CONFLICT DO NOTHING"
        ).format(
            self.table.identifier,
            sql.SQL(" ({}) OVERRIDING SYSTEM VALUE").format(sql.SQL(", ").join(columns)) if columns else sql.SQL(""),
            sql.SQL(", ").join(values), self._next, self._next + count - 1, self._models, sql.SQL("").join(joins),
        )  # fmt: skip
        with self.connection.transaction():
            self.connection.execute(
                sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(int(seconds * 1000) + 1))
            )
            made = self.connection.execute(statement).rowcount
        self._next += count
        self.rows += made
        return made
