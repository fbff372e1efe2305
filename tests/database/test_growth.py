"""Tables grow to a size: what must be unique is, what refers leads somewhere, and what cannot grow is named."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from harness.database import Server
from harness.database.filling import Grown, fill, grow, read_tables

SCHEMA = """
CREATE DOMAIN mail AS text CHECK (VALUE ~ '^[^@ ]+@[^@ ]+$');
CREATE TABLE users (id serial PRIMARY KEY, email mail NOT NULL, handle varchar(12) UNIQUE, born date,
    twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE UNIQUE INDEX ON users (lower(email));
CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users, bio text);
CREATE TABLE groups (id uuid PRIMARY KEY, name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]+$'));
CREATE TABLE members (user_id int REFERENCES users, group_id uuid REFERENCES groups, PRIMARY KEY (user_id, group_id));
CREATE TABLE numbers (tenant uuid NOT NULL REFERENCES groups, number int NOT NULL, UNIQUE (tenant, number));
CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, token bytea NOT NULL UNIQUE);
CREATE TABLE parts (id bigint, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2000-01-01') TO ('2100-01-01');
CREATE TABLE bookings (during tstzrange NOT NULL, EXCLUDE USING gist (during WITH &&));
CREATE TABLE keyless (name text, owner int REFERENCES users);
CREATE TABLE trees (id serial PRIMARY KEY, parent int REFERENCES trees, path text UNIQUE);
CREATE SCHEMA app; CREATE TABLE app.codes (code char(6) PRIMARY KEY);
CREATE TABLE colours (name text PRIMARY KEY CHECK (name IN ('red', 'green')));
CREATE TABLE nothing (id int PRIMARY KEY CHECK (id < 0 AND id > 0));
CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''never''; END';
CREATE TABLE guarded (id serial PRIMARY KEY);
CREATE TRIGGER never BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION never();
"""
GROW = [
    "users",
    "profiles",
    "groups",
    "members",
    "numbers",
    "always",
    "parts",
    "bookings",
    "keyless",
    "trees",
    "app.codes",
    "guarded",
]


@pytest.fixture(scope="module")
def connection(postgres: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.create("clerk_harness_growth"), autocommit=True) as opened:
        opened.execute(SCHEMA)
        fill(opened, read_tables(opened), {"users": 40}, 20)
        yield opened
    postgres.drop("clerk_harness_growth")


def test_every_kind_of_table_grows_and_keeps_its_constraints(connection: psycopg.Connection) -> None:
    tables = read_tables(connection)
    found = grow(connection, tables, dict.fromkeys(tables, 3000), 300)
    assert {name: found[name].why for name in GROW} == dict.fromkeys(GROW, "")
    for name in GROW:
        count = connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()
        assert count == (found[name].rows,) == (3000,), name
    assert (found["colours"].rows, bool(found["colours"].why)) == (2, True)
    assert found["nothing"] == Grown(0, "it is empty")
    assert connection.execute(
        "SELECT count(*) FROM members m LEFT JOIN users u ON u.id = user_id WHERE u.id IS NULL"
    ).fetchone() == (0,)
    connection.execute("INSERT INTO users (email) VALUES ('new@example.com')")  # The sequence goes on behind them.
    connection.execute(
        "ALTER TABLE profiles DROP CONSTRAINT profiles_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES users"
    )


def test_a_table_that_is_large_enough_is_left_alone_and_the_time_has_an_end(connection: psycopg.Connection) -> None:
    tables = read_tables(connection)
    before = connection.execute("SELECT count(*) FROM keyless").fetchone()
    assert before is not None
    found = grow(connection, tables, {"keyless": 5, "users": 10**9}, 0.0)
    assert (found["keyless"].rows, found["keyless"].why) == (before[0], "")
    assert found["users"].why == "the time was over"
