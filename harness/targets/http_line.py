"""Raw HTTP/1.1 and websockets over a socket, because no client library sends what attackers send (RFC 9112, RFC 6455)."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import time
from collections.abc import Iterator
from io import BufferedReader

from harness.core.bounded import Bounded, TooLong, read_answer
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation, Request

_BODY_KEPT = 2048
_ANSWER_READ = 8 << 20
"""Bytes that are read of one answer; a longer one is left, and its connection closed."""
_STREAM_PATIENCE = 1.0
"""Seconds after which a body is left: one of a known length after its first part, another after the head."""
_LONG_HANDSHAKE = 16_384
_PATIENCE_FOR_LONG = 1.0
_WEBSOCKET_PATIENCE = 0.5
"""Seconds that a websocket may stay silent after the handshake before it counts as let in."""
_WEBSOCKET_WHOLE = 3.0
"""Seconds after the handshake when a websocket that goes on sending is left."""
_MESSAGES_READ = 64
"""Messages after which it is left."""


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
            lines.append(f"{name}: ".encode("latin-1") + value.encode("latin-1", "replace"))
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def exchange(self, request: Request, limit: float) -> Observation:
        """Send a request and return what came of it, within `limit` seconds for all of it."""
        started = time.perf_counter()
        observation = self._exchange(request, time.monotonic() + limit)
        observation.micros = int((time.perf_counter() - started) * 1e6)
        return observation

    def _exchange(self, request: Request, until: float) -> Observation:
        reused = self._socket is not None
        observation = Observation()
        try:
            if self._socket is None:
                self._socket = self.connect(max(0.01, until - time.monotonic()))
            answer = Bounded(self._socket, until, _ANSWER_READ)
            response = _ask(answer, self.head(request) + request.body, request.method)
            observation.status = response.status
            observation.headers = [(name.lower(), value) for name, value in response.getheaders()]
            whole = _read(response, observation, answer)
            if not whole or response.will_close:
                self.close()
        except TimeoutError:
            self.close()
            observation.hung = observation.status is None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if reused and observation.status is None:
                return self._exchange(request, until)  # The server had closed the idle connection.
            observation.error = f"{type(error).__name__}: {error}"
        return observation

    def shake_hands(self, request: Request, limit: float) -> Observation:
        """A websocket: handshake, the declared messages, then whether the server closes it (RFC 6455)."""
        started = time.perf_counter()
        facts = WebsocketFacts()
        observation = Observation(websocket=facts)
        connection = None
        try:
            head = self.head(request)
            # Servers leave a handshake of that size unanswered, whatever the app.
            patience = limit if len(head) < _LONG_HANDSHAKE else min(limit, _PATIENCE_FOR_LONG)
            until = time.monotonic() + patience
            connection = self.connect(patience)
            answer = Bounded(connection, until, _ANSWER_READ)
            response = _ask(answer, head, request.method)
            if response.status != 101:
                observation.status = response.status
                observation.headers = [(name.lower(), value) for name, value in response.getheaders()]
                _read(response, observation, answer)
                return observation
            facts.accepted = True
            answer.until = time.monotonic() + _WEBSOCKET_WHOLE
            for message in request.messages:
                answer.sendall(_frame(message.encode()))
            _listen(answer, facts, observation)
        except TimeoutError:
            facts.left = facts.accepted
            facts.waited = facts.accepted and not facts.sent
            observation.hung = not facts.accepted and observation.status is None
        except (OSError, http.client.HTTPException) as error:
            observation.error = f"{type(error).__name__}: {error}"
        finally:
            if connection is not None:
                connection.close()
            observation.micros = int((time.perf_counter() - started) * 1e6)
        return observation


def _read(response: http.client.HTTPResponse, observation: Observation, answer: Bounded) -> bool:
    """Read the body as far as it comes, and return whether its end came.

    It is left after a stream's first event, after some time, when enough is kept of a stream, or when more came than is read.
    """
    stream = response.length is None
    endless = (observation.header("content-type") or "").startswith("text/event-stream")
    last = answer.until
    if stream:
        answer.until = min(last, time.monotonic() + _STREAM_PATIENCE)
    data = b""
    whole = False
    try:
        while not whole:
            part = response.read1(1 << 16)
            if not part and response.length:
                raise http.client.IncompleteRead(data, response.length)
            if part and not data and not stream:
                answer.until = min(last, time.monotonic() + _STREAM_PATIENCE)
            data = data if len(data) > _BODY_KEPT else data + part
            whole = not part
            if part and (endless or (stream and len(data) > _BODY_KEPT)):
                break
    except TimeoutError:
        pass
    finally:
        observation.body = data[:_BODY_KEPT].decode("utf-8", "replace")
        observation.cut = not whole or len(data) > _BODY_KEPT
        response.close()
    return whole


def _ask(connection: Bounded, request: bytes, method: str) -> http.client.HTTPResponse:
    """Send a request and return the answer, its head read.

    A server may answer and close before it has read a long request (RFC 9112, section 9.6), so that sending fails: what it
    answered is read all the same. Raises OSError or HTTPException where there is no answer.
    """
    unsent: OSError | None = None
    try:
        connection.sendall(request)
    except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError) as error:
        unsent = error
    try:
        return read_answer(connection, method)
    except (OSError, http.client.HTTPException) as error:
        raise unsent or error from None


def _frame(payload: bytes) -> bytes:
    mask = os.urandom(4)
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    else:
        size = bytes([0xFE]) + length.to_bytes(2, "big") if length < 65_536 else b"\xff" + length.to_bytes(8, "big")
    return b"\x81" + size + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def _listen(answer: Bounded, facts: WebsocketFacts, observation: Observation) -> None:
    """Read frames until the server closes the websocket (RFC 6455, section 5.2).

    Raises TimeoutError where the client leaves: it is silent, or goes on sending. A message counts when its first part is there.
    """
    stream = answer.makefile()
    last = answer.until
    while facts.sent < _MESSAGES_READ:
        answer.until = min(last, time.monotonic() + _WEBSOCKET_PATIENCE)
        head = _exactly(stream, 2)
        if len(head) < 2:
            facts.close = facts.close or 1006
            return
        answer.until = last
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(_exactly(stream, 2 if size == 126 else 8), "big")
        opcode = head[0] & 0x0F
        if opcode in (1, 2):
            facts.sent += 1
        payload = b""
        try:
            for part in _parts(stream, size):
                payload = payload if len(payload) > _BODY_KEPT else payload + part
        finally:
            if opcode in (1, 2):
                observation.body = payload[:_BODY_KEPT].decode("utf-8", "replace")
                facts.first = observation.body if facts.sent == 1 else facts.first
        if opcode == 8:
            facts.close = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
            return
    raise TooLong(f"more than {_MESSAGES_READ} messages")


def _parts(stream: BufferedReader, size: int) -> Iterator[bytes]:
    """Yield so many bytes as they come, or fewer at the end of the connection."""
    while size > 0 and (part := stream.read1(min(size, 1 << 16))):
        size -= len(part)
        yield part


def _exactly(stream: BufferedReader, size: int) -> bytes:
    return b"".join(_parts(stream, size))
