"""Which schema statements lock a table while its rows are read, as Postgres itself says: a table of facts."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from harness.contracts.migrations.checks.blocking_ddl import growing
from harness.contracts.migrations.statement_watch import Held, StatementWatch
from harness.database import Server

BASE = """
CREATE TABLE users (id int NOT NULL, email text, age int, nick text);
CREATE UNIQUE INDEX by_id ON users (id);
CREATE UNIQUE INDEX by_email ON users (email);
INSERT INTO users SELECT n, n || '@example.com', n, 'n' || n FROM generate_series(1, 300) n;
ALTER TABLE users ADD CONSTRAINT there CHECK (age IS NOT NULL);
CREATE TABLE notes (id serial, user_id int);
INSERT INTO notes (user_id) SELECT id FROM users;
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000);
INSERT INTO parts SELECT id FROM users;
"""
NAMELESS = "ALTER TABLE users ADD UNIQUE (nick)"


@pytest.fixture(scope="module")
def template(postgres: Server) -> Iterator[str]:
    with psycopg.connect(postgres.create("clerk_harness_locks"), autocommit=True) as connection:
        connection.execute(BASE)
        StatementWatch(connection)
    yield postgres.url_of("clerk_harness_locks")
    postgres.drop("clerk_harness_locks")


@pytest.mark.parametrize(
    ("statements", "locked"),
    [
        (["CREATE INDEX by_nick ON users (nick)"], {"users"}),
        (["create index concurrently by_nick on users (nick)", "DROP INDEX CONCURRENTLY by_nick"], set()),
        (["ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)"], {"users"}),
        (["ALTER TABLE users ADD CHECK (age > 0)"], {"users"}),
        (["ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID", "ALTER TABLE users VALIDATE CONSTRAINT c"], set()),
        (["BEGIN", "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID", "ALTER TABLE users VALIDATE CONSTRAINT c"], {"users"}),
        (["ALTER TABLE notes ADD FOREIGN KEY (user_id) REFERENCES users (id)"], {"notes"}),
        (["ALTER TABLE notes ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID", "ALTER TABLE notes VALIDATE CONSTRAINT f"], set()),
        ([NAMELESS], {"users"}),
        (["ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX by_email"], set()),
        (["ALTER TABLE users ADD PRIMARY KEY (id)"], {"users"}),
        (["alter table users alter column nick set not null"], {"users"}),
        (["ALTER TABLE users ALTER age SET NOT NULL"], set()),
        (["ALTER TABLE users ADD COLUMN plan text"], set()),
        (["ALTER TABLE users ADD COLUMN plan text NOT NULL DEFAULT 'free'"], set()),
        (["CREATE TABLE plans (id int PRIMARY KEY, n int CHECK (n > 0))"], set()),
        (["CREATE INDEX ON parts (id)"], {"parts"}),
        (["SELECT count(*) FROM users", "ALTER TABLE users ADD COLUMN plan text"], set()),
    ],
)  # fmt: skip
def test_a_statement_that_locks_while_rows_are_read(
    template: str, postgres: Server, statements: list[str], locked: set[str]
) -> None:
    name = "clerk_harness_lock"
    url = postgres.create(name, "clerk_harness_locks")
    with psycopg.connect(url, autocommit=True) as connection:
        watch = StatementWatch(connection, installed=True)
        for statement in statements:
            connection.execute(statement.encode())
        connection.execute("COMMIT")
        found = watch.statements()
    postgres.drop(name)
    own = {held.table for one in found for held in one.held if one.table in (held.table, None) or held.table == "parts"}
    assert own == locked


def test_growth_over_two_sizes_is_told() -> None:
    small, large = Held("users", "ShareLock", 2000, 2.0), Held("users", "ShareLock", 10_000, 10.0)
    assert growing(small, large) == "held 2.0 ms for 2,000 rows and 10.0 ms for 10,000; about 10.0 s for 10,000,000"
