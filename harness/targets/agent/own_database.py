"""Migrations reach the database that the harness made, or nothing: looked at in their own process, before they are run.

Installed by `startup/sitecustomize.py` where `CLERK_HARNESS_DATABASE` names that database. Its name is a random one, so that no
other server has one of that name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

VARIABLE = "CLERK_HARNESS_DATABASE"
"""The variable that names the database."""
REACHED = "clerk-harness: reached "
"""Before the name of Alembic's own table, on standard error: its env.py has connected to the right database."""
NOT_REACHED = "clerk-harness: not reached: "
"""Before what was reached instead, on standard error."""
EXIT_CODE = 86
"""With which the process ends then; no migration tool has it."""


def _refuse(what: str) -> None:
    print(NOT_REACHED + what, file=sys.stderr, flush=True)
    os._exit(EXIT_CODE)  # An env.py may catch whatever is raised.


def _elsewhere(connection: Any) -> str | None:
    """What an SQLAlchemy connection is connected to, where it is not the harness's database."""
    dialect = connection.dialect.name
    if dialect != "postgresql":
        return "a database of %s" % dialect
    began = connection.in_transaction()
    name = connection.exec_driver_sql("SELECT current_database()").scalar()
    if not began and connection.in_transaction():
        connection.rollback()  # Alembic must find no transaction of ours.
    return None if name == os.environ[VARIABLE] else "the database %r" % name


def patch_alembic(module: Any) -> None:
    """Let `context.configure` look where the connection leads, before any migration is run on it."""
    real = module.EnvironmentContext.configure

    def configure(self: Any, connection: Any = None, *more: Any, **named: Any) -> None:
        if connection is not None and (what := _elsewhere(connection)) is not None:
            _refuse(what)
        real(self, connection, *more, **named)
        if connection is not None:
            context = self.get_context()
            schema = context.version_table_schema
            print(REACHED + (schema + "." if schema else "") + context.version_table, file=sys.stderr, flush=True)

    module.EnvironmentContext.configure = configure


def patch_django(module: Any) -> None:
    """Let `MigrationExecutor` look where the connection leads, before any migration is run on it."""
    real = module.MigrationExecutor.__init__

    def begin(self: Any, connection: Any, *more: Any, **named: Any) -> None:
        if connection is not None:
            what = "a database of %s" % connection.vendor
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT current_database()")
                    (name,) = cursor.fetchone()
                what = "" if name == os.environ[VARIABLE] else "the database %r" % name
            if what:
                _refuse(what)
            print(REACHED + "django_migrations", file=sys.stderr, flush=True)
        real(self, connection, *more, **named)

    module.MigrationExecutor.__init__ = begin


PATCHES: dict[str, Callable[[Any], None]] = {
    "alembic.runtime.environment": patch_alembic,
    "django.db.migrations.executor": patch_django,
}
