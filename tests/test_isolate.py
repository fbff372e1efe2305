"""When a run has a network namespace of its own, what it says where it has none, and what works inside."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from harness.core.errors import HarnessError, TargetError
from harness.database import URL_VARIABLE, Server
from harness.database.hosts import at_socket, hosts_of, with_addresses
from harness.run import namespace
from harness.run.isolate import Isolation, isolate
from harness.run.option_table import repeat_command
from harness.run.options import Options
from tests import valid
from tests.conftest import MATRIX, write_suites
from tests.targets.test_outgoing import isolated

BACKEND = """
import socket
from fastapi import FastAPI
app = FastAPI(openapi_url=None)
@app.get("/public")
def public(): return {}
"""


@pytest.fixture(autouse=True)
def no_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "backend.py").write_text(BACKEND)
    target = '[target]\napp = "backend:app"\napp_dir = ".."\nagents = 1\n'
    write_suites(tmp_path / "suites", '"GET /public" = "public"\n', matrix=MATRIX + target)
    return tmp_path


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def start(project: Path, *options: str, **more: Any) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "harness", "run", "--python", sys.executable, "--credentials", "absent", *options]
    return subprocess.Popen(words, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def harness(project: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """A run as a process of its own: exit code, standard error, report."""
    process = start(project, *options)
    _, told = process.communicate(timeout=120)
    report = project / "reports" / "auth-matrix.json"
    return process.returncode, told, valid.report(report) if report.exists() else {}


def why(options: Options) -> str:
    """Why a run with these options has none; the kernel is asked last, and in a child, for it cannot be undone."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(isolate(options, alone=True)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return told


EXCLUDED = {
    "a running backend": ({"url": "http://127.0.0.1:8000"}, "the backend at 127.0.0.1:8000 runs outside"),
    "a secret in its URL": ({"url": "http://me:word@127.0.0.1:8000"}, "the backend at 127.0.0.1:8000 runs outside"),
    "a server": ({"postgres": "postgresql://me:word@127.0.0.1:5432/x"}, "--postgres names a server that runs outside"),
    "a server elsewhere": ({"postgres": "postgresql://db.example/x"}, "--postgres names a server that runs outside"),
    "a container": ({"postgres": "docker"}, "--postgres docker: the container listens outside"),
    "docker": ({"command": "/usr/bin/docker run x"}, "what docker starts listens outside"),
}


@pytest.mark.parametrize("case", EXCLUDED)
def test_what_needs_a_server_outside_excludes_it_and_is_refused_when_asked_for(case: str, tmp_path: Path) -> None:
    given, reason = EXCLUDED[case]
    assert why(Options(suites=tmp_path, **given)) == f"none ({reason})"  # type: ignore[arg-type]
    with pytest.raises(HarnessError, match=f"^--isolate: {reason}; leave it out") as told:
        isolate(Options(suites=tmp_path, isolate=True, **given), alone=True)  # type: ignore[arg-type]
    assert "word" not in str(told.value)


def test_the_declaration_and_the_environment_exclude_it_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = project / "suites" / "auth_matrix.toml"
    matrix.write_text('[target]\nurl = "http://127.0.0.1:8000"\n')
    assert why(Options(suites=project / "suites")) == "none (the backend at 127.0.0.1:8000 runs outside)"
    monkeypatch.setenv(URL_VARIABLE, "postgresql://127.0.0.1/x")
    named = "none (HARNESS_POSTGRES_URL names a server that runs outside)"
    assert why(Options(suites=project / "suites", app="backend:app")) == named


def test_a_variable_that_names_a_server_of_this_machine_excludes_it(project: Path, listening: int) -> None:
    told = f"names port {listening} of this machine, where a server listens that would be outside"
    options = Options(suites=project / "suites", env={"REDIS_URL": f"redis://:word@localhost:{listening}/0"})
    assert why(options) == f"none (REDIS_URL {told})"
    assert why(Options(suites=project / "suites", env={"REDIS_PORT": str(listening)})) == f"none (REDIS_PORT {told})"
    (project / ".env").write_text(f"# local\nexport CACHE='127.0.0.1:{listening}'\n")
    assert why(Options(suites=project / "suites")) == f"none (CACHE {told})"
    (project / ".env").unlink()
    assert "names port" not in why(Options(suites=project / "suites", env={"FRONT_END": "http://localhost:9"}))


def test_who_calls_the_harness_from_a_program_keeps_its_network() -> None:
    assert isolate(Options(), alone=False) == Isolation()
    assert isolate(Options(isolate=False), alone=True).why == "--no-isolate"


def test_a_process_with_threads_is_left_as_it_is() -> None:
    code = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    code += "from harness.run.namespace import unshare; print(unshare())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "this process has begun threads already\n"


def test_another_system_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert namespace.unshare() == "there are no network namespaces on darwin"


def test_the_ports_that_are_served_are_known(listening: int) -> None:
    assert listening in namespace.listening()
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert server.getsockname()[1] in namespace.listening()


