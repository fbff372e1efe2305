"""A proxy between an app and Postgres that notes each statement that is executed.

It reads Postgres' protocol, version 3 (PostgreSQL documentation, "Message Formats"). Encryption is declined, so that
statements can be read; a URL that insists on encryption cannot be used.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg

from harness.core.errors import DatabaseError
from harness.database.server import joined
from harness.database.statements import is_work, statements_of

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
_START_UP_BYTES = 10_000
"""How long a start-up message may be (MAX_STARTUP_PACKET_LENGTH of PostgreSQL's libpq/pqcomm.h)."""
_ENCRYPTED = ("require", "verify-ca", "verify-full")


@dataclass(frozen=True)
class Statement:
    """A statement with the types of its parameters, as far as the client said them (OIDs; 0 where it did not)."""

    text: str
    types: tuple[int, ...] = ()


@dataclass
class _Client:
    """One connection's prepared statements and portals, by name."""

    proxy: StatementProxy
    buffer: bytes = b""
    prepared: dict[bytes, Statement] = field(default_factory=dict)
    portals: dict[bytes, Statement] = field(default_factory=dict)

    def feed(self, data: bytes) -> None:
        """Take bytes that the client sent after the start-up message, and note the statements in them."""
        self.buffer += data
        while len(self.buffer) >= 5:
            end = 1 + int(struct.unpack_from(">I", self.buffer, 1)[0])
            if len(self.buffer) < end:
                return
            self._message(self.buffer[:1], self.buffer[5:end])
            self.buffer = self.buffer[end:]

    def _message(self, kind: bytes, body: bytes) -> None:
        if kind == b"Q":
            for each in statements_of(_text(body.rstrip(b"\0"))):
                self.proxy.note(Statement(each))
        elif kind == b"P":
            name, text, rest = body.split(b"\0", 2)
            (count,) = struct.unpack_from(">H", rest)
            self.prepared[name] = Statement(_text(text), struct.unpack_from(f">{count}I", rest, 2))
        elif kind == b"B":
            portal, name, _ = body.split(b"\0", 2)
            if name in self.prepared:
                self.portals[portal] = self.prepared[name]
        elif kind == b"E":
            # Once: a portal that is executed again goes on where it was.
            statement = self.portals.pop(body.split(b"\0", 1)[0], None)
            if statement is not None:
                self.proxy.note(statement)


_Relay = Callable[[socket.socket, socket.socket], None]
"""Passes on what comes from one socket to another, until it ends."""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


class StatementProxy:
    """A proxy to the server of a URL. `url` is the database's URL through the proxy."""

    def __init__(self, url: str) -> None:
        """Listen on a free port of this machine. Raises DatabaseError when the URL insists on encryption."""
        parts = urlsplit(url)
        given = {key: value for key, value in psycopg.conninfo.conninfo_to_dict(url).items() if value is not None}
        if given.get("sslmode") in _ENCRYPTED:
            raise DatabaseError(f"--postgres: statements cannot be counted with sslmode={given['sslmode']}")
        host, port = (
            str(given.get("host") or "localhost").split(",")[0],
            int(str(given.get("port") or 5432).split(",")[0]),
        )
        self._upstream: str | tuple[str, int] = (
            str(Path(host) / f".s.PGSQL.{port}") if host.startswith("/") else (host, port)
        )
        self._listener = socket.create_server(("127.0.0.1", 0))
        login = parts.netloc.rpartition("@")[0]
        query = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key not in ("host", "port")])
        address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = joined(parts._replace(netloc=f"{login}@{address}" if login else address, query=query))
        self._noted: list[Statement] = []
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._open = True
        threading.Thread(target=self._accept, name="clerk-harness-statement-proxy", daemon=True).start()

    def note(self, statement: Statement) -> None:
        """Keep a statement, unless it only keeps the connection in order."""
        if is_work(statement.text):
            with self._lock:
                self._noted.append(statement)

    def take(self) -> list[Statement]:
        """The statements since the last call, in their order, without those that only keep a connection in order."""
        with self._lock:
            noted, self._noted = self._noted, []
        return noted

    def close(self) -> None:
        """Close the listener and all connections."""
        self._open = False
        for one in [self._listener, *self._sockets.copy()]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = self._connect()
            except OSError:
                client.close()  # As if the server did not answer.
                continue
            for one in (client, server):
                if one.family != socket.AF_UNIX:
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets |= {client, server}
            if not self._open:  # `close` has not seen these.
                self.close()
                return
            for source, sink, work in ((client, server, self._forth), (server, client, self._back)):
                threading.Thread(target=self._relay, args=(work, source, sink), daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._upstream, tuple):
            server = socket.create_connection(self._upstream, 10)
            server.settimeout(None)
            return server
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._upstream)
        except OSError:
            server.close()
            raise
        return server

    def _relay(self, work: _Relay, source: socket.socket, sink: socket.socket) -> None:
        try:
            work(source, sink)
        except (OSError, EOFError, struct.error, ValueError):
            pass
        finally:
            for one in (source, sink):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
                self._sockets.discard(one)

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        if not self._start(client, server):
            return
        messages = _Client(self)
        while data := client.recv(1 << 16):
            messages.feed(data)  # Before it is passed on: whoever has the answer must find the statement noted.
            server.sendall(data)

    @staticmethod
    def _start(client: socket.socket, server: socket.socket) -> bool:
        """Pass on the first message, which has no type, and decline encryption. Returns whether other messages follow."""
        while True:
            head = _exactly(client, 8)
            length, code = struct.unpack(">II", head)
            if code in (_SSL, _GSS):
                client.sendall(b"N")
                continue
            if not 8 <= length <= _START_UP_BYTES:
                raise EOFError  # As Postgres itself ends it.
            server.sendall(head + _exactly(client, length - 8))
            return bool(code != _CANCEL)

    @staticmethod
    def _back(server: socket.socket, client: socket.socket) -> None:
        while data := server.recv(1 << 16):
            client.sendall(data)


def _exactly(source: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = source.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data
