"""A target that is a URL: the same interface over HTTP, without a probe.

Raw sockets, because no client library sends what attackers send. Loopback only, unless a host is allowed by name.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import os
import queue
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

from harness.core.errors import TargetError, UnsafeError
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Call, Lane, Observation, Partial, Request, Route
from harness.targets.routes import routes_of_document

_BODY_KEPT = 2048
_STREAM_PATIENCE = 1.0
"""Seconds that a body of unknown length may take before it is left."""
_LONG_HANDSHAKE = 16_384
_PATIENCE_FOR_LONG = 1.0
_WEBSOCKET_PATIENCE = 0.5
"""Seconds that a websocket may stay silent after the handshake before it counts as let in."""


def check_host(host: str, allowed: list[str]) -> None:
    """Raises UnsafeError when `host` is not this machine and was not allowed by name."""
    if host in ("localhost", *allowed):
        return
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    raise UnsafeError(
        f"--url: {host} is not this machine; test traffic goes to loopback only, unless --allow-host {host} is given"
    )


class _Line:
    """One connection to the target, made anew where the server closes it."""

    def __init__(self, scheme: str, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self.scheme, self.host, self.port, self.context = scheme, host, port, context
        self._socket: socket.socket | None = None

    def connect(self, limit: float) -> socket.socket:
        raw = socket.create_connection((self.host, self.port), timeout=limit)
        return self.context.wrap_socket(raw, server_hostname=self.host) if self.context else raw

    def another(self) -> _Line:
        """A further connection to the same place."""
        return _Line(self.scheme, self.host, self.port, self.context)

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def head(self, request: Request) -> bytes:
        target = request.path + (f"?{request.query}" if request.query else "")
        lines = [f"{request.method} {target} HTTP/1.1".encode("latin-1", "replace")]
        for name, value in request.headers:
            value = f"{self.host}:{self.port}" if name == "host" and value in ("localhost", "-") else value
            lines.append(f"{name}: ".encode("latin-1") + value.encode("latin-1"))
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def exchange(self, request: Request, limit: float) -> Observation:
        started = time.perf_counter()
        reused = self._socket is not None
        observation = Observation()
        try:
            if self._socket is None:
                self._socket = self.connect(limit)
            self._socket.settimeout(limit)
            response = _ask(self._socket, self.head(request) + request.body, request.method)
            observation.status = response.status
            observation.headers = [(name.lower(), value) for name, value in response.getheaders()]
            whole = self._read(response, observation, self._socket, limit)
            if not whole or response.will_close:
                self.close()
        except TimeoutError:
            self.close()
            observation.hung = observation.status is None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if reused and observation.status is None:
                return self.exchange(request, limit)  # The server had closed the idle connection.
            observation.error = f"{type(error).__name__}: {error}"
        observation.micros = int((time.perf_counter() - started) * 1e6)
        return observation

    @staticmethod
    def _read(
        response: http.client.HTTPResponse, observation: Observation, connection: socket.socket, limit: float
    ) -> bool:
        """The body as far as it comes, and whether its end came: a stream is left after its first event, after some time, or
        when enough is kept.
        """
        endless = (observation.header("content-type") or "").startswith("text/event-stream")
        until = time.monotonic() + (limit if response.length is not None else min(limit, _STREAM_PATIENCE))
        data = b""
        whole = False
        try:
            while not whole and (remaining := until - time.monotonic()) > 0:
                connection.settimeout(remaining)
                part = response.read1(1 << 16)
                if not part and response.length:
                    raise http.client.IncompleteRead(data, response.length)
                data = data if len(data) > _BODY_KEPT else data + part
                whole = not part
                if part and (endless or (response.length is None and len(data) > _BODY_KEPT)):
                    break
        except TimeoutError:
            pass
        finally:
            observation.body = data[:_BODY_KEPT].decode("utf-8", "replace")
            observation.cut = not whole or len(data) > _BODY_KEPT
            response.close()
        return whole

    def shake_hands(self, request: Request, limit: float) -> Observation:
        """A websocket: handshake, the declared messages, then whether the server closes it (RFC 6455)."""
        started = time.perf_counter()
        facts = WebsocketFacts()
        observation = Observation(websocket=facts)
        connection = None
        try:
            head = self.head(request)
            # Servers leave a handshake of that size unanswered, whatever the app.
            connection = self.connect(limit if len(head) < _LONG_HANDSHAKE else min(limit, _PATIENCE_FOR_LONG))
            response = _ask(connection, head, request.method)
            if response.status != 101:
                observation.status = response.status
                observation.headers = [(name.lower(), value) for name, value in response.getheaders()]
                observation.body = response.read()[:_BODY_KEPT].decode("utf-8", "replace")
                return observation
            facts.accepted = True
            stream = response.fp if response.fp is not None else connection.makefile("rb")
            for message in request.messages:
                connection.sendall(_frame(message.encode()))
            connection.settimeout(_WEBSOCKET_PATIENCE)
            _listen(stream, facts, observation)
        except TimeoutError:
            facts.left = facts.accepted
            facts.waited = facts.accepted and not facts.sent
            observation.hung = not facts.accepted
        except (OSError, http.client.HTTPException) as error:
            observation.error = f"{type(error).__name__}: {error}"
        finally:
            if connection is not None:
                connection.close()
            observation.micros = int((time.perf_counter() - started) * 1e6)
        return observation


def _ask(connection: socket.socket, request: bytes, method: str) -> http.client.HTTPResponse:
    """Send a request and return the answer, its head read.

    A server may answer and close before it has read a long request (RFC 9112, section 9.6), so that sending fails: what it
    answered is read all the same. Raises OSError or HTTPException where there is no answer.
    """
    unsent: OSError | None = None
    try:
        connection.sendall(request)
    except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError) as error:
        unsent = error
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
    except (OSError, http.client.HTTPException) as error:
        raise unsent or error from None
    return response


def _frame(payload: bytes) -> bytes:
    mask = os.urandom(4)
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    else:
        size = bytes([0xFE]) + length.to_bytes(2, "big") if length < 65_536 else b"\xff" + length.to_bytes(8, "big")
    return b"\x81" + size + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def _listen(stream: IO[bytes], facts: WebsocketFacts, observation: Observation) -> None:
    """Read frames until the server closes the websocket, or until reading times out (RFC 6455, section 5.2)."""
    while True:
        head = stream.read(2)
        if len(head) < 2:
            facts.close = facts.close or 1006
            return
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
        payload = stream.read(size)
        opcode = head[0] & 0x0F
        if opcode == 8:
            facts.close = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
            return
        if opcode in (1, 2):
            facts.sent += 1
            observation.body = payload[:_BODY_KEPT].decode("utf-8", "replace")
            if facts.sent == 1:
                facts.first = observation.body


class UrlLane:
    """Executes batches over HTTP in a thread."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._work: queue.Queue[tuple[list[Call], float, bool] | None] = queue.Queue()
        self._done: queue.Queue[Partial] = queue.Queue()
        self._reader, self._writer = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="clerk-harness-url", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            calls, limit, together = work
            if together:
                with ThreadPoolExecutor(len(calls)) as pool:
                    answers = list(pool.map(self._alone, calls, [limit] * len(calls)))
            else:
                answers = [self._send(self._line, call, limit) for call in calls]
            self._done.put(Partial(answers))
            self._writer.send(b".")

    def _send(self, line: _Line, call: Call, limit: float) -> Observation:
        send = line.shake_hands if call.request.kind == "websocket" else line.exchange
        return send(call.request, limit)

    def _alone(self, call: Call, limit: float) -> Observation:
        line = self._line.another()
        try:
            return self._send(line, call, limit)
        finally:
            line.close()

    def submit(self, calls: list[Call], limit: float, *, together: bool = False) -> None:
        """Hand over a batch."""
        self._work.put((calls, limit, together))

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
    renewable: bool = False
    routes: list[Route] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    missing_variables: list[str] = field(default_factory=list)
    description: dict[str, str] = field(default_factory=dict)
    _lanes: list[UrlLane] = field(default_factory=list)

    def start(self) -> UrlTarget:
        """Connect and read the OpenAPI document.

        Raises UnsafeError for another machine, TargetError when nothing answers or no routes are found.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise TargetError(f"--url {self.url}: write http://127.0.0.1:8000")
        check_host(parts.hostname, self.allowed)
        context = None
        if parts.scheme == "https":
            context = ssl.create_default_context()
            if self.ca_file is not None:
                context.load_verify_locations(self.ca_file)
        port = parts.port or (443 if context else 80)
        self.description = {"kind": "url", "app": self.url, "probe": "none", "agents": str(self.lanes_wanted)}
        if self.openapi:
            self.routes = routes_of_document(
                self._document(_Line(parts.scheme, parts.hostname, port, context)), self.openapi
            )
            if not self.routes:
                raise TargetError(f"--url {self.url}: {self.openapi} lists no operations, so nothing could be proven")
        for _ in range(self.lanes_wanted):
            self._lanes.append(UrlLane(_Line(parts.scheme, parts.hostname, port, context)))
        return self

    def _document(self, line: _Line) -> dict[str, Any]:
        request = Request(
            "GET", self.openapi, headers=[("host", "-"), ("accept", "application/json"), ("connection", "close")]
        )
        try:
            connection = line.connect(10)
            with connection:
                connection.sendall(line.head(request))
                response = http.client.HTTPResponse(connection)
                response.begin()
                data = response.read()
        except OSError as error:
            raise TargetError(f"--url {self.url}: nothing answers there ({error})") from error
        if response.status != 200:
            raise TargetError(
                f"--url {self.url}: {self.openapi} answers {response.status}; name the document with --openapi PATH, "
                "or --openapi '' to test the declared routes only"
            )
        try:
            document: dict[str, Any] = json.loads(data)
        except ValueError as error:
            raise TargetError(f"--url {self.url}: {self.openapi} is not JSON: {error}") from error
        return document

    @property
    def lanes(self) -> list[Lane]:
        """Threads, each with a connection."""
        return list(self._lanes)

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
