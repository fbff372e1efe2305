"""What befalls a Postgres server, in one sentence with the way out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from harness.core.errors import DatabaseError


def first_line(error: Exception) -> str:
    """The first line of what an exception says."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def told(error: psycopg.Error) -> str:
    """What became of the database."""
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
    """What befalls the server while contracts work on it is no mistake of the harness. Raises DatabaseError instead."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise DatabaseError(told(error)) from error
