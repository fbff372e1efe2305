"""Which table is that of users, and who the people of its rows are: facts about schemas on a real Postgres."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from harness.database import Server
from harness.run.first_contracts import read_variables
from harness.run.survey import told_of_people
from harness.run.user_table import Seeded, UsersTable, find_users, seeded, unlinked_people, without_clerk_ids

SCHEMAS: dict[str, tuple[str, tuple[str, str, str | None, bool] | None]] = {
    "usual": ("CREATE TABLE users (id serial PRIMARY KEY, email text, clerk_user_id text)", ("users", "clerk_user_id", "email", True)),
    "required": (
        "CREATE TABLE accounts (id uuid PRIMARY KEY, mail text, clerk_id varchar(64) NOT NULL)", ("accounts", "clerk_id", "mail", False)),
    "the key is Clerk's id": (
        "CREATE TABLE people (uid text PRIMARY KEY, email text); INSERT INTO people VALUES ('user_2abcDEF', 'a@x.example')",
        ("people", "uid", "email", False)),
    "another name, Clerk's ids in it": (
        "CREATE TABLE members (id int PRIMARY KEY, auth_sub text); INSERT INTO members VALUES (1, NULL), (2, 'user_2abcDEF')",
        ("members", "auth_sub", None, True)),
    "the one with addresses of several": (
        "CREATE TABLE audit (id int PRIMARY KEY, clerk_user_id text);"
        "CREATE TABLE users (id int PRIMARY KEY, email text, clerk_user_id text)", ("users", "clerk_user_id", "email", True)),
    "a key to it is none": (
        "CREATE TABLE users (uid text PRIMARY KEY, email text); INSERT INTO users VALUES ('user_2abcDEF', 'a@x.example');"
        "CREATE TABLE notes (id int PRIMARY KEY, owner text REFERENCES users, email text);"
        "INSERT INTO notes VALUES (1, 'user_2abcDEF', 'a@x.example')", ("users", "uid", "email", False)),
    "names that only look so": (
        "CREATE TABLE clerks (id int PRIMARY KEY, name text); INSERT INTO clerks VALUES (1, 'user_interface designer')", None),
    "a reference": ("CREATE TABLE members (no int PRIMARY KEY, mail text, clerk_ref text)", ("members", "clerk_ref", "mail", True)),
    "a number is no id of Clerk's": ("CREATE TABLE users (id int PRIMARY KEY, email text, clerk_id int)", None),
}  # fmt: skip


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    name = f"init_{uuid.uuid4().hex[:8]}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_table_of_users_is_found(name: str, url: str) -> None:
    schema, expected = SCHEMAS[name]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(schema.encode())
        found = find_users(connection)
    assert (None if found is None else (found.name, found.clerk_id, found.email, found.nullable)) == expected


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (
            "CREATE TABLE people (id int PRIMARY KEY); CREATE TABLE logins (subject text PRIMARY KEY, person int REFERENCES people)",
            "there is people;",
        ),
        ("CREATE TABLE mails (id int PRIMARY KEY, email text)", "there is mails;"),
        ("CREATE TABLE notes (id int PRIMARY KEY, body text)", ""),
    ],
)
def test_where_no_ids_of_clerks_are_found_it_is_said_how_to_name_them(schema: str, told: str, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(schema.encode())
    said = without_clerk_ids(url)
    assert (told in said) and bool(said) == bool(told)
    assert ('"table.column" where they stand in a table of their own' in said) == bool(told)


PEOPLE = """
CREATE TABLE users (id int PRIMARY KEY, email text, clerk_user_id text, given_name text, role text, is_active boolean, deleted_at date);
INSERT INTO users VALUES
    (1, 'boss@x.example', 'user_2boss', 'Bo', 'ADMIN', true, NULL), (2, 'gone@x.example', 'user_2gone', 'Al', 'user', true, '2026-01-01'),
    (3, 'off@x.example', 'user_2off', 'Al', 'user', false, NULL), (4, 'ann@x.example', 'user_2ann', 'Ann', 'user', true, NULL),
    (5, 'ben@x.example', 'user_2ben', NULL, 'user', NULL, NULL), (6, 'eve@x.example', 'user_2eve', 'Eve', 'user', true, NULL),
    (7, 'old@x.example', NULL, 'Old', 'user', true, NULL)
"""


def test_the_people_are_those_who_may_enter(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PEOPLE.encode())
    found = seeded(url)
    assert found is not None
    assert (found.rows, found.linked) == (7, 6)
    assert {name: each["database_id"] for name, each in found.people.items()} == {
        "alice": 4, "bob": 5, "member": 6, "admin": 1,
    }  # fmt: skip
    assert found.people["alice"] == {
        "email": "ann@x.example", "clerk_id": "user_2ann", "database_id": 4, "first_name": "Ann",
    }  # fmt: skip


def test_whom_only_the_old_token_can_name(url: str) -> None:
    assert unlinked_people("") == unlinked_people(url) == ()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PEOPLE.encode())
    assert unlinked_people(url) == (("old@x.example", 7),)
    assert unlinked_people(url.rpartition("/")[0] + "/there_is_none") == ()


def test_a_seed_whose_ids_are_others_is_told_with_numbers() -> None:
    table = UsersTable("users", "id", "clerk_user_id", "email", True)
    rows = Seeded(table, {"alice": {"database_id": 4}}, 7, 6)
    taken, why = told_of_people(rows, 178, 2, 210)
    assert taken == "took [identities] from users.clerk_user_id: alice is row 4"
    assert why.startswith("178 of 210 routes let nobody in as long as the default people asked")
    assert "with its own people 2 routes do" in why
    assert len(told_of_people(rows, 2, 2, 210)) == 1
    (none,) = told_of_people(Seeded(table, {}, 7, 0), 178, 178, 210)
    assert "users has 7 rows, none of them with a Clerk id in clerk_user_id" in none
    assert told_of_people(Seeded(table, {}, 0, 0), 178, 178, 210) == []


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ('os.environ["CLERK_DOMAIN"]', ["CLERK_DOMAIN"]),
        ("env('CLERK_SECRET_KEY')", ["CLERK_SECRET_KEY"]),
        ("class Settings(BaseSettings):\n    clerk_secret_key: str\n", ["CLERK_SECRET_KEY"]),
        ("clerk_domain = 'x'\n# set CLERK_DOMAIN", []),
        ("os.environ['CLERK_DOMAIN_NAME']", []),
    ],
)
def test_the_variables_that_the_source_reads(code: str, read: list[str]) -> None:
    known = dict.fromkeys(("CLERK_DOMAIN", "CLERK_SECRET_KEY"), "")
    assert read_variables({Path("a.py"): code}, known) == read
