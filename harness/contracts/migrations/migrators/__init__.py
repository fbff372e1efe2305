"""Migration tools behind one interface; which one an app has is found by looking, or named in migrations.toml."""

from __future__ import annotations

from pathlib import Path

from harness.contracts.migrations.migrators.alembic import Alembic
from harness.contracts.migrations.migrators.base import HEAD, CommandResult, Migrator
from harness.contracts.migrations.migrators.django import Django
from harness.contracts.migrations.migrators.sql_folder import Dbmate, Flyway, Prisma
from harness.core.errors import DeclarationError

MIGRATORS: dict[str, type[Migrator]] = {
    "alembic": Alembic,
    "django": Django,
    "prisma": Prisma,
    "flyway": Flyway,
    "dbmate": Dbmate,
}
"""The tools by the names that migrations.toml uses."""


def find_migrator(migrator: str | None, config: str | None, directory: Path) -> tuple[type[Migrator], str]:
    """The tool of an app in `directory` and its file or folder: those that migrations.toml names, else what is there.

    Raises DeclarationError where there is none, or several.
    """
    kinds = {migrator: MIGRATORS[migrator]} if migrator is not None else MIGRATORS
    if migrator is not None and config is not None:
        return MIGRATORS[migrator], config
    found = {
        (name, place): kind
        for name, kind in kinds.items()
        for place in ((config,) if config is not None else kind.places)
        if kind.fits(directory / place)
    }
    if len(found) == 1:
        (((_, place), kind),) = found.items()
        return kind, place
    if not found and migrator is not None:
        return MIGRATORS[migrator], MIGRATORS[migrator].places[0]  # It says itself what is missing.
    if found:
        there = " and ".join(f"{name} ({place})" for name, place in found)
        raise DeclarationError(f"migrations.toml: there are migrations of {there}: say which: migrator = …, config = …")
    looked = config or ", ".join(dict.fromkeys(place for kind in kinds.values() for place in kind.places))
    raise DeclarationError(
        f"migrations.toml: no migrations are found in {directory.name}, in {looked}: name them: migrator = "
        f"{' | '.join(MIGRATORS)}, and config, its file or folder relative to the app"
    )


__all__ = ["HEAD", "MIGRATORS", "CommandResult", "Migrator", "find_migrator"]
