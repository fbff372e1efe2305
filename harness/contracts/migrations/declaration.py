"""`suites/migrations.toml`: what migrates and where it is, which revision was before Clerk, and what its migrations may do on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.contracts.migrations.migrators import MIGRATORS
from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, Table, load_table

MIGRATIONS_FILE = "migrations.toml"
MOST_ROWS = 100_000_000


class Rehearsal(Table):
    """How the migrations are rehearsed at the size of production."""

    rows: int | None = Field(default=None, ge=100, le=MOST_ROWS, description="how many rows each table has there")
    tables: dict[str, Annotated[int, Field(ge=0, le=MOST_ROWS)]] = Field(
        default={}, description="by table, those that have another number"
    )
    seconds: float = Field(
        default=120, gt=0, le=86_400, description="how long tables may be filled, for each of the two sizes"
    )
    lock_seconds: float | None = Field(
        default=None, gt=0, le=86_400, description="the longest that a lock may keep writers out of a table"
    )
    lookups: list[str] = Field(
        default=[], description="columns (table.column) by which a person is found, measured before and after"
    )


class MigrationsFile(ContractTable):
    """The file."""

    legacy: str = Field(description="the revision of the stage before Clerk")
    migrator: str | None = Field(default=None, description="what migrates, where it is not found by looking")
    config: str | None = Field(
        default=None, description="its file or folder, relative to the app, where it is not found by looking"
    )
    users: str = Field(default="users", description="the table of users")
    rows: int = Field(default=2000, ge=1, le=1_000_000, description="how many users are generated")
    models: bool = Field(default=True, description="whether the models are compared with the schema")
    before: dict[str, str] | None = Field(
        default=None,
        description="the variables with which the app of the stage before starts, to see whether it runs on the schema after",
    )
    changes: list[str] = Field(
        default=[], description="columns (table.column) whose content a migration changes on purpose"
    )
    allow: list[str] = Field(
        default=[],
        description="what would be reported otherwise: drop:, mapping: or null:table.column, rewrite:, lock: or empty:table",
    )
    fill: dict[str, str] = Field(
        default={},
        description="by table, rows that cannot be generated: SQL, or module:function of the app, which gets the database's URL",
    )
    rehearsal: Rehearsal | None = Field(default=None, description="at which size the migrations are rehearsed")


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
        if entry.partition(":")[0] not in ("drop", "rewrite", "lock", "empty", "mapping", "null"):
            raise DeclarationError(
                f"{path}: allow: {entry!r}: write drop:table.column, rewrite:table, lock:table, mapping:table.column, "
                "null:table.column or empty:table"
            )
    if file.rehearsal is not None and file.rehearsal.lock_seconds is not None and file.rehearsal.rows is None:
        raise DeclarationError(f"{path}: rehearsal.lock_seconds: say at how many rows: rehearsal.rows")
    return file.model_copy(update={"users": file.users.removeprefix("public.")})
