"""What a target tries to reach: refused or at least named, in every process; with --isolate nothing leaves at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.contracts.matrix import load
from harness.run.context import RunContext
from harness.run.options import Options
from tests import valid
from tests.conftest import MATRIX, write_suites
from tests.targets.kit import own_address
from tests.targets.outgoing_ways import WAYS

HERE = Path(__file__).parent
BACKEND = """
from contextlib import asynccontextmanager
from fastapi import FastAPI
import outgoing_ways as ways

AT_THEIR_PLACE = {"at_import", "in_lifespan", "in_a_handler", "in_a_migration"}
for name in ways.WAYS.keys() - AT_THEIR_PLACE | {"at_import"}:
    ways.try_way(name)

@asynccontextmanager
async def lifespan(app):
    ways.try_way("in_lifespan")
    yield

app = FastAPI(lifespan=lifespan, openapi_url=None)

@app.get("/public")
def public():
    ways.try_way("in_a_handler")
    return {}
"""
MIGRATE = "import outgoing_ways\noutgoing_ways.try_way('in_a_migration')\n"
BY_NO_HOOK = {"a_program", "a_shell", "posix_spawn"}
"""A program of another language is named, not what it reaches."""
BY_SYMBOL = {"libc"}
REFUSED = WAYS.keys() - BY_NO_HOOK - BY_SYMBOL - {
    "socket_in_c", "udp_in_c", "sendmsg_in_c", "ipv6_mapped_in_c", "a_thread", "a_fork_in_c",
}  # fmt: skip


def kernel_allows() -> str:
    """Why the kernel allows no network namespace; empty where it does."""
    code = "from harness.run.namespace import unshare; print(unshare(), end='')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


NOT_ALLOWED = kernel_allows()
isolated = pytest.mark.skipif(bool(NOT_ALLOWED), reason=f"no network namespace: {NOT_ALLOWED}")


class Outside:
    """Listens beside the loopback of this machine, at a TCP and a UDP port for each way."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.sockets: dict[str, tuple[socket.socket, socket.socket]] = {}
        for name in WAYS:
            stream, datagrams = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
            stream.bind((host, 0))
            datagrams.bind((host, stream.getsockname()[1]))
            stream.listen()
            for used in (stream, datagrams):
                used.setblocking(False)
            self.sockets[name] = stream, datagrams

    @property
    def ports(self) -> dict[str, int]:
        return {name: stream.getsockname()[1] for name, (stream, _) in self.sockets.items()}

    def reached_by(self) -> set[str]:
        """The ways that got here."""
        found = set()
        for name, (stream, datagrams) in self.sockets.items():
            for receive in (stream.accept, lambda own=datagrams: own.recv(9)):
                try:
                    receive()
                except BlockingIOError:
                    continue
                found.add(name)
        return found

    def close(self) -> None:
        for pair in self.sockets.values():
            for used in pair:
                used.close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    host = own_address()
    if host is None:
        pytest.skip("this machine has no address but loopback")
    listening = Outside(host)
    yield listening
    listening.close()


@pytest.fixture
def project(tmp_path: Path, outside: Outside) -> Path:
    shutil.copy(HERE / "outgoing_ways.py", tmp_path)
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "migrate.py").write_text(MIGRATE)
    target = '[target]\napp = "backend:app"\napp_dir = ".."\nagents = 1\n[target.env]\n'
    ports = json.dumps(outside.ports)
    matrix = f"{MATRIX}{target}OUTSIDE_HOST = '{outside.host}'\nOUTSIDE_PORTS = '{ports}'\n"
    matrix += '[database]\nmigrate = "python migrate.py"\n'
    write_suites(tmp_path / "suites", '"GET /public" = "public"\n', matrix=matrix)
    return tmp_path


def harness(
    project: Path, *options: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """A run as a process of its own, and its report."""
    words = [sys.executable, "-m", "harness", "run", "--python", sys.executable, "--credentials", "absent", *options]
    done = subprocess.run(
        words, cwd=project, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
    )
    report = project / "reports" / "auth-matrix.json"
    return done, valid.report(report) if report.exists() else {}


def ways_named(text: str, ports: dict[str, int]) -> set[str]:
    return {name for name, port in ports.items() if f":{port}" in text}


def test_every_way_of_python_is_refused_or_named_in_every_process(project: Path, outside: Outside) -> None:
    done, report = harness(project, "--no-isolate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert report["target"]["isolation"] == "none (--no-isolate)"
    blocked, notes = " ".join(report["summary"]["blocked_hosts"]), " ".join(report["summary"]["notes"])
    assert ways_named(blocked, outside.ports) == REFUSED
    assert ways_named(notes, outside.ports) == WAYS.keys() - REFUSED - BY_NO_HOOK - BY_SYMBOL
    assert "the C function connect (ctypes.dlsym in outgoing_ways.py:" in notes
    assert "(socket.sendmsg in outgoing_ways.py:" in notes
    programs = re.search(r"programs \(([^)]*)\)", notes)
    assert programs is not None and Path(sys.executable).name in programs[1].split(", ")
    assert "nothing kept it (see --isolate)" in notes
    # What is only named did get out: the listeners can tell.
    assert outside.reached_by() == WAYS.keys() - REFUSED


@isolated
def test_in_a_network_namespace_nothing_leaves(project: Path, outside: Outside) -> None:
    done, report = harness(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert report["target"]["isolation"] == "network namespace"
    assert outside.reached_by() == set()
    blocked, notes = " ".join(report["summary"]["blocked_hosts"]), " ".join(report["summary"]["notes"])
    assert ways_named(blocked + notes, outside.ports) == WAYS.keys() - BY_NO_HOOK - BY_SYMBOL
    assert "nothing leaves the network namespace" in notes


def test_a_command_of_the_target_finds_clerk_at_the_fake(project: Path) -> None:
    """Alembic's, for one: all that a contract starts has these surroundings."""
    code = """
import json, os, urllib.request as u
asked = u.Request("https://api.clerk.com/v1/jwks", headers={"authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]})
print(json.load(u.urlopen(asked))["keys"][0]["kid"])
u.urlopen("http://one.example/")
"""
    (project / "migrate.py").write_text("")
    suites = project / "suites"
    suites.joinpath("auth_matrix.toml").write_text(MATRIX + '[target]\napp = "backend:app"\napp_dir = ".."\n')
    with RunContext(Options(suites=suites, python=sys.executable, agents=1), load(suites)) as context:
        python, directory, environment_for = context.command_surroundings()
        done = subprocess.run(
            [python, "-c", code],
            cwd=directory, env=environment_for(""), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.stdout.strip() == context.clerk.key.kid, done.stderr
        assert context.target.blocked() == ["one.example"]
