"""What stands in a folder of migrations is read only where it is a regular file of a size that a person writes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.contracts.migrations.migrators import MIGRATORS, find_migrator
from harness.core.errors import DeclarationError
from tests.core.test_regular import NONE
from tests.migrations.test_migrators import ALEMBIC, dbmate, django, flyway, prisma, written

TOOLS = {
    "alembic": (ALEMBIC | {"env.py": "", "versions/a.py": ""}, "versions/a.py"),
    "django": (django(), "shop/migrations/0002_clerk.py"),
    "flyway": (flyway(), "db/migration/V2__clerk.sql"),
    "dbmate": (dbmate(), "db/migrations/20260101_clerk.sql"),
    "prisma": (prisma(), "prisma/migrations/20260101000000_clerk/migration.sql"),
}


@pytest.mark.parametrize("kind", NONE)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_pipe_a_device_and_a_huge_file_are_named_and_not_read(tmp_path: Path, tool: str, kind: str) -> None:
    files, name = TOOLS[tool]
    written(tmp_path, files)
    (tmp_path / name).unlink()
    NONE[kind](tmp_path / name)
    found, config = find_migrator(None, None, tmp_path)
    assert found is MIGRATORS[tool]
    migrator = found(config, sys.executable, tmp_path, lambda url: {})
    with pytest.raises(DeclarationError, match=rf"migrations\.toml: {name}: (is no regular file|larger than)"):
        migrator.reach("postgresql:///none")
        migrator.heads()


@pytest.mark.parametrize("kind", NONE)
@pytest.mark.parametrize(("tool", "config"), [("alembic", "alembic.ini"), ("django", "manage.py")])
def test_a_configuration_that_is_none_is_named_and_not_read(tmp_path: Path, tool: str, config: str, kind: str) -> None:
    NONE[kind](tmp_path / config)
    with pytest.raises(DeclarationError, match="no migrations are found"):
        find_migrator(None, None, tmp_path)
    named, _ = find_migrator(tool, config, tmp_path)
    with pytest.raises(DeclarationError, match=rf"migrations\.toml: {config}: (is no regular file|larger than)"):
        named(config, sys.executable, tmp_path, lambda url: {}).reach("postgresql:///none")
