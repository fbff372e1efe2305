"""A target that is an app: loaded by agents in its own Python, asked by raw ASGI or WSGI calls."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.errors import StartHung, TargetError
from harness.targets.base import Call, Lane, Observation, Partial, Route
from harness.targets.routes import with_operations

_AGENT = Path(__file__).parent / "agent"
_BOOT = """
import importlib.util, sys
name, folder = "_clerk_harness_agent", sys.argv[2]
spec = importlib.util.spec_from_file_location(name, folder + "/__init__.py", submodule_search_locations=[folder])
module = importlib.util.module_from_spec(spec); sys.modules[spec.name] = module; spec.loader.exec_module(module)
from _clerk_harness_agent.serve import main
main()
"""
_LENGTH = struct.Struct(">I")
_LARGE = 4096
"""Header values longer than this cross the wire once."""
_GRACE = 5.0
"""Seconds without a sign of life, beyond the limit of a call, after which an agent is killed."""


@dataclass(frozen=True)
class AppSpec:
    """Which app, and how to start it. `environments`: one for each agent; `start_limit` in seconds."""

    app: str
    app_dir: Path
    python: str
    environments: list[dict[str, str]]
    names: tuple[str, ...]
    fake_port: int
    patterns: tuple[str, ...] = ()
    start_limit: float = 60.0


def find_python(app_dir: Path) -> str:
    """The target's own Python: the virtual environment of its project, else the one that runs the harness."""
    for directory in (app_dir, *app_dir.parents[:2]):
        for name in (".venv", "venv", "env"):
            for python in (directory / name / "bin" / "python", directory / name / "Scripts" / "python.exe"):
                if python.exists():
                    return str(python)
    return sys.executable


