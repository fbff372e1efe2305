"""Runs the checks of a backend's migrations, each on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from harness.contracts.base import Check, CheckSpec
from harness.contracts.migrations.checks import CHECKS
from harness.contracts.migrations.databases import MigrationDatabases
from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.migrators import Migrator, find_migrator
from harness.contracts.migrations.results import CheckFailed, CheckSkipped, Measured
from harness.database.server import Server

_NAMES = tuple(spec.name for spec in CHECKS)


@dataclass(frozen=True)
class Migrations:
    """The migrations of a backend. `python`: its interpreter; `directory`: where they are run; `environment_for`: the
    variables for a database's URL; `tag`: a part of the databases' names, different for each run.
    """

    file: MigrationsFile
    server: Server
    python: str
    directory: Path
    environment_for: Callable[[str], dict[str, str]]
    tag: str

    def migrator(self) -> Migrator:
        """What migrates. Raises DeclarationError where nothing is found, or several are."""
        kind, config = find_migrator(self.file.migrator, self.file.config, self.directory)
        return kind(config, self.python, self.directory, self.environment_for)

    def verify(self, checks: Collection[str] = _NAMES, progress: Callable[[str], None] | None = None) -> list[Check]:
        """Verify the named checks, in the order of `CHECKS`. `progress` is called with the name of each.

        Raises DatabaseError when the migrator cannot be run at all, UnsafeError when it would migrate another database.
        """
        migrator = self.migrator()
        databases = MigrationDatabases(self.file, self.server, migrator, self.tag)
        results: list[Check] = []
        try:
            databases.reach()
            for spec in CHECKS:
                if spec.name in checks:
                    if progress is not None:
                        progress(spec.name)
                    results.append(_told_once(_result(spec, databases), results))
        finally:
            databases.drop()
        return results


def _told_once(check: Check, before: list[Check]) -> Check:
    """The check, not examined where an earlier one is broken for the very same reason: that is one thing to mend."""
    for first in before:
        if check.failed and first.failed and check.detail == first.detail:
            check.status, check.count, check.detail = "not examined", 0, f"see {first.name}: {first.detail}"
    return check


def _result(spec: CheckSpec, databases: MigrationDatabases) -> Check:
    check = Check("migrations", spec.name, spec.sentence, "proven", 1)
    try:
        if spec.function is None:
            raise CheckSkipped("the app is not started here")
        done = spec.function(databases)
        if isinstance(done, Measured):
            check.count, check.detail, check.figures = done.count, done.detail, done.figures
    except CheckFailed as failed:
        check.status, check.detail, check.figures = "broken", str(failed), failed.figures
        check.before = [line[2:] for line in failed.patch if line.startswith("-")]
        check.after = [line[2:] for line in failed.patch if line.startswith("+")]
    except CheckSkipped as skipped:
        check.status, check.detail, check.count = "not examined", str(skipped), 0
        check.figures = skipped.figures
        check.unmeasured = [str(skipped)] if skipped.declared else []
    return check
