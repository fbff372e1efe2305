"""The contracts beside the matrix, held on a run's own target and database."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from harness.contracts.base import Check
from harness.contracts.budget import BUDGET_FILE, BudgetFile, load_budget, unindexed
from harness.contracts.budget import CHECKS as BUDGET_CHECKS
from harness.contracts.budget.contract import entrance, judge, measure
from harness.contracts.budget.declaration import unknown_routes
from harness.contracts.configuration import CHECKS as CONFIGURATION_CHECKS
from harness.contracts.configuration import CONFIGURATION_FILE, Configuration, load_configuration
from harness.contracts.configuration.trials import genuine
from harness.contracts.matrix import Declaration, make_plan
from harness.contracts.migrations import CHECKS as MIGRATION_CHECKS
from harness.contracts.migrations import MIGRATIONS_FILE, Migrations, MigrationsFile, load_migrations
from harness.contracts.user_sync import CHECKS, SYNC_FILE, SyncEnvironment, load_sync, run_sync
from harness.core.errors import DeclarationError, HarnessError
from harness.database.statement_proxy import Statement, StatementProxy
from harness.run.context import Session
from harness.targets.restart import can_run_in_parallel, environment_of


def chosen(only: list[str], *, narrowed: bool) -> list[str]:
    """The contracts of a run: those named, else all in a whole run and the matrix in a part of one.

    Raises DeclarationError for a name that is none.
    """
    for name in only:
        if name not in CONTRACTS:
            raise DeclarationError(f"--only {name}: no such contract; there are {', '.join(CONTRACTS)}")
    return only or (["matrix"] if narrowed else list(CONTRACTS))


def _undeclared(name: str, path: Path, *, asked: bool) -> list[Check]:
    """Nothing, for a contract without its file. Raises DeclarationError where the user named it."""
    if asked:
        raise DeclarationError(f"--only {name}: {path} does not exist; README shows one")
    return []


def _unexamined(name: str, checks: dict[str, str], why: str) -> list[Check]:
    return [Check(name, check, description, "not examined", detail=why) for check, description in checks.items()]


def hold_sync(session: Session, *, asked: bool, progress: Callable[[int, int], None] | None = None) -> list[Check]:
    """The sync contract, where user_sync.toml declares it. `asked`: the user named it, so that it must be there.

    `progress` is told how many sequences of how many were tried. Raises DeclarationError.
    """
    suites, options = session.declaration.root, session.options
    file = load_sync(suites)
    if file is None:
        return _undeclared("user_sync", suites / SYNC_FILE, asked=asked)
    if session.resets is None:
        why = "rows can be seen only in a database that the run makes: declare [database], and --app or --command"
        return _unexamined("user_sync", CHECKS, why)
    sequences = options.sequences or file.sequences
    told = (lambda done: progress(done, sequences)) if progress is not None else None
    reset = session.resets[0].reset
    with closing(
        SyncEnvironment(session.target, session.clerk, session.database_url, file, reset, suites=suites)
    ) as environment:
        checks = run_sync(environment, sequences=sequences, start=options.seed, progress=told)
    again = f"--only user_sync --sequences {sequences} --seed {options.seed}"
    session.note(f"user_sync: {sequences} generated sequences from seed {options.seed} ({again} repeats them)")
    return checks


def hold_migrations(session: Session, *, asked: bool, progress: Callable[[str], None] | None = None) -> list[Check]:
    """The migration contract, where migrations.toml declares it; see `hold_sync`. Raises DeclarationError, DatabaseError."""
    suites = session.declaration.root
    file = load_migrations(suites)
    if file is None:
        return _undeclared("migrations", suites / MIGRATIONS_FILE, asked=asked)
    if session.server is None:
        why = "there is no Postgres to migrate: declare [database], and --app or --command"
        return _unexamined("migrations", MIGRATION_CHECKS, why)
    python, directory, environment_for = session.command_surroundings()
    migrations = Migrations(file, session.server, python, directory, environment_for, secrets.token_hex(4))
    checks = migrations.verify(progress=progress)
    for check in checks:
        if check.name == "gradual":
            hold_gradual(session, file, check)
    return checks


def hold_gradual(session: Session, file: MigrationsFile, check: Check) -> None:
    """Start the app of the stage before on a database of the stage after, and ask each route: none may fail."""
    table, options, declared = session.declaration.matrix.database, session.options, session.declaration
    if file.before is None or table is None:
        check.detail = "migrations.toml does not say how the app of the stage before starts: before = { STAGE = … }"
        return
    head = table.model_copy(update={"migrate": f"python -m alembic -c {shlex.quote(file.config)} upgrade head"})
    matrix = declared.matrix.model_copy(update={"database": head})
    after = Declaration(matrix, declared.routers, declared.root, declared.legacy)
    old = replace(
        options, env=options.env | file.before, credentials=["clerk", "legacy", "missing"], routers=[], routes=[], only=[],
        drills=False, fuzz=0, agents=1,
    )  # fmt: skip
    try:
        with Session(old, after, server=session.server) as running:
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


def hold_budget(session: Session, *, asked: bool, progress: Callable[[int, int], None] | None = None) -> list[Check]:
    """The budget of each route, in a session of its own whose app talks to Postgres through a relay that counts.

    Held where budget.toml is, or with its defaults where the user `asked`. Raises HarnessError.
    """
    suites = session.declaration.root
    file = load_budget(suites)
    if file is None and not asked:
        return []
    file = file or BudgetFile()
    routes, probed = session.target.routes, session.target.probed
    every = make_plan(session.declaration, routes, credentials=["clerk"], discovered=probed)
    unknown_routes(file, {plan.key for plan in every.routes}, suites)
    if not session.target.probed:
        why = "the way to a handler can be told from the handler itself only in an app target (--app)"
        return _unexamined("budget", BUDGET_CHECKS, why)
    with tapped_session(session) as (inner, proxy):
        return hold_limits(inner, file, proxy, progress=progress)


@contextmanager
def tapped_session(session: Session) -> Iterator[tuple[Session, StatementProxy | None]]:
    """A session like another whose app talks to Postgres through a relay, and the relay; None without a database."""
    with ExitStack() as stack:
        proxies: list[StatementProxy] = []

        def through(url: str) -> str:
            proxies.append(stack.enter_context(closing(StatementProxy(url))))
            return proxies[-1].url

        options = replace(session.options, credentials=["clerk"], only=[], drills=False, fuzz=0, agents=1)
        inner = Session(options, session.declaration, server=session.server, through=through)
        yield stack.enter_context(inner), proxies[0] if proxies else None


def hold_limits(
    inner: Session,
    file: BudgetFile,
    proxy: StatementProxy | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Check]:
    """The checks of the budget, held on a session whose app talks through `tap`."""
    plan = inner.plan()
    plan.routes = [each for each in plan.routes if entrance(each) is not None]
    engine = inner.engine(plan)
    for _ in engine.run():
        pass
    measured, statements, left = measure(engine, inner.clerk, proxy, progress=progress)
    index = _index(inner, file, statements, measured=any(one.warm is not None for one in measured))
    return [*judge(measured, left, file, tapped=proxy is not None), index]


def _index(session: Session, file: BudgetFile, statements: list[Statement], *, measured: bool) -> Check:
    """The check of the index, on the column that budget.toml or user_sync.toml names."""
    check = Check("budget", "index", BUDGET_CHECKS["index"], "not examined")
    sync = load_sync(session.declaration.root)
    lookup = file.lookup or (f"{sync.table.name}.{sync.table.clerk_id}" if sync is not None else None)
    if not session.database_url:
        check.detail = "no database is declared"
    elif not measured:
        check.detail = "no route could be measured"
    elif lookup is None:
        check.detail = (
            f'say which column it is: lookup = "users.clerk_user_id" in {session.declaration.root / BUDGET_FILE}'
        )
    else:
        unindexed(session.database_url, statements, lookup, check)
    return check


def hold_config(session: Session, *, asked: bool, progress: Callable[[int, int], None] | None = None) -> list[Check]:
    """The configuration contract, where configuration.toml declares it; the last of all, for it may end the session's own
    target, whose port it needs. Raises DeclarationError.
    """
    declared, options = session.declaration, session.options
    file = load_configuration(declared.root)
    if file is None:
        return _undeclared("configuration", declared.root / CONFIGURATION_FILE, asked=asked)
    environment = environment_of(session.target)
    if environment is None:
        why = "a server that runs already cannot be started in another environment: give --app or --command"
        return _unexamined("configuration", CONFIGURATION_CHECKS, why)
    engine = session.engine(session.plan())
    together = can_run_in_parallel(session.target)
    if not together:
        session.target.close()
    kept = set(declared.matrix.target.env) | set(options.env) | set(session.clerk.tls.environment())
    start, more = (genuine(environment, session.clerk.environment(), kept, file, others=o) for o in (False, True))
    for name in file.variables:
        if name not in start:
            where = declared.root / CONFIGURATION_FILE
            raise DeclarationError(
                f"{where}: variables.{name}: the harness knows no genuine value for it: "
                f'{name} = {{ value = "…" }}, or set it in [target.env]'
            )
    contract = Configuration(file, session.target, start, more, engine, session.clerk, side_by_side=together)
    checks = contract.verify(progress=progress)
    dotenv = session.command_surroundings()[1] / ".env"
    if dotenv.is_file() and any(check.failed for check in checks):
        session.note(f"{dotenv.name} lies beside the app: what it sets may stand in for a variable that was taken away")
    return checks


LOAD: dict[str, Callable[[Path], object]] = {
    "user_sync": load_sync,
    "migrations": load_migrations,
    "budget": load_budget,
    "configuration": load_configuration,
}
"""What reads each contract's file."""
HOLD: dict[str, Callable[..., list[Check]]] = {
    "user_sync": hold_sync,
    "migrations": hold_migrations,
    "budget": hold_budget,
    "configuration": hold_config,
}
"""What holds each contract, in the order of a run."""
CONTRACTS = ("matrix", *HOLD)
"""What `--only` can name."""
CHECKS_OF = {
    "user_sync": CHECKS,
    "migrations": MIGRATION_CHECKS,
    "budget": BUDGET_CHECKS,
    "configuration": CONFIGURATION_CHECKS,
}
"""What each of them looks at."""
