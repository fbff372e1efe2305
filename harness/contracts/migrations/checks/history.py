"""The checks of the history of migrations, which need no rows: `one-head`, `from-nothing` and `models`."""

from __future__ import annotations

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.databases import MigrationDatabases
from harness.contracts.migrations.results import CheckFailed, CheckSkipped


def _one_head(databases: MigrationDatabases) -> None:
    for line, heads in databases.migrator.heads().items():
        if len(heads) != 1:
            of = f" of {line}" if line else ""
            raise CheckFailed(f"there are {len(heads)} heads{of}: {', '.join(heads)}")


def _from_nothing(databases: MigrationDatabases) -> None:
    result, _ = databases.upgraded_empty()
    result.require("an empty database cannot be brought up to date")


def _models(databases: MigrationDatabases) -> None:
    if not databases.file.models:
        raise CheckSkipped("models = false in migrations.toml")
    _from_nothing(databases)
    _, url = databases.upgraded_empty()
    try:
        result = databases.migrator.compare_models(url)
    except CheckSkipped as skipped:
        raise CheckSkipped(str(skipped), declared="models" in databases.file.model_fields_set) from None
    result.require("the models differ from the schema")


ONE_HEAD = CheckSpec(
    "one-head",
    "the migrations have one head",
    "https://alembic.sqlalchemy.org/en/latest/branches.html",
    _one_head,
)
FROM_NOTHING = CheckSpec(
    "from-nothing",
    "they bring an empty database up to date",
    "Field note: migrations that were only ever run on databases with rows",
    _from_nothing,
)
MODELS = CheckSpec(
    "models",
    "the models equal the schema that they make",
    "https://alembic.sqlalchemy.org/en/latest/autogenerate.html (alembic check)",
    _models,
)
