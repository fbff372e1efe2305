"""What the tests of targets share: a tiny framework that needs no package, interpreters, and asking a lane."""

from __future__ import annotations

import functools
import select
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.run.environment import base_environment
from harness.targets.app import AppSpec, AppTarget
from harness.targets.base import Call, Lane, Observation, Request, Route

# Routes as Starlette has them, so that the agent finds them in an interpreter without any package.
TINY = """
class Route:
    def __init__(self, path, endpoint, methods=("GET",)):
        self.path, self.endpoint, self.methods = path, endpoint, set(methods)

class App:
    def __init__(self):
        self.routes = []
    def route(self, path):
        def add(function):
            self.routes.append(Route(path, function))
            return function
        return add
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan here")
        route = next(r for r in self.routes if r.path == scope["path"])
        await answer(send, await route.endpoint(scope))

async def answer(send, result, status=200):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", str(len(result)).encode())]})
    await send({"type": "http.response.body", "body": result.encode()})

app = App()
"""


@functools.cache
def monitoring_python() -> str | None:
    """A Python 3.12 or later: this one, one on the path, or one installed beside this one."""
    found = [sys.executable, *filter(None, map(shutil.which, ("python3.14", "python3.13", "python3.12")))]
    found += map(str, sorted(Path(sys.base_prefix).parent.glob("3.1[2-9]*/bin/python3"), reverse=True))
    for python in found:
        done = subprocess.run(
            [python, "-c", "import sys; sys.exit(sys.version_info < (3, 12))"], capture_output=True, check=False
        )
        if done.returncode == 0:
            return python
    return None


@functools.cache
def wrapping_python() -> str | None:
    """A Python before 3.12, likewise."""
    found = [sys.executable, *filter(None, map(shutil.which, ("python3.11", "python3.10", "python3.9", "python3")))]
    found += map(str, sorted(Path(sys.base_prefix).parent.glob("3.1[01]*/bin/python3"), reverse=True))
    for python in found:
        code = "import sys; sys.exit(not (3, 9) <= sys.version_info < (3, 12))"
        if subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0:
            return python
    return None


def probed(kind: str, code: str, folder: Path) -> AppTarget:
    """A target of that framework, started in an interpreter with that way of probing; skips where there is none."""
    python = monitoring_python() if kind == "monitoring" else wrapping_python()
    if python is None:
        pytest.skip(f"no Python {'3.12 or later' if kind == 'monitoring' else '3.9 to 3.11'} on this machine")
    (folder / "backend.py").write_text(TINY + code)
    target = AppTarget(AppSpec("backend:app", folder, python, [base_environment()], names=(), fake_port=1)).start()
    assert target.description["probe"] == kind
    return target


def ask_lane(lane: Lane, calls: list[Call], limit: float = 10.0) -> list[Observation]:
    """Observations of calls, in order, as the engine would come by them."""
    done: list[Observation] = []
    alone = False
    while len(done) < len(calls):
        lane.submit(calls[len(done) : len(done) + 1] if alone else calls[len(done) :], limit)
        partial = None
        while partial is None:
            readable, _, _ = select.select([lane], [], [], 0.2)
            partial = lane.collect() if readable else lane.overdue()
        alone = alone or partial.alone
        done += partial.observations
    return done


def get(
    target: AppTarget, path: str, *, stop: bool = False, headers: list[tuple[str, str]] | None = None, query: str = ""
) -> Call:
    """A GET of one of the target's routes."""
    route = next((r for r in target.routes if r.path == path), Route("GET", path))
    return Call(route, Request("GET", path, query, headers=[("host", "localhost"), *(headers or [])]), stop)


def own_address() -> str | None:
    """An address of this machine that is not its loopback; nothing is sent to find it."""
    with socket.socket(type=socket.SOCK_DGRAM) as used:
        try:
            used.connect(("198.51.100.1", 9))
        except OSError:
            return None
        return str(used.getsockname()[0])