HOSTS = {
    "postgresql://me:p%40ss@db.Example:5432/x": ["db.example"],
    "postgresql://[::1]:5432/x": ["::1"],
    "postgresql://one,two:5433/x": ["one", "two"],
    "postgresql://%2Fvar%2Frun%2FPostgres/x": ["/var/run/Postgres"],
    "postgresql://me@/x?host=/tmp/data&port=5": ["/tmp/data"],
    "postgresql:///x": ["/"],
    "postgresql:///x?host=@abstract": ["@abstract"],
}


@pytest.mark.parametrize("url", HOSTS)
def test_the_hosts_of_a_database_are_read_as_libpq_does(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    assert hosts_of(url) == HOSTS[url]
    assert at_socket(url) == HOSTS[url][0].startswith("/")


def test_a_database_without_a_host_is_where_libpq_s_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")
    assert not at_socket("postgresql:///x")
    assert with_addresses("postgresql://192.0.2.7/x") == ["192.0.2.7"]
    assert "127.0.0.1" in with_addresses("postgresql://localhost/x")


def test_the_command_that_repeats_a_finding_has_the_same_network() -> None:
    assert "--no-isolate" in repeat_command(Options(isolate=False))
    assert "isolate" not in repeat_command(Options())


def test_a_message_about_a_connection_names_the_way_out() -> None:
    on = Isolation("", frozenset())
    assert on.explained(TargetError("--app x: connection refused")).endswith("where it needs a server outside")
    assert on.explained(TargetError("--app x: no module y")) == "--app x: no module y"
    assert Isolation("why").explained(TargetError("connection refused")) == "connection refused"


@isolated
def test_a_server_at_a_socket_of_the_file_system_is_reached(project: Path, postgres: Server) -> None:
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(
            "SELECT current_setting('unix_socket_directories'), current_setting('port'), current_user"
        ).fetchone()
    assert row is not None
    if not os.access(row[0], os.X_OK):
        pytest.skip(f"the socket of this Postgres is not within reach: {row[0]!r}")
    matrix = project / "suites" / "auth_matrix.toml"
    matrix.write_text(matrix.read_text() + "[database]\n")
    url = f"postgresql://{row[2]}@/postgres?host={row[0]}&port={row[1]}"
    code, told, report = harness(project, "--isolate", "--postgres", url)
    assert (code, report["target"]["isolation"]) == (0, "network namespace"), told


@isolated
def test_loopback_works_inside_by_both_protocols(project: Path) -> None:
    own = """
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    with socket.create_server((host, 0), family=family) as server:
        socket.create_connection(server.getsockname()[:2]).close()
assert [name for _, name in socket.if_nameindex()] == ["lo"], socket.if_nameindex()
"""
    (project / "backend.py").write_text(BACKEND + own)
    code, told, report = harness(project, "--isolate")
    assert (code, report.get("target", {}).get("isolation")) == (0, "network namespace"), told
    assert report["summary"]["blocked_hosts"] == []


@isolated
@pytest.mark.parametrize("blocking", [True, False])
def test_a_server_that_stayed_outside_is_named_with_the_way_out(project: Path, listening: int, blocking: bool) -> None:
    connect = f"socket.create_connection(('127.0.0.1', {listening}))" if blocking else (
        f"import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1', {listening}))"
    )  # fmt: skip
    (project / "backend.py").write_text(BACKEND + connect + "\n")
    code, told, _ = harness(project)
    assert code == 2
    assert f"127.0.0.1:{listening} (served outside of the run's own network: --no-isolate)" in told
    assert harness(project, "--no-isolate")[0] == 0


@isolated
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_an_isolated_run(project: Path, number: signal.Signals) -> None:
    pipe = project / "started"
    os.mkfifo(pipe)
    (project / "backend.py").write_text("import threading\nopen('started', 'w').close()\nthreading.Event().wait()\n")
    process = start(
        project, "--isolate", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )  # fmt: skip
    pipe.open().close()
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert told.strip().startswith("clerk-harness: ended by "), told


USER = """
import os, sys
from harness.run.namespace import unshare
before = os.geteuid(), os.getegid()
print(unshare())
open(sys.argv[1] + "/mine", "w").close()
found = os.stat(sys.argv[1] + "/mine")
assert before == (os.geteuid(), os.getegid()) == (found.st_uid, found.st_gid), (before, found)
os.chmod(sys.argv[1] + "/mine", 0)
try:
    open(sys.argv[1] + "/mine")
except PermissionError:
    print("as before")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_stays_who_they_are(request: pytest.FixtureRequest) -> None:
    nobody = pwd.getpwnam("nobody")
    # pytest's own folders are closed to others.
    own = Path(tempfile.mkdtemp(prefix="clerk-harness-tests-"))
    request.addfinalizer(lambda: shutil.rmtree(own))
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    # The interpreter may be root's alone: it becomes the other user once it runs.
    become = f"import os, harness.run.namespace, ctypes, fcntl, struct, pathlib; os.setgroups([]); os.setgid({nobody.pw_gid}); "
    become += f"os.setuid({nobody.pw_uid})\nimport ctypes; ctypes.CDLL(None).prctl(4, 1)\n"
    done = subprocess.run(
        [sys.executable, "-c", become + USER, str(own)], capture_output=True, text=True, timeout=60, check=False
    )
    told = done.stdout.splitlines()
    assert told[1:] == ["as before"], done.stderr
    if told[0]:
        pytest.skip(f"no user namespaces here: {told[0]}")
