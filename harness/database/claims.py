"""Whose a database is on a server that outlives the run: marked by a comment, and claimed by a lock while the run lives.

The comment names the run, its machine and its process; the lock is an advisory one (PostgreSQL manual, 13.3.5) under a key of
the run's own, which the server releases when the run's connection ends. A database is dropped as a dead run's only when its
name and its comment are ours, nobody holds that lock anywhere on the server, nobody is connected to it, and its process is not
one that still runs on this machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import time

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

_CLASS = 0x434C
"""The first of the two numbers of an advisory lock of ours; the second is the run's."""
_LIMIT = 10.0
"""Seconds that dropping what others have left may take."""
_NAME = "^clerk_harness_[0-9a-f]{8}_"
_MARK = re.compile(r"clerk-harness run ([0-9a-f]{8}) on (\S*), process (\d+) of (\d+)")
_LEFT = """
SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database
WHERE datname ~ %s AND NOT datistemplate AND pg_has_role(datdba, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datid = pg_database.oid)
ORDER BY datname
"""
_HELD = """
SELECT EXISTS (SELECT FROM pg_locks
WHERE locktype = 'advisory' AND classid::bigint = %s AND objid::bigint = %s AND objsubid = 2 AND granted)
"""


def _started(pid: int) -> int:
    """When a process began, in the system's ticks; 0 where that cannot be told, -1 where there is no such process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return -1
    except OSError:
        pass
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


class Claim:
    """A run's claim on the databases that it makes on a server, as long as its connection lasts.

    The lock is held by an open transaction, which a pool of connections between here and the server cannot hand to others.
    """

    def __init__(self, url: str) -> None:
        """Raises psycopg.Error."""
        word = secrets.token_hex(4)
        pid = os.getpid()
        self.mark = f"clerk-harness run {word} on {_host()}, process {pid} of {_started(pid)}"
        """The comment on each database."""
        self._connection = psycopg.connect(url, connect_timeout=10)
        self._connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        self._connection.execute("SELECT pg_advisory_xact_lock(%s::int, %s::int)", (_CLASS, _signed(word)))

    def close(self) -> None:
        """Give it up."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()


def _host() -> str:
    return re.sub(r"\s", "", socket.gethostname())


def _signed(word: str) -> int:
    number = int(word, 16)
    return number - (1 << 32) if number >> 31 else number


def drop_dead(connection: psycopg.Connection[TupleRow]) -> list[str]:
    """Drop the databases of runs that have died; their names. `connection`: in autocommit mode. Never raises."""
    dropped: list[str] = []
    deadline = time.monotonic() + _LIMIT
    with contextlib.suppress(psycopg.Error):
        connection.execute(sql.SQL("SET statement_timeout = {}").format(int(_LIMIT * 1000)))
        for name, comment in connection.execute(_LEFT, (_NAME,)).fetchall():
            if time.monotonic() > deadline:
                break
            if _died(connection, comment or ""):
                with contextlib.suppress(psycopg.Error):  # Another run drops it as well.
                    connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
                    dropped.append(name)
    return dropped


def _died(connection: psycopg.Connection[TupleRow], comment: str) -> bool:
    """Whether a comment is ours, and of a run that has died."""
    mark = _MARK.fullmatch(comment)
    if mark is None:
        return False
    word, host, pid, started = mark.groups()
    if host == _host() and _started(int(pid)) in (int(started), 0):
        return False
    (held,) = connection.execute(_HELD, (_CLASS, int(word, 16))).fetchone() or (True,)
    return not held
