"""The checks of what becomes of the rows: `data`, `rollback` and `resumable`."""

from __future__ import annotations

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.databases import MigrationDatabases
from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.contracts.migrations.schema import patch_of, schema_of
from harness.contracts.migrations.snapshot import Snapshot, snapshot
from harness.contracts.migrations.statement_watch import NOT_ALLOWED, StatementWatch

_STOPS = 12
"""At how many statements, spread over a migration, it is stopped."""
_SHOWN_LINES = 6


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
            rest = f"; and {len(patch) - _SHOWN_LINES} more" if len(patch) > _SHOWN_LINES else ""
            shown = "; ".join(patch[:_SHOWN_LINES])
            raise CheckFailed(f"the schema is another one after the way back: {shown}{rest}", patch)
        _compare(before, snapshot(connection, migrator.tables, before), file, may_drop=False)
        migrator.upgrade(url).require("up again fails after the way back")
    databases.require_rows()


def _resumable(databases: MigrationDatabases) -> None:
    upgrade = databases.upgraded()
    if not upgrade.watched:
        raise CheckSkipped(NOT_ALLOWED)
    if not upgrade.count:
        raise CheckSkipped(f"no schema statement lies between {databases.file.legacy} and the head")
    for stop in stops(upgrade.count):
        _resume(databases, stop, upgrade.count)
    databases.require_rows()


def stops(count: int) -> list[int]:
    """At which of so many statements a migration is stopped: at the last, and at others that are spread before it."""
    if count <= _STOPS:
        return list(range(1, count + 1))
    return sorted({1 + round(turn * (count - 1) / (_STOPS - 1)) for turn in range(_STOPS)})


def _resume(databases: MigrationDatabases, stop: int, count: int) -> None:
    """Stop a migration at a statement, and let it go on."""
    template, before = databases.legacy()
    with databases.copy_of(template) as (url, connection):
        watch = StatementWatch(connection, databases.migrator.tables)
        watch.stop_at(stop)
        databases.migrator.upgrade(url)
        watch.stop_at(0)
        where = f"stopped at statement {stop} of {count}"
        databases.migrator.upgrade(url).require(f"{where}, it cannot go on")
        try:
            _compare(before, snapshot(connection, databases.migrator.tables, before), databases.file, may_drop=True)
        except CheckFailed as failed:
            raise CheckFailed(f"{where} and gone on: {failed}") from None


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
    "down again restores schema and data, and up again works",
    "https://alembic.sqlalchemy.org/en/latest/tutorial.html (downgrading)",
    _rollback,
)
RESUMABLE = CheckSpec(
    "resumable",
    "stopped half-way, at any statement, they can go on",
    "https://alembic.sqlalchemy.org/en/latest/api/runtime.html (transaction_per_migration, autocommit_block)",
    _resumable,
)
