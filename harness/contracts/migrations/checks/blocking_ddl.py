"""The check `no-blocking-ddl`: what a migration does to tables that are in use."""

from __future__ import annotations

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.databases import MigrationDatabases, Upgrade
from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.contracts.migrations.statement_watch import NOT_ALLOWED

_SHOWN_CHARACTERS = 120


def _no_blocking_ddl(databases: MigrationDatabases) -> None:
    upgrade = databases.upgraded()
    populated = {name for name, keys in upgrade.before.keys.items() if keys}
    found = [*_rewritten(upgrade, populated), *_dropped(upgrade), *_locked(upgrade, populated)]
    named = [f"{message} (allow = [{entry!r}])" for entry, message in found if entry not in databases.file.allow]
    if named:
        raise CheckFailed("; ".join(named))
    if not upgrade.watched:
        raise CheckSkipped(f"locks were not looked at: {NOT_ALLOWED}")


def _rewritten(upgrade: Upgrade, populated: set[str]) -> list[tuple[str, str]]:
    """Tables that were written anew by DDL, or by a change of most of their rows: an entry of `allow`, and what happened."""
    found = []
    before, after = upgrade.before, upgrade.after
    for name in sorted(populated & set(after.tables)):
        if before.files[name] != after.files[name]:
            found.append((f"rewrite:{name}", f"{name} is rewritten by a change of its definition"))
        kept = before.versions[name].keys() & after.versions[name].keys()
        anew = sum(before.versions[name][key] != after.versions[name][key] for key in kept)
        if kept and anew * 2 > len(kept):
            found.append(
                (f"rewrite:{name}", f"{anew} of {len(kept)} rows of {name} are written anew in one transaction")
            )
    return found


def _dropped(upgrade: Upgrade) -> list[tuple[str, str]]:
    """Columns that are gone, and were not all NULL."""
    return [
        (f"drop:{name}.{column}", f"{name}.{column} is dropped, with data")
        for (name, column), values in upgrade.before.content.items()
        if (name, column) not in upgrade.after.content and any(value is not None for value in values)
    ]


def _locked(upgrade: Upgrade, populated: set[str]) -> list[tuple[str, str]]:
    """Populated tables that were locked for as long as it takes to read all their rows."""
    found = []
    for statement in upgrade.statements:
        query = " ".join((statement.query or "").split())
        if statement.table in populated and locks_while_reading(statement.tag, query):
            shown = query[:_SHOWN_CHARACTERS]
            found.append(
                (f"lock:{statement.table}", f"{statement.table} is locked while all its rows are read: {shown}")
            )
    return found


def locks_while_reading(tag: str, query: str) -> bool:
    """Whether a schema statement reads or writes all rows under a lock that keeps writers out.

    Source: PostgreSQL documentation, ALTER TABLE (Notes) and CREATE INDEX (Building Indexes Concurrently).
    """
    text = query.upper()
    if tag == "CREATE INDEX":
        return "CONCURRENTLY" not in text
    if tag == "ALTER TABLE":
        checked = "ADD CONSTRAINT" in text and ("CHECK" in text or "FOREIGN KEY" in text) and "NOT VALID" not in text
        built = "ADD CONSTRAINT" in text and ("UNIQUE" in text or "PRIMARY KEY" in text) and "USING INDEX" not in text
        return checked or built or "SET NOT NULL" in text
    return False


NO_BLOCKING_DDL = CheckSpec(
    "no-blocking-ddl",
    "no populated table is rewritten or locked for long, and no column with data is dropped, unless allowed",
    "PostgreSQL documentation, ALTER TABLE (Notes) and CREATE INDEX (Building Indexes Concurrently)",
    _no_blocking_ddl,
)
