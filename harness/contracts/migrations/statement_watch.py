"""Watches the schema statements of a migration, and stops it at one: an event trigger in the database that is migrated.

What a statement locks and reads is what Postgres says of it: the locks of its session (pg_locks) and the rows that its
sequential scans have read (pg_stat_xact_user_tables), before and after.
Source: PostgreSQL documentation, Event Triggers (`ddl_command_start`, `ddl_command_end`) and Explicit Locking.
"""

from __future__ import annotations

from typing import NamedTuple

import psycopg
from psycopg.rows import TupleRow

NOT_ALLOWED = "the role may not make event triggers; use a superuser of a throw-away server"
_INSTALL = """
CREATE SCHEMA clerk_harness;
CREATE TABLE clerk_harness.ran (number serial, tag text, schema text, object text, query text);
CREATE TABLE clerk_harness.held (number integer, schema text, object text, mode text, rows bigint, ms float8);
CREATE SEQUENCE clerk_harness.statements;
CREATE TABLE clerk_harness.stop (at integer NOT NULL);
INSERT INTO clerk_harness.stop VALUES (0);
CREATE FUNCTION clerk_harness.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    at_statement integer;
    this_one bigint := nextval('clerk_harness.statements');
BEGIN
    SELECT at INTO at_statement FROM clerk_harness.stop;
    IF at_statement > 0 AND this_one >= at_statement THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(0);
    END IF;
    INSERT INTO clerk_harness.ran (tag, schema, object, query)
        SELECT command_tag, n.nspname, c.relname, current_query() FROM pg_event_trigger_ddl_commands() o
        LEFT JOIN pg_class c ON c.oid = coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = o.objid), o.objid)
             AND o.classid = 'pg_class'::regclass
        LEFT JOIN pg_namespace n ON n.oid = c.relnamespace;
    IF current_setting('clerk_harness.seen', true) <> '' THEN
        -- Of a lock that keeps writers out: SHARE and stronger.
        INSERT INTO clerk_harness.held
            SELECT currval('clerk_harness.ran_number_seq'), n.nspname, r.relname, l.mode, sum(read.rows),
                   1000 * extract(epoch FROM clock_timestamp() - current_setting('clerk_harness.began')::timestamptz)
            FROM pg_locks l JOIN pg_stat_xact_user_tables s ON s.relid = l.relation
            JOIN pg_class r ON r.oid = coalesce(pg_partition_root(s.relid), s.relid) JOIN pg_namespace n ON n.oid = r.relnamespace
            CROSS JOIN LATERAL (SELECT s.seq_tup_read - coalesce((current_setting('clerk_harness.seen')::jsonb ->> s.relid::text)::bigint, 0) AS rows) read
            WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND read.rows > 0 AND n.nspname <> 'clerk_harness'
              AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
            GROUP BY n.nspname, r.relname, l.mode;
    END IF;
END $$;
CREATE FUNCTION clerk_harness.begin() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('clerk_harness.began', clock_timestamp()::text, true), set_config('clerk_harness.seen',
        (SELECT coalesce(jsonb_object_agg(relid::text, seq_tup_read), '{}')::text FROM pg_stat_xact_user_tables WHERE seq_tup_read > 0), true);
END $$;
CREATE EVENT TRIGGER clerk_harness_begin ON ddl_command_start EXECUTE FUNCTION clerk_harness.begin();
CREATE EVENT TRIGGER clerk_harness_watch ON ddl_command_end EXECUTE FUNCTION clerk_harness.watch();
"""


class Held(NamedTuple):
    """A lock that kept writers out while a statement read rows: its mode, how many rows, and how many milliseconds it took."""

    table: str
    mode: str
    rows: int
    milliseconds: float


class SchemaStatement(NamedTuple):
    """A schema statement that was run: its number, its command tag (`ALTER TABLE`), the table it was about, its text, and
    the locks under which it read rows.
    """

    number: int
    tag: str
    table: str | None
    query: str | None
    held: tuple[Held, ...] = ()


class StatementWatch:
    """The watch of one database. `installed`: whether the role was allowed to install it; without it nothing is seen."""

    def __init__(self, connection: psycopg.Connection[TupleRow], *, installed: bool = False) -> None:
        """`connection` must be in autocommit mode. `installed`: the database has the watch already, from its template."""
        self._connection = connection
        self.installed = True
        if installed:
            return
        try:
            connection.execute(_INSTALL.encode())
        except psycopg.errors.InsufficientPrivilege:
            self.installed = False

    def statements(self) -> list[SchemaStatement]:
        """The schema statements that were run, in their order."""
        if not self.installed:
            return []
        here = self._connection.execute("SELECT coalesce(current_schema(), 'public')").fetchone()

        def shown(schema: str | None, name: str | None) -> str | None:
            return name if here is not None and schema == here[0] else f"{schema}.{name}" if name else None

        held: dict[int, list[Held]] = {}
        for number, schema, name, mode, rows, took in self._connection.execute("SELECT * FROM clerk_harness.held"):
            held.setdefault(number, []).append(Held(shown(schema, name) or "", mode, int(rows), took))
        ran = self._connection.execute(
            "SELECT number, tag, schema, object, query FROM clerk_harness.ran ORDER BY number"
        ).fetchall()
        return [
            SchemaStatement(number, tag, shown(schema, name), query, tuple(held.get(number, ())))
            for number, tag, schema, name, query in ran
        ]

    @property
    def count(self) -> int:
        """How many schema statements were run, whether anything came of them or not."""
        row = self._connection.execute(
            "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM clerk_harness.statements"
        ).fetchone()
        return row[0] if row is not None else 0

    def stop_at(self, statement: int) -> None:
        """End the connection that runs that schema statement, counted from 1; 0 ends none."""
        self._connection.execute("UPDATE clerk_harness.stop SET at = %s", [statement])
        self._connection.execute("SELECT setval('clerk_harness.statements', 1, false)")
