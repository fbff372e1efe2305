"""Migrations that fail are a finding of their contract: the run goes on, and nothing looks green."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from harness.database import Server
from tests.conftest import GUARD, MATRIX, VERIFIER, in_this_process, write_suites
from tests.migrations.histories import ENV, FIRST, REVISION, UP

APP = """
import os
if os.environ.get("EAGER"):
    import psycopg
    psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT count(*) FROM users")

@app.get("/hello")
def hello(user: User):
    return {"hello": user}

@app.get("/users")
def users(user: User):
    import psycopg
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return connection.execute("SELECT count(*) FROM users").fetchone()[0]
"""


@pytest.fixture
def run(tmp_path: Path, postgres: Server, capfd: pytest.CaptureFixture[str]) -> Any:
    """Write a small backend whose second migration is `up` after `down`, and run all contracts; the JSON report."""

    def do(up: str, down: str, *more: str, migrate: str = "python -m alembic upgrade head") -> tuple[int, Any]:
        (tmp_path / "versions").mkdir()
        (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
        (tmp_path / "env.py").write_text(ENV.format(models="", metadata="None"))
        for name, before, body in (("0001", None, FIRST), ("0002", down, up)):
            text = REVISION.format(name=name, down=repr(before), up=indent(body, "    "), back="    pass")
            (tmp_path / "versions" / f"v{name}.py").write_text(text)
        (tmp_path / "verifier.py").write_text(VERIFIER)
        (tmp_path / "backend.py").write_text(GUARD + dedent(APP))
        matrix = MATRIX + f"[database]\nmigrate = '''{migrate}'''\n"
        routes = '"GET /hello" = "clerk"\n"GET /users" = "clerk"'
        suites = write_suites(tmp_path / "suites", routes, matrix=matrix)
        (suites / "migrations.toml").write_text('legacy = "0001"\nrows = 20\nmodels = false\n')
        (suites / "user_sync.toml").write_text('[reach]\nrequest = "GET /users"\n')
        words = ["run", "--app", "backend:app", "--app-dir", str(tmp_path), "--suites", str(suites), "--quiet"]
        words += ["--python", sys.executable, "--agents", "1", "--no-drills", "--reports", str(tmp_path / "reports")]
        done = in_this_process([*words, "--postgres", postgres.url, *more], tmp_path, capfd)
        assert "Traceback" not in done.stderr + done.stdout
        return done.returncode, json.loads((tmp_path / "reports" / "auth-matrix.json").read_text())

    return do


def found(document: Any, contract: str) -> dict[str, tuple[str, str]]:
    return {c["name"]: (c["status"], c["detail"]) for c in document["contracts"] if c["contract"] == contract}


def test_a_broken_history_is_one_finding_and_the_rest_is_reported(run: Any) -> None:
    code, document = run(UP, "gone")
    migrations = found(document, "migrations")
    assert (code, document["passed"]) == (1, False)
    assert migrations["one-head"][1].startswith("revision 0002 follows gone, which is not there")
    assert migrations["gradual"] == ("not examined", "there is no schema after: from-nothing is broken")
    assert {status for status, _ in found(document, "user_sync").values()} == {"not examined"}
    verdicts: dict[str, set[str]] = {}
    for route in document["routers"][0]["routes"]:
        verdicts[route["route"]] = {cell["verdict"] for cell in route["cells"]}
    assert verdicts["GET /hello"] == {"pass"}
    assert not verdicts["GET /users"] & {"fault", "lockout"}
    told = {(f["route"], f["verdict"]) for f in document["findings"] if f["verdict"] != "undeclared"}
    assert told == {("GET /users", "inconclusive")}


def test_an_app_that_needs_its_tables_to_start_costs_the_migrations_nothing(run: Any) -> None:
    code, document = run(UP, "gone", "--env", "EAGER=1")
    migrations = found(document, "migrations")
    assert code == 1
    assert document["incomplete"].startswith("the matrix was not tried: the target does not start:")
    assert migrations["one-head"][1].startswith("revision 0002 follows gone, which is not there")


def test_a_command_that_fails_beside_right_migrations_passes_nothing(run: Any) -> None:
    broken = "python -c 'raise SystemExit(3)'"
    code, document = run("pass", "0001", "--only", "migrations", migrate=broken)
    assert code == 1
    assert found(document, "migrations")["from-nothing"][0] == "broken"
    assert "[database] migrate" in found(document, "migrations")["from-nothing"][1]


def test_without_the_contract_it_ends_the_run(run: Any) -> None:
    with pytest.raises(FileNotFoundError):
        run(UP, "gone", "--only", "matrix")
