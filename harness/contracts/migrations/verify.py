"""The migration contract on a run: the data stays, the way back works, and nothing locks people out meanwhile."""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path

from harness.contracts.base import Check, CheckSpec, Context, Contract, Progress
from harness.contracts.matrix import Declaration
from harness.contracts.migrations import CHECKS, Migrations, MigrationsFile, load_migrations
from harness.core.errors import HarnessError


class MigrationContract(Contract):
    """See docs/migrations.md."""

    name = "migrations"
    checks = tuple(CheckSpec(name, sentence) for name, sentence in CHECKS.items())
    criterion = "The migration keeps all data, and can be rolled back"
    needed = ("from-nothing", "data", "rollback")

    def load(self, suites: Path) -> MigrationsFile | None:
        """Read migrations.toml."""
        return load_migrations(suites)

    def examine(self, context: Context, file: MigrationsFile, progress: Progress | None) -> list[Check]:
        """Migrate databases of their own; `progress` is told in words what is done. Raises DatabaseError."""
        if context.server is None:
            return self.unexamined("there is no Postgres to migrate: declare [database], and --app or --command")
        python, directory, environment_for = context.command_surroundings()
        migrations = Migrations(file, context.server, python, directory, environment_for, secrets.token_hex(4))
        checks = migrations.verify(progress=progress)
        for check in checks:
            if check.name == "gradual":
                verify_gradual(context, file, check)
        return checks


def verify_gradual(context: Context, file: MigrationsFile, check: Check) -> None:
    """Start the app of the stage before on a database of the stage after, and ask each route: none may fail."""
    table, options, declared = context.declaration.matrix.database, context.options, context.declaration
    if file.before is None or table is None:
        check.detail = "migrations.toml does not say how the app of the stage before starts: before = { STAGE = … }"
        return
    head = table.model_copy(update={"migrate": f"python -m alembic -c {shlex.quote(file.config)} upgrade head"})
    matrix = declared.matrix.model_copy(update={"database": head})
    after = Declaration(matrix, declared.routers, declared.root, declared.legacy)
    before = options.env | file.before
    asked_of = ["clerk", "legacy", "missing"]
    try:
        with context.another(
            after, env=before, credentials=asked_of, routers=[], routes=[], only=[], drills=False, fuzz=0, agents=1
        ) as running:
            verdicts = list(running.run(running.plan()))
    except HarnessError as error:
        check.status, check.detail = "broken", f"the app of the stage before does not start: {error}"
        return
    faults = [verdict for verdict in verdicts if verdict.verdict in ("fault", "handler-error")]
    asked = [verdict for verdict in verdicts if verdict.credential]
    check.count, check.status = len(asked), "broken" if faults else "proven"
    if faults:
        routes = list(dict.fromkeys(verdict.route for verdict in faults))
        check.detail = (
            f"{len(routes)} route(s) fail, the first is {routes[0]}"
            f"{f' with `{faults[0].credential}`' if faults[0].credential else ''}: {faults[0].seen}"
        )
    elif not asked:
        check.status, check.detail = "not examined", "there is no route to ask"


CONTRACT = MigrationContract()
