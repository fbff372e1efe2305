"""The sync contract finds each flaw by the check that is meant for it, and leaves a correct sync alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.config import Options
from harness.database import Server
from harness.matrix import load
from harness.session import Session
from harness.sync import CHECKS, load_sync, run_sync
from harness.sync.world import World
from tests.conftest import MATRIX, VERIFIER, write_suites
from tests.sync.backend import CODE, FLAWS, SCHEMA, SUITE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backend")
    (folder / "verifier.py").write_text(VERIFIER)
    (folder / "backend.py").write_text(CODE)
    matrix = MATRIX + '[database]\nseed = "schema.sql"\n'
    write_suites(folder / "suites", '"GET /me" = "clerk"\n"POST /webhook" = "public"\n', matrix=matrix)
    (folder / "suites" / "schema.sql").write_text(SCHEMA)
    (folder / "suites" / "user_sync.toml").write_text(SUITE)
    return folder


@pytest.fixture(scope="module")
def world(folder: Path, postgres: Server) -> Iterator[World]:
    suites = folder / "suites"
    options = Options(suites=suites, app="backend:app", app_dir=folder, python=sys.executable, agents=1)
    with Session(options, load(suites), server=postgres) as session:
        file = load_sync(suites)
        assert file is not None and session.resets is not None
        world = World(session.target, session.clerk, session.database_url, file, session.resets[0].reset)
        yield world
        world.close()


def test_a_correct_sync_is_left_alone(world: World) -> None:
    results = run_sync(world, sequences=12)
    assert [(r.name, r.detail, r.events) for r in results if r.failed] == []
    assert {r.name for r in results if r.status == "proven"} == set(CHECKS)


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_is_found_by_its_check(world: World, folder: Path, flaw: str) -> None:
    switch = folder / "flaw.txt"
    switch.write_text(flaw)
    try:
        (found,) = run_sync(world, sequences=1, checks=[FLAWS[flaw]])
    finally:
        switch.unlink()
    assert found.failed, found
    assert found.events[0].startswith("legacy accounts exist")
    assert CHECKS[FLAWS[flaw]] == found.says
    assert found.detail
    assert found.after


def test_every_check_has_a_flaw_that_it_finds() -> None:
    assert set(FLAWS.values()) == set(CHECKS)
