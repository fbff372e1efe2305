"""`suites/migrations.toml`: what migrates and where it is, which revision was before Clerk, and what its migrations may do on purpose."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from harness.contracts.migrations.migrators import MIGRATORS
from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, load_table

MIGRATIONS_FILE = "migrations.toml"


class MigrationsFile(ContractTable):
    """The file. `legacy`: the revision of the stage before Clerk; `migrator`: what migrates, and `config`: its file or
    folder, relative to the app, where they are not found by looking;
    `users`: the table of users; `rows`: how many are generated; `models`: whether the models are compared with the schema;
    `before`: the variables with which the app of the stage before starts, to see whether it runs on the schema after;
    `changes`: columns (`table.column`) whose content a migration changes on purpose; `allow`: what would be reported otherwise,
    such as `drop:users.age`, `rewrite:users`, `lock:users`, and `empty:table` for one that no row can be made for; `fill`: by
    table, rows that cannot be generated: SQL, or the app's own function (`module:function`), which is called with the database's URL.
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


def load_migrations(suites: Path) -> MigrationsFile | None:
    """Read the file, where there is one. Raises DeclarationError naming file and key."""
    path = suites / MIGRATIONS_FILE
    file = load_table(path, MigrationsFile, {"": list(MigrationsFile.model_fields)})
    if file is None:
        return None
    if file.migrator is not None and file.migrator not in MIGRATORS:
        raise DeclarationError(f"{path}: migrator: {file.migrator!r}: write one of {', '.join(MIGRATORS)}")
    for entry in file.allow:
        if entry.partition(":")[0] not in ("drop", "rewrite", "lock", "empty"):
            raise DeclarationError(
                f"{path}: allow: {entry!r}: write drop:table.column, rewrite:table, lock:table or empty:table"
            )
    return file.model_copy(update={"users": file.users.removeprefix("public.")})
