"""The revision before Clerk: the last one whose schema has no column for Clerk's ids, found by migrating scratch databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from harness.contracts.migrations.databases import MigrationDatabases
from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.migrators import MIGRATORS, Migrator
from harness.contracts.migrations.results import CheckFailed
from harness.core.command_line import split_command
from harness.core.errors import DatabaseError
from harness.database.row_factory import tables_of
from harness.database.server import Server
from harness.run.user_table import UsersTable


@dataclass(frozen=True)
class FoundMigrations:
    """What migrates. `legacy`: the revision before Clerk, None where the first one is Clerk's already."""

    migrator: str
    config: str
    legacy: str | None


def find_legacy(
    server: Server,
    python: str,
    directory: Path,
    environment_for: Callable[[str], dict[str, str]],
    users: UsersTable,
    tag: str,
    command: str = "",
) -> FoundMigrations | None:
    """What migrates an app in `directory`, and its revision before Clerk; None where nothing does.

    `command`: by which a run migrates; `tag`: a part of the names of the databases that are made and dropped again.
    Raises DatabaseError where a history is broken, or there are several.
    """
    found = migrations_of(directory, command)
    if not found:
        return None
    if len(found) > 1:
        there = " and ".join(f"{name} ({place})" for name, place in found)
        raise DatabaseError(
            f"there are migrations of {there}: say which by migrator and config, see docs/migrations.md"
        )
    ((name, config),) = found
    migrator = MIGRATORS[name](config, python, directory, environment_for)
    databases = MigrationDatabases(MigrationsFile(legacy=""), server, migrator, tag)
    try:
        databases.reach()
        return FoundMigrations(name, config, _before(server, migrator, users, tag))
    except CheckFailed as failed:
        raise DatabaseError(str(failed)) from None
    finally:
        databases.drop()


def migrations_of(directory: Path, command: str) -> list[tuple[str, str]]:
    """The tools that migrate an app in `directory`, with their file or folder: where these usually lie, else where the command by
    which a run migrates says (`alembic -c ../alembic.ini upgrade head`).
    """
    usual = [(name, place) for name, kind in MIGRATORS.items() for place in kind.places if kind.fits(directory / place)]
    if usual or not command:
        return usual
    try:
        words = split_command(command)
    except ValueError:
        return []  # A shell may make sense of what is no list of words.
    files = [word for word in words if (directory / word).is_file()]
    return [(name, word) for word in files for name, kind in MIGRATORS.items() if kind.fits(directory / word)]


def _before(server: Server, migrator: Migrator, users: UsersTable, tag: str) -> str | None:
    """The last revision without the column, by halves: a history that has it keeps it."""
    history = _line(migrator, users)
    low, high = 0, len(history)  # history[low - 1] lacks the column, history[high] has it.
    while low < high:
        middle = (low + high) // 2
        if _has_column(server, migrator, history[middle], users, f"{tag}_{middle}"):
            high = middle
        else:
            low = middle + 1
    return history[low - 1] if low else None


def _line(migrator: Migrator, users: UsersTable) -> list[str]:
    """The history of the table of users: of Django's, which has one for each app, that of the app whose table it is."""
    history, lines = migrator.history(), [line for line in migrator.heads() if line]
    if not lines:
        return history
    own = [line for line in lines if users.name.startswith(f"{line}_")]
    if not own:
        raise CheckFailed(
            f"nothing tells which app's migrations make {users.name}: say which revision was before Clerk"
        )
    return [name for name in history if name.startswith(f"{max(own, key=len)}.")]


def _has_column(server: Server, migrator: Migrator, revision: str, users: UsersTable, tag: str) -> bool:
    name = f"clerk_harness_{tag}_before"
    url = server.create(name)
    try:
        migrator.upgrade(url, revision).require(f"revision {revision} cannot be reached")
        with psycopg.connect(url, autocommit=True) as connection:
            table = tables_of(connection).get(users.name)
        return table is not None and users.clerk_id in table.columns
    finally:
        server.drop(name)
