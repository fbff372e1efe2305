"""The budget finds each dear way to map a token to a user, by the check that is meant for it, and leaves others alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from harness.contracts.base import Check
from harness.contracts.budget import load_budget
from harness.contracts.budget.plans import unindexed
from harness.contracts.budget.verify import CONTRACT, with_statement_proxy
from harness.contracts.matrix import load
from harness.core.errors import DeclarationError
from harness.database import Server
from harness.database.statement_proxy import Statement
from harness.run.context import RunContext
from harness.run.options import Options
from tests.budget.backend import BUDGET, CODE, DEAR, RIGHT, ROUTES, SCHEMA
from tests.conftest import MATRIX, VERIFIER, write_suites

Hold = Callable[[str], dict[str, Check]]
IDENTITIES = '[identities.alice]\nemail = "alice@example.com"\nclerk_id = "user_2alice"\n'


def folder_in(root: Path) -> Path:
    (root / "verifier.py").write_text(VERIFIER)
    (root / "backend.py").write_text(CODE)
    policies = MATRIX.replace('accept = ["clerk"]', 'accept = ["clerk", "clerk-newcomer"]')
    matrix = policies + '[database]\nseed = "schema.sql"\n' + IDENTITIES
    write_suites(root / "suites", ROUTES, matrix=matrix)
    (root / "suites" / "schema.sql").write_text(SCHEMA)
    (root / "suites" / "budget.toml").write_text('lookup = "users.clerk_user_id"\n' + BUDGET)
    return root


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Hold]:
    folder = folder_in(tmp_path_factory.mktemp("backend"))
    suites = folder / "suites"
    options = Options(suites=suites, app="backend:app", app_dir=folder, python=sys.executable, agents=1)
    outer = RunContext(options, load(suites), server=postgres)
    file = load_budget(suites)
    assert file is not None
    with with_statement_proxy(outer) as (context, proxy):

        def run(way: str) -> dict[str, Check]:
            (folder / "way.txt").write_text(way)
            checks = CONTRACT.limits(context, file, proxy)
            assert [check.name for check in checks] == [spec.name for spec in CONTRACT.checks]
            return {check.name: check for check in checks}

        yield run


@pytest.mark.parametrize("way", RIGHT)
def test_what_keeps_the_budget_is_left_alone(verify: Hold, way: str) -> None:
    checks = verify(way)
    assert [(c.name, c.detail, c.events) for c in checks.values() if c.failed] == []
    assert {c.status for c in checks.values()} == {"proven"}
    assert checks["statements"].count == 3
    assert checks["statements"].detail == "1 route could not be measured: GET /inside"


@pytest.mark.parametrize("way", DEAR)
def test_each_dear_way_is_found_by_its_check(verify: Hold, way: str) -> None:
    checks = verify(way)
    assert {name for name, check in checks.items() if check.failed} == {DEAR[way]}
    found = checks[DEAR[way]]
    assert found.detail
    assert found.events


def test_figures_are_told_route_by_route(verify: Hold) -> None:
    figures = {row["route"]: row for row in verify("twice")["statements"].figures}
    assert list(figures) == ["GET /me", "POST /notes", "GET /role"]
    assert figures["GET /me"]["warm"]["statements"] == ["SELECT * FROM users WHERE clerk_user_id = $1"] * 2
    assert figures["GET /me"]["warm"]["clerk_calls"] == []
    assert figures["GET /me"]["cold"]["clerk_calls"] == ["getJWKS", "GetUser"]
    assert len(figures["GET /role"]["warm"]["statements"]) == 3


def test_every_check_has_a_dear_way_that_it_finds() -> None:
    assert set(DEAR.values()) == {spec.name for spec in CONTRACT.checks}


def test_a_missing_index_is_found(verify: Hold, postgres: Server, tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    schema = folder / "suites" / "schema.sql"
    schema.write_text(SCHEMA.replace("text UNIQUE", "text"))
    options = Options(suites=folder / "suites", app="backend:app", app_dir=folder, python=sys.executable, agents=1)
    with RunContext(options, load(folder / "suites"), server=postgres) as session:
        broken = [check for check in CONTRACT.verify(session, asked=False) if check.failed]
    assert [check.name for check in broken] == ["index"]
    assert "Postgres reads all of users to find clerk_user_id: Seq Scan" in broken[0].detail


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("statement = 2", "statement: unknown key; did you mean 'statements'?"),
        ("statements = -1", "statements: Input should be greater than or equal to 0"),
        ('[routes]\n"GET /me" = { calls = 1 }', 'routes."GET /me".calls: unknown key'),
        ('lookup = "users"', "lookup: 'users': write table.column: users.clerk_user_id"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "budget.toml").write_text(text)
    with pytest.raises(DeclarationError) as error:
        load_budget(tmp_path)
    assert f"{tmp_path}/budget.toml: {told}" in str(error.value)


def test_a_limit_of_a_route_that_is_not_there_is_told(postgres: Server, tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    (folder / "suites" / "budget.toml").write_text('[routes]\n"GET /mee" = { statements = 2 }\n')
    options = Options(suites=folder / "suites", app="backend:app", app_dir=folder, python=sys.executable, agents=1)
    with (
        RunContext(options, load(folder / "suites"), server=postgres) as session,
        pytest.raises(DeclarationError, match=r'"GET /mee" is no'),
    ):
        CONTRACT.verify(session, asked=False)


def test_a_part_of_the_routes_can_be_measured_alone(postgres: Server, tmp_path: Path) -> None:
    """The limits of the others are no mistake then, and somebody new is measured where the policy only tolerates them."""
    folder = folder_in(tmp_path)
    matrix = folder / "suites" / "auth_matrix.toml"
    matrix.write_text(matrix.read_text().replace('["clerk", "clerk-newcomer"]', '["clerk"]'))
    suites, routes = folder / "suites", ["GET /me"]
    options = Options(suites=suites, app="backend:app", app_dir=folder, python=sys.executable, agents=1, routes=routes)
    with RunContext(options, load(suites), server=postgres) as session:
        checks = CONTRACT.verify(session, asked=False)
    assert {(check.name, check.status, check.count) for check in checks[:4]} == {
        ("statements", "proven", 1), ("clerk-calls", "proven", 1), ("cold", "proven", 1), ("refused", "proven", 1),
    }  # fmt: skip
    assert not any(check.unmeasured for check in checks)


@pytest.mark.parametrize(("unique", "status"), [("UNIQUE", "proven"), ("", "broken")])
@pytest.mark.parametrize("named", ["accounts.people", "people"])
def test_a_table_of_another_schema(postgres: Server, unique: str, status: str, named: str) -> None:
    url = postgres.create("clerk_harness_other_schema")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                f"CREATE SCHEMA accounts; CREATE TABLE accounts.people (id int, clerk_id text {unique})".encode()
            )
        check = Check("budget", "index", "", "not examined")
        statement = Statement(f"SELECT * FROM {named} WHERE clerk_id = $1")
        unindexed(url, [statement], "accounts.people.clerk_id", check)
        assert (check.status, check.count) == (status, 1)
    finally:
        postgres.drop("clerk_harness_other_schema")
