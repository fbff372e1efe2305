"""What a way back can leave behind: each kind of object is a difference, and a schema made anew is none."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from harness.contracts.migrations.checks.blocking_ddl import rewritten_at_once
from harness.contracts.migrations.schema import patch_of, schema_of
from harness.contracts.migrations.snapshot import snapshot
from harness.database import Server

BASE = """
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, name text);
CREATE TABLE notes (id int PRIMARY KEY, owner int NOT NULL REFERENCES users);
CREATE VIEW people AS SELECT id, email FROM users;
CREATE SEQUENCE numbers;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE alembic_version (version_num text);
"""
# what is left behind -> a part of the patch
LEFT = {
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'": "+ function touch()",
    "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'": "SELECT 2",
    "CREATE TRIGGER same BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()": "+ trigger users same",
    "ALTER TABLE notes ENABLE ROW LEVEL SECURITY": "row level security",
    "CREATE POLICY own ON notes USING (false)": "+ policy notes own",
    "CREATE OR REPLACE VIEW people AS SELECT id, lower(email) AS email FROM users": "lower(email)",
    "CREATE DOMAIN mail AS text": "+ type mail",
    "CREATE TYPE mood AS ENUM ('sad')": "+ type mood",
    "CREATE SCHEMA app": "+ schema app",
    "CREATE SCHEMA app; CREATE TABLE app.t (id int)": "+ relation app.t",
    "ALTER TABLE users ALTER id ADD GENERATED ALWAYS AS IDENTITY": "identity a",
    "ALTER TABLE users ALTER name SET DEFAULT 'x'": "default 'x'",
    "COMMENT ON TABLE users IS 'people'": "+ comment table public.users: people",
    "COMMENT ON COLUMN users.name IS 'a name'": "a name",
    "GRANT SELECT ON users TO PUBLIC": "+ grants users",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC": "+ default grants",
    "ALTER SEQUENCE numbers INCREMENT 2": "+ sequence numbers: bigint 1 2",
    "ALTER TABLE users SET (fillfactor = 50)": "fillfactor=50",
    "CREATE STATISTICS s ON id, email FROM users": "+ statistics users s",
    "CREATE RULE r AS ON DELETE TO users DO INSTEAD NOTHING": "+ rule users r",
    "CREATE COLLATION c FROM \"C\"": "+ other",
    "CREATE CAST (int AS text) WITH INOUT": "+ cast",
    "CREATE PUBLICATION p": "+ publication p",
}  # fmt: skip


@pytest.fixture(scope="module")
def connection(postgres: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.create("clerk_harness_schema"), autocommit=True) as opened:
        opened.execute(BASE)
        yield opened
    postgres.drop("clerk_harness_schema")


@pytest.mark.parametrize("left", LEFT)
def test_what_is_left_behind_is_in_the_patch(connection: psycopg.Connection, left: str) -> None:
    before = schema_of(connection, ["alembic_version"])
    with connection.transaction(force_rollback=True):
        connection.execute(left.encode())
        patch = patch_of(before, schema_of(connection, ["alembic_version"]))
    assert any(LEFT[left] in line for line in patch), patch
    assert patch_of(before, schema_of(connection, ["alembic_version"])) == []


def test_what_is_made_anew_and_the_books_are_no_difference(connection: psycopg.Connection) -> None:
    before = schema_of(connection, ["alembic_version"])
    with connection.transaction(force_rollback=True):
        connection.execute(
            "DROP VIEW people; DROP TABLE notes; ALTER TABLE users DROP name; ALTER TABLE users ADD name text"
        )
        connection.execute("CREATE TABLE notes (id int PRIMARY KEY, owner int NOT NULL REFERENCES users)")
        connection.execute("CREATE VIEW people AS SELECT id, email FROM users; DROP TABLE alembic_version")
        assert patch_of(before, schema_of(connection, ["alembic_version"])) == []


def test_rows_of_other_schemas_and_of_tables_without_a_key_are_compared(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(
            "CREATE SCHEMA app; CREATE TABLE app.log (at int, what text); INSERT INTO app.log VALUES (1, 'a'), (2, 'b')"
        )
        connection.execute("CREATE TABLE books (version_num text)")
        before = snapshot(connection, ["books"])
        assert (before.keys["app.log"], "books" in before.tables) == (["(1,a)", "(2,b)"], False)
        connection.execute("ALTER TABLE app.log ADD who text DEFAULT 'nobody'")
        after = snapshot(connection, ["books"], before)
        assert after.keys == before.keys
        assert after.content["app.log", "what"] == before.content["app.log", "what"]
        connection.execute("UPDATE app.log SET what = 'c' WHERE at = 2")
        assert snapshot(connection, ["books"], before).keys != before.keys


@pytest.mark.parametrize(
    ("table", "change", "behind"),
    [
        ("id serial PRIMARY KEY", "SELECT 1", {}),
        ("id serial PRIMARY KEY", "SELECT setval('numbered_id_seq', 20)", {("numbered", "id"): 21}),
        (
            "id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "ALTER TABLE numbered ALTER id RESTART",
            {("numbered", "id"): 1},
        ),
        ("id int GENERATED ALWAYS AS IDENTITY (INCREMENT -1) PRIMARY KEY", "ALTER TABLE numbered ALTER id RESTART", {}),
        ("id int PRIMARY KEY DEFAULT nextval('counted')", "SELECT setval('counted', 3)", {("numbered", "id"): 4}),
        ("id serial", "SELECT setval('numbered_id_seq', 1)", {}),
        ("id serial PRIMARY KEY", "DELETE FROM numbered; SELECT setval('numbered_id_seq', 1, false)", {}),
    ],
)
def test_a_sequence_that_stands_behind_its_column(
    connection: psycopg.Connection, table: str, change: str, behind: dict[tuple[str, str], int]
) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(f"CREATE SEQUENCE counted; CREATE TABLE numbered ({table}, n int)".encode())
        connection.execute("INSERT INTO numbered (n) SELECT generate_series(1, 30)")
        assert snapshot(connection, []).behind == {}
        connection.execute(change.encode())
        assert snapshot(connection, []).behind == behind


def test_a_table_that_becomes_a_partition_keeps_its_rows(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(
            "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE low (id int PRIMARY KEY); "
            "CREATE TABLE high PARTITION OF parts FOR VALUES FROM (10) TO (20); INSERT INTO low VALUES (1), (2); INSERT INTO parts VALUES (11)"
        )
        before = snapshot(connection, [])
        connection.execute("ALTER TABLE parts ATTACH PARTITION low FOR VALUES FROM (0) TO (10)")
        after = snapshot(connection, [], before)
        assert after.keys == before.keys == before.keys | {"parts": ["(11)"], "low": ["(1)", "(2)"]}
        connection.execute("DELETE FROM parts WHERE id = 1")
        assert snapshot(connection, [], before).keys["low"] == ["(2)"]


@pytest.mark.parametrize(("batches", "most"), [(1, 20), (4, 5)])
def test_rows_written_in_batches_have_transactions_of_their_own(
    connection: psycopg.Connection, batches: int, most: int
) -> None:
    connection.execute(
        "CREATE TABLE batched (id int PRIMARY KEY, n int); INSERT INTO batched SELECT generate_series(0, 19)"
    )
    before = snapshot(connection, [])
    for batch in range(batches):
        connection.execute("UPDATE batched SET n = 1 WHERE id %% %s = %s", [batches, batch])
    after = snapshot(connection, [], before)
    connection.execute("DROP TABLE batched")
    assert rewritten_at_once(before, after, "batched") == (most, 20)
