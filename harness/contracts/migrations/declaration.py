"""`suites/migrations.toml`: what migrates and where it is, which revision was before Clerk, and what its migrations may do on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.contracts.migrations.migrators import MIGRATORS
from harness.core.errors import DeclarationError
from harness.core.toml import Table, load_table

MIGRATIONS_FILE = "migrations.toml"
MOST_ROWS = 100_000_000


class Rehearsal(Table):
    """How the migrations are rehearsed at the size of production. `rows`: how many rows each table has there, `tables`: by
    table, those that have another number; `seconds`: how long tables may be filled, for each of the two sizes; `lock_seconds`:
    the longest that a lock may keep writers out of a table; `lookups`: columns (`table.column`) by which a person is found,
    measured before and after.
    """

    rows: int | None = Field(default=None, ge=100, le=MOST_ROWS)
    tables: dict[str, Annotated[int, Field(ge=0, le=MOST_ROWS)]] = {}
    seconds: float = Field(default=120, gt=0, le=86_400)
    lock_seconds: float | None = Field(default=None, gt=0, le=86_400)
    lookups: list[str] = []


class MigrationsFile(Table):
    """The file. `legacy`: the revision of the stage before Clerk; `migrator`: what migrates, and `config`: its file or
    folder, relative to the app, where they are not found by looking;
    `users`: the table of users; `rows`: how many are generated; `models`: whether the models are compared with the schema;
    `before`: the variables with which the app of the stage before starts, to see whether it runs on the schema after;
    `changes`: columns (`table.column`) whose content a migration changes on purpose; `allow`: what would be reported otherwise,
    such as `drop:users.age`, `rewrite:users`, `lock:users`, and `empty:table` for one that no row can be made for; `fill`: by
    table, rows that cannot be generated: SQL, or the app's own function (`module:function`), which is called with the database's URL;
    `rehearsal`: at which size they are rehearsed.
    """

    legacy: str
    migrator: str | None = None
    config: str | None = None
    users: str = "users"
    rows: int = Field(default=2000, ge=1, le=1_000_000)
    models: bool = True
    before: dict[str, str] | None = None
    changes: list[str] = []
    allow: list[str] = []
    fill: dict[str, str] = {}
    rehearsal: Rehearsal | None = None


def load_migrations(suites: Path) -> MigrationsFile | None:
    """Read the file, where there is one. Raises DeclarationError naming file and key."""
    path = suites / MIGRATIONS_FILE
    known = {"": list(MigrationsFile.model_fields), "rehearsal": list(Rehearsal.model_fields)}
    file = load_table(path, MigrationsFile, known)
    if file is None:
        return None
    if file.migrator is not None and file.migrator not in MIGRATORS:
        raise DeclarationError(f"{path}: migrator: {file.migrator!r}: write one of {', '.join(MIGRATORS)}")
    for entry in file.allow:
        if entry.partition(":")[0] not in ("drop", "rewrite", "lock", "empty"):
            raise DeclarationError(
                f"{path}: allow: {entry!r}: write drop:table.column, rewrite:table, lock:table or empty:table"
            )
    if file.rehearsal is not None and file.rehearsal.lock_seconds is not None and file.rehearsal.rows is None:
        raise DeclarationError(f"{path}: rehearsal.lock_seconds: say at how many rows: rehearsal.rows")
    return file.model_copy(update={"users": file.users.removeprefix("public.")})
