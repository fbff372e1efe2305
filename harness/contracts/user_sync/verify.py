"""The user sync contract on a run: one row for each Clerk user, whatever happens and however often."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from harness.contracts.base import Check, Context, Contract, Progress
from harness.contracts.user_sync import INVARIANTS, SyncEnvironment, SyncFile, load_sync, run_sync


class UserSync(Contract):
    """See docs/user-sync.md."""

    name = "user_sync"
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
        with closing(
            SyncEnvironment(context.target, context.clerk, context.database_url, file, reset, suites=suites)
        ) as environment:
            checks = run_sync(environment, sequences=sequences, start=options.seed, progress=report)
        again = f"--only {self.name} --sequences {sequences} --seed {options.seed}"
        context.note(f"{self.name}: {sequences} generated sequences from seed {options.seed} ({again} repeats them)")
        return checks


CONTRACT = UserSync()
