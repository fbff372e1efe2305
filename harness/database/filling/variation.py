"""Expressions of SQL that make another value of a column for each row: of its value in the model row `m`, and the number `n.n`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from psycopg import sql

from harness.database.filling.catalogue import Column, Table

OWN_VALUE = None
"""In place of an expression: the column is left out, and the database gives the value."""
_N = sql.SQL("n.n::text")
_TEXTS = ("text", "varchar", "bpchar", "name", "citext")
_OTHERS = {
    "uuid": "md5({0}::text || n.n)::uuid",
    "bytea": "{0} || int8send(n.n)",
    "inet": "{0} + n.n",
    "date": "{0} + (n.n % 1000000)::int",
    "timestamp": "{0} + n.n * interval '1 second'",
    "timestamptz": "{0} + n.n * interval '1 second'",
    "time": "{0} + n.n * interval '1 millisecond'",
    "json": "json_build_object('row', n.n)",
    "jsonb": "jsonb_build_object('row', n.n)",
    "int2": "{1} + n.n",
    "int4": "{1} + n.n",
    "int8": "{1} + n.n",
    "numeric": "{1} + n.n",
    "float4": "{1} + n.n",
    "float8": "{1} + n.n",
}
_RANGES = {
    "int4": "int4range(1000000000 + 2 * n.n::int, 1000000001 + 2 * n.n::int)",
    "int8": "int8range(1000000000000 + 2 * n.n, 1000000000001 + 2 * n.n)",
    "numeric": "numrange(1000000000 + 2 * n.n, 1000000001 + 2 * n.n)",
    "date": "daterange(date '2200-01-01' + 2 * (n.n % 500000)::int, date '2200-01-02' + 2 * (n.n % 500000)::int)",
    "timestamp": "tsrange(timestamp '2200-01-01' + n.n * interval '2 s', timestamp '2200-01-01 00:00:01' + n.n * interval '2 s')",
    "timestamptz": "tstzrange(timestamptz '2200-01-01Z' + n.n * interval '2 s', timestamptz '2200-01-01 00:00:01Z' + n.n * interval '2 s')",
}  # fmt: skip


def variations(table: Table, name: str, highest: sql.Literal) -> Iterator[sql.Composable | None]:
    """The expressions for a column, the plainest first. `highest`: the highest number that it holds."""
    column = table.columns[name]
    if column.default or column.identity:
        yield OWN_VALUE
    if column.shape == "range":
        if column.kind in _RANGES:
            yield sql.SQL(_RANGES[column.kind])
        return
    if column.shape == "array":
        yield sql.SQL("ARRAY[n.n]::{}").format(sql.SQL(column.type))
        return
    if column.shape != "plain" or column.labels:
        return
    value = sql.SQL("m.{}").format(sql.Identifier(name))
    if column.kind in _TEXTS:
        for text in _texts(column, value):
            yield sql.SQL("CASE WHEN {} IS NOT NULL THEN {} END").format(value, text)
    elif column.kind in _OTHERS:
        other = sql.SQL(_OTHERS[column.kind]).format(value, highest)
        yield sql.SQL("CASE WHEN {} IS NOT NULL THEN {} END").format(value, other)


def _texts(column: Column, value: sql.Composable) -> Iterator[sql.Composable]:
    length = re.search(r"\((\d+)\)", column.modified)
    most = sql.Literal(int(length[1]) if length else 1) if length or column.kind == "bpchar" else None

    def fitting(before: str, after: str) -> sql.Composable:
        """Two parts, of which the model's is cut where both are too long."""
        own = sql.SQL(before or after).format(_N)
        if before:
            kept = sql.SQL("right({}, greatest(0, {} - length({})))").format(value, most, own) if most else value
            return sql.SQL("{} || {}").format(own, kept)
        kept = sql.SQL("left({}, greatest(0, {} - length({})))").format(value, most, own) if most else value
        return sql.SQL("{} || {}").format(kept, own)

    mail, plain = fitting("{} || '.'", ""), [fitting("", "'-' || {}"), fitting("", "{}"), fitting("{}", "")]
    yield from [mail, *plain] if "mail" in column.name else [*plain, mail]
    yield _N
    letters = sql.SQL("translate({}, '0123456789', 'abcdefghij')").format(_N)
    for text in (_N, letters):
        if most is not None:
            padded = sql.SQL("lpad({}, {}, {})").format(text, most, sql.Literal("0" if text is _N else "a"))
            yield padded
            yield sql.SQL("upper({})").format(padded)
    yield letters
    yield sql.SQL("upper({})").format(letters)
    for template in ("{} || '@example.com'", "'https://example.com/' || {}", "'+1555' || lpad({}, 7, '0')"):
        yield sql.SQL(template).format(_N)
    yield sql.SQL("md5({})").format(_N)
    yield sql.SQL("md5({})::uuid::text").format(_N)
