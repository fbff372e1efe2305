"""A second session that looks again and again at what the sessions of a migration hold and wait for.

The watch in the database itself sees what a transaction holds at a schema statement and where a migration is written down; what a
transaction in between locks, and what waits, is seen from outside only. Source: PostgreSQL documentation, pg_locks and
pg_blocking_pids.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import NamedTuple

import psycopg

from harness.contracts.migrations.statement_watch import MODES, in_words

_PAUSE = 0.02
"""Seconds between two looks."""
_SHOWN = 120
"""Characters of a statement that are shown."""
_LOOK = """
SELECT CASE WHEN n.nspname = coalesce(current_schema(), 'public') THEN r.relname ELSE n.nspname || '.' || r.relname END, l.mode,
       l.granted, l.virtualtransaction, c.oid::bigint, a.query, (SELECT max(b.query) FROM pg_stat_activity b
       WHERE NOT l.granted AND b.backend_type = 'client backend' AND b.pid = ANY (pg_blocking_pids(l.pid)))
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p') JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.mode = ANY (%s) OR NOT l.granted) AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'clerk_harness')
  AND a.query !~* '^\\s*vacuum'
"""


class Seen(NamedTuple):
    """A lock that was held, or waited for: its table, its mode, its transaction as pg_locks names it, what its session ran last;
    `oid`: the table's, or that of its partition; `blocker`: what the session ran that is waited for, None where the lock is held.
    """

    table: str
    mode: str
    transaction: str
    oid: int
    query: str
    blocker: str | None


def waits_in_words(seen: Iterable[Seen]) -> str:
    """The first wait of those that were seen, as a part of a sentence; empty where there was none."""
    for one in seen:
        if one.blocker is not None:
            query, blocker = (" ".join(text.split())[:_SHOWN] for text in (one.query, one.blocker))
            return f" ({in_words(one.mode)} on {one.table} is waited for: {query}; a session of the migration holds it: {blocker})"
    return ""


class SecondSession:
    """Looks at a database while the block runs. `seen`: each lock that keeps writers out, and each wait, once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: dict[tuple[int, str, str, bool], Seen] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="second session", daemon=True)
        self._looked = threading.Condition()
        self._looks, self._ended = 0, False

    def __enter__(self) -> SecondSession:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def seen(self) -> list[Seen]:
        """What was seen, in its order."""
        return list(self._seen.values())

    def look(self) -> None:
        """Wait until it has looked once from now on, or cannot look any more."""
        with self._looked:
            after = self._looks + 2
            self._looked.wait_for(lambda: self._looks >= after or self._ended)

    def _watch(self) -> None:
        strong = list(MODES[MODES.index("ShareLock") :])
        try:
            with psycopg.connect(self._url, autocommit=True) as connection:
                while not self._over.wait(_PAUSE):
                    for table, mode, granted, transaction, oid, query, blocker in connection.execute(_LOOK, [strong]):
                        if granted or blocker is not None:  # Autovacuum is no session of the migration.
                            key = (oid, mode, transaction, granted)
                            self._seen.setdefault(key, Seen(table, mode, transaction, oid, query, blocker))
                    with self._looked:
                        self._looks += 1
                        self._looked.notify_all()
        except psycopg.Error:
            return  # The database is gone, or takes no more sessions: what was seen until then is what is known.
        finally:
            with self._looked:
                self._ended = True
                self._looked.notify_all()
