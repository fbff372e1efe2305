"""Tables that share rows, partitions and those that inherit, are restored between cells as others are."""

from __future__ import annotations

import psycopg

from harness.database import RowRestorer, Server, Workspace

FAMILY = """
CREATE TABLE events (day date NOT NULL, who text NOT NULL, PRIMARY KEY (day, who)) PARTITION BY RANGE (day);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO events VALUES ('2026-02-01', 'ann');
CREATE TABLE base (id serial PRIMARY KEY, name text);
CREATE TABLE child (extra text) INHERITS (base);
CREATE TABLE grandchild () INHERITS (child);
INSERT INTO base (name) VALUES ('b'); INSERT INTO child (name, extra) VALUES ('c', 'x');
INSERT INTO grandchild (name, extra) VALUES ('g', 'y');
"""


def test_partitions_and_what_inherits_are_undone(postgres: Server) -> None:
    workspace = Workspace(postgres)
    with psycopg.connect(workspace.create_template(), autocommit=True) as connection:
        connection.execute(FAMILY)
    workspace.finish_template(None)
    isolation = RowRestorer(workspace.clone(0))
    with psycopg.connect(workspace.url(0), autocommit=True) as connection:

        def content() -> list[object]:
            tables = ("events", "events_2026", "ONLY base", "ONLY child", "ONLY grandchild")
            return [sorted(connection.execute(f"SELECT * FROM {table}".encode()).fetchall()) for table in tables]

        before = content()
        for write in (
            "INSERT INTO events VALUES ('2026-03-01', 'bob')",
            "INSERT INTO events_2026 VALUES ('2026-03-01', 'bob')",
            "DELETE FROM events",
            "UPDATE base SET name = 'z'",
            "DELETE FROM child",
            "INSERT INTO base (name) VALUES ('n')",
            "TRUNCATE base",
        ):
            connection.execute(write.encode())
            assert content() != before, write
            assert isolation.changes(), write
            isolation.reset()
            assert content() == before, write
    isolation.close()
    workspace.close()
