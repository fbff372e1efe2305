"""Raw HTTP/1.1 and websockets over a socket, because no client library sends what attackers send (RFC 9112, RFC 6455)."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import time
from typing import IO

from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation, Request

_BODY_KEPT = 2048
_STREAM_PATIENCE = 1.0
"""Seconds that a body of unknown length may take before it is left."""
_LONG_HANDSHAKE = 16_384
_PATIENCE_FOR_LONG = 1.0
_WEBSOCKET_PATIENCE = 0.5
"""Seconds that a websocket may stay silent after the handshake before it counts as let in."""


class Line:
    """One connection to the target, made anew where the server closes it."""

    def __init__(self, scheme: str, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self.scheme, self.host, self.port, self.context = scheme, host, port, context
        self._socket: socket.socket | None = None

    def connect(self, limit: float) -> socket.socket:
        raw = socket.create_connection((self.host, self.port), timeout=limit)
        return self.context.wrap_socket(raw, server_hostname=self.host) if self.context else raw

    def another(self) -> Line:
        """A further connection to the same place."""
        return Line(self.scheme, self.host, self.port, self.context)

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
