"""The migration contract on a run: the data stays, the way back works, and nothing locks people out meanwhile."""

from __future__ import annotations

import secrets
from pathlib import Path

from harness.contracts.base import Check, Context, Contract, Progress
from harness.contracts.migrations import CHECKS, Migrations, MigrationsFile, Rehearsal, load_migrations
from harness.contracts.migrations.checks.gradual import GRADUAL, verify_gradual
from harness.contracts.migrations.checks.history import FROM_NOTHING
from harness.contracts.migrations.checks.rehearsed import REHEARSAL


class MigrationContract(Contract):
    """See docs/migrations.md."""

    name = "migrations"
    length = 40.0
    model = MigrationsFile
    checks = CHECKS
    criterion = "The migration keeps all data, and can be rolled back"
    needed = ("from-nothing", "data", "rollback")
    needs_database = False

    def load(self, suites: Path) -> MigrationsFile | None:
        """Read migrations.toml."""
        return load_migrations(suites)

    def examine(self, context: Context, file: MigrationsFile, progress: Progress | None) -> list[Check]:
        """Migrate databases of their own; `progress` is called with the name of each check. Raises DatabaseError."""
        if context.server is None:
            return self.unexamined("there is no Postgres to migrate: declare [database], and --app or --command")
        if context.options.rows is not None:
            size = (file.rehearsal or Rehearsal()).model_copy(update={"rows": context.options.rows})
            file = file.model_copy(update={"rehearsal": size})
        python, directory, environment_for = context.command_surroundings()
        migrations = Migrations(file, context.server, python, directory, environment_for, secrets.token_hex(4))
        checks = migrations.verify(progress=progress)
        by_name = {check.name: check for check in checks}
        if by_name[REHEARSAL.name].figures:
            context.note(f"rehearsal: {by_name[REHEARSAL.name].detail}")
        nothing, gradual = by_name[FROM_NOTHING.name], by_name[GRADUAL.name]
        if context.unmade and not nothing.failed:
            nothing.status, nothing.detail = "broken", context.unmade
        if nothing.failed:
            gradual.detail = f"there is no schema after: {FROM_NOTHING.name} is broken"
            gradual.unmeasured = [f"before: {gradual.detail}"] if file.before is not None else []
        else:
            gradual.detail = ""  # That the app was not started is true no longer.
            verify_gradual(context, file, gradual)
        return checks


CONTRACT = MigrationContract()
