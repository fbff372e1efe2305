"""Errors that a user can mend: one sentence, and the way out. Never a traceback."""

from __future__ import annotations

from harness.core.text import sentence


class HarnessError(Exception):
    """A mistake in what the harness was given (declaration, app, database, options): nothing was judged.

    The message names the file or option at fault and what to do, on one line. The command ends with exit code 2.
    """

    def __init__(self, message: str) -> None:
        super().__init__(sentence(message))


class DeclarationError(HarnessError):
    """A declaration (TOML) that cannot be used: names file, key, line and column, and what was expected."""

    def __init__(self, message: str) -> None:
        # Only a message needs to read TOML; every command knows these errors.
        from harness.core.toml_lines import placed

        super().__init__(placed(message))


class TargetError(HarnessError):
    """The target cannot be started, imported or examined."""


class StartHung(TargetError):
    """The target neither starts nor says why not."""


class DatabaseError(HarnessError):
    """Postgres cannot be started, reached, migrated or reset."""


class MigrationError(DatabaseError):
    """The target's own migrations fail on an empty database."""


class UnsafeError(HarnessError):
    """Refused for safety: a live key, or a host that is not this machine."""
