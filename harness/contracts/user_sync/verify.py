"""The user sync contract on a run: one row for each Clerk user, whatever happens and however often."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from harness.contracts.base import Check, Context, Contract, Progress
from harness.contracts.user_sync import INVARIANTS, SyncEnvironment, SyncFile, load_sync, run_sync
from harness.contracts.user_sync.queued import undeclared_queue
from harness.core.errors import HarnessError
from harness.core.text import sentence
from harness.targets import Target
from harness.targets.restart import can_run_in_parallel, environment_of, restart

_START_LIMIT = 60.0
"""Seconds within which the second process of the app must start."""


class UserSync(Contract):
    """See docs/user-sync.md."""

    name = "user_sync"
    length = 30.0
    model = SyncFile
    checks = INVARIANTS
    counted = "sequences"
    seeded = True
    criterion = "User sync is idempotent: one row for each person, whatever is replayed"
    needed = ("one-row", "replay", "at-once", "own-row")

    def load(self, suites: Path) -> SyncFile | None:
        """Read user_sync.toml."""
        return load_sync(suites)

    def examine(self, context: Context, file: SyncFile, progress: Progress | None) -> list[Check]:
        """Drive sequences of events. `progress` is called with how many of how many were tried."""
        if context.resets is None:
            return self.unexamined(
                "rows can be seen only in a database that the run makes: declare [database], and --app or --command"
            )
        options = context.options
        sequences = options.sequences or file.sequences
        report = (lambda done: progress(done, sequences)) if progress is not None else None
        reset = context.resets[0].reset
        suites = context.declaration.root
        with ExitStack() as stack:
            second, why = second_process(context.target, stack)
            url = context.database_url
            environment = SyncEnvironment(
                context.target, context.clerk, url, file, reset, suites=suites, second=second, alone=why,
                origin=context.declaration.matrix.settings.azp,
            )  # fmt: skip
            stack.callback(environment.close)
            checks = run_sync(environment, sequences=sequences, start=options.seed, progress=report)
            if any(check.failed for check in checks) and (said := undeclared_queue(environment)) is not None:
                context.note(f"{self.name}: {said}")
        again = f"--only {self.name} --sequences {sequences} --seed {options.seed}"
        context.note(f"{self.name}: {sequences} generated sequences from seed {options.seed} ({again} repeats them)")
        return checks


def second_process(target: Target, stack: ExitStack) -> tuple[Target | None, str]:
    """Another process of the app on the same database, for races; where there can be none, None and why."""
    variables = environment_of(target)
    if variables is None or not can_run_in_parallel(target):
        return None, "its port is fixed, or the harness does not start it"
    try:
        return stack.enter_context(closing(restart(target, variables, _START_LIMIT))), ""
    except HarnessError as error:
        return None, f"a second one does not start: {sentence(str(error))}"


CONTRACT = UserSync()
