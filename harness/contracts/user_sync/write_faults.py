"""Faults of whoever writes to the users' tables: a connection that is killed, and an insert that waits for all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

_INSTALL = """
CREATE SCHEMA IF NOT EXISTS clerk_harness;
DROP TABLE IF EXISTS clerk_harness.kill;
CREATE TABLE clerk_harness.kill (after integer NOT NULL, pause boolean NOT NULL);
INSERT INTO clerk_harness.kill VALUES (0, false);
CREATE OR REPLACE FUNCTION clerk_harness.kill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    now integer;
    waits boolean;
    seen text;
    before text := '';
    quiet integer := 0;
BEGIN
    SELECT after, pause INTO now, waits FROM clerk_harness.kill;
    IF waits AND TG_OP = 'INSERT' AND nextval('clerk_harness.writes') = 1 THEN
        FOR turn IN 1..60 LOOP  -- Until the others have done all that they can: 0.3 s without a sign, 3 s at most.
            PERFORM pg_sleep(0.05);
            PERFORM pg_stat_clear_snapshot();
            SELECT md5(string_agg(pid || ' ' || state_change, ',' ORDER BY pid)) INTO seen FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid();
            quiet := CASE WHEN seen IS NOT DISTINCT FROM before THEN quiet + 1 ELSE 0 END;
            before := seen;
            SELECT pause INTO waits FROM clerk_harness.kill;
            EXIT WHEN quiet >= 6 OR NOT waits;  -- Whoever works off a queue goes on as soon as the race is over.
        END LOOP;
    END IF;
    IF now > 0 AND nextval('clerk_harness.writes') >= now THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(0);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION clerk_harness.until_waited_for(holder integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR turn IN 1..40 LOOP  -- A request that needs no lock is not waited for longer than a second.
        PERFORM pg_sleep(0.025);
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE holder = ANY (pg_blocking_pids(pid)));
    END LOOP;
END $$;
CREATE SEQUENCE IF NOT EXISTS clerk_harness.writes;
GRANT USAGE ON SCHEMA clerk_harness TO PUBLIC;
"""
_UNTIL_WAITED_FOR = """SELECT clerk_harness.until_waited_for(%s)"""
_TRIGGER = (
    "DROP TRIGGER IF EXISTS clerk_harness_kill ON {}",
    "CREATE TRIGGER clerk_harness_kill AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION clerk_harness.kill()",
)


class WriteFaults:
    """Triggers on some tables that disturb whoever writes there, as long as they are armed."""

    def __init__(self, connection: psycopg.Connection[TupleRow], tables: Iterable[sql.Identifier]) -> None:
        """Install the triggers, which do nothing yet. `connection` must be in autocommit mode."""
        self._connection = connection
        connection.execute(_INSTALL.encode())
        for name in tables:
            for statement in _TRIGGER:
                connection.execute(sql.SQL(statement).format(name))

    def kill_at(self, write: int) -> None:
        """Terminate the connection of whoever writes, from the `write`th statement on (counted from 1)."""
        self._set(after=write)

    def pause_first_insert(self) -> None:
        """Let whoever inserts first wait until the others can do no more, so that a race is lost every time."""
        self._set(pause=True)

    @contextmanager
    def migration(self, table: sql.Identifier) -> Iterator[Callable[[], None]]:
        """Hold the lock of a migration (ACCESS EXCLUSIVE) on a table. What is given waits until somebody waits for it, and gives it up.

        Nobody may need it: then it is given up as soon as nobody has done anything for a while.
        """
        with psycopg.connect(self._connection.info.dsn, password=self._connection.info.password) as migrator:
            migrator.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(table))

            def until_waited_for() -> None:
                self._connection.execute(_UNTIL_WAITED_FOR.encode(), [migrator.info.backend_pid])
                migrator.rollback()

            yield until_waited_for

    def disarm(self) -> None:
        """Disturb nobody any more."""
        self._set()

    def _set(self, *, after: int = 0, pause: bool = False) -> None:
        self._connection.execute("SELECT setval('clerk_harness.writes', 1, false)")
        self._connection.execute("UPDATE clerk_harness.kill SET after = %s, pause = %s", [after, pause])
