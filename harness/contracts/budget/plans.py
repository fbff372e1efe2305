"""Whether the statements of the authentication path can use an index: asked of Postgres' planner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from harness.contracts.base import Check
from harness.database.statement_proxy import Statement

_EXPLAINED = ("select", "with", "update", "delete", "insert", "(")


def unindexed(url: str, statements: list[Statement], lookup: str, check: Check) -> None:
    """Fill in a check of the budget: does any of the statements look for `lookup` (table.column or schema.table.column) without an index?

    The planner is told not to read whole tables where it can do otherwise, so that it does so on a small table only
    because it must (PostgreSQL documentation, "Planner Method Configuration", enable_seqscan).
    """
    place, _, column = lookup.rpartition(".")
    schema, _, table = place.rpartition(".")
    named = re.compile(rf"\b{re.escape(column)}\b", re.IGNORECASE)
    examined = 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        if schema:  # Whose app names its tables without it has it in the path, too.
            path = sql.SQL("SET search_path = {}, public").format(sql.Identifier(schema))
            connection.execute(path)
        own = sql.Identifier(*filter(None, (schema, table))).as_string()
        plain = Statement(f'SELECT * FROM {own} WHERE "{column}" = $1')
        for number, statement in enumerate([*(each for each in statements if named.search(each.text)), plain]):
            if examined and statement is plain:
                break  # Only where nothing of the app's own could be planned.
            try:
                plan = _plan(connection, statement, number)
            except psycopg.Error:
                continue  # Not to be planned without its values.
            for node in _nodes(plan):
                conditions = [str(node[name]) for name in ("Index Cond", "Recheck Cond") if name in node]
                if node.get("Relation Name") != table or not _looks_for(
                    named, [*conditions, str(node.get("Filter", ""))]
                ):
                    continue
                examined += 1
                if not conditions:
                    check.status, check.count = "broken", examined
                    check.events = [" ".join(statement.text.split())[:300]]
                    check.detail = (
                        f"Postgres reads all of {table} to find {column}: {node['Node Type']}, {node['Filter']}"
                    )
                    return
    check.count = examined
    check.status = "proven" if examined else "not examined"
    check.detail = "" if examined else f"no statement could be planned that looks for {lookup}"


def _looks_for(column: re.Pattern[str], conditions: list[str]) -> bool:
    """Whether the planner's conditions compare the column with something, alone or within a function.

    As it writes them: `(clerk_user_id)::text = $1`, `lower((clerk_user_id)::text) = $1`, `COALESCE(clerk_user_id, ''::text) = $1`,
    `… ~~ $1`.
    """
    parts = (part for condition in conditions for part in re.split(r" (?:AND|OR) ", condition))
    return any(column.search(part) and re.search(r"(?<![<>!])=|(?<!!)~~", part) for part in parts)


def _plan(connection: psycopg.Connection[Any], statement: Statement, number: int) -> Any:
    text = statement.text
    if not text.lower().lstrip().startswith(_EXPLAINED):
        raise psycopg.ProgrammingError
    if not re.search(r"\$\d", text):
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {text}".encode()).fetchone()
        return row[0] if row else []
    name = f"clerk_harness_{number}"
    types = [
        row[0] if oid else "unknown"
        for oid in statement.types
        for row in [connection.execute("SELECT %s::oid::regtype::text", [oid]).fetchone()]
        if row is not None
    ]
    signature = f"({', '.join(types)})" if types else ""
    connection.execute(f"PREPARE {name}{signature} AS {text}".encode())
    known = connection.execute(
        "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = %s", [name]
    ).fetchone()
    values = ", ".join(["NULL"] * (known[0] if known else 0))
    row = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {name}({values})".encode()).fetchone()
    return row[0] if row else []


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    """Each node of a plan in JSON."""
    if isinstance(plan, list):
        for each in plan:
            yield from _nodes(each)
    elif isinstance(plan, dict):
        if "Node Type" in plan:
            yield plan
        for name in ("Plan", "Plans"):
            yield from _nodes(plan.get(name, []))
