"""The check `gradual`: the app of the stage before runs on the schema of the stage after. It is verified by a run of its own."""

from __future__ import annotations

from harness.contracts.base import Check, CheckSpec, Context
from harness.contracts.matrix import Declaration
from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.migrators import find_migrator
from harness.core.errors import HarnessError

GRADUAL = CheckSpec(
    "gradual",
    "the app of the stage before runs on the schema after",
    "https://martinfowler.com/bliki/ParallelChange.html; field note: both stages run while a release is rolled out",
)


def verify_gradual(context: Context, file: MigrationsFile, check: Check) -> None:
    """Start the app of the stage before on a database of the stage after, send requests to each route, and fill in the check.

    No route may fail. The check stays not examined where migrations.toml does not say how that app starts.
    """
    table, options, declared = context.declaration.matrix.database, context.options, context.declaration
    if file.before is None or table is None:
        check.detail = "migrations.toml does not say how the app of the stage before starts: before = { STAGE = … }"
        return
    python, directory, environment_for = context.command_surroundings()
    kind, config = find_migrator(file.migrator, file.config, directory)
    command = kind(config, python, directory, environment_for).upgrade_command or table.migrate
    if command is None:
        check.detail = "nothing says how the run's own database is migrated: migrate in [database]"
        check.unmeasured = [f"before: {check.detail}"]
        return
    head = table.model_copy(update={"migrate": command})
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
            f"routes that fail: {len(routes)}, the first is {routes[0]}"
            f"{f' with `{faults[0].credential}`' if faults[0].credential else ''}: {faults[0].seen}"
        )
    elif not asked:
        check.status, check.detail = "not examined", "there is no route to ask"
        check.unmeasured = [f"before: {check.detail}"]
