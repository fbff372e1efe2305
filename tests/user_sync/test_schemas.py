"""Users where people have them: in a schema of its own, and with constraints that no guess satisfies."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from harness.contracts.user_sync.declaration import UserTable
from harness.contracts.user_sync.sync_database import SyncDatabase
from harness.core.errors import DeclarationError
from harness.database import Server

OTHER = """
CREATE SCHEMA app;
CREATE TABLE app.users (id serial PRIMARY KEY, clerk_user_id text UNIQUE, email text UNIQUE);
CREATE TABLE app.notes (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES app.users, text text NOT NULL);
CREATE TABLE notes (id serial PRIMARY KEY, owner integer REFERENCES app.users);
"""
HARD = """
CREATE TABLE tenants (id integer PRIMARY KEY CHECK (id > 100), plan text NOT NULL CHECK (plan IN ('free', 'pro')));
CREATE TABLE users (
    id serial PRIMARY KEY, clerk_user_id text UNIQUE, email text UNIQUE, tenant_id integer NOT NULL REFERENCES tenants,
    score numeric(3, 2) NOT NULL CHECK (score BETWEEN 0 AND 1), phone text NOT NULL CHECK (phone ~ '^[+][0-9]{8}$')
);
CREATE TABLE notes (
    id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users, state text NOT NULL CHECK (state IN ('open', 'done'))
);
"""


NAME = "clerk_harness_sync_schemas"


def made(server: Server, schema: str) -> str:
    """The URL of a new database with that schema."""
    server.drop(NAME)
    url = server.create(NAME)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(schema.encode())
    return url


@pytest.mark.parametrize(
    ("schema", "declared", "relations"),
    [
        (OTHER, UserTable(name="app.users"), {("app.notes", "user_id"), ("notes", "owner")}),
        (OTHER, UserTable(name="app.users", relations=["app.notes.user_id"]), {("app.notes", "user_id")}),
        (HARD, UserTable(), {("notes", "user_id")}),
    ],
)
def test_a_legacy_account_is_made_with_all_that_hangs_on_it(
    postgres: Server, schema: str, declared: UserTable, relations: set[tuple[str, str]]
) -> None:
    with closing(SyncDatabase(made(postgres, schema), declared)) as database:
        one, two = (database.add_legacy_account(number, f"legacy{number}@example.com") for number in (0, 1))
        assert [row["email"] for row in database.users()] == ["legacy0@example.com", "legacy1@example.com"]
        assert set(one.dependents) == set(two.dependents) == relations
        assert set(database.dependents_of(two.dependents).values()) == {two.row["id"]}
        assert len(database.dump()[declared.name]) == 2
    postgres.drop(NAME)


def test_a_whole_table_may_be_volatile(postgres: Server) -> None:
    declared = UserTable(name="app.users", volatile=["app.notes.*", "email"])
    with closing(SyncDatabase(made(postgres, OTHER), declared)) as database:
        database.add_legacy_account(0, "legacy0@example.com")
        assert set(database.tables) - set(database.dump()) == {"app.notes"}
        assert "legacy0@example.com" not in str(database.dump())
    postgres.drop(NAME)


def test_a_table_that_is_not_there_is_named_with_those_that_are(postgres: Server) -> None:
    with pytest.raises(DeclarationError, match=r"no table 'users'; it has app.notes, app.users, notes"):
        SyncDatabase(made(postgres, OTHER), UserTable())
