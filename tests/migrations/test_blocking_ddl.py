"""Which schema statements lock a table while its rows are read, as Postgres itself says: a table of facts."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from harness.contracts.migrations.checks.blocking_ddl import by_hand, growing, kept_waiting
from harness.contracts.migrations.second_session import SecondSession, waits_in_words
from harness.contracts.migrations.statement_watch import Held, StatementWatch, Taken
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
CREATE TABLE books (version text);
INSERT INTO books VALUES ('1');
CREATE TABLE kinds (name text);
INSERT INTO kinds VALUES ('a'), ('b');
"""
NAMELESS = "ALTER TABLE users ADD UNIQUE (nick)"


@pytest.fixture(scope="module")
def template(postgres: Server) -> Iterator[str]:
    with psycopg.connect(postgres.create("clerk_harness_locks"), autocommit=True) as connection:
        connection.execute(BASE)
        StatementWatch(connection, ["books"])
    yield postgres.url_of("clerk_harness_locks")
    postgres.drop("clerk_harness_locks")


@contextmanager
def watched(postgres: Server, *statements: str) -> Iterator[StatementWatch]:
    """A watch that has seen these statements, to their end, in a copy of the template."""
    name = "clerk_harness_lock"
    with psycopg.connect(postgres.create(name, "clerk_harness_locks"), autocommit=True) as connection:
        watch = StatementWatch(connection, installed=True)
        for statement in (*statements, "COMMIT"):
            connection.execute(statement.encode())
        yield watch
    postgres.drop(name)


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
    with watched(postgres, *statements) as watch:
        found = watch.statements()
    own = {held.table for one in found for held in one.held if one.table in (held.table, None) or held.table == "parts"}
    assert own == locked


LOCK = "ALTER TABLE users ADD COLUMN plan text"
LATER = "ALTER TABLE notes ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID"


@pytest.mark.parametrize(
    ("statements", "kept"),
    [
        (["BEGIN", LOCK, "SELECT count(*) FROM notes"], {"users"}),
        (["BEGIN", LOCK, "SELECT count(*) FROM users"], {"users"}),
        (["BEGIN", LOCK, "UPDATE notes SET user_id = NULL WHERE id <= 200"], {"users"}),
        ([LATER, "BEGIN", LOCK, "ALTER TABLE notes VALIDATE CONSTRAINT f"], {"users"}),
        (["BEGIN", LOCK, "CREATE TABLE copies AS SELECT * FROM parts"], {"users"}),
        (["BEGIN", LATER, "SELECT count(*) FROM parts"], {"notes", "users"}),
        (["BEGIN", LOCK, "SET CONSTRAINTS ALL IMMEDIATE", "SELECT count(*) FROM notes", "UPDATE books SET version = '2'"], {"users"}),
        ([LOCK, "SELECT count(*) FROM notes"], set()),
        (["BEGIN", "SELECT count(*) FROM notes", LOCK], set()),
        (["BEGIN", LOCK, "UPDATE users SET plan = 'free' WHERE id <= 100 AND id > 90", "INSERT INTO kinds VALUES ('c')"], set()),
        (["BEGIN", LOCK, "SELECT * FROM kinds"], set()),
        (["BEGIN", "CREATE TABLE plans (id int)", "INSERT INTO plans SELECT id FROM users"], set()),
        ([LOCK, "BEGIN", "UPDATE users SET nick = NULL", "COMMIT", "ALTER TABLE users ALTER plan SET DEFAULT 'free'"], set()),
        (["BEGIN", "ALTER TABLE users ALTER COLUMN nick SET STATISTICS 10", "SELECT count(*) FROM notes"], set()),
        (["BEGIN", LOCK, "ROLLBACK", "BEGIN", "SELECT count(*) FROM notes"], set()),
    ],
)  # fmt: skip
def test_a_lock_that_is_kept_while_a_transaction_works(
    template: str, postgres: Server, statements: list[str], kept: set[str]
) -> None:
    with watched(postgres, *statements) as watch:
        texts = {one.number: one.query or "" for one in watch.statements()}
        found = kept_waiting(watch.taken(), texts, {"users": 300, "notes": 300, "parts": 300, "kinds": 2}, set())
    assert {entry for entry, _ in found} == {f"lock:{table}" for table in kept}
    assert all(
        "(ACCESS EXCLUSIVE) while" in message or "(SHARE ROW EXCLUSIVE) while" in message for _, message in found
    )


HAND, FIRM = "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE", "LOCK TABLE users"
ROWS = "UPDATE users SET nick = 'x' WHERE id < 20"
WRITTEN = "UPDATE books SET version = '2'"


