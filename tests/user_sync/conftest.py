"""The small backend of `backend.py` in a folder of its own, started once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.contracts.matrix import load
from harness.contracts.user_sync import load_sync
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.verify import second_process
from harness.database import Server
from harness.run.context import RunContext
from harness.run.options import Options
from tests.conftest import MATRIX, VERIFIER, write_suites
from tests.user_sync import both_sides
from tests.user_sync.backend import CODE, SCHEMA, SUITE


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backend")
    (folder / "verifier.py").write_text(VERIFIER)
    (folder / "backend.py").write_text(CODE)
    (folder / "both_sides.py").write_text(both_sides.CODE)
    matrix = MATRIX + '[database]\nseed = "schema.sql"\n'
    write_suites(folder / "suites", '"GET /me" = "clerk"\n"POST /webhook" = "public"\n', matrix=matrix)
    (folder / "suites" / "schema.sql").write_text(SCHEMA)
    (folder / "suites" / "user_sync.toml").write_text(SUITE)
    return folder


@pytest.fixture(scope="package")
def environment(folder: Path, postgres: Server) -> Iterator[SyncEnvironment]:
    suites = folder / "suites"
    options = Options(suites=suites, app="backend:app", app_dir=folder, python=sys.executable, agents=1)
    with RunContext(options, load(suites), server=postgres) as session:
        file = load_sync(suites)
        assert file is not None and session.resets is not None
        with ExitStack() as stack:
            second, _ = second_process(session.target, stack)
            environment = SyncEnvironment(
                session.target, session.clerk, session.database_url, file, session.resets[0].reset, second=second
            )
            yield environment
            environment.close()
