"""What it costs to give each example a database as it was migrated and seeded: four ways, side by side on one server.

    .venv/bin/python benchmarks/database.py

A schema like the platform's: 30 tables that hang on `users`, 200 rows in each. Each example writes to two of them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import psycopg
from psycopg import sql

from harness.database import RowRestorer, Workspace, open_server

TABLES, ROWS, EXAMPLES = 30, 200, 20
RESTORED = "tables that were written, restored"
"""The harness's own way."""


def schema() -> str:
    """The SQL that makes the tables and fills them."""
    parts = [
        "CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE, clerk_user_id text UNIQUE);",
        f"INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, {ROWS}) n;",
    ]
    for number in range(1, TABLES):
        parts.append(
            f"CREATE TABLE t{number} (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, body text);"
        )
        parts.append(
            f"CREATE INDEX ON t{number} (user_id); INSERT INTO t{number} (user_id, body) SELECT id, 'x' FROM users;"
        )
    return "\n".join(parts)


def write(connection: psycopg.Connection) -> None:
    """What an example changes: a row in each of two tables."""
    row = connection.execute("INSERT INTO users (email) VALUES ('new@example.com') RETURNING id").fetchone()
    connection.execute("INSERT INTO t1 (user_id, body) VALUES (%s, 'y')", list(row or ()))


def timed(reset: Callable[[], object], example: Callable[[], object]) -> float:
    """Median milliseconds of a reset after an example."""
    found = []
    for _ in range(EXAMPLES):
        example()
        begun = time.perf_counter()
        reset()
        found.append((time.perf_counter() - begun) * 1000)
    return statistics.median(found)


def truncate_and_seed(connection: psycopg.Connection) -> None:
    """Empty every table, and copy the seeded rows back."""
    names = sql.SQL(", ").join(sql.Identifier(f"t{n}") for n in range(1, TABLES))
    with connection.transaction():
        connection.execute(sql.SQL("TRUNCATE users, {}").format(names))
        connection.execute("SET LOCAL session_replication_role = replica")
        kept = connection.execute("SELECT relation::text, columns, copy::text FROM clerk_harness.kept").fetchall()
        for relation, columns, copy in kept:
            connection.execute(f"INSERT INTO {relation} ({columns}) SELECT {columns} FROM {copy}".encode())


def measure(workspace: Workspace) -> dict[str, float]:
    """Median milliseconds of each way, by its description."""
    url = workspace.clone(0)
    figures: dict[str, float] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        restorer = RowRestorer(url)
        figures[RESTORED] = timed(restorer.reset, lambda: write(connection))
        restorer.close()
        figures["truncate, and the seed again"] = timed(
            lambda: truncate_and_seed(connection), lambda: write(connection)
        )

    with psycopg.connect(url) as connection:

        def begin() -> None:
            connection.execute("SAVEPOINT example")
            write(connection)

        figures["savepoint (one connection only)"] = timed(lambda: connection.execute("ROLLBACK TO example"), begin)

    def clone() -> None:
        database = sql.Identifier(workspace._name("agent_0"))
        workspace.server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
        workspace.clone(0)

    def example() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            write(connection)

    figures["clone of the template"] = timed(clone, example)
    return figures


def main() -> None:
    """Print the figures, each also as a multiple of the harness's own way."""
    server = open_server()
    workspace = Workspace(server)
    with psycopg.connect(workspace.create_template(), autocommit=True) as connection:
        connection.execute(schema().encode())
    workspace.finish_template(None)
    figures = measure(workspace)
    workspace.close()
    server.close()
    for name, milliseconds in figures.items():
        print(f"{name:36} {milliseconds:8.2f} ms  {milliseconds / figures[RESTORED]:6.1f}")


if __name__ == "__main__":
    main()