@pytest.mark.parametrize(
    ("statements", "locked"),
    [
        (["BEGIN", FIRM, ROWS, WRITTEN], {"users"}),
        (["BEGIN", HAND, ROWS, WRITTEN], {"users"}),
        (["BEGIN", FIRM, "LOCK TABLE parts", "ALTER TABLE notes ADD COLUMN plan text"], {"users", "parts"}),
        (["BEGIN", FIRM, LOCK, WRITTEN], set()),
        (["BEGIN", "LOCK TABLE users, notes", LATER], set()),
        (["BEGIN", FIRM, "CREATE INDEX by_nick ON users (nick)"], set()),
        (["BEGIN", "LOCK TABLE users IN ROW EXCLUSIVE MODE", ROWS, WRITTEN], set()),
        (["BEGIN", ROWS, WRITTEN], set()),
        (["BEGIN", LOCK, ROWS, WRITTEN], set()),
        (["SET session_replication_role = replica", "BEGIN", LOCK, ROWS, WRITTEN], set()),
        (["BEGIN", "CREATE TABLE plans (id int)", "LOCK TABLE plans", WRITTEN], set()),
    ],
)  # fmt: skip
def test_a_table_that_is_locked_by_hand(
    template: str, postgres: Server, statements: list[str], locked: set[str]
) -> None:
    with watched(postgres, *statements) as watch:
        found = by_hand(watch.taken(), [], {"users", "notes", "parts"}, set())
        assert by_hand(watch.taken(), [], {"users", "notes", "parts"}, {"users", "notes", "parts"}) == []
    assert {entry for entry, _ in found} == {f"lock:{table}" for table in locked}


def test_a_second_session_sees_what_is_held_and_waited_for(postgres: Server) -> None:
    name = "clerk_harness_second"
    with psycopg.connect(postgres.create(name)) as one, psycopg.connect(postgres.url_of(name)) as other:
        one.execute(b"CREATE TABLE users (id int); CREATE TABLE notes (id int)")
        one.commit()
        with SecondSession(postgres.url_of(name)) as second:
            one.execute(b"LOCK TABLE users IN SHARE MODE; LOCK TABLE notes IN ROW EXCLUSIVE MODE")
            second.look()
            waiting = threading.Thread(target=other.execute, args=[b"DELETE FROM users"])
            waiting.start()
            while len(second.seen) < 2:
                second.look()
            one.commit()
            waiting.join()
    postgres.drop(name)
    held, waited = second.seen
    assert (held.table, held.mode, held.blocker) == ("users", "ShareLock", None)
    assert (waited.table, waited.mode, waited.query) == ("users", "RowExclusiveLock", "DELETE FROM users")
    assert "is waited for: DELETE FROM users; a session of the migration holds it: LOCK TABLE users" in waits_in_words(
        second.seen
    )
    ((entry, message),) = by_hand([], second.seen, {"users", "notes"}, set())
    assert (entry, message.partition(" by ")[0]) == ("lock:users", "users is locked (SHARE)")
    noted = Taken(1, "users", "ShareLock", 1, datetime.datetime.now(datetime.UTC), 5.0, {}, held.transaction)
    assert by_hand([noted], second.seen, {"users"}, set()) == []


def test_work_on_a_table_that_is_told_already_is_not_told_again() -> None:
    now = datetime.datetime.now(datetime.UTC)
    lock = Taken(1, "users", "AccessExclusiveLock", 1, now, 5.0, {"notes": 300})
    assert kept_waiting([lock], {1: LOCK}, {"users": 300, "notes": 300}, {"notes"}) == []
    assert len(kept_waiting([lock], {1: LOCK}, {"users": 300, "notes": 300}, set())) == 1


def test_a_role_that_may_make_no_event_triggers_still_sees_locks_and_where_migrations_end(postgres: Server) -> None:
    name = "clerk_harness_plain"
    with psycopg.connect(postgres.create(name), autocommit=True) as connection:
        connection.execute(b"CREATE ROLE plain; GRANT ALL ON SCHEMA public TO plain")
        connection.execute(f"GRANT CREATE ON DATABASE {name} TO plain; SET ROLE plain".encode())
        connection.execute("CREATE TABLE books (version text); CREATE TABLE users (id int)")
        watch = StatementWatch(connection, ["books"])
        connection.execute("BEGIN; ALTER TABLE users ADD COLUMN plan text; INSERT INTO books VALUES ('2'); COMMIT")
        assert (watch.installed, watch.statements()) == (False, [])
        assert [step.noted for step in watch.steps()] == [{"version": "2"}]
        held = {lock.mode for lock in watch.taken() if lock.table == "users"}
        connection.execute(b"RESET ROLE")
    postgres.drop(name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("DROP ROLE plain")
    assert held == {"AccessExclusiveLock"}


def test_growth_over_two_sizes_is_told() -> None:
    small, large = Held("users", "ShareLock", 2000, 2.0), Held("users", "ShareLock", 10_000, 10.0)
    assert growing(small, large) == "held 2.0 ms for 2,000 rows and 10.0 ms for 10,000; about 10.0 s for 10,000,000"
