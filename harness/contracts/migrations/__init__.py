"""The migration contract: Alembic, run in the target's own interpreter, on a database full of generated rows."""

from harness.contracts.migrations.checks import CHECKS
from harness.contracts.migrations.declaration import MIGRATIONS_FILE, MigrationsFile, Rehearsal, load_migrations
from harness.contracts.migrations.runner import Migrations

__all__ = ["CHECKS", "MIGRATIONS_FILE", "Migrations", "MigrationsFile", "Rehearsal", "load_migrations"]
