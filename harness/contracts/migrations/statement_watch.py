"""Watches the schema statements of a migration, and stops it at one: an event trigger in the database that is migrated.

Source: PostgreSQL documentation, Event Triggers (`ddl_command_end`).
"""

from __future__ import annotations

from typing import NamedTuple

import psycopg
from psycopg.rows import TupleRow

NOT_ALLOWED = "the role may not make event triggers; use a superuser of a throw-away server"
_INSTALL = """
CREATE SCHEMA clerk_harness;
CREATE TABLE clerk_harness.ran (number serial, tag text, object text, query text);
CREATE SEQUENCE clerk_harness.statements MINVALUE 0;
CREATE TABLE clerk_harness.stop (at integer NOT NULL);
INSERT INTO clerk_harness.stop VALUES (0);
CREATE FUNCTION clerk_harness.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    at_statement integer;
BEGIN
    SELECT at INTO at_statement FROM clerk_harness.stop;
    IF at_statement > 0 AND nextval('clerk_harness.statements') >= at_statement THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(0);
    END IF;
    INSERT INTO clerk_harness.ran (tag, object, query)
        SELECT command_tag, coalesce((SELECT relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE i.indexrelid = o.objid),
               (SELECT relname FROM pg_class WHERE oid = o.objid)), current_query()
        FROM pg_event_trigger_ddl_commands() o;
END $$;
CREATE EVENT TRIGGER clerk_harness_watch ON ddl_command_end EXECUTE FUNCTION clerk_harness.watch();
"""


class SchemaStatement(NamedTuple):
    """A schema statement that was run: its number, its command tag (`ALTER TABLE`), the table it was about, and its text."""

    number: int
    tag: str
    table: str | None
    query: str | None


class StatementWatch:
    """The watch of one database. `installed`: whether the role was allowed to install it; without it nothing is seen."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        """`connection` must be in autocommit mode."""
        self._connection = connection
        self.installed = True
        try:
            connection.execute(_INSTALL.encode())
        except psycopg.errors.InsufficientPrivilege:
            self.installed = False

    def statements(self) -> list[SchemaStatement]:
        """The schema statements that were run, in their order."""
        if not self.installed:
            return []
        ran = self._connection.execute("SELECT number, tag, object, query FROM clerk_harness.ran ORDER BY number")
        return [SchemaStatement(*row) for row in ran]

    def stop_at(self, statement: int) -> None:
        """End the connection that runs that schema statement, counted from 1; 0 ends none."""
        self._connection.execute("UPDATE clerk_harness.stop SET at = %s", [statement])
