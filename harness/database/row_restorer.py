"""Restores the rows of a database between cells, so that none sees what another wrote.

Triggers note which tables were written, and only these are restored. All of it is in a schema of its own, installed in the
template after migration and seed, so that clones have it too.
"""

from __future__ import annotations

from typing import Any

import psycopg

from harness.core.errors import DatabaseError
from harness.database.errors import describe

SCHEMA = "clerk_harness"
_INSTALL = f"""
CREATE SCHEMA {SCHEMA};
CREATE UNLOGGED TABLE {SCHEMA}.dirty (relation regclass NOT NULL);
CREATE TABLE {SCHEMA}.kept (relation regclass PRIMARY KEY, copy regclass NOT NULL, columns text NOT NULL);
CREATE TABLE {SCHEMA}.heirs (relation regclass NOT NULL, heir regclass NOT NULL);
CREATE TABLE {SCHEMA}.counters (name regclass PRIMARY KEY, value bigint NOT NULL, called boolean NOT NULL);

CREATE FUNCTION {SCHEMA}.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO {SCHEMA}.dirty VALUES (TG_RELID);
    RETURN NULL;
END $$;

-- A statement fires the triggers of the table that it names only, but writes its partitions and what inherits from it, too.
CREATE FUNCTION {SCHEMA}.written() RETURNS SETOF regclass LANGUAGE sql AS $$
    SELECT relation FROM {SCHEMA}.dirty UNION SELECT heir FROM {SCHEMA}.heirs WHERE relation IN (SELECT relation FROM {SCHEMA}.dirty)
$$;

CREATE FUNCTION {SCHEMA}.reset() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    touched regclass[];
    one record;
BEGIN
    SELECT array_agg(DISTINCT relation) INTO touched FROM {SCHEMA}.dirty;
    IF touched IS NULL THEN
        RETURN NULL;
    END IF;
    FOR one IN SELECT * FROM {SCHEMA}.kept WHERE relation IN (SELECT {SCHEMA}.written()) LOOP
        EXECUTE format('DELETE FROM ONLY %s', one.relation);
        EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s', one.relation, one.columns, one.columns, one.copy);
    END LOOP;
    PERFORM setval(name, value, called) FROM {SCHEMA}.counters;
    DELETE FROM {SCHEMA}.dirty;
    RETURN touched::text[];
END $$;

CREATE FUNCTION {SCHEMA}.changes() RETURNS TABLE (name text, added boolean, line jsonb) LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM {SCHEMA}.kept WHERE relation IN (SELECT {SCHEMA}.written()) LOOP
        RETURN QUERY EXECUTE format('SELECT %L, true, l::jsonb FROM (SELECT to_jsonb(t)::text AS l FROM (SELECT %s FROM ONLY %s) t '
            'EXCEPT ALL SELECT to_jsonb(t)::text FROM %s t) n', one.relation::text, one.columns, one.relation, one.copy);
        RETURN QUERY EXECUTE format('SELECT %L, false, l::jsonb FROM (SELECT to_jsonb(t)::text AS l FROM %s t '
            'EXCEPT ALL SELECT to_jsonb(t)::text FROM (SELECT %s FROM ONLY %s) t) n', one.relation::text,
            one.copy, one.columns, one.relation);
    END LOOP;
END $$;

DO $$
DECLARE
    one record;
    number integer := 0;
    names text;
    value bigint;
    called boolean;
BEGIN
    FOR one IN
        SELECT c.oid::regclass AS relation, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('{SCHEMA}', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
    LOOP
        EXECUTE format('CREATE TRIGGER clerk_harness_note AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.note()', one.relation);
        CONTINUE WHEN one.relkind = 'p';
        number := number + 1;
        SELECT string_agg(quote_ident(attname), ', ') INTO names FROM pg_attribute
            WHERE attrelid = one.relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
        CONTINUE WHEN names IS NULL;
        EXECUTE format('CREATE TABLE {SCHEMA}.%I AS SELECT %s FROM ONLY %s', 'copy_' || number, names, one.relation);
        INSERT INTO {SCHEMA}.kept VALUES (one.relation, ('{SCHEMA}.copy_' || number)::regclass, names);
    END LOOP;
    INSERT INTO {SCHEMA}.heirs
        WITH RECURSIVE below(relation, heir) AS (
            SELECT inhparent, inhrelid FROM pg_inherits
            UNION SELECT below.relation, i.inhrelid FROM below JOIN pg_inherits i ON i.inhparent = below.heir
        ) SELECT relation, heir FROM below;
    FOR one IN
        SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'S' AND n.nspname <> '{SCHEMA}' AND n.nspname NOT LIKE 'pg\\_%'
    LOOP
        EXECUTE format('SELECT last_value, is_called FROM %s', one.name) INTO value, called;
        INSERT INTO {SCHEMA}.counters VALUES (one.name, value, called);
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC;
"""


def install(connection: psycopg.Connection) -> None:
    """Keep a copy of all rows, and begin to note which tables are written."""
    connection.execute(_INSTALL)


class RowRestorer:
    """Restores one database between cells. `install` must have been called in it, or in the template it was cloned from."""

    def __init__(self, url: str) -> None:
        """Connect. Raises DatabaseError when the role may not switch triggers off."""
        self._connection = psycopg.connect(url, autocommit=True)
        try:
            # Foreign keys and triggers must not fire while rows go back to where they were.
            self._connection.execute("SET session_replication_role = replica")
        except psycopg.errors.InsufficientPrivilege as error:
            self._connection.close()
            raise DatabaseError(
                "--postgres: the role may not set session_replication_role, which restoring rows between cells needs; "
                "use a superuser of a throw-away server, or the embedded one"
            ) from error
        self._connection.execute("SET lock_timeout = '5s'")

    def reset(self) -> tuple[str, ...]:
        """Restore what was written since the last call. Returns the tables, in the order of their names.

        Raises DatabaseError when the app keeps a table locked, or the server is lost.
        """
        try:
            row = self._connection.execute(f"SELECT {SCHEMA}.reset()").fetchone()
        except psycopg.errors.LockNotAvailable as error:
            raise DatabaseError(
                "the app holds a transaction open after its answer, so its database cannot be restored between cells; "
                "close the session when the request ends"
            ) from error
        except psycopg.OperationalError as error:
            raise DatabaseError(describe(error)) from error
        return tuple(sorted(row[0])) if row and row[0] else ()

    def changes(self) -> list[tuple[str, bool, dict[str, Any]]]:
        """Return the rows that were written since the last `reset`: table, whether it is the row as it is now (or as it was
        before; one that was changed is in both), and the row. Raises DatabaseError when the server is lost."""
        try:
            found = self._connection.execute(f"SELECT name, added, line FROM {SCHEMA}.changes()").fetchall()
        except psycopg.OperationalError as error:
            raise DatabaseError(describe(error)) from error
        return [(str(table), bool(added), dict(row)) for table, added, row in found]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
