"""The checks of what becomes of the rows: `data`, `rollback` and `resumable`."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg.rows import TupleRow

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.databases import MigrationDatabases, Upgrade
from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.contracts.migrations.schema import patch_of, schema_of
from harness.contracts.migrations.snapshot import Snapshot, snapshot
from harness.contracts.migrations.statement_watch import NOT_ALLOWED, StatementWatch
from harness.database.filling import Table, insert_one, read_tables

_STOPS = 12
"""At how many statements, spread over a migration, it is stopped."""
_SHOWN_LINES = 6
_INVALID = "; a unique index that was stopped holds nobody to it: drop it before it is made (DROP INDEX CONCURRENTLY IF EXISTS)"


def _data(databases: MigrationDatabases) -> None:
    upgrade = databases.upgraded()
    _compare(upgrade.before, upgrade.after, databases.file, may_drop=True)
    databases.require_rows()


def _rollback(databases: MigrationDatabases) -> None:
    file, migrator = databases.file, databases.migrator
    template, before = databases.legacy()
    with databases.copy_of(template) as (url, connection):
        schema = schema_of(connection, migrator.tables)
        migrator.upgrade(url).require(f"{file.rows} users cannot be migrated")
        migrator.downgrade(url, file.legacy).require("the way back fails")
        if patch := patch_of(schema, schema_of(connection, migrator.tables)):
            raise CheckFailed(f"the schema is another one after the way back: {_first(patch)}", patch)
        _compare(before, snapshot(connection, migrator.tables, before), file, may_drop=False)
        migrator.upgrade(url).require("up again fails after the way back")
        _back_with_newcomers(databases, url, connection, before)
    databases.require_rows()


def _first(patch: list[str]) -> str:
    """The first lines of a patch, and how many more there are."""
    rest = f"; and {len(patch) - _SHOWN_LINES} more" if len(patch) > _SHOWN_LINES else ""
    return "; ".join(patch[:_SHOWN_LINES]) + rest


def _back_with_newcomers(
    databases: MigrationDatabases, url: str, connection: psycopg.Connection[TupleRow], before: Snapshot
) -> None:
    """The way back must take rows as only the new schema takes them: whoever signed up by then has no password, say."""
    file, migrator = databases.file, databases.migrator
    after = {name: table for name, table in read_tables(connection).items() if name not in migrator.tables}
    new: dict[str, list[str]] = {}
    for name, columns in loosened(before.tables, after).items():
        columns = [column for column in columns if f"null:{name}.{column}" not in file.allow]
        if columns and insert_one(connection, after, name, dict.fromkeys(columns)):
            new[name] = [f"{name}.{column}" for column in columns]
    if not new:
        return
    there = snapshot(connection, migrator.tables, before).keys
    named = ", ".join(column for columns in new.values() for column in columns)
    entry = "null:" + next(iter(new.values()))[0]
    told = f"the way back fails once a new row has NULL in {named}, as the migrations allow (allow = [{entry!r}])"
    migrator.downgrade(url, file.legacy).require(told)
    now = snapshot(connection, migrator.tables, before)
    for name, columns in new.items():
        if lost := set(before.keys[name]) - set(now.keys[name]):
            raise CheckFailed(
                f"{name}: {len(lost)} rows are gone after the way back, once a new row has NULL in {named}"
            )
        key = before.tables[name].key
        kept = key and set(key) <= set(after[name].columns)  # Else rows are told apart by all of their columns.
        if kept and (gone := set(there[name]) - set(now.keys[name])):
            raise CheckFailed(
                f"{name}: the way back deletes new rows: that with key {min(gone)}, which has NULL in {', '.join(columns)}, is gone "
                f"(allow = ['null:{columns[0]}'])"
            )


def loosened(before: Mapping[str, Table], after: Mapping[str, Table]) -> dict[str, list[str]]:
    """By table, the columns that take NULL now and did not before."""
    found = {
        name: [
            column.name
            for column in table.columns.values()
            if column.required and name in after and column.name in after[name].columns
            and not after[name].columns[column.name].required
        ]
        for name, table in before.items()
    }  # fmt: skip
    return {name: columns for name, columns in found.items() if columns}


def _resumable(databases: MigrationDatabases) -> None:
    upgrade = databases.upgraded()
    if not upgrade.watched:
        raise CheckSkipped(NOT_ALLOWED)
    if not upgrade.count:
        raise CheckSkipped(f"no schema statement lies between {databases.file.legacy} and the head")
    with psycopg.connect(upgrade.url, autocommit=True) as connection:
        whole = schema_of(connection, databases.migrator.tables)
    for stop in stops(upgrade.count):
        _resume(databases, stop, upgrade, whole)
    databases.require_rows()


def stops(count: int) -> list[int]:
    """At which of so many statements a migration is stopped: at the last, and at others that are spread before it."""
    if count <= _STOPS:
        return list(range(1, count + 1))
    return sorted({1 + round(turn * (count - 1) / (_STOPS - 1)) for turn in range(_STOPS)})


def _resume(databases: MigrationDatabases, stop: int, upgrade: Upgrade, whole: list[str]) -> None:
    """Stop a migration at a statement, and let it go on: it must come to the same as without the stop. `whole`: that schema."""
    template, before = databases.legacy()
    with databases.copy_of(template) as (url, connection):
        watch = StatementWatch(connection, databases.migrator.tables)
        watch.stop_at(stop)
        databases.migrator.upgrade(url)
        watch.stop_at(0)
        where = f"stopped at statement {stop} of {upgrade.count}"
        databases.migrator.upgrade(url).require(f"{where}, it cannot go on")
        after = snapshot(connection, databases.migrator.tables, before)
        try:
            _compare(before, after, databases.file, may_drop=True)
        except CheckFailed as failed:
            raise CheckFailed(f"{where} and gone on: {failed}") from None
        if patch := patch_of(whole, schema_of(connection, databases.migrator.tables)):
            hint = _INVALID if any(line.endswith(" INVALID") for line in patch) else ""
            told = f"the schema is another one than without the stop: {_first(patch)}{hint}"
            raise CheckFailed(f"{where} and gone on, {told}", patch)
        if left := left_empty(upgrade.after, after):
            raise CheckFailed(f"{where} and gone on, {left}")


def left_empty(whole: Snapshot, resumed: Snapshot) -> str:
    """Which column is filled in fewer rows than without the stop, in words; empty where none is. What it is filled with may differ."""
    for (name, column), values in whole.content.items():
        filled = sum(value is not None for value in values)
        now = sum(value is not None for value in resumed.content.get((name, column), values))
        if now < filled:
            return f"{name}.{column} is filled in {now} rows; without the stop it is in {filled}"
    return ""


def _compare(before: Snapshot, after: Snapshot, file: MigrationsFile, *, may_drop: bool) -> None:
    """Raise CheckFailed where a row, a key or a kept column differs.

    `may_drop`: columns, and tables that the file allows, may be gone; `no-blocking-ddl` names them.
    """
    _compare_keys(before, after, file, may_drop=may_drop)
    for (name, column), values in before.content.items():
        now = after.content.get((name, column))
        if now is None:
            if not may_drop:
                raise CheckFailed(f"{name}.{column} is not there again")
            continue
        if values != now and f"{name}.{column}" not in file.changes:
            differing = [i for i, (old, new) in enumerate(zip(values, now, strict=True)) if old != new]
            first = differing[0]
            raise CheckFailed(
                f"{name}.{column} differs in {len(differing)} of its rows: row {before.keys[name][first]} had {values[first]!r}, "
                f"and has {now[first]!r}"
            )
    for (name, column), number in after.behind.items():
        if (name, column) not in before.behind and (name, column) in before.content:
            raise CheckFailed(
                f"{name}.{column}: the next row gets {number}, which is not above the highest that is there: "
                "its sequence stands behind the rows (made anew without setval, say)"
            )


def _compare_keys(before: Snapshot, after: Snapshot, file: MigrationsFile, *, may_drop: bool) -> None:
    for name, keys in before.keys.items():
        if name not in after.tables:
            if keys and not (may_drop and any(entry.startswith(f"drop:{name}") for entry in file.allow)):
                raise CheckFailed(f"table {name} is gone, with all of its rows ({len(keys)})")
            continue
        now = after.keys[name]
        if keys != now:
            lost, new = len(set(keys) - set(now)), len(set(now) - set(keys))
            raise CheckFailed(f"{name}: {lost} of {len(keys)} rows are gone or have another key, {new} are new")


DATA = CheckSpec(
    "data",
    "from the legacy revision, with thousands of users, all rows, keys and kept columns come through unchanged",
    "Field note: addresses in lower case, names that are trimmed, rows that a new constraint does not take",
    _data,
)
ROLLBACK = CheckSpec(
    "rollback",
    "down again restores schema and data, also once there are new rows, and up again works",
    "https://alembic.sqlalchemy.org/en/latest/tutorial.html (downgrading); PostgreSQL documentation, ALTER TABLE (SET NOT NULL takes "
    "no NULL; field note: people who came after have no password)",
    _rollback,
)
RESUMABLE = CheckSpec(
    "resumable",
    "stopped half-way, at any statement, they can go on, and come to the same",
    "https://alembic.sqlalchemy.org/en/latest/api/runtime.html (transaction_per_migration, autocommit_block); PostgreSQL "
    "documentation, CREATE INDEX (Building Indexes Concurrently: what is left is invalid)",
    _resumable,
)
