"""The statements that count: each gives numbers only, so that no value of a row leaves the server."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.database.filling import Table
from harness.database.mapping.find_users import is_text
from harness.database.mapping.model import KINDS, ColumnFigures, Kind, Pointing, UserFigures, Users

Connection = psycopg.Connection[TupleRow]
_CLERK = "^user_[A-Za-z0-9]{20,64}$"
"""Clerk's ids of users: a prefix and a KSUID of 27 characters (https://clerk.com/docs/references/backend/types/backend-user)."""
_ANY_CLERK = "^user_[A-Za-z0-9]+$"
_EMAIL = r"^[^@\s]+@[^@\s]+$"
_NUMBER = "^[0-9]{1,18}$"
_UUID = "^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$"
_LONGEST, _LONG = 320, 16
"""Characters that an identifier has at most (RFC 5321: 64 + 1 + 255), and with which nobody's text is one by accident."""
_NUMBERS = {"int2", "int4", "int8"}


def share_for(connection: Connection, table: Table, most: int) -> float:
    """How much of a table may be read, 1.0 for all, so that it is `most` bytes."""
    row = connection.execute(
        "SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(%s::text::regclass) WHERE isleaf",
        [table.identifier.as_string(connection)],
    ).fetchone()
    if row is None or row[0] is None:  # Neither a partition nor partitioned.
        row = connection.execute(
            "SELECT pg_relation_size(%s::text::regclass)", [table.identifier.as_string(connection)]
        ).fetchone()
    size = int(row[0] or 0) if row is not None else 0
    return 1.0 if size <= most else most / size


def _sampled(table: Table, share: float) -> sql.Composable:
    """A part of the table in a FROM, by whole pages, the same each time."""
    if share >= 1:
        return table.only
    return table.only + sql.SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (7)").format(sql.Literal(share * 100))


def holds_clerk_ids(connection: Connection, table: Table, column: str) -> bool:
    """Whether a column has ids of Clerk's users among its first values."""
    statement = sql.SQL(
        "SELECT EXISTS (SELECT FROM (SELECT {c}::text AS v FROM {t} WHERE {c} IS NOT NULL LIMIT 1000) s WHERE v ~ {form})"
    ).format(c=sql.Identifier(column), t=table.only, form=sql.Literal(_CLERK))
    return connection.execute(statement).fetchone() == (True,)


def user_figures(connection: Connection, users: Users) -> UserFigures:
    """Counts of the table of users; where they take too long, or may not be read, why nothing is known."""
    figures = UserFigures()
    try:
        with connection.transaction():
            _count_users(connection, users, figures)
    except psycopg.errors.OperationalError:
        if connection.broken:
            raise
        figures.unknown = "it took longer than --timeout, or somebody has locked it"
    except psycopg.Error as error:
        figures.unknown = f"this user of the database may not read it ({type(error).__name__})"
    return figures


def _count_users(connection: Connection, users: Users, figures: UserFigures) -> None:
    clerk, email = users.columns.get("clerk"), users.columns.get("email")
    names = {"t": users.rows, "any": sql.Literal(_ANY_CLERK)}
    names |= {
        "clerk": sql.Identifier(clerk) if clerk else sql.NULL,
        "email": sql.Identifier(email) if email else sql.NULL,
    }

    def numbers(statement: str) -> tuple[Any, ...]:
        return connection.execute(sql.SQL(statement).format(**names)).fetchone() or ()

    figures.rows, without_clerk, without_email, unlike = numbers(
        "SELECT count(*), count(*) FILTER (WHERE coalesce(btrim({clerk}::text), '') = ''),"
        " count(*) FILTER (WHERE coalesce(btrim({email}::text), '') = ''),"
        " count(*) FILTER (WHERE btrim({clerk}::text) <> '' AND {clerk}::text !~ {any}) FROM {t} u"
    )
    doubled = "SELECT count(*) FROM (SELECT FROM {{t}} u WHERE btrim({0}::text) <> '' GROUP BY lower(btrim({0}::text)) HAVING {1}) s"
    if clerk is not None:
        figures.without_clerk, figures.unlike_clerk = without_clerk, unlike
        (figures.same_clerk,) = numbers(doubled.format("{clerk}", "count(*) > 1"))
    if email is not None:
        figures.without_email = without_email
        (figures.same_email,) = numbers(doubled.format("{email}", "count(*) > 1"))
    if clerk is not None and email is not None:
        there = "coalesce(btrim({clerk}::text), '') <> ''"
        (figures.both_sides,) = numbers(doubled.format("{email}", f"bool_or({there}) AND NOT bool_and({there})"))


def _is_id(users: Users, kind: Kind) -> sql.Composable:
    """Where a row of users `u` is that of the text `s.v`; written so that an index of the column serves."""
    name = users.columns[kind]
    column, own = sql.SQL("u.") + sql.Identifier(name), users.table.columns[name]
    if kind == "email":
        return sql.SQL("s.v LIKE '%@%' AND lower({}::text) = lower(s.v)").format(column)
    for form, type_name, kinds in ((_NUMBER, "bigint", _NUMBERS), (_UUID, "uuid", {"uuid"})):
        if own.kind in kinds and own.shape == "plain":
            return sql.SQL("{} = CASE WHEN s.v ~ {} THEN s.v::{} END").format(
                column, sql.Literal(form), sql.SQL(type_name)
            )
    return sql.SQL("{}::text = s.v").format(column)


