"""What it costs to find a row by a column, say the one that maps a Clerk user: by an index or not, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.database.filling import Table

_TURNS = 5
_NOBODY = ("user_nobody", "0", "00000000-0000-0000-0000-000000000000")
"""Values for a column that is empty everywhere, of which its type takes one."""


@dataclass(frozen=True)
class LookupCost:
    """How a row was found: the index, empty where all rows were read, and the shortest time of a few."""

    index: str
    milliseconds: float


def look_up(
    connection: psycopg.Connection[TupleRow], tables: Mapping[str, Table], columns: Sequence[str]
) -> dict[str, LookupCost]:
    """Find a row by each of the columns (`table.column`) that is there, as Postgres' planner does it with the table's size."""
    found = {}
    for name in columns:
        table, _, column = name.rpartition(".")
        if table not in tables or column not in tables[table].columns:
            continue
        here, own = tables[table].identifier, sql.Identifier(column)
        query = sql.SQL("SELECT {0}::text FROM {1} WHERE {0} IS NOT NULL LIMIT 1").format(own, here)
        row = connection.execute(query).fetchone()
        for value in [row[0]] if row is not None else _NOBODY:
            statement = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM {} WHERE {} = {}").format(
                here, own, sql.Literal(value)
            )
            try:
                found[name] = min((_explained(connection, statement) for _ in range(_TURNS)), key=_time)
                break
            except psycopg.errors.DataError:
                continue  # No value of its type.
    return found


def _time(cost: LookupCost) -> float:
    return cost.milliseconds


def _explained(connection: psycopg.Connection[TupleRow], statement: sql.Composed) -> LookupCost:
    row = connection.execute(statement).fetchone()
    (plan,) = row[0] if row is not None else [{}]
    indexes = [str(node["Index Name"]) for node in _nodes(plan["Plan"]) if "Index Name" in node]
    return LookupCost(indexes[0] if indexes else "", float(plan["Execution Time"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for each in node.get("Plans", ()):
        yield from _nodes(each)


@dataclass(frozen=True)
class Mapped:
    """A lookup at both sizes, `before` or `after` the migrations."""

    column: str
    stage: str
    sizes: tuple[int, int]
    costs: tuple[LookupCost, LookupCost]

    @property
    def way(self) -> str:
        """How a row is found with the many rows."""
        index = self.costs[1].index
        return f"by the index {index}" if index else "by reading all rows"

    def figures(self) -> dict[str, object]:
        """What the report holds of it."""
        times = [round(cost.milliseconds, 3) for cost in self.costs]
        return {
            "lookup": self.column,
            "stage": self.stage,
            "rows": list(self.sizes),
            "milliseconds": times,
            "found": self.way,
        }

    def told(self) -> str:
        """In words, for one line."""
        small, large = (cost.milliseconds for cost in self.costs)
        return f"{self.column} {self.stage}: found {self.way} in {large:.2f} ms ({small:.2f} ms with {self.sizes[0]:,} rows)"


def mapped(
    sizes: tuple[int, int], stage: str, small: Mapping[str, LookupCost], large: Mapping[str, LookupCost]
) -> list[Mapped]:
    """The lookups of a stage at both sizes."""
    return [Mapped(name, stage, sizes, (small[name], cost)) for name, cost in large.items() if name in small]
