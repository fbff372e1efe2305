"""The check `rehearsal`: how long migrations take, and what they lock, at the size that tables have in production."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.databases import MigrationDatabases
from harness.contracts.migrations.declaration import Rehearsal
from harness.contracts.migrations.lookups import LookupCost, look_up, mapped
from harness.contracts.migrations.rehearsal import MigrationCost, Rehearsed, compared, costs
from harness.contracts.migrations.results import CheckFailed, CheckSkipped, Measured
from harness.contracts.migrations.statement_watch import NOT_ALLOWED, StatementWatch, in_words
from harness.core.errors import DeclarationError
from harness.core.text import listed
from harness.database.filling import Grown, grow, read_tables

_LESS = 10
"""How many times fewer rows the first size has."""
_SHOWN = 5
_STAGES = ("before", "after")


def _rehearsal(databases: MigrationDatabases) -> Measured:
    declared = databases.file.rehearsal
    if declared is None or declared.rows is None:
        raise CheckSkipped("no number of rows is declared: --rows 1000000, or rows in [rehearsal] of migrations.toml")
    template, _ = databases.legacy()
    large, url = databases.copy(template)
    reached = _grow(databases, url, declared, _LESS)
    small, small_url = databases.copy(large)
    try:
        before = _measure(databases, small_url, reached, declared)
    finally:
        databases.discard(small)
    least = _size(reached)
    try:
        reached = _grow(databases, url, declared, 1)
        after = _measure(databases, url, reached, declared)
    finally:
        databases.discard(large)
    sizes = (least, _size(reached))
    found = compared(sizes, before.migrations, after.migrations)
    lookups = [
        each
        for number, stage in enumerate(_STAGES)
        for each in mapped(sizes, stage, before.lookups[number], after.lookups[number])
    ]
    figures = [*(one.figures() for one in found), *(each.figures() for each in lookups)]
    _judge(declared, after.migrations, reached, figures)
    unknown = sorted(set(declared.lookups) - {each.column for each in lookups})
    if unknown:
        raise CheckSkipped(
            f"rehearsal.lookups: neither stage has {unknown[0]}: write table.column", declared=True, figures=figures
        )
    told = [_told(found, reached), *(each.told() for each in lookups)]
    return Measured(len(found), "; ".join(told), figures)


def _grow(databases: MigrationDatabases, url: str, declared: Rehearsal, less: int) -> dict[str, Grown]:
    """Grow the tables to the declared size, or to that part of it, those first that migrations lock; how many rows each has."""
    with psycopg.connect(url, autocommit=True) as connection:
        every = read_tables(connection)
        tables = {name: table for name, table in every.items() if name not in databases.migrator.tables}
        if unknown := sorted(set(declared.tables) - set(tables)):
            raise DeclarationError(f"migrations.toml: rehearsal.tables: the legacy revision has no table {unknown[0]}")
        wanted = {name: declared.tables.get(name, declared.rows or 0) // less for name in tables}
        first = {lock.table for lock in databases.upgraded().taken if lock.mode != "RowShareLock"} | {
            databases.file.users
        }
        ends = time.monotonic() + declared.seconds
        found = grow(connection, tables, {name: wanted[name] for name in wanted if name in first}, declared.seconds)
        rest = {name: rows for name, rows in wanted.items() if name not in first}
        return found | grow(connection, tables, rest, max(0.0, ends - time.monotonic()))


def _size(reached: dict[str, Grown]) -> int:
    """The rows of the largest table."""
    return max((grown.rows for grown in reached.values()), default=0)


@dataclass(frozen=True)
class _Run:
    """What was measured at one size: each migration, and the lookups before and after all of them."""

    migrations: list[MigrationCost]
    lookups: tuple[dict[str, LookupCost], dict[str, LookupCost]]


def _measure(databases: MigrationDatabases, url: str, reached: dict[str, Grown], declared: Rehearsal) -> _Run:
    """Migrate a database, and say what each migration took. Raises CheckFailed where it fails."""
    rows = {name: grown.rows for name, grown in reached.items()}
    with psycopg.connect(url, autocommit=True) as connection:
        before = look_up(connection, read_tables(connection), declared.lookups)
        watch = StatementWatch(connection, databases.migrator.tables)
        databases.migrator.upgrade(url).require(f"{_size(reached):,} rows cannot be migrated")
        found = costs(databases.migrator, watch.steps(), watch.taken(), rows)
        after = look_up(connection, read_tables(connection), declared.lookups)
    if declared.lock_seconds is not None and not watch.installed:
        raise CheckSkipped(f"lock_seconds = {declared.lock_seconds:g}: {NOT_ALLOWED}", declared=True)
    if not found:
        raise CheckSkipped(f"no migration follows {databases.file.legacy}")
    return _Run(found, (before, after))


def _judge(
    declared: Rehearsal, after: list[MigrationCost], reached: dict[str, Grown], figures: list[dict[str, Any]]
) -> None:
    """Raise CheckFailed for a lock that is held for longer than is declared, CheckSkipped where that cannot be said."""
    limit = declared.lock_seconds
    if limit is None:
        return
    locks = [(cost.migration, lock) for cost in after for lock in cost.locks if lock.keeps_out]
    if over := [
        f"{migration} holds {in_words(lock.mode)} on {lock.table} for {lock.seconds:.2f} s with {reached[lock.table].rows:,} rows"
        for migration, lock in locks
        if lock.seconds > limit
    ]:
        raise CheckFailed(f"{'; '.join(over)}: {limit:g} s may be (lock_seconds)", figures=figures)
    if short := [name for name in dict.fromkeys(lock.table for _, lock in locks) if reached[name].why]:
        raise CheckSkipped(
            f"lock_seconds = {limit:g}: {short[0]} has {reached[short[0]].rows:,} rows only ({reached[short[0]].why}): declare "
            "more `seconds`, or its number of rows in [rehearsal.tables]",
            declared=True,
            figures=figures,
        )


def _told(found: list[Rehearsed], reached: dict[str, Grown]) -> str:
    """The slowest migrations, and what could not be grown, in one line."""
    slowest = sorted(found, key=lambda one: -one.time.seconds[1])
    words = "; ".join(one.told() for one in slowest[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} quicker ones" if len(found) > _SHOWN else ""
    short = [f"{name} ({grown.rows:,} rows: {grown.why})" for name, grown in reached.items() if grown.why]
    left = f"; could not be grown: {listed(short, _SHOWN)}" if short else ""
    return f"with {_size(reached):,} rows {words}{more}{left}"


REHEARSAL = CheckSpec(
    "rehearsal",
    "with the declared number of rows they succeed, and lock nothing for longer than is declared",
    "PostgreSQL documentation, Explicit Locking (Table-Level Locks)",
    _rehearsal,
)
