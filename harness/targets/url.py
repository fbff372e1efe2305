"""A target that is a URL: the same interface over HTTP, without a probe.

Raw sockets, because no client library sends what attackers send. Loopback only, unless a host is allowed by name.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from harness.core.bounded import TooLong, answer_to
from harness.core.errors import TargetError, UnsafeError
from harness.core.text import quoted
from harness.core.urls import Address, parse_url
from harness.targets.agent.protocol import Source
from harness.targets.base import Call, Lane, Observation, Partial, Request, Route
from harness.targets.http_line import Line
from harness.targets.routes import parse_document, routes_of_document

_DOCUMENT_SECONDS = 10.0
"""Seconds that the OpenAPI document may take, all of it."""
_DOCUMENT_BYTES = 32 << 20


def check_host(host: str, allowed: list[str], *, option: str = "--url") -> None:
    """Raises UnsafeError when `host` is not this machine and was not allowed by name."""
    if host in ("localhost", *allowed):
        return
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    raise UnsafeError(
        f"{option}: {host} is not this machine; test traffic goes to loopback only"
        + (f", unless --allow-host {host} is given" if option == "--url" else "")
    )


def address_of(url: str) -> Address:
    """The parts of the URL of a target. Raises TargetError for one that is none."""
    try:
        return parse_url(url)
    except ValueError as error:
        raise TargetError(f"--url {quoted(url)}: {error}; write http://127.0.0.1:8000") from None


def unanswered(observation: Observation) -> bool:
    """Whether nothing came of a request: no status, and no websocket that was accepted."""
    accepted = observation.websocket is not None and observation.websocket.accepted
    return observation.status is None and not accepted


class UrlLane:
    """Executes batches over HTTP in a thread, each request through `target`, which may start its server again."""

    def __init__(self, line: Line, target: UrlTarget) -> None:
        self._line = line
        self._target = target
        self._work: queue.Queue[tuple[list[Call], float, int] | None] = queue.Queue()
        self._done: queue.Queue[Partial] = queue.Queue()
        self._reader, self._writer = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="clerk-harness-url", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            calls, limit, at_once = work
            if at_once > 1:
                with ThreadPoolExecutor(at_once) as pool:
                    answers = list(pool.map(self._alone, calls, [limit] * len(calls)))
            else:
                answers = []
                for call in calls:
                    answers.append(self._send(self._line, call, limit))
                    if unanswered(answers[-1]):
                        break  # Whoever sent the batch decides whether it goes on.
            self._done.put(Partial(answers))
            self._writer.send(b".")

    def _send(self, line: Line, call: Call, limit: float) -> Observation:
        send = line.shake_hands if call.request.kind == "websocket" else line.exchange

        def ask() -> Observation:
            try:
                return self._target.sent(call, lambda request: send(request, limit))
            except Exception as error:
                # Whatever an answer does to its reader, the lane goes on: without a result it would be waited for.
                line.close()
                return Observation(error=f"{type(error).__name__}: {error}")

        return self._target.asked(call, ask)

    def _alone(self, call: Call, limit: float) -> Observation:
        line = self._line.another()
        try:
            return self._send(line, call, limit)
        finally:
            line.close()

    def submit(self, calls: list[Call], limit: float, *, at_once: int = 1) -> None:
        """Hand over a batch. Raises TargetError where the server is gone and does not start again."""
        self._target.check()
        self._work.put((calls, limit, at_once))

    def fileno(self) -> int:
        """Readable when a batch is done."""
        return self._reader.fileno()

    def collect(self) -> Partial | None:
        """The results."""
        self._reader.recv(1)
        return self._done.get()

    def overdue(self) -> Partial | None:
        """Each call has its own time limit here."""
        return None

    def close(self) -> None:
        """End the thread and the connection."""
        self._work.put(None)
        self._thread.join(timeout=5)
        self._line.close()
        self._reader.close()
        self._writer.close()


@dataclass
class UrlTarget:
    """A running backend. `openapi` is the path of its document, or the empty text for none."""

    url: str
    openapi: str = "/openapi.json"
    lanes_wanted: int = 2
    allowed: list[str] = field(default_factory=list)
    ca_file: str | None = None
    probed: bool = False
    sees_inside: bool = False
    renewable: bool = False
    routes: list[Route] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    missing_variables: list[str] = field(default_factory=list)
    description: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _lanes: list[UrlLane] = field(default_factory=list)

    def start(self) -> UrlTarget:
        """Connect and read the OpenAPI document.

        Raises UnsafeError for another machine, TargetError when nothing answers or no routes are found.
        """
        parts = address_of(self.url)
        check_host(parts.host, self.allowed)
        context = None
        if parts.scheme == "https":
            context = ssl.create_default_context()
            if self.ca_file is not None:
                context.load_verify_locations(self.ca_file)
        self.description = {"kind": "url", "app": self.url, "probe": "none", "agents": str(self.lanes_wanted)}
        self.routes = self._find_routes(Line(parts.scheme, parts.host, parts.port, context))
        for _ in range(self.lanes_wanted):
            self._lanes.append(UrlLane(Line(parts.scheme, parts.host, parts.port, context), self))
        return self

    def _find_routes(self, line: Line) -> list[Route]:
        """The routes of the document; none where there is to be none. Raises TargetError."""
        if not self.openapi:
            return []
        routes = routes_of_document(self._document(line), self.openapi)
        if not routes:
            raise TargetError(f"--url {self.url}: {self.openapi} lists no operations, so nothing could be proven")
        return routes

    def _document(self, line: Line) -> dict[str, Any]:
        request = Request(
            "GET", self.openapi, headers=[("host", "-"), ("accept", "application/json"), ("connection", "close")]
        )
        told = f"--url {self.url}: {self.openapi}"
        way_out = "name the document with --openapi PATH, or --openapi '' to test the declared routes only"
        try:
            with line.connect(_DOCUMENT_SECONDS) as connection:
                status, data = answer_to(
                    connection, line.head(request), seconds=_DOCUMENT_SECONDS, limit=_DOCUMENT_BYTES
                )
        except TooLong as error:
            raise TargetError(f"{told} is larger than {_DOCUMENT_BYTES >> 20} MiB; {way_out}") from error
        except TimeoutError as error:
            raise TargetError(f"{told} was not there within {_DOCUMENT_SECONDS:g} s; {way_out}") from error
        except OSError as error:
            raise TargetError(f"--url {self.url}: nothing answers there ({error})") from error
        except (http.client.HTTPException, ValueError) as error:  # ValueError: lengths and chunks that are none.
            reason = f"{type(error).__name__}: {quoted(str(error))}"
            raise TargetError(f"{told}: what answers there does not speak HTTP ({reason})") from error
        if status != 200:
            raise TargetError(f"{told} answers {status}; {way_out}")
        try:
            return parse_document(data)
        except ValueError as error:
            raise TargetError(f"{told} {error}; {way_out}") from None

    @property
    def lanes(self) -> list[Lane]:
        """Threads, each with a connection."""
        return list(self._lanes)

    def asked(self, call: Call, ask: Callable[[], Observation]) -> Observation:
        """Return what came of a request, in the thread of its lane."""
        return ask()

    def sent(self, call: Call, send: Callable[[Request], Observation]) -> Observation:
        """Send the request of a call, and return what came of it."""
        return send(call.request)

    def check(self) -> None:
        """Raises TargetError where nothing more can be asked."""

    def renew(self, lane: int) -> None:
        """Raises TargetError: a running server is not ours to restart."""
        raise TargetError(f"--url {self.url}: a running server cannot be started anew")

    def blocked(self) -> list[str]:
        """Nothing is known of a running server's connections."""
        return []

    def close(self) -> None:
        """Close the connections."""
        for lane in self._lanes:
            lane.close()
        self._lanes = []
