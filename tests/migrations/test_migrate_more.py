"""Migrations, second half: what keeps a check from being proven, and whole runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.contracts.base import Check
from harness.contracts.matrix import load
from harness.contracts.migrations import load_migrations
from harness.contracts.migrations.checks.gradual import GRADUAL, verify_gradual
from harness.core.errors import DatabaseError, DeclarationError
from harness.database import Server
from harness.run.context import RunContext
from harness.run.options import Options
from tests.conftest import MATRIX, write_suites
from tests.migrations.histories import BACK, ENV, FIRST, UP, Project, states
from tests.migrations.test_migrate import TENANT


def test_users_that_need_other_rows_and_odd_numbers(project: Project) -> None:
    checks = project(first=TENANT).verify(["data"])
    assert states(checks) == {"data": ("proven", "")}


def test_a_label_that_is_used_where_it_is_added_is_told_once(project: Project) -> None:
    first = (
        FIRST
        + """op.execute("CREATE TYPE kind AS ENUM ('user', 'guest')")\nop.execute("ALTER TABLE users ADD kind kind DEFAULT 'user'")"""
    )
    up = UP + """op.execute("ALTER TYPE kind ADD VALUE 'clerk'")\nop.execute("UPDATE users SET kind = 'clerk'")"""
    found = states(project(up, first=first).verify(["data", "rollback", "no-blocking-ddl"]))
    assert found["data"][0] == "broken"
    assert 'unsafe use of new value "clerk" of enum type kind' in found["data"][1]
    assert {found[name][0] for name in ("rollback", "no-blocking-ddl")} == {"not examined"}
    assert found["rollback"][1] == f"see data: {found['data'][1]}"


ASYNC = """
import asyncio, os
import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

def run(connection):
    context.configure(connection=connection, target_metadata=None, include_schemas=True)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
    async with create_async_engine(url, poolclass=sa.pool.NullPool).connect() as connection:
        await connection.run_sync(run)
        await connection.commit()

asyncio.run(main())
"""


def test_another_schema_an_async_env_and_two_places_of_versions(project: Project, tmp_path: Path) -> None:
    first = 'op.execute("CREATE SCHEMA app")\nop.execute("CREATE TABLE app.users (id serial PRIMARY KEY, email text NOT NULL UNIQUE)")'
    up = 'op.add_column("users", sa.Column("clerk_user_id", sa.Text), schema="app")'
    back = 'op.drop_column("users", "clerk_user_id", schema="app")'
    migrations = project(up, back, first=first, env=ASYNC, users="app.users")
    (tmp_path / "more").mkdir()
    (tmp_path / "versions" / "v0002.py").rename(tmp_path / "more" / "v0002.py")
    places = "version_locations = %(here)s/versions %(here)s/more\npath_separator = space\n"
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = .\n{places}")
    checks = migrations.verify(["one-head", "data", "rollback"])
    assert states(checks) == dict.fromkeys(("one-head", "data", "rollback"), ("proven", ""))


def test_a_version_table_of_its_own_and_tables_without_a_key(project: Project) -> None:
    env = ENV.format(models="", metadata="None").replace("transaction_per", 'version_table="history", transaction_per')
    up = UP + 'op.add_column("plans", sa.Column("clerk_user_id", sa.Text))'
    back = BACK + 'op.drop_column("plans", "clerk_user_id")'
    checks = project(up, back, env=env).verify(["data", "rollback"])
    assert states(checks) == {"data": ("proven", ""), "rollback": ("proven", "")}


def test_without_models_there_is_nothing_to_compare_with(project: Project) -> None:
    (check,) = project(env=ENV.format(models="", metadata="None")).verify(["models"])
    assert (check.status, check.detail) == ("not examined", "env.py names no target_metadata: nothing to compare with")


def test_alembic_that_cannot_run_is_told_in_one_sentence(project: Project, tmp_path: Path) -> None:
    migrations = project(migrator="alembic")
    (tmp_path / "alembic.ini").unlink()
    with pytest.raises(DatabaseError, match="`alembic heads` failed") as caught:
        migrations.verify(["one-head"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "legacy: is missing"),
        ('legacy = "0001"\nmigrator = "aerich"', "migrator: 'aerich': write one of alembic"),
        ('legacy = "0001"\nlegaci = 1', "legaci: unknown key; did you mean 'legacy'?"),
        ('legacy = "0001"\nallow = ["users.age"]', "allow: 'users.age': write drop:table.column"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "migrations.toml").write_text(text)
    with pytest.raises(DeclarationError, match=r"migrations\.toml") as caught:
        load_migrations(tmp_path)
    assert told in str(caught.value)


# The app of the stage before, on the schema after

BACKEND = """
import os, psycopg
from fastapi import FastAPI
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
if os.environ.get("STAGE") == "broken":
    raise RuntimeError("never")
@app.get("/nicks")
def nicks():
    column = "nick" if os.environ.get("STAGE") == "before" else "email"
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return [row[0] for row in connection.execute(f"SELECT {column} FROM users")]
"""


@pytest.mark.parametrize(
    ("up", "stage", "status", "told"),
    [
        (UP, "before", "proven", ""),
        (UP + 'op.drop_column("users", "nick")', "before", "broken", "the first is GET /nicks"),
        (UP, "broken", "broken", "importing backend failed: RuntimeError: never"),
        (UP, None, "not examined", "how the app of the stage before starts"),
    ],
)
def test_the_app_of_the_stage_before_on_the_schema_after(
    project: Project, postgres: Server, tmp_path: Path, up: str, stage: str | None, status: str, told: str
) -> None:
    project(up)
    (tmp_path / "backend.py").write_text(BACKEND)
    matrix = MATRIX + '[database]\nmigrate = "python -m alembic upgrade head"\n'
    suites = write_suites(tmp_path / "suites", '"GET /nicks" = "public"', matrix=matrix)
    before = f'before = {{ STAGE = "{stage}" }}' if stage is not None else ""
    (suites / "migrations.toml").write_text(f'legacy = "0001"\nrows = 10\nmodels = false\n{before}\n')
    options = Options(suites=suites, app="backend:app", app_dir=tmp_path, python=sys.executable, agents=1)
    with RunContext(options, load(suites), server=postgres) as session:
        file = load_migrations(suites)
        assert file is not None
        check = Check("migrations", GRADUAL.name, GRADUAL.sentence, "not examined")
        verify_gradual(session, file, check)
    assert check.status == status, check.detail
    assert told in check.detail
