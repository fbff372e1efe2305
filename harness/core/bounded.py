"""Connections whose waits have an end as a whole.

A timeout of a socket holds for each call of `recv`, so that a peer which sends a byte now and then is waited for without end.
Here one moment in time holds for everything that is read and sent until then, and so many bytes for everything that is read.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_INTERIM_ANSWERS = 16
"""Interim answers (1xx, RFC 9110, section 15.2) that are skipped before the final one; more are no HTTP."""


class TooLong(TimeoutError):
    """More bytes came than are to be read."""


class Bounded(io.RawIOBase):
    """What is left to read of a connection until a moment of `time.monotonic`, and up to a number of bytes.

    It stands for the connection where http.client wants a socket. Reading raises TimeoutError when the moment has come, TooLong
    after so many bytes; sending raises TimeoutError. The connection stays the caller's, who closes it.
    """

    def __init__(self, connection: socket.socket, until: float, limit: int) -> None:
        super().__init__()
        self.connection = connection
        self.until = until
        self.left = limit
        self._reader: io.BufferedReader | None = None

    def _arm(self) -> None:
        """Let the next call of the socket wait for the rest of the time."""
        rest = self.until - time.monotonic()
        if rest <= 0:
            raise TimeoutError("not all of it came in time")
        self.connection.settimeout(rest)

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what has come, as soon as there is something."""
        if self.left <= 0:
            raise TooLong("more came than is read of it")
        self._arm()
        count = self.connection.recv_into(memoryview(buffer)[: self.left])
        self.left -= count
        return count

    def sendall(self, data: bytes) -> None:
        """Send all of it. A socket's own method would begin its time anew with each part, where TLS is spoken."""
        view = memoryview(data)
        while view:
            self._arm()
            view = view[self.connection.send(view) :]

    def makefile(self, mode: str = "rb", *more: Any, **named: Any) -> io.BufferedReader:
        """Return the one buffered reader of the connection, as http.client asks for it."""
        if self._reader is None:
            self._reader = io.BufferedReader(self)
        return self._reader


def read_answer(connection: Bounded, method: str) -> http.client.HTTPResponse:
    """Return the final answer to a request of that method, its head read; interim answers are skipped.

    Raises OSError (TimeoutError among them), or HTTPException for what is no HTTP.
    """
    for _ in range(_INTERIM_ANSWERS + 1):
        # http.client skips 100 only, and takes the others for final ones.
        response = http.client.HTTPResponse(connection, method=method)  # type: ignore[arg-type]
        response.begin()
        if not 100 <= response.status < 200 or response.status == 101:
            return response
        response.fp = None  # type: ignore[assignment]  # It would close the reader, from which the next one is read.
    raise http.client.HTTPException(f"more than {_INTERIM_ANSWERS} interim answers")


def answer_to(
    connection: socket.socket, head_and_body: bytes, *, method: str = "GET", seconds: float, limit: int
) -> tuple[int, bytes]:
    """Send a whole request and return the status and the whole body of its answer. The connection is to be closed then.

    Raises OSError: TimeoutError after `seconds` for all of it, TooLong for an answer of more than `limit` bytes; HTTPException
    for what is no HTTP.
    """
    bounded = Bounded(connection, time.monotonic() + seconds, limit)
    bounded.sendall(head_and_body)
    response = read_answer(bounded, method)
    return response.status, response.read()


def get(url: str, *, seconds: float, limit: int = 1 << 20) -> tuple[int, bytes]:
    """Return the status and the body of what an http URL answers. Raises as `answer_to` does."""
    with _asked("GET", url, b"", {}, seconds, limit) as response:
        return response.status, response.read()


def post(url: str, body: bytes, headers: dict[str, str], *, seconds: float) -> int:
    """Send a body to an http or https URL and return the status of the answer, which is not read. Raises as `answer_to` does."""
    with _asked("POST", url, body, headers, seconds, 1 << 20) as response:
        return response.status


@contextlib.contextmanager
def _asked(
    method: str, url: str, body: bytes, headers: dict[str, str], seconds: float, limit: int
) -> Iterator[http.client.HTTPResponse]:
    until = time.monotonic() + seconds
    parts = urlsplit(url)
    assert parts.hostname is not None
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=seconds)
    connection.connect()
    with connection.sock as raw:
        connection.sock = bounded = Bounded(raw, until, limit)
        connection.request(method, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        yield read_answer(bounded, method)
