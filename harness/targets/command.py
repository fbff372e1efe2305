"""A target that is a command which starts a server: judged over HTTP like a URL, but started, renewed and ended by the harness.

In its processes Clerk's real names lead to the fake, and no other host can be reached; see `host_redirect.py`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from harness.core import processes
from harness.core.command_line import split_command
from harness.core.errors import StartHung, TargetError, UnsafeError
from harness.core.ports import free_port
from harness.core.text import quoted
from harness.targets.agent.live_environment import of_session
from harness.targets.base import Call, Observation, Request, Route
from harness.targets.crash import error_in
from harness.targets.host_redirect import Names
from harness.targets.http_line import Line
from harness.targets.node_probe import Found, NodeProbe
from harness.targets.routes import joined
from harness.targets.url import UrlTarget, address_of, check_host, unanswered

_START_LIMIT = 60.0
_END_LIMIT = 5.0
_ASK_AGAIN = 0.05
_LOOKS = 4
_OUTPUT_READ = 16_384
"""Bytes of its output that are looked at."""
_STILL_ANSWERS = 2.0
"""Seconds within which a server that did not answer a request answers another, or is started again."""


class Running:
    """A started command with all its processes, daemons included; its output in a file without a name."""

    def __init__(self, command: str, directory: Path, environment: dict[str, str]) -> None:
        """Raises TargetError when it cannot be started."""
        self._output: IO[bytes] = tempfile.TemporaryFile(prefix="clerk-harness-command-")  # noqa: SIM115
        try:
            words = split_command(command)
            self._process = processes.start(
                [shutil.which(words[0], path=environment.get("PATH")) or words[0], *words[1:]],
                cwd=directory,
                env=environment,
                files=(processes.DEVNULL, self._output.fileno(), self._output.fileno()),
            )
        except (OSError, ValueError) as error:
            self._output.close()
            reason = error.strerror if isinstance(error, OSError) else error
            raise TargetError(f"--command {quoted(command)!r}: cannot be started: {reason}") from error

    @property
    def session(self) -> int:
        """The session that its processes belong to (setsid(2))."""
        return self._process.pid

    def ended(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._process.poll()

    def _printed(self) -> str:
        self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, self._output.tell() - _OUTPUT_READ))
        return self._output.read().decode("utf-8", "replace")

    def last_words(self) -> str:
        """Return the last line that it printed."""
        lines = [line.strip() for line in self._printed().splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it printed nothing"

    def error(self) -> str:
        """Return the error that it printed, with its file; else the last line."""
        return error_in(self._printed())

    def close(self) -> None:
        """End the process and all that it has started: SIGTERM first, SIGKILL for what has not ended in time."""
        try:
            self._process.signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                self._process.wait(_END_LIMIT)
        finally:
            self._process.close()
            self._output.close()


@dataclass
class CommandTarget(UrlTarget):
    """`url` is where the server of `command` listens. Both may contain `{port}`, which the process also gets as PORT."""

    renewable: bool = True
    command: str = ""
    directory: Path = field(default_factory=Path.cwd)
    environment: dict[str, str] = field(default_factory=dict)
    names: Names | None = None
    start_limit: float | None = None
    _running: Running | None = None
    _starts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _culprits: set[str] = field(default_factory=set)
    """Routes of which a request has ended the server."""
    _how: str = ""
    """How the server before this one had ended by itself; empty where the harness ended it."""
    _lost: TargetError | None = None
    """Why the server, which is gone, could not be started again."""
    _given: tuple[str, str] = ("", "")
    watched: bool = True
    """Whether its Node processes are watched."""
    _probe: NodeProbe | None = None
    _found: Found = field(default_factory=Found)

    def __post_init__(self) -> None:
        """Choose the port. Raises TargetError for a URL without one."""
        self._given = (self.url, self.command)
        port = str(free_port()) if "{port}" in self.url else ""
        if not port:
            address = address_of(self.url)
            if not address.given:
                raise TargetError(f"--url {self.url}: say the port on which --command listens")
            port = str(address.port)
        self.url = self.url.replace("{port}", port)
        self.command = self.command.replace("{port}", port)
        self.environment = self.environment | {"PORT": port}

    @property
    def _environment(self) -> dict[str, str]:
        return self.environment | (self._probe.variables if self._probe is not None else {})

    @property
    def free(self) -> bool:
        """Whether its port is chosen anew for each start."""
        return "{port}" in self._given[0]

    def again(self, environment: dict[str, str], limit: float) -> CommandTarget:
        """Return the same command in another environment, not started. Its OpenAPI document will not be read."""
        url, command = self._given
        return CommandTarget(
            url,
            "",
            lanes_wanted=1,
            allowed=self.allowed,
            ca_file=self.ca_file,
            command=command,
            directory=self.directory,
            environment=environment,
            names=self.names,
            start_limit=limit,
            watched=False,
        )

    def start(self) -> UrlTarget:
        """Start the command, wait until it listens, and read the OpenAPI document. Raises TargetError."""
        check_host(address_of(self.url).host, self.allowed)
        if self.watched:
            with contextlib.suppress(OSError):  # The folder's name is too long for a socket: judged from outside.
                self._probe = NodeProbe()
        self._begin()
        super().start()
        self.description |= {"kind": "command", "app": self.command}
        self._describe_probe()
        return self

    def _describe_probe(self) -> None:
        """Say what the probe sees in a Node server, and what it does not."""
        found = self._found
        if not found.node:
            return
        self.notes += found.notes
        self.probed = bool(found.routes)
        kind, version = (
            ("python", found.node.partition(" ")[2]) if found.node.startswith("Python") else ("node", found.node)
        )
        self.description |= {kind: version, "packages": ", ".join(found.frameworks)}
        if self.probed:
            self.description["probe"] = "aiohttp" if found.node.startswith("Python") else "node"
            self.functions = sorted({name for route in found.routes for name in route.dependencies})
            if unseen := [route.key for route in self.routes if not route.handlers]:
                self.notes.append(f"judged by status, for the probe does not see their handlers: {', '.join(unseen)}")
        else:
            self.notes.append(
                "verdicts rest on status: the probe finds the routes of Express, Fastify, Hono, Koa and NestJS, and found none "
                "here (Next.js, bundled code and other frameworks show it none)"
            )

    def _find_routes(self, line: Line) -> list[Route]:
        """The routes that the hooks and the document tell. A document that nobody named is none where the hooks have routes."""
        documented: list[Route] = []
        problem = None
        try:
            documented = super()._find_routes(line)
        except TargetError as error:
            problem = error
        if self._probe is not None:
            self._found = self._probe.find(line)
        if problem is not None and (not self._found.routes or self.openapi != UrlTarget.openapi):
            raise problem
        return joined(self._found.routes, documented)

    def sent(self, call: Call, send: Callable[[Request], Observation]) -> Observation:
        """Send the request of a call, and return what came of it and what the probe saw of it."""
        if self._probe is None or not call.route.handlers or call.request.kind != "http":
            return send(call.request)
        request, number = self._probe.marked(call)
        observation = send(request)
        self._probe.add_trace(observation, number)
        return observation

    def _begin(self) -> None:
        parts = address_of(self.url)
        if self._listens(parts.host, parts.port):
            raise TargetError(f"--url {self.url}: something listens there already; stop it, or leave out --url")
        self._running = running = Running(self.command, self.directory, self._environment)
        limit = self.start_limit or _START_LIMIT
        deadline = time.monotonic() + limit
        while not self._listens(parts.host, parts.port):
            code = running.ended()
            if code is not None:
                self._refuse_live_keys(running)
                raise TargetError(f"--command {self.command!r} ended with {code}: {running.error()}")
            if time.monotonic() > deadline:
                problem = f"nothing listens at {self.url} after {limit:g} s; it last said: {running.last_words()}"
                raise StartHung(f"--command {self.command!r}: {problem} (it gets its port as {{port}} and PORT)")
            time.sleep(_ASK_AGAIN)
        self._refuse_live_keys(running)

    def _refuse_live_keys(self, running: Running) -> None:
        """Raise UnsafeError when its processes run on a live key: one that they were started with, or set themselves."""
        told = self.names.live() if self.names is not None else []
        told += [f"{name} is set to a live key ({key})" for name, key in of_session(running.session)]
        for sentence in told:
            raise UnsafeError(
                f"--command: {sentence}: the command sets it itself, and would run on a production instance; take it out"
            )

    @staticmethod
    def _listens(host: str, port: int) -> bool:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            return False
        return True

    def asked(self, call: Call, ask: Callable[[], Observation]) -> Observation:
        """Return what came of a request; a server that it has ended, or that answers nobody any more, is started again.

        Where several requests were under way when it ended, nobody knows which of them did it: each is sent once more, alone.
        """
        with self._lock:  # Not while it is started again, nor while another request is tried alone.
            starts = self._starts
        observation = ask()
        if not unanswered(observation) or self._lost:
            return observation
        with self._lock:
            down = starts == self._starts and self._is_down(observation)
            if not down and starts == self._starts:
                return observation
            known = call.route.key in self._culprits
            if known and not down and self._how:
                # Another lane has started it again; of the requests that were under way this one is known to end it.
                observation.died, observation.hung, observation.error = True, False, self._how
                return observation
            if not down or (self.lanes_wanted > 1 and not known):
                if down:
                    self._again()
                observation = ask()
                if not unanswered(observation) or not self._is_down(observation):
                    return observation
            self._culprits.add(call.route.key)
            self._again()
            if self._how:
                observation.died, observation.hung, observation.error = True, False, self._how
        return observation

    def _is_down(self, observation: Observation) -> bool:
        """Whether the server has ended, or answers nobody any more, after a request that it did not answer."""
        return not self._answers() if observation.hung else self._gone()

    def check(self) -> None:
        """Raises TargetError where the server is gone and did not start again."""
        if self._lost is not None:
            raise self._lost

    def _gone(self) -> bool:
        """Whether the process has ended: a connection breaks off a moment before that can be seen."""
        for _ in range(_LOOKS):
            if self._running is None or self._running.ended() is not None:
                return True
            time.sleep(_ASK_AGAIN)
        return False

    def _answers(self) -> bool:
        """Whether the server still answers anything."""
        parts = address_of(self.url)
        if parts.scheme != "http":
            return True
        line = Line(parts.scheme, parts.host, parts.port, None)
        seen = line.exchange(Request("GET", "/", headers=[("host", "-"), ("connection", "close")]), _STILL_ANSWERS)
        line.close()
        return not seen.hung

    def _again(self) -> None:
        """Start it again, and keep how it had ended; where that fails, it is lost."""
        self._starts += 1
        code = self._running.ended() if self._running is not None and self._gone() else None
        self._how = "" if code is None else f"exit code {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                self._how = f"signal {signal.Signals(-code).name}"
        try:
            self._end()
            self._begin()
        except TargetError as error:
            self._lost = error

    def _end(self) -> None:
        if self._running is not None:
            self._running.close()
            self._running = None

    def renew(self, lane: int) -> None:
        """End the command and start it again. Raises TargetError when it does not start."""
        self._lost = None
        self._starts += 1
        self._end()
        self._begin()

    def blocked(self) -> list[str]:
        """Return what its processes tried to reach, and were refused."""
        return self.names.blocked() if self.names is not None else []

    def close(self) -> None:
        """Close the connections and end the command."""
        super().close()
        self._end()
        if self._probe is not None:
            self._probe.close()
            self._probe = None
