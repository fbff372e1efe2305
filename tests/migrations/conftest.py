"""Fixtures for tests of migrations."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.database import Server
from tests.migrations.histories import Project, project_in


@pytest.fixture
def project(tmp_path: Path, postgres: Server) -> Project:
    """Writes an Alembic project of two revisions; gives its migrations."""
    return project_in(tmp_path, postgres)
