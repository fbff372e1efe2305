"""The migration contract: Alembic, run in the target's own interpreter, on a database full of generated rows."""

from harness.migrate.contract import CHECKS, Migrations
from harness.migrate.declaration import MIGRATIONS_FILE, MigrationsFile, load_migrations

__all__ = ["CHECKS", "MIGRATIONS_FILE", "Migrations", "MigrationsFile", "load_migrations"]
