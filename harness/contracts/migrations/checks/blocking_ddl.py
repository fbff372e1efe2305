"""The check `no-blocking-ddl`: what a migration does to tables that are in use."""

from __future__ import annotations

import re
from collections import Counter

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.databases import MigrationDatabases, Upgrade
from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.contracts.migrations.snapshot import Snapshot
from harness.contracts.migrations.statement_watch import NOT_ALLOWED, Held, SchemaStatement

_SHOWN_CHARACTERS = 120
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MANY = 10_000_000
"""Rows of a large table in use."""
_ENOUGH = 1000
"""Rows below which a time says nothing."""
_TIMES = 5
"""How many times as many rows the second size has."""


def _no_blocking_ddl(databases: MigrationDatabases) -> None:
    upgrade = databases.upgraded()
    populated = {name for name, keys in upgrade.before.keys.items() if keys}
    rewritten = _rewritten(upgrade, populated)
    anew = {entry.removeprefix("rewrite:") for entry, message in rewritten if "definition" in message}
    found = [*rewritten, *_dropped(upgrade), *_timed(databases, upgrade, populated - anew)]
    named = [f"{message} (allow = [{entry!r}])" for entry, message in found if entry not in databases.file.allow]
    if named:
        raise CheckFailed("; ".join(named))
    databases.require_rows()
    if not upgrade.watched:
        raise CheckSkipped(f"locks were not looked at: {NOT_ALLOWED}")


def _timed(databases: MigrationDatabases, upgrade: Upgrade, populated: set[str]) -> list[tuple[str, str]]:
    """What is locked, and for how long, where there are rows enough to tell."""
    allow = databases.file.allow
    locked = [one for one in _locked(upgrade, populated) if one[0] not in allow]
    if not locked or databases.file.rows < _ENOUGH:
        return [(entry, message) for entry, message, _, _ in locked]
    larger = {(statement.number, one.table): one for statement in databases.at_size(_TIMES) for one in statement.held}
    found = []
    for entry, message, statement, held in locked:
        large = larger.get((statement.number, held.table))
        found.append((entry, f"{message}; {growing(held, large)}" if large is not None else message))
    return found


def _rewritten(upgrade: Upgrade, populated: set[str]) -> list[tuple[str, str]]:
    """Tables that were written anew by DDL, or by a change of most of their rows: an entry of `allow`, and what happened."""
    found = []
    before, after = upgrade.before, upgrade.after
    for name in sorted(populated & set(after.tables)):
        if before.files[name] - after.files[name]:
            found.append((f"rewrite:{name}", f"{name} is rewritten by a change of its definition"))
        anew, kept = rewritten_at_once(before, after, name)
        if anew * 2 > kept:
            found.append((f"rewrite:{name}", f"{anew} of {kept} rows of {name} are written anew in one transaction"))
    return found


def rewritten_at_once(before: Snapshot, after: Snapshot, name: str) -> tuple[int, int]:
    """How many rows of a table one transaction has written, at the most, and how many are there still.

    Batches in transactions of their own lock a few rows each.
    """
    old, new = before.versions[name], after.versions[name]
    kept = old.keys() & new.keys()
    changed = Counter(new[key] for key in kept if old[key] != new[key])
    return max(changed.values(), default=0), len(kept)


def _dropped(upgrade: Upgrade) -> list[tuple[str, str]]:
    """Columns that are gone, and were not all NULL."""
    return [
        (f"drop:{name}.{column}", f"{name}.{column} is dropped, with data")
        for (name, column), values in upgrade.before.content.items()
        if (name, column) not in upgrade.after.content and any(value is not None for value in values)
    ]


def _locked(upgrade: Upgrade, populated: set[str]) -> list[tuple[str, str, SchemaStatement, Held]]:
    """Populated tables whose writers were kept out for as long as it takes to read all their rows."""
    found = []
    for statement in upgrade.statements:
        held = [one for one in statement.held if one.table in populated]
        # A foreign key locks the table that it leads to, too: the statement is told once, by its own table.
        own = [one for one in held if one.table == statement.table] or held
        if own:
            strongest = max(own, key=lambda one: one.rows)
            query = " ".join((statement.query or "").split())[:_SHOWN_CHARACTERS]
            mode = _WORDS.sub(" ", strongest.mode.removesuffix("Lock")).upper()
            message = f"{strongest.table} is locked ({mode}) while {strongest.rows} rows are read: {query}"
            found.append((f"lock:{strongest.table}", message, statement, strongest))
    return found


def growing(small: Held, large: Held) -> str:
    """How long a lock is held, by growth over two sizes."""
    each = max(0.0, large.milliseconds - small.milliseconds) / max(1, large.rows - small.rows)
    at_most = (large.milliseconds + each * (_MANY - large.rows)) / 1000
    return (
        f"held {small.milliseconds:.1f} ms for {small.rows:,} rows and {large.milliseconds:.1f} ms for {large.rows:,}; "
        f"about {at_most:,.1f} s for {_MANY:,}"
    )


NO_BLOCKING_DDL = CheckSpec(
    "no-blocking-ddl",
    "no populated table is rewritten or locked for long, and no column with data is dropped, unless allowed",
    "PostgreSQL documentation, ALTER TABLE (Notes) and CREATE INDEX (Building Indexes Concurrently)",
    _no_blocking_ddl,
)
