"""Every table is filled, whatever its constraints are; one that cannot be is named."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from harness.database import Server
from harness.database.filling import fill, read_tables

# what is hard -> the schema; each of its tables must have rows afterwards
SCHEMAS = {
    "a list of words": "CREATE TABLE t (id serial PRIMARY KEY, plan text NOT NULL CHECK (plan IN ('free', 'pro')))",
    "a pattern": "CREATE TABLE t (id serial PRIMARY KEY, currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'), slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z]+-[0-9]+$'))",
    "lower case": "CREATE TABLE t (email text NOT NULL UNIQUE CHECK (email = lower(email)) CHECK (position('@' in email) > 1))",
    "a length": "CREATE TABLE t (code text NOT NULL UNIQUE CHECK (length(code) = 12))",
    "two columns": "CREATE TABLE t (a int NOT NULL, b int NOT NULL, CHECK (a > b + 10))",
    "one of two": "CREATE TABLE t (mail text, phone text, CHECK ((mail IS NULL) <> (phone IS NULL)))",
    "one depends": "CREATE TABLE t (kind text NOT NULL CHECK (kind IN ('a', 'b')), at date, CHECK (kind = 'a' OR at > '2030-01-01'))",
    "numbers": "CREATE TABLE t (score numeric(3,2) NOT NULL, rate numeric(1,0) NOT NULL, small smallint NOT NULL UNIQUE CHECK (small BETWEEN 100 AND 200), share real NOT NULL CHECK (share > 0 AND share < 1))",
    "a domain": "CREATE DOMAIN mail AS text NOT NULL CHECK (VALUE ~ '^[a-z0-9]+@[a-z]+[.]org$'); CREATE TABLE t (id int PRIMARY KEY, mail mail UNIQUE, mails mail[])",
    "enumerations": "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE t (mood mood NOT NULL, moods mood[] NOT NULL CHECK (cardinality(moods) > 0))",
    "ranges": "CREATE TABLE t (during tstzrange NOT NULL, span int4range NOT NULL, many int4multirange NOT NULL, EXCLUDE USING gist (span WITH &&))",
    "generated": "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, low text GENERATED ALWAYS AS (lower(name)) STORED)",
    "composite keys": "CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE u (org int REFERENCES o, id int, PRIMARY KEY (org, id)); CREATE TABLE t (org int NOT NULL REFERENCES o, who int NOT NULL, FOREIGN KEY (org, who) REFERENCES u, PRIMARY KEY (org, who))",
    "itself": "CREATE TABLE t (id int PRIMARY KEY, root int NOT NULL REFERENCES t)",
    "a cycle": "CREATE TABLE a (id serial PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id serial PRIMARY KEY, a int NOT NULL REFERENCES a DEFERRABLE); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE",
    "a trigger that refuses": "CREATE TABLE t (name text NOT NULL); CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$; CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION no()",
    "a trigger that looks": "CREATE TABLE t (name text NOT NULL); CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.name <> upper(NEW.name) THEN RAISE 'small'; END IF; RETURN NEW; END $$; CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION no()",
    "row level security": "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY",
    "another schema": "CREATE SCHEMA app; CREATE TABLE app.users (id serial PRIMARY KEY, email text NOT NULL UNIQUE); CREATE TABLE t (who int NOT NULL REFERENCES app.users)",
    "partitions": "CREATE TABLE t (day date NOT NULL, who text NOT NULL, PRIMARY KEY (day, who)) PARTITION BY RANGE (day); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2031-01-01') TO ('2031-02-01')",
    "inheritance": "CREATE TABLE p (id serial PRIMARY KEY, name text NOT NULL); CREATE TABLE c (extra text NOT NULL) INHERITS (p)",
    "JSON": "CREATE TABLE t (doc jsonb NOT NULL CHECK (doc ->> 'kind' = 'row'))",
    "no column": "CREATE TABLE t ()",
}  # fmt: skip


@pytest.fixture(scope="module")
def connection(postgres: Server):  # type: ignore[no-untyped-def]
    url = postgres.create("clerk_harness_filling")
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened
    postgres.drop("clerk_harness_filling")


@pytest.mark.parametrize("hard", SCHEMAS)
def test_every_table_is_filled(connection: psycopg.Connection, hard: str) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(SCHEMAS[hard].encode())
        tables = read_tables(connection)
        assert fill(connection, tables, {}, 20) == {}
        for table in tables.values():
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table.only)).fetchone()
            assert row is not None
            assert row[0] >= (2 if hard != "one depends" else 1), f"{hard}: {table.name}"


def test_a_table_that_takes_no_row_is_named(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE t (a int NOT NULL CHECK (a = a + 1)); CREATE TABLE u (a int)")
        found = fill(connection, read_tables(connection), {}, 20)
    assert list(found) == ["t"]
    assert "t_a_check" in found["t"]


def test_many_rows_differ(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(
            "CREATE TABLE orgs (id serial PRIMARY KEY, name text NOT NULL);"
            "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, org int NOT NULL REFERENCES orgs)"
        )
        assert fill(connection, read_tables(connection), {"users": 1200}, 20) == {}
        row = connection.execute(
            "SELECT count(*), count(DISTINCT email), count(nick), count(DISTINCT org) FROM users"
        ).fetchone()
    assert row == (1200, 1200, 960, 20)
