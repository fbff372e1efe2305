"""The contracts beside the matrix, held on a run's own target and database."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import closing

from harness.checks import Check
from harness.errors import DeclarationError
from harness.migrate import CHECKS as MIGRATION_CHECKS
from harness.migrate import MIGRATIONS_FILE, Migrations, load_migrations
from harness.session import Session
from harness.sync import CHECKS, SYNC_FILE, World, load_sync, run_sync

CONTRACTS = ("matrix", "sync", "migrations")
"""What `--only` can name."""


def chosen(only: list[str], *, narrowed: bool) -> list[str]:
    """The contracts of a run: those named, else all in a whole run and the matrix in a part of one.

    Raises DeclarationError for a name that is none.
    """
    for name in only:
        if name not in CONTRACTS:
            raise DeclarationError(f"--only {name}: no such contract; there are {', '.join(CONTRACTS)}")
    return only or (["matrix"] if narrowed else list(CONTRACTS))


def hold_sync(session: Session, *, asked: bool, progress: Callable[[int, int], None] | None = None) -> list[Check]:
    """The sync contract, where user_sync.toml declares it. `asked`: the user named it, so that it must be there.

    `progress` is told how many sequences of how many were tried. Raises DeclarationError.
    """
    suites, options = session.declaration.root, session.options
    file = load_sync(suites)
    if file is None:
        if asked:
            raise DeclarationError(f"--only sync: {suites}/{SYNC_FILE} does not exist; README shows one")
        return []
    if session.resets is None:
        why = "rows can be seen only in a database that the run makes: declare [database], and --app or --command"
        return [Check("sync", name, says, "not examined", detail=why) for name, says in CHECKS.items()]
    sequences = options.sequences or file.sequences
    told = (lambda done: progress(done, sequences)) if progress is not None else None
    with closing(World(session.target, session.clerk, session.database_url, file, session.resets[0].reset)) as world:
        checks = run_sync(world, sequences=sequences, start=options.seed, progress=told)
    again = f"--only sync --sequences {sequences} --seed {options.seed}"
    session.notes.append(f"sync: {sequences} generated sequences from seed {options.seed} ({again} repeats them)")
    return checks


def hold_migrations(session: Session, *, asked: bool, progress: Callable[[str], None] | None = None) -> list[Check]:
    """The migration contract, where migrations.toml declares it; see `hold_sync`. Raises DeclarationError, DatabaseError."""
    suites = session.declaration.root
    file = load_migrations(suites)
    if file is None:
        if asked:
            raise DeclarationError(f"--only migrations: {suites}/{MIGRATIONS_FILE} does not exist; README shows one")
        return []
    if session.server is None:
        why = "there is no Postgres to migrate: declare [database], and --app or --command"
        return [Check("migrations", name, says, "not examined", detail=why) for name, says in MIGRATION_CHECKS.items()]
    python, directory, environment_for = session.command_surroundings()
    migrations = Migrations(file, session.server, python, directory, environment_for, secrets.token_hex(4))
    return migrations.hold(progress=progress)