def _id_form(users: Users) -> str | None:
    """How a key of users looks; None where it may be any text."""
    name = users.columns.get("id")
    if name is None or users.kind_of(name) != "id":
        return None
    kind = users.table.columns[name].kind
    return _NUMBER if kind in _NUMBERS or kind == "numeric" else _UUID if kind == "uuid" else None


def kinds_of(users: Users, each: Pointing) -> list[Kind]:
    """The identifiers that a column may hold: any of them where it is text, else the key, or what its foreign key refers to."""
    there: list[Kind] = [kind for kind in KINDS if kind in users.columns and users.kind_of(users.columns[kind]) == kind]
    if is_text(each.table, each.column) and not each.pairs:
        return there
    return [each.kind] if each.kind is not None else [kind for kind in there if kind == "id"]


def column_figures(connection: Connection, users: Users, each: Pointing, share: float) -> ColumnFigures:
    """What a column holds, counted over a share of its table: by value, each value is looked up once in the whole table of users."""
    kinds = kinds_of(users, each)
    column = sql.Identifier(each.column)
    beside = [sql.Identifier(name) for name, _ in each.pairs]
    parts = [
        sql.SQL(
            "seen AS MATERIALIZED (SELECT row_number() OVER () AS k, s.* FROM"
            " (SELECT {c}::text AS v, {beside}count(*) AS n FROM {t} GROUP BY {by}) s)"
        ).format(
            c=column,
            beside=sql.SQL("").join(sql.SQL("{}, ").format(name) for name in beside),
            t=_sampled(each.table, share),
            by=sql.SQL(", ").join([column, *beside]),
        )
    ]
    for kind in kinds:
        same = [_is_id(users, kind)]
        same += [
            sql.SQL("u.{} = s.{}").format(sql.Identifier(other), sql.Identifier(name)) for name, other in each.pairs
        ]
        parts.append(
            sql.SQL("{} AS (SELECT DISTINCT s.k FROM seen s JOIN {} u ON {})").format(
                sql.Identifier(f"by {kind}"), users.rows, sql.SQL(" AND ").join(same)
            )
        )
    missing = [sql.SQL("s.{} IS NULL").format(name) for name in beside]
    empty = sql.SQL(" OR ").join([sql.SQL("coalesce(btrim(s.v), '') = ''"), *missing])
    hits = [sql.SQL("{}.k IS NOT NULL").format(sql.Identifier(f"by {kind}")) for kind in kinds]
    joins = [sql.SQL(" LEFT JOIN {0} ON {0}.k = s.k").format(sql.Identifier(f"by {kind}")) for kind in kinds]
    statement = sql.SQL(
        "WITH {parts}, told AS (SELECT s.n, s.v, CASE WHEN {empty} THEN 'empty' {found} {formed} ELSE 'other' END AS what"
        " FROM seen s{joins}) SELECT what, sum(n)::bigint, bool_and(length(v) >= {long}) FROM told GROUP BY what"
    ).format(
        parts=sql.SQL(", ").join(parts),
        empty=empty,
        found=sql.SQL(" ").join(
            sql.SQL("WHEN {} THEN {}").format(hit, sql.Literal(kind)) for hit, kind in zip(hits, kinds, strict=True)
        ),
        formed=_formed(users, each, kinds),
        joins=sql.SQL("").join(joins),
        long=sql.Literal(_LONG),
    )
    return _counted(connection, statement, ColumnFigures(each, each.table.columns[each.column].type, share=share))


def _formed(users: Users, each: Pointing, kinds: list[Kind]) -> sql.Composable:
    """What is nobody's, by its form."""
    if not is_text(each.table, each.column) or each.pairs:
        return sql.SQL("WHEN true THEN {}").format(sql.Literal(f"orphan {kinds[0]}" if kinds else "other"))
    forms: list[tuple[str, str | None]] = [("clerk", _CLERK), ("email", _EMAIL), ("id", _id_form(users))]
    return sql.SQL(" ").join(
        sql.SQL("WHEN length(s.v) <= {} AND s.v ~ {} THEN {}").format(
            sql.Literal(_LONGEST), sql.Literal(form), sql.Literal(f"orphan {kind}")
        )
        for kind, form in forms
        if form is not None
    )


def _counted(connection: Connection, statement: sql.Composed, figures: ColumnFigures) -> ColumnFigures:
    for what, count, long in connection.execute(statement):
        figures.rows += count
        if what == "empty":
            figures.empty = count
        elif what == "other":
            figures.other = count
        elif what in KINDS:
            figures.found[what] = count
            figures.long_ids = figures.long_ids or (what == "id" and bool(long))
        else:
            kind: Kind = next(kind for kind in KINDS if what == f"orphan {kind}")
            figures.orphans[kind] = count
    return figures
