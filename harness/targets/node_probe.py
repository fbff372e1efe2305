"""The probe in the Node processes of a started command: its routes, and what it saw of each request.

The hook (`agent/node/`) connects to a socket in the file system and proves by a secret of the run whose it is. The same secret
marks the harness's requests, in a header that the hook takes out before the app sees it. Both directions speak lines of JSON.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import secrets
import shutil
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from harness.core.redact import learn_made
from harness.core.temporary import temporary_folder
from harness.targets.base import Call, Observation, Request, Route
from harness.targets.http_line import Line

_Message = dict[str, Any]

MARK = "x-clerk-harness"
"""The header that marks a request; the hook takes it out."""
_LONGEST_LINE = 8 << 20
_PATIENCE = 5.0
"""Seconds within which a hook tells what it saw of a request that was answered."""
_PATIENCE_IN_VAIN = 0.5
"""The same where nothing was answered: its event loop may be stuck."""
_NOWHERE = Request("GET", "/clerk-harness-asks-for-nothing", headers=[("host", "-"), ("connection", "close")])
_START_PATIENCE = 10.0
"""Seconds within which the hooks tell the routes, once the server listens."""


@dataclass
class Found:
    """What the hooks know of the app: its routes, which frameworks serve it, and what they cannot see, in sentences."""

    routes: list[Route] = field(default_factory=list)
    frameworks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    node: str = ""


class _Process:
    """The hook of one Node process, connected; `told` is called with each of its messages, and with None at its end."""

    def __init__(
        self, connection: socket.socket, secret: str, told: Callable[[_Process, _Message | None], None]
    ) -> None:
        self._connection, self._secret, self._told = connection, secret, told
        self.node = ""
        self.alive = True
        self._thread = threading.Thread(target=self._read, name="clerk-harness-node-probe", daemon=True)
        self._thread.start()

    def ask(self, question: _Message) -> None:
        with contextlib.suppress(OSError):  # One that has ended is noticed by whoever reads.
            self._connection.sendall(json.dumps(question).encode() + b"\n")

    def _read(self) -> None:
        # Whatever else connects there, or breaks off: it is no hook of this run.
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError), self._connection.makefile("rb") as stream:
            while line := stream.readline(_LONGEST_LINE):
                message = json.loads(line)
                if self.node:
                    self._told(self, message)
                elif secrets.compare_digest(message["secret"], self._secret):
                    self.node = str(message["node"])
                else:
                    break
        self.alive = False
        self._connection.close()
        self._told(self, None)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)


class NodeProbe:
    """Listens for the hooks of a command's Node processes, until it is closed. Raises OSError where no socket can be made."""

    def __init__(self) -> None:
        self._secret = secrets.token_urlsafe(32)
        learn_made(self._secret)
        self._folder = temporary_folder("probe")
        self._folder.chmod(0o755)  # The started program may be another user's.
        path = self._folder / "socket"
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.bind(str(path))
        except OSError:
            self.close()
            raise
        path.chmod(0o666)
        self._listener.listen(64)
        self._listener.setblocking(False)
        self._processes: list[_Process] = []
        self._changed = threading.Condition()
        self._answers: dict[str, dict[_Process, _Message]] = {}
        """What was asked and is waited for -> what each process has answered."""
        self._keys: list[str] = []
        """The names that the hooks give the routes, by their number."""
        self._numbers = itertools.count(1)
        self.variables = {"CLERK_HARNESS_PROBE": str(path), "CLERK_HARNESS_PROBE_SECRET": self._secret}
        """The variables by which a hook finds this probe."""

    def _connected(self) -> list[_Process]:
        """The hooks that are there: one connects before its process listens for anything."""
        with self._changed, contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = self._listener.accept()
                connection.setblocking(True)
                self._processes.append(_Process(connection, self._secret, self._told))
        with self._changed:
            self._processes = [process for process in self._processes if process.alive]
            return list(self._processes)

    def _told(self, process: _Process, message: _Message | None) -> None:
        with self._changed:
            if message is not None and (waiting := self._answers.get(str(message.get("id")))) is not None:
                waiting[process] = message
            self._changed.notify_all()

    def _ask(self, question: _Message, seconds: float, enough: Callable[[_Message], bool]) -> list[_Message]:
        """What the hooks answer within that time, or until one has said enough, or each something."""
        processes, name = self._connected(), f"{question['ask']} {question.get('number', '')}"
        with self._changed:
            answers = self._answers[name] = {}
        for process in processes:
            process.ask(question | {"id": name})

        def done() -> bool:
            return any(map(enough, answers.values())) or all(p in answers or not p.alive for p in processes)

        with self._changed:
            self._changed.wait_for(done, seconds)
            del self._answers[name]
            return list(answers.values())

    def find(self, line: Line) -> Found:
        """Return what is known of the app, once it listens; a request shows the hooks which app is asked."""
        found = Found()
        if not self._connected():
            return found
        request, _ = self._mark(_NOWHERE, "", stop=True)
        line.exchange(request, _START_PATIENCE)
        line.close()
        for answer in self._ask({"ask": "routes"}, _START_PATIENCE, lambda _: False):
            found.frameworks += [name for name in answer["frameworks"] if name not in found.frameworks]
            found.notes += [note for note in answer["notes"] if note not in found.notes]
            known = {route.key for route in found.routes}
            found.routes += [route for route in map(_route, answer["routes"]) if route.key not in known]
        self._keys = [route.key for route in found.routes]
        found.routes = [replace(route, handlers=frozenset({number})) for number, route in enumerate(found.routes)]
        found.node = next((process.node for process in self._connected() if process.node), "")
        return found

    def marked(self, call: Call) -> tuple[Request, int]:
        """Return the request of a call as a hook knows it, and its number."""
        # A declaration may call the parameters otherwise, and a view answers every method.
        own = self._keys[min(call.route.handlers)]
        return self._mark(call.request, own, stop=call.stop)

    def _mark(self, request: Request, key: str, *, stop: bool) -> tuple[Request, int]:
        number = next(self._numbers)
        name = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
        mark = (MARK, f"{self._secret} {number} {int(stop)} {name}")
        return replace(request, headers=[mark, *request.headers]), number

    def add_trace(self, observation: Observation, number: int) -> None:
        """Add to an observation what a hook saw of the request of that number; nothing where none saw it."""
        patience = _PATIENCE if observation.status is not None else _PATIENCE_IN_VAIN
        answers = self._ask(
            {"ask": "trace", "number": number}, patience, lambda answer: answer.get("trace") is not None
        )
        trace = next((answer["trace"] for answer in answers if answer.get("trace") is not None), None)
        if trace is None:
            return
        observation.entered, observation.elsewhere = bool(trace["entered"]), bool(trace["elsewhere"])
        observation.stopped, observation.finished = bool(trace["stopped"]), bool(trace["finished"])
        observation.ran = [(str(name), bool(good), int(phase)) for name, good, phase in trace["ran"]]

    def close(self) -> None:
        """Close every connection."""
        self._listener.close()
        for process in self._processes:
            process.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _route(told: _Message) -> Route:
    """The route that a hook describes."""
    source = told["source"]
    return Route(
        method=told["method"],
        path=told["path"],
        endpoint=f"{told['module'] or 'app'}:{told['name']}",
        module=told["module"],
        dependencies=tuple(told["dependencies"]),
        any_method=told["anyMethod"],
        parameters=told["parameters"],
        operation=_operation(told.get("body")),
        source=(str(source[0]), int(source[1])) if source else None,
    )


def _operation(body: object) -> dict[str, Any] | None:
    """The operation of a route whose body a schema describes; None where none does."""
    if not isinstance(body, dict):
        return None
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
