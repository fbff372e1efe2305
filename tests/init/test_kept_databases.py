"""`init` starts an app several times: its migrations are run once, and each start has a database of its own all the same."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from harness.contracts.matrix.database_table import DatabaseTable
from harness.database import open_server
from harness.run.database import RunDatabase

MIGRATE = """
import os, psycopg
open("runs.txt", "a").write("x")
with psycopg.connect(os.environ["DATABASE_URL"]) as db:
    db.execute("create table cups (id int)")
"""


@pytest.mark.parametrize("keeps", [True, False])
def test_migrations_are_run_once_where_databases_are_kept(tmp_path: Path, keeps: bool) -> None:
    (tmp_path / "migrate.py").write_text(MIGRATE)
    table = DatabaseTable(migrate="python migrate.py")
    with closing(open_server()) as server:
        server.kept = {} if keeps else None
        for _ in range(2):
            with ExitStack() as stack:
                database = RunDatabase(table, server, tmp_path, stack)
                database.prepare(1, dict(os.environ), sys.executable, tmp_path)
                with psycopg.connect(database.workspace.url(0)) as connection:
                    assert connection.execute("select count(*) from cups").fetchone() == (0,)
                    connection.execute("insert into cups values (1)")
    assert (tmp_path / "runs.txt").read_text() == ("x" if keeps else "xx")
