"""Commands of the target that migrate a database of the harness's, and no other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from harness.targets.agent.own_database import NOT_REACHED, REACHED, VARIABLE

_STARTUP = os.fspath(Path(__file__).parent / "agent" / "startup")


def own_database(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the environment of a command that migrates the database at `url`.

    Python processes load `agent/own_database.py`, and libpq's defaults lead there
    (https://www.postgresql.org/docs/current/libpq-envars.html).
    """
    own, parts = environment.get("PYTHONPATH", ""), urlsplit(url)
    if _STARTUP not in own.split(os.pathsep):
        own = os.pathsep.join(filter(None, (_STARTUP, own)))
    name = unquote(parts.path.lstrip("/"))
    host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
    found = {"PYTHONPATH": own, VARIABLE: name, "PGDATABASE": name, "PGHOST": host, "PGPORT": str(parts.port or 5432)}
    return {**environment, **found}


def missed_database(output: str) -> str | None:
    """What a command printed because it would have migrated another database, as a sentence; None where it did not."""
    for line in output.splitlines():
        if line.startswith(NOT_REACHED):
            return (
                "the migrations do not reach the database that the harness made, but "
                f"{line.removeprefix(NOT_REACHED)}, and nothing was run there: "
                "let env.py (or the settings) take its address from the variables of `url_env` in [database]"
            )
    return None


def reached_books(output: str) -> str | None:
    """The table in which Alembic keeps its revision, as a command that reached the database named it; None where none did."""
    lines = [line.removeprefix(REACHED).strip() for line in output.splitlines() if line.startswith(REACHED)]
    return lines[0] if lines else None


def without_marks(output: str) -> str:
    """What a command printed itself."""
    return "\n".join(line for line in output.splitlines() if not line.startswith((REACHED, NOT_REACHED)))
