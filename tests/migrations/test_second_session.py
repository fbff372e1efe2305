"""Migrations that lock by hand, and one that waits for itself: whole histories, each beside one that is right."""

from __future__ import annotations

import pytest

from harness.contracts.migrations import databases
from tests.migrations.histories import BACK, UP, Project, states
from tests.migrations.test_migrators import ADD, Hold, dbmate, hold

__all__ = ["hold"]
ROWS = "UPDATE users SET nick = 'x' WHERE id < 20"
LOOKED_AT = """DO $$ DECLARE begun timestamptz := clock_timestamp(); BEGIN LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN clock_timestamp() > begun + interval '60 s' OR EXISTS (SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid()
        AND query LIKE '%pg_blocking_pids%' AND state = 'idle' AND query_start > begun);
END LOOP; END $$"""
"""Until a second session has looked at the locks from its beginning to its end."""


def test_a_table_that_a_revision_locks_by_hand_is_named(project: Project) -> None:
    up = f'op.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")\nop.execute("{ROWS}")'
    (check,) = project(up, "pass").verify(["no-blocking-ddl"])
    assert check.status == "broken"
    assert check.detail.startswith(
        "users is locked (ACCESS EXCLUSIVE) by a statement that changes nothing of it (LOCK TABLE, say)"
    )
    assert check.detail.endswith("(allow = ['lock:users'])")
    (check,) = project(up, "pass", allow=["lock:users"]).verify(["no-blocking-ddl"])
    assert check.status == "proven"


def test_a_lock_before_the_statement_that_needs_it_is_left_alone(project: Project) -> None:
    up = 'op.execute("SET LOCAL lock_timeout = \'2s\'")\nop.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")' + UP
    assert states(project(up, BACK).verify(["no-blocking-ddl"])) == {"no-blocking-ddl": ("proven", "")}


@pytest.mark.parametrize("lock", ["LOCK TABLE users;", ""], ids=["locked", "not locked"])
def test_a_transaction_of_rows_alone_is_looked_at_from_outside(hold: Hold, lock: str) -> None:
    up = f"BEGIN; {lock} {ROWS}; {LOOKED_AT}; COMMIT; {ADD}"
    found = hold(dbmate(up, options=" transaction:false"), "20250101", ["no-blocking-ddl"])["no-blocking-ddl"]
    assert found[0] == ("broken" if lock else "proven"), found
    assert found[1].startswith("users is locked (ACCESS EXCLUSIVE) by a statement" if lock else "")


def test_a_revision_that_waits_for_itself_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "LONGEST_WAIT", 1)
    up = UP + (
        "other = sa.create_engine(op.get_bind().engine.url, poolclass=sa.pool.NullPool)\n"
        'with other.begin() as connection:\n    connection.execute(sa.text("DELETE FROM users WHERE id < 0"))'
    )
    found = states(project(up, BACK).verify(["from-nothing", "data"]))
    assert {status for status, _ in found.values()} == {"broken"}
    assert found["from-nothing"][1].endswith("it waits for a lock that another session of the migration holds)")
    told = (
        "(ROW EXCLUSIVE on users is waited for: DELETE FROM users WHERE id < 0; a session of the migration holds it: "
    )
    assert told in found["data"][1], found
