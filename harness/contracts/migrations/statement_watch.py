"""Watches a migration in the database that is migrated: its schema statements, its locks, and where each migration ends.

What a statement locks and reads is what Postgres says of it: the locks of its session (pg_locks) and the rows that it has read
and written (pg_stat_xact_user_tables), before and after, and again when the transaction ends, before it gives its locks up. A
migration ends where the tool writes it into its books. A migration may be stopped at a statement.
Source: PostgreSQL documentation, Event Triggers (`ddl_command_start`, `ddl_command_end`), Explicit Locking, and CREATE TRIGGER
(constraint triggers are fired at the end of the transaction).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

MODES = (
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""The modes of locks on tables that are noted, the weakest first. From `ShareLock` on they keep writers out."""
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
NOT_ALLOWED = "the role may not make event triggers; use a superuser of a throw-away server"
_INSTALL = """
CREATE SCHEMA clerk_harness;
CREATE TABLE clerk_harness.ran (number serial, tag text, schema text, object text, query text);
CREATE TABLE clerk_harness.held (number integer, schema text, object text, mode text, rows bigint, ms float8);
CREATE TABLE clerk_harness.taken (number serial PRIMARY KEY, statement integer, xid text, relation oid, schema text, object text,
    mode text, since timestamptz, ms float8, seen jsonb, work jsonb, virtual text, oids bigint[]);
CREATE TABLE clerk_harness.step (number serial PRIMARY KEY, noted jsonb, began timestamptz, at timestamptz);
CREATE SEQUENCE clerk_harness.statements;
CREATE TABLE clerk_harness.stop (at integer NOT NULL);
INSERT INTO clerk_harness.stop VALUES (0);
CREATE FUNCTION clerk_harness.counts() RETURNS jsonb LANGUAGE sql AS $$
    SELECT coalesce(jsonb_object_agg(relid::text, seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del), '{}')
    FROM pg_stat_xact_user_tables WHERE schemaname <> 'clerk_harness'
        AND seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del > 0
$$;
-- Note what is locked now and was not before, since when, and what was read and written by then.
CREATE FUNCTION clerk_harness.look(since timestamptz, statement integer, seen jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO clerk_harness.taken (statement, xid, relation, schema, object, mode, since, seen, virtual, oids)
        SELECT look.statement, txid_current()::text, r.oid, n.nspname, r.relname, l.mode, look.since, look.seen, l.virtualtransaction,
            array_agg(c.oid::bigint)
        FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
        JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid) JOIN pg_namespace n ON n.oid = r.relnamespace
        WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.mode NOT IN ('AccessShareLock', 'SIReadLock')
          AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'clerk_harness') AND NOT EXISTS (SELECT FROM
              clerk_harness.taken t WHERE t.xid = txid_current()::text AND t.relation = r.oid AND t.mode = l.mode)
        GROUP BY r.oid, n.nspname, r.relname, l.mode, l.virtualtransaction
$$;
CREATE FUNCTION clerk_harness.settle() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE clerk_harness.taken t SET ms = 1000 * extract(epoch FROM clock_timestamp() - t.since), work = (
        SELECT jsonb_object_agg(c.name, c.count) FROM (
            SELECT n.nspname || '.' || r.relname AS name, sum(value::bigint - coalesce((t.seen ->> key)::bigint, 0)) AS count
            FROM jsonb_each_text(clerk_harness.counts()) JOIN pg_class r ON r.oid = coalesce(pg_partition_root(key::oid), key::oid)
            JOIN pg_namespace n ON n.oid = r.relnamespace GROUP BY 1) c
        WHERE c.count > 0 AND t.seen IS NOT NULL)
    WHERE t.xid = txid_current()::text;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER settle AFTER INSERT ON clerk_harness.taken DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION clerk_harness.settle();
CREATE CONSTRAINT TRIGGER settle AFTER INSERT ON clerk_harness.step DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION clerk_harness.settle();
ALTER TABLE clerk_harness.taken ENABLE ALWAYS TRIGGER settle;
ALTER TABLE clerk_harness.step ENABLE ALWAYS TRIGGER settle;
CREATE FUNCTION clerk_harness.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    -- Of a lock that is seen here first nobody knows since when it is held: from the migration's beginning, at the most.
    PERFORM clerk_harness.look(greatest(now(), (SELECT max(at) FROM clerk_harness.step)), NULL, NULL);
    INSERT INTO clerk_harness.step (noted, began, at) VALUES (to_jsonb(NEW),
        (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()), clock_timestamp());
    RETURN NULL;
END $$;
"""
_NOTE = """
CREATE TRIGGER clerk_harness_note AFTER INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION clerk_harness.note();
ALTER TABLE {} ENABLE ALWAYS TRIGGER clerk_harness_note;
"""
_EVENTS = """
CREATE FUNCTION clerk_harness.watch() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
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
    IF NOT FOUND THEN  -- One that drops.
        INSERT INTO clerk_harness.ran (tag, query) VALUES (TG_TAG, current_query());
    END IF;
    -- A lock that was there before is this statement's as well, where it is about that table, or one that it refers to.
    UPDATE clerk_harness.taken t SET statement = currval('clerk_harness.ran_number_seq'), seen = clerk_harness.counts()
        WHERE t.statement IS NULL AND t.xid = txid_current()::text AND t.relation IN (
            SELECT coalesce(pg_partition_root(o.objid), o.objid) FROM pg_event_trigger_ddl_commands() o WHERE o.classid = 'pg_class'::regclass
            UNION SELECT c.confrelid FROM pg_event_trigger_ddl_commands() o JOIN pg_constraint c ON c.conrelid = o.objid AND c.contype = 'f'
            UNION SELECT i.indrelid FROM pg_event_trigger_ddl_commands() o JOIN pg_index i ON i.indexrelid = o.objid
            UNION SELECT g.tgrelid FROM pg_event_trigger_ddl_commands() o JOIN pg_trigger g ON g.oid = o.objid AND o.classid = 'pg_trigger'::regclass);
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
        PERFORM clerk_harness.look(current_setting('clerk_harness.began')::timestamptz,
            currval('clerk_harness.ran_number_seq')::integer, clerk_harness.counts());
    END IF;
END $$;
CREATE FUNCTION clerk_harness.begin() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    -- What is locked already was locked by a statement that changes no schema: LOCK TABLE, say.
    IF EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384 AND mode <> 'AccessShareLock') THEN
        PERFORM clerk_harness.look(greatest(now(), (SELECT max(at) FROM clerk_harness.step)), NULL, NULL);
    END IF;
    PERFORM set_config('clerk_harness.began', clock_timestamp()::text, true), set_config('clerk_harness.seen',
        (SELECT coalesce(jsonb_object_agg(relid::text, seq_tup_read), '{}')::text FROM pg_stat_xact_user_tables WHERE seq_tup_read > 0), true);
END $$;
CREATE EVENT TRIGGER clerk_harness_begin ON ddl_command_start EXECUTE FUNCTION clerk_harness.begin();
CREATE EVENT TRIGGER clerk_harness_watch ON ddl_command_end EXECUTE FUNCTION clerk_harness.watch();
ALTER EVENT TRIGGER clerk_harness_begin ENABLE ALWAYS;  -- With session_replication_role = replica, too.
ALTER EVENT TRIGGER clerk_harness_watch ENABLE ALWAYS;
"""


