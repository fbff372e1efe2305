"""Which schema statements lock a table while all its rows are read: a table of facts."""

from __future__ import annotations

import pytest

from harness.contracts.migrations.checks.blocking_ddl import locks_while_reading


@pytest.mark.parametrize(
    ("tag", "query", "locks"),
    [
        ("CREATE INDEX", "CREATE INDEX by_nick ON users (nick)", True),
        ("CREATE INDEX", "create index concurrently by_nick on users (nick)", False),
        ("ALTER TABLE", "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)", True),
        ("ALTER TABLE", "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID", False),
        ("ALTER TABLE", "ALTER TABLE notes ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users", True),
        ("ALTER TABLE", "ALTER TABLE notes ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users NOT VALID", False),
        ("ALTER TABLE", "ALTER TABLE users ADD CONSTRAINT u UNIQUE (email)", True),
        ("ALTER TABLE", "ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX by_email", False),
        ("ALTER TABLE", "ALTER TABLE users ADD CONSTRAINT p PRIMARY KEY (id)", True),
        ("ALTER TABLE", "alter table users alter column id set not null", True),
        ("ALTER TABLE", "ALTER TABLE users ADD COLUMN plan text", False),
        ("ALTER TABLE", "ALTER TABLE users VALIDATE CONSTRAINT c", False),
        ("CREATE TABLE", "CREATE TABLE plans (id int PRIMARY KEY, n int CHECK (n > 0))", False),
        ("ALTER TABLE", "", False),
    ],
)
def test_a_statement_that_locks_while_all_rows_are_read(tag: str, query: str, locks: bool) -> None:
    assert locks_while_reading(tag, query) is locks