class Agent:
    """One agent process and the lane over it."""

    def __init__(self, spec: AppSpec, number: int) -> None:
        self.spec = spec
        self.number = number
        self.directory = Path(tempfile.mkdtemp(prefix="clerk-harness-agent-"))
        self.log = self.directory / "output.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.greeting: dict[str, Any] = {}
        self.blocked: list[str] = []
        self._socket: socket.socket | None = None
        self._buffer = bytearray()
        self._calls: list[Call] = []
        self._limit = 0.0
        self._seen = 0.0
        self._batch = 0
        self._sent: dict[str, int] = {}

    def launch(self) -> None:
        """Start the process, which loads the app and waits for `greet`. Raises TargetError when Python cannot be started."""
        ours, theirs = socket.socketpair()
        command = [self.spec.python, "-c", _BOOT, str(theirs.fileno()), os.fspath(_AGENT)]
        try:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    command,
                    cwd=self.spec.app_dir,
                    env=self.spec.environments[self.number],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        except OSError as error:
            ours.close()
            raise TargetError(f"--python {self.spec.python}: cannot be started: {error.strerror or error}") from error
        finally:
            theirs.close()
        self._socket = ours
        self._buffer.clear()
        self._sent.clear()
        self._write(
            {
                "app": self.spec.app,
                "app_dir": str(self.spec.app_dir),
                "names": list(self.spec.names),
                "fake_port": self.spec.fake_port,
                "patterns": list(self.spec.patterns),
            }
        )

    def greet(self) -> dict[str, Any]:
        """Let the app start up, and wait for the routes. Raises TargetError with the app's own words."""
        assert self._socket is not None
        with contextlib.suppress(OSError):  # Its last words are still to be read.
            self._write({"op": "go"})
        deadline = time.monotonic() + self.spec.start_limit
        message = None
        while message is None:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                message = self._read()
            except TimeoutError:
                self.kill()
                raise StartHung(
                    f"--app {self.spec.app}: not loaded within {self.spec.start_limit:.0f} s (a start-up that waits for something?)"
                    f"{self._tail()}"
                ) from None
            except (EOFError, OSError):
                code = self._ended()
                raise TargetError(
                    f"--app {self.spec.app}: the process ended ({code}) while loading the app{self._tail()}"
                ) from None
        self._socket.settimeout(None)
        self._note_blocked(message)
        if not message["ok"]:
            self.kill()
            note = f"; refused connection to {', '.join(self.blocked)}" if self.blocked else ""
            raise TargetError(f"--app {self.spec.app}: {message['message']}{note}")
        self.greeting = message
        return message

    # The lane

    def submit(self, calls: list[Call], limit: float, *, together: bool = False) -> None:
        """Hand a batch to the agent."""
        self._calls, self._limit, self._seen = calls, limit, time.monotonic()
        self._batch += 1
        items = []
        table: dict[int, str] = {}
        for call in calls:
            request = call.request
            body = base64.b64encode(request.body).decode("ascii") if request.body else ""
            headers: list[tuple[str, str | int]] = [
                (name, self._intern(value, table) if len(value) > _LARGE else value) for name, value in request.headers
            ]
            items.append(
                [
                    request.kind,
                    request.method,
                    request.path,
                    request.query,
                    headers,
                    body,
                    call.stop,
                    request.messages,
                    sorted(call.route.handlers),
                ]
            )
        with contextlib.suppress(OSError):  # A dead agent is noticed in `collect`.
            message = {"op": "batch", "id": self._batch, "limit": limit, "items": items, "table": table}
            self._write(message | {"together": together})

    def _intern(self, value: str, table: dict[int, str]) -> int:
        """A number for a large value, which is sent once and kept by the agent."""
        number = self._sent.get(value)
        if number is None:
            number = self._sent[value] = len(self._sent)
            table[number] = value
        return number

    def fileno(self) -> int:
        """The socket to the agent."""
        assert self._socket is not None
        return self._socket.fileno()

    def collect(self) -> Partial | None:
        """Results of the batch, or what is left of it when the agent hung or died; it is replaced then."""
        while True:
            try:
                message = self._read()
            except (EOFError, OSError):
                return self._lost(died=True)
            self._seen = time.monotonic()
            if "results" in message:
                break
            if not self._whole():  # What came in the same packet is not announced again.
                return None
        self._note_blocked(message)
        observations = [
            self._observe(call, result) for call, result in zip(self._calls, message["results"], strict=False)
        ]
        if message.get("hung"):
            where = message.get("where") or None
            observations.append(Observation(hung=True, micros=int(self._limit * 1e6), error=where))
            self.replace()
        return Partial(observations)

    def overdue(self) -> Partial | None:
        """Kill an agent that gives no sign of life."""
        if not self._calls or time.monotonic() - self._seen < self._limit + _GRACE:
            return None
        return self._lost(died=False)

    def _note_blocked(self, message: dict[str, Any]) -> None:
        """What any process of this agent was refused stays known when it is replaced."""
        self.blocked += [name for name in message.get("blocked", []) if name not in self.blocked]

    def _lost(self, *, died: bool) -> Partial:
        self.replace()
        if len(self._calls) > 1:
            return Partial([], alone=True)
        return Partial([Observation(died=died, hung=not died, micros=int(self._limit * 1e6))])

    def replace(self) -> None:
        """End the process and start another."""
        self.kill()
        self.launch()
        self.greet()

    def _observe(self, call: Call, result: list[Any]) -> Observation:
        status, headers, body, entered, elsewhere, stopped, finished, cut, ran, micros, error, websocket = result
        names = self.greeting["functions"]
        return Observation(
            status=status,
            headers=headers,
            body=body,
            entered=entered if call.route.handlers else None,
            elsewhere=elsewhere,
            stopped=stopped,
            finished=finished,
            cut=cut,
            ran=[(names[number], good, phase) for number, good, phase in ran],
            micros=micros,
            error=error,
            websocket=websocket,
        )

    # The wire

    def _write(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        data = json.dumps(message).encode("ascii")
        self._socket.sendall(_LENGTH.pack(len(data)) + data)

    def _whole(self) -> int:
        """Bytes of the first message in the buffer, when it is there whole; else 0."""
        if len(self._buffer) < _LENGTH.size:
            return 0
        end = _LENGTH.size + int(_LENGTH.unpack_from(self._buffer)[0])
        return end if len(self._buffer) >= end else 0

    def _read(self) -> dict[str, Any]:
        """The next whole message. Raises EOFError when the agent is gone."""
        assert self._socket is not None
        while True:
            if end := self._whole():
                message: dict[str, Any] = json.loads(self._buffer[_LENGTH.size : end])
                del self._buffer[:end]
                return message
            data = self._socket.recv(1 << 20)
            if not data:
                raise EOFError
            self._buffer += data

    def _ended(self) -> str:
        self.kill()
        code = self.process.returncode if self.process else None
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"

    def _tail(self) -> str:
        """The last words of the process, for the user."""
        lines = (
            [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
            if self.log.exists()
            else []
        )
        return f"; its last words: {lines[-1][:300]}" if lines else ""

    def kill(self) -> None:
        """End the process and everything it started."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """Let an app that has started shut down, then end the process."""
        if self.greeting and self._socket is not None and self.process is not None and self.process.poll() is None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._write({"op": "stop"})
                self.process.wait(timeout=6)
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def _route(entry: dict[str, Any]) -> Route:
    """A route as the agent describes it, in what can be hashed."""
    lists = {name: tuple(entry[name]) for name in ("tags", "dependencies", "inside", "prefixes")}
    return Route(**entry | lists | {"handlers": frozenset(entry["handlers"])})


@dataclass
class AppTarget:
    """An app under test, executed by as many agents as there are environments."""

    spec: AppSpec
    probed: bool = True
    renewable: bool = True
    routes: list[Route] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    missing_variables: list[str] = field(default_factory=list)
    description: dict[str, str] = field(default_factory=dict)
    agents: list[Agent] = field(default_factory=list)

    def launch(self) -> None:
        """Start the agents, side by side: they import the app while whoever calls prepares its database.

        Raises TargetError when there is no such directory or Python.
        """
        if not self.spec.app_dir.is_dir():
            raise TargetError(f"--app-dir {self.spec.app_dir}: no such directory")
        try:
            for number in range(len(self.spec.environments)):
                agent = Agent(self.spec, number)
                self.agents.append(agent)
                agent.launch()
        except BaseException:
            self.close()
            raise

    def _greet(self, agent: Agent, *, again: bool) -> None:
        try:
            agent.greet()
        except TargetError:
            if not again:
                raise
            # An app may ask its database on import, and that was not there yet.
            agent.kill()
            agent.launch()
            agent.greet()

    def start(self) -> AppTarget:
        """Let the app start up in the agents, launched now or before, and find the routes.

        Raises TargetError: no import, no app, no routes, fewer routes than the app's own OpenAPI document.
        """
        early = bool(self.agents)
        if not early:
            self.launch()
        try:
            for agent in self.agents:
                self._greet(agent, again=early)
        except BaseException:
            self.close()
            raise
        greeting = self.agents[0].greeting
        self.functions = greeting["functions"]
        self.missing_variables = greeting["missing_variables"]
        self.description = {
            "kind": greeting["interface"],
            "app": self.spec.app,
            "python": greeting["python"],
            "probe": greeting["probe"],
            "agents": str(len(self.agents)),
        }
        found = [_route(entry) for entry in greeting["routes"]]
        try:
            self.routes = with_operations(found, greeting, self.spec.app)
        except BaseException:
            self.close()
            raise
        return self

    @property
    def lanes(self) -> list[Lane]:
        """One for each agent."""
        return list(self.agents)

    def renew(self, lane: int) -> None:
        """Replace the agent of a lane. Raises TargetError when the app will not start."""
        self.agents[lane].replace()

    def blocked(self) -> list[str]:
        """What the agents were refused, by name."""
        return sorted({name for agent in self.agents for name in agent.blocked})

    def close(self) -> None:
        """Stop all agents."""
        for agent in self.agents:
            agent.stop()
        self.agents = []