def in_words(mode: str) -> str:
    """A mode of locks as SQL calls it: ACCESS EXCLUSIVE."""
    return _WORDS.sub(" ", mode.removesuffix("Lock")).upper()


class Held(NamedTuple):
    """A lock that kept writers out while a statement read rows: its mode, how many rows, and how many milliseconds it took."""

    table: str
    mode: str
    rows: int
    milliseconds: float


class Taken(NamedTuple):
    """A lock of a transaction, from when it was seen first until the transaction's end: its mode, the number of the schema
    statement that took it (None where it was no such one: LOCK TABLE, TRUNCATE, or one that changes rows), and how many rows of each table were read and written in the
    meantime. `number` counts locks, `milliseconds` is how long it was held, `transaction` its name in pg_locks,
    `oids` are the table, or those of its partitions that are locked.
    """

    number: int
    table: str
    mode: str
    statement: int | None
    since: datetime.datetime
    milliseconds: float
    work: dict[str, int]
    transaction: str = ""
    oids: tuple[int, ...] = ()


class Step(NamedTuple):
    """The moment at which a tool wrote a migration into its books: the row of the books, when that session was `began`, and when
    it was.
    """

    noted: dict[str, Any]
    began: datetime.datetime
    at: datetime.datetime


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
    """The watch of one database. `installed`: whether the role was allowed to make event triggers; without them no statement is
    seen, but locks and where each migration ends.
    """

    def __init__(
        self, connection: psycopg.Connection[TupleRow], books: Collection[str] = (), *, installed: bool = False
    ) -> None:
        """`connection` must be in autocommit mode. `books`: the migrator's own tables. `installed`: the database has the watch
        already, from its template.
        """
        self._connection = connection
        self.installed = True
        if installed:
            return
        connection.execute(_INSTALL.encode())
        for book in books:
            table = sql.Identifier(*book.split("."))
            if connection.execute("SELECT to_regclass(%s)", [table.as_string()]).fetchone() != (None,):
                connection.execute(sql.SQL(_NOTE).format(table, table))
        try:
            connection.execute(_EVENTS.encode())
        except psycopg.errors.InsufficientPrivilege:
            self.installed = False

    def statements(self) -> list[SchemaStatement]:
        """The schema statements that were run, in their order."""
        shown = self._shown()
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

    def taken(self) -> list[Taken]:
        """The locks of transactions that wrote or changed anything of the schema, in their order."""
        shown = self._shown()
        rows = self._connection.execute(
            "SELECT number, schema, object, mode, statement, since, coalesce(ms, 0), coalesce(work, '{}'), virtual, oids FROM clerk_harness.taken "
            "ORDER BY number"
        ).fetchall()
        return [
            Taken(
                number, shown(schema, name) or "", mode, statement, since, took,
                {shown(*table.split(".", 1)) or "": count for table, count in work.items()}, transaction, tuple(oids),
            )
            for number, schema, name, mode, statement, since, took, work, transaction, oids in rows
        ]  # fmt: skip

    def steps(self) -> list[Step]:
        """The migrations that were run, in their order."""
        rows = self._connection.execute("SELECT noted, began, at FROM clerk_harness.step ORDER BY number").fetchall()
        return [Step(*row) for row in rows]

    def _shown(self) -> Callable[[str | None, str | None], str | None]:
        """What names a table: its schema stands in front where that is not the current one."""
        here = self._connection.execute("SELECT coalesce(current_schema(), 'public')").fetchone()

        def shown(schema: str | None, name: str | None) -> str | None:
            return name if here is not None and schema == here[0] else f"{schema}.{name}" if name else None

        return shown

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
