"""The sync contract finds each flaw by the check that is meant for it, and leaves a correct sync alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from harness.contracts.matrix import load
from harness.contracts.user_sync import INVARIANTS, load_sync, run_sync
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.core.errors import DeclarationError
from harness.database import Server
from harness.run.context import RunContext
from harness.run.options import Options
from tests.conftest import MATRIX, write_suites
from tests.user_sync.backend import BY_COROUTINE, BY_FUNCTION, FLAWS, SCHEMA

SENTENCES = {invariant.name: invariant.sentence for invariant in INVARIANTS}


def test_a_correct_sync_is_left_alone(environment: SyncEnvironment) -> None:
    results = run_sync(environment, sequences=6)
    assert next(r.detail for r in results if r.name == "at-once") == "held in 2 processes of the app on one database"
    assert [(r.name, r.detail, r.events) for r in results if r.failed] == []
    assert {r.name for r in results if r.status == "proven"} == set(SENTENCES)


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_is_found_by_its_check(environment: SyncEnvironment, folder: Path, flaw: str) -> None:
    switch = folder / "flaw.txt"
    switch.write_text(flaw)
    try:
        (found,) = run_sync(environment, sequences=1, checks=[FLAWS[flaw]])
    finally:
        switch.unlink()
    assert found.failed, found
    assert found.events[0].startswith("legacy accounts exist")
    assert SENTENCES[FLAWS[flaw]] == found.description
    assert found.detail
    assert found.after


@pytest.fixture(scope="module")
def by_function(folder: Path, postgres: Server) -> Iterator[Callable[[str], SyncEnvironment]]:
    suites = folder / "functions"
    write_suites(
        suites, '"GET /me" = "clerk"\n"POST /webhook" = "public"\n', matrix=MATRIX + '[database]\nseed = "schema.sql"\n'
    )
    (suites / "schema.sql").write_text(SCHEMA)
    options = Options(suites=suites, app="backend:app", app_dir=folder, python=sys.executable, agents=1)
    with RunContext(options, load(suites), server=postgres) as session, ExitStack() as stack:

        def environment(declared: str) -> SyncEnvironment:
            (suites / "user_sync.toml").write_text(declared)
            file = load_sync(suites)
            assert file is not None and session.resets is not None
            reset = session.resets[0].reset
            made = SyncEnvironment(session.target, session.clerk, session.database_url, file, reset, suites=suites)
            stack.enter_context(closing(made))
            return made

        yield environment


@pytest.mark.parametrize("refreshes", [False, True])
def test_a_correct_sync_by_requests_alone_is_left_alone(
    by_function: Callable[[str], SyncEnvironment], folder: Path, refreshes: bool
) -> None:
    switch = folder / "flaw.txt"
    switch.write_text("no flaw: takes the profile over at each request" if refreshes else "")
    reach = 'request = "GET /me"\n' + ("refreshes = true\n" if refreshes else "")
    try:
        results = run_sync(by_function("[reach]\n" + reach + BY_FUNCTION[BY_FUNCTION.index("[table]") :]), sequences=5)
    finally:
        switch.unlink()
    assert [(r.name, r.detail, r.events) for r in results if r.failed] == []
    assert "one process of the app only" in next(r.detail for r in results if r.name == "at-once")
    assert {"one-row", "replay", "at-once", "token-only"} <= {r.name for r in results if r.status == "proven"}
    assert refreshes == (next(r for r in results if r.name == "newest").status == "proven")


REACHED = {
    "banned",
    "one-row",
    "replay",
    "newest",
    "at-once",
    "adoption",
    "no-adoption",
    "own-row",
    "both-sides",
    "connection-loss",
    "relations",
    "rights",
}
"""The checks that say something of a function, which keeps nobody out and is told of no token."""


@pytest.mark.parametrize("declared", [BY_FUNCTION, BY_COROUTINE])
def test_a_correct_function_is_left_alone(by_function: Callable[[str], SyncEnvironment], declared: str) -> None:
    results = run_sync(by_function(declared), sequences=5)
    assert [(r.name, r.detail, r.events) for r in results if r.failed] == []
    assert {r.name for r in results if r.status == "proven"} == REACHED


@pytest.mark.parametrize("flaw", ["race", "unverified", "steals", "two steps"])
def test_a_flawed_function_is_found(by_function: Callable[[str], SyncEnvironment], folder: Path, flaw: str) -> None:
    switch = folder / "flaw.txt"
    switch.write_text(flaw)
    try:
        (found,) = run_sync(by_function(BY_FUNCTION), sequences=1, checks=[FLAWS[flaw]])
    finally:
        switch.unlink()
    assert found.failed, found
    assert any("backend:create_clerk_user_in_db is called for " in event for event in found.events)


def test_a_function_beside_the_suites_serves_too(by_function: Callable[[str], SyncEnvironment], folder: Path) -> None:
    code = (
        "from backend import database, sync\n\ndef reach(user):\n    with database() as db:\n        sync(db, user)\n"
    )
    (folder / "functions" / "adapter.py").write_text(code)
    declared = BY_FUNCTION.replace("backend:create_clerk_user_in_db", "adapter.py:reach").replace(
        '{ user = "user", db = "backend:database" }', '["user"]'
    )
    (found,) = run_sync(by_function(declared), sequences=1, checks=["one-row"])
    assert found.status == "proven"


@pytest.mark.parametrize(
    ("reach", "told"),
    [
        ('callable = "backend:create"', "reach.callable: backend:create is not found in the target: AttributeError"),
        (
            'callable = "nowhere:create"',
            "reach.callable: nowhere:create is not found in the target: ModuleNotFoundError",
        ),
        ('callable = "backend:SWITCH"', "backend:SWITCH is not found in the target: it is no function"),
        ('callable = "create"', "reach.callable: 'create': write module:function, or file.py:function"),
        ('callable = "backend:sync"\nrequest = "GET /me"', "reach: name either request"),
        ('callable = "backend:sync"\narguments = ["usr"]', "reach.arguments: 'usr': write one of user, claims, id"),
        ('webhook = "POST /webhook"', "reach: name either request"),
    ],
)
def test_a_mistake_in_the_reach_is_told(by_function: Callable[[str], SyncEnvironment], reach: str, told: str) -> None:
    with pytest.raises(DeclarationError) as error:
        by_function(f"[reach]\n{reach}\n")
    assert told in str(error.value)


def test_every_check_has_a_flaw_that_it_finds() -> None:
    assert set(FLAWS.values()) == set(SENTENCES)
