"""What an app or a migration says where its database is not what it needs, told with the way out."""

from __future__ import annotations

import re

_IMAGES = {"vector": "pgvector/pgvector", "postgis": "postgis/postgis", "timescaledb": "timescale/timescaledb"}
_REFUSED = (
    re.compile(
        r'connection to server at "(?P<host>[^"]+)"[^:]*?port (?P<port>\d+) failed: (?P<why>Connection refused)'
    ),
    re.compile(r"Connect call failed \('(?P<host>[^']+)', (?P<port>\d+)"),
    re.compile(r'could not translate host name "(?P<host>[^"]+)"'),
    re.compile(r"failed to resolve host '(?P<host>[^']+)'"),
    re.compile(r"[Cc]an't create a connection to host (?P<host>\S+) and port (?P<port>\d+)"),
)
"""psycopg, libpq, asyncpg, pg8000."""
_EXTENSION = re.compile(
    r'extension "(?P<name>[\w-]+)" is not available|could not open extension control file "[^"]*/(?P<file>[\w-]+)\.control"|'
    r'type "(?P<type>vector|halfvec|geometry|geography)" does not exist'
)
_OF_TYPE = {"vector": "vector", "halfvec": "vector", "geometry": "postgis", "geography": "postgis"}
_TLS = re.compile(r"server does not support SSL, but SSL was required|rejected SSL upgrade|sslmode value .* invalid")


_NO_TABLE = re.compile(r"no such table: (?P<name>[\w.]+)")
"""SQLite's words."""


def missing_extension(text: str) -> str | None:
    """The extension that a server lacks, by what it says; None where it says nothing of one."""
    found = _EXTENSION.search(text)
    if found is None:
        return None
    return found["name"] or found["file"] or _OF_TYPE[found["type"]]


def unreachable(text: str) -> str | None:
    """`host:port` of a Postgres that nobody answers at, by what drivers say; None where they say nothing of one."""
    for pattern in _REFUSED:
        if found := pattern.search(text):
            port = found.groupdict().get("port")
            return f"{found['host']}:{port}" if port else found["host"]
    return None


def way_out(text: str) -> str:
    """What a user can do about a database that is not as the app needs it, as the end of a sentence; empty for all other errors."""
    if (name := missing_extension(text)) is not None:
        image = f", for example of the image {_IMAGES[name]}" if name in _IMAGES else ""
        return f"the server has no extension {name}: give one that has it by --postgres URL{image}"
    if _TLS.search(text):
        return (
            "the app wants TLS (sslmode=require), which the embedded Postgres has not: let a variable say sslmode and set it to "
            "disable by --env, or give a server with TLS by --postgres URL"
        )
    if (place := unreachable(text)) is not None:
        return (
            f"no database answers at {place}: give --migrate or --postgres, so that the app gets one, and in [database] url_env or "
            "env the variables by which it learns of it"
        )
    if (table := _NO_TABLE.search(text)) is not None:
        return (
            f"the database file has no table {table['name']}: run the app's migrations on it first (python manage.py migrate, "
            "alembic upgrade head)"
        )
    return ""
