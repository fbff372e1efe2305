"""Describes errors of the Postgres server in one sentence that names the way out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from harness.core.errors import DatabaseError


def first_line(error: Exception) -> str:
    """The first line of an exception's message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def describe(error: psycopg.Error) -> str:
    """One sentence for an error of the server itself: a full disk, too many connections, or a connection that was lost."""
    if isinstance(error, psycopg.errors.DiskFull):
        return (
            f"the disk of the Postgres server is full ({first_line(error)}): make room there, or give another server with "
            "--postgres URL (for the embedded one, another directory with TMPDIR)"
        )
    if isinstance(error, psycopg.errors.TooManyConnections):
        return f"the Postgres server takes no more connections ({first_line(error)}): raise its max_connections"
    return f"the database was lost during the run: {first_line(error)}"


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raise DatabaseError, with one sentence, instead of an error of the server while contracts work on it."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise DatabaseError(describe(error)) from error
