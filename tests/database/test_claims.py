"""Databases of a run that was killed are dropped by the next run on that server; those of anybody else are not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from harness.database import Server, Workspace, open_server
from harness.database.claims import Claim, _host, _started, drop_dead
from tests.conftest import ROOT

_RUN = """
import sys
from harness.database import Server, Workspace
workspace = Workspace(Server(sys.argv[1]))
workspace.create_template()
workspace.clone(0)
print(workspace.template, flush=True)
sys.stdin.read()
workspace.close()
"""


@pytest.fixture
def admin(postgres: Server) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        yield connection


def names(admin: psycopg.Connection[tuple[object, ...]]) -> set[object]:
    return {row[0] for row in admin.execute("SELECT datname FROM pg_database").fetchall()}


def another_run(server: Server) -> tuple[subprocess.Popen[str], str]:
    """A process that has made databases on a server, and the first eight characters that name them."""
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, server.url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip().removesuffix("template")


def wait_until_the_server_knows(admin: psycopg.Connection[tuple[object, ...]], word: str) -> None:
    """The lock of a killed process is free once the server has read the end of its connection."""
    mark = admin.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (word + "template",)
    ).fetchone()
    assert mark is not None
    key = int(str(mark[0]).split()[2], 16)
    admin.execute("SELECT pg_advisory_lock(%s::int, %s::int)", (0x434C, key - (1 << 32) if key >> 31 else key))
    admin.execute("SELECT pg_advisory_unlock_all()")


def test_a_dead_runs_databases_are_dropped_and_those_of_one_that_lives_are_not(
    postgres: Server, admin: psycopg.Connection[tuple[object, ...]]
) -> None:
    (dead, lost), (alive, kept) = another_run(postgres), another_run(postgres)
    own = Workspace(Server(postgres.url))  # This run's own, on the same server.
    own.create_template()
    dead.kill()
    dead.communicate()
    wait_until_the_server_knows(admin, lost)
    open_server(postgres.url).close()
    assert not names(admin) & {lost + "template", lost + "agent_0"}
    assert names(admin) >= {kept + "template", kept + "agent_0", own.template}
    alive.communicate()
    assert alive.returncode == 0
    assert not names(admin) & {kept + "template", kept + "agent_0"}
    own.close()
    assert own.template not in names(admin)


@pytest.mark.parametrize(
    ("name", "mark", "drops"),
    [
        ("clerk_harness_0badcafe_template", "clerk-harness run 0badcafe on elsewhere, process 7 of 8", True),
        ("clerk_harness_0badcafe_migrate_3", "clerk-harness run 0badcafe on elsewhere, process 7 of 8", True),
        ("clerk_harness_0badcafe_agent_0", None, False),
        ("clerk_harness_0badcafe_agent_0", "our production data", False),
        ("clerk_harness_production", "clerk-harness run 0badcafe on elsewhere, process 7 of 8", False),
        ("my_clerk_harness_0badcafe_x", "clerk-harness run 0badcafe on elsewhere, process 7 of 8", False),
        # This process lives: whatever became of its lock.
        ("clerk_harness_0badcafe_template", f"clerk-harness run 0badcafe on {_host()}, process PID of START", False),
        # Another process has got its number.
        ("clerk_harness_0badcafe_template", f"clerk-harness run 0badcafe on {_host()}, process PID of 1", True),
    ],
)
def test_only_what_is_marked_and_dead_is_dropped(
    admin: psycopg.Connection[tuple[object, ...]], name: str, mark: str | None, drops: bool
) -> None:
    admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    if mark is not None:
        mark = mark.replace("PID", str(os.getpid())).replace("START", str(_started(os.getpid())))
        admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), mark))
    try:
        assert drop_dead(admin) == ([name] if drops else [])
    finally:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def test_what_somebody_is_connected_to_and_what_is_claimed_stays(
    postgres: Server, admin: psycopg.Connection[tuple[object, ...]]
) -> None:
    name = "clerk_harness_0badcafe_template"
    claim = Claim(postgres.url)
    word = claim.mark.split()[2]
    admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    admin.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(name), f"clerk-harness run {word} on elsewhere, process 7 of 8"
        )
    )
    assert drop_dead(admin) == []  # Its run, on another machine, holds the lock.
    with psycopg.connect(postgres.url_of(name)):
        claim.close()
        admin.execute("SELECT pg_advisory_lock(%s::int, %s::int)", (0x434C, _key(word)))
        admin.execute("SELECT pg_advisory_unlock_all()")
        assert drop_dead(admin) == []
    while drop_dead(admin) != [name]:  # Until the server has read the end of the connection.
        assert name in names(admin)


def _key(word: str) -> int:
    number = int(word, 16)
    return number - (1 << 32) if number >> 31 else number


def test_a_server_that_refuses_is_no_failure(postgres: Server) -> None:
    connection = psycopg.connect(postgres.url, autocommit=True)
    connection.close()
    assert drop_dead(connection) == []
