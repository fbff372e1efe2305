"""The check `no-blocking-ddl`: what a migration does to tables that are in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.databases import MigrationDatabases, Upgrade
from harness.contracts.migrations.rehearsal import MANY
from harness.contracts.migrations.results import CheckFailed, CheckSkipped
from harness.contracts.migrations.second_session import Seen
from harness.contracts.migrations.snapshot import Snapshot
from harness.contracts.migrations.statement_watch import MODES, NOT_ALLOWED, Held, SchemaStatement, Taken, in_words

_SHOWN_CHARACTERS = 120
_ENOUGH = 1000
"""Rows below which a time says nothing."""
_TIMES = 5
"""How many times as many rows the second size has."""
_FEW = 20
"""A table of fewer rows is a list of kinds, say, which is read in no time in production too."""
_BATCHES = 25_000
"""Rows of a table by which batches of ten thousand, as backfills have them, are told from one transaction over all."""
_FILLING = 20.0
"""Seconds that a table may take to get them."""
_EXCLUSIVE = MODES[MODES.index("ShareLock") :]
"""The modes that keep writers out."""


def _no_blocking_ddl(databases: MigrationDatabases) -> None:
    upgrade = databases.upgraded()
    populated = {name for name, keys in upgrade.before.keys.items() if keys}
    rewritten = _rewritten(databases, upgrade, populated)
    anew = {entry.removeprefix("rewrite:") for entry, message in rewritten if "definition" in message}
    found = [*rewritten, *_dropped(upgrade), *_timed(databases, upgrade, populated - anew)]
    told = {entry.partition(":")[2] for entry in [*databases.file.allow, *(entry for entry, _ in found)]}
    found += kept_waiting(
        upgrade.taken, _texts(upgrade), {name: len(upgrade.before.keys[name]) for name in populated}, told
    )
    if upgrade.watched:
        found += by_hand(
            upgrade.taken, upgrade.seen, populated, {*told, *(entry.partition(":")[2] for entry, _ in found)}
        )
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


def _rewritten(databases: MigrationDatabases, upgrade: Upgrade, populated: set[str]) -> list[tuple[str, str]]:
    """Tables that were written anew by DDL, or by a change of most of their rows: an entry of `allow`, and what happened."""
    found = []
    before, after = upgrade.before, upgrade.after
    at_once = dict[str, tuple[int, int]]()
    for name in sorted(populated & set(after.tables)):
        if before.files[name] - after.files[name]:
            found.append((f"rewrite:{name}", f"{name} is rewritten by a change of its definition"))
        anew, kept = rewritten_at_once(before, after, name)
        if anew * 2 > kept:
            at_once[name] = anew, kept
    for name, (anew, kept) in _not_in_batches(databases, at_once).items():
        found.append((f"rewrite:{name}", f"{anew} of {kept} rows of {name} are written anew in one transaction"))
    return found


def _not_in_batches(
    databases: MigrationDatabases, at_once: Mapping[str, tuple[int, int]]
) -> Mapping[str, tuple[int, int]]:
    """Those of the tables whose rows are written at once, however many there are: a small table fits into one batch."""
    asked = [name for name in at_once if f"rewrite:{name}" not in databases.file.allow]
    larger = databases.grown(asked, _BATCHES, _FILLING) if asked else None
    if larger is None:
        return at_once
    still = {name: rewritten_at_once(*larger, name) for name in asked if name in larger[1].tables}
    return {name: rows for name, rows in at_once.items() if name not in still or still[name][0] * 2 > still[name][1]}


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
            message = (
                f"{strongest.table} is locked ({in_words(strongest.mode)}) while {strongest.rows} rows are read: "
                f"{_shown(statement.query)}"
            )
            found.append((f"lock:{strongest.table}", message, statement, strongest))
    return found


def _texts(upgrade: Upgrade) -> dict[int, str]:
    """The statements, by number, as they are shown."""
    return {each.number: _shown(each.query) for each in upgrade.statements}


def _shown(query: str | None) -> str:
    return " ".join((query or "").split())[:_SHOWN_CHARACTERS]


def kept_waiting(
    taken: Iterable[Taken], texts: Mapping[int, str], rows: Mapping[str, int], told: Collection[str]
) -> list[tuple[str, str]]:
    """Tables whose lock was kept, until the transaction ended, while it worked on a whole table: entries and messages.

    `texts`: schema statements by number; `rows`: how many each populated table had; `told`: the tables of which it is known,
    or allowed, that work on them takes long.
    """
    found = dict[str, tuple[int, str]]()
    for lock in taken:
        whole = {
            name: count for name, count in lock.work.items()
            if rows.get(name, 0) >= _FEW and 2 * count >= rows[name] and name not in told
        }  # fmt: skip
        if lock.mode not in _EXCLUSIVE or lock.table not in rows or lock.statement is None or not whole:
            continue
        strength = _EXCLUSIVE.index(lock.mode)
        if f"lock:{lock.table}" in found and found[f"lock:{lock.table}"][0] >= strength:
            continue
        name = max(whole, key=lambda each: whole[each])
        found[f"lock:{lock.table}"] = (
            strength,
            (
                f"{lock.table} stays locked ({in_words(lock.mode)}) while the same transaction reads or writes {whole[name]} rows of "
                f"{name}: {texts.get(lock.statement, '')}; do that in a migration, and a transaction, of its own"
            ),
        )
    return [(entry, message) for entry, (_, message) in found.items()]


def by_hand(
    taken: Iterable[Taken], seen: Iterable[Seen], populated: Collection[str], told: Collection[str]
) -> list[tuple[str, str]]:
    """Tables that are locked without being changed: entries and messages.

    `seen`: by a second session; of what the database's own watch has noted it says nothing new.
    """
    found = dict[str, str]()
    noted = {(name, lock.transaction) for lock in taken for name in (lock.table, *lock.oids)}
    held = [(lock.table, lock.mode, "") for lock in taken if lock.statement is None]
    held += [
        (one.table, one.mode, one.query)
        for one in seen
        if one.blocker is None and not noted & {(one.table, one.transaction), (one.oid, one.transaction)}
    ]
    for table, mode, query in held:
        if mode in _EXCLUSIVE and table in populated and table not in told:
            found.setdefault(
                table,
                f"{table} is locked ({in_words(mode)}) by a statement that changes nothing of it (LOCK TABLE, say) until the "
                f"transaction ends{f': {_shown(query)}' if query else ''}",
            )
    return [(f"lock:{table}", message) for table, message in found.items()]


def growing(small: Held, large: Held) -> str:
    """How long a lock is held, by growth over two sizes."""
    each = max(0.0, large.milliseconds - small.milliseconds) / max(1, large.rows - small.rows)
    at_most = (large.milliseconds + each * (MANY - large.rows)) / 1000
    return (
        f"held {small.milliseconds:.1f} ms for {small.rows:,} rows and {large.milliseconds:.1f} ms for {large.rows:,}; "
        f"about {at_most:,.1f} s for {MANY:,}"
    )


NO_BLOCKING_DDL = CheckSpec(
    "no-blocking-ddl",
    "no populated table is rewritten or locked for long, and no column with data is dropped, unless allowed",
    "PostgreSQL documentation, ALTER TABLE (Notes) and CREATE INDEX (Building Indexes Concurrently)",
    _no_blocking_ddl,
)
