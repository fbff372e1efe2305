"""An HTTP server in a thread. It answers http and https on the same port."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from harness.core.bounded import Bounded
from harness.fake_clerk.wire import Answer, ApiRequest

_TLS_HANDSHAKE = 0x16
"""First byte of a TLS record that carries a handshake (RFC 8446, section 5.1)."""
_IDLE_SECONDS = 60.0
"""Seconds until a request must be there, all of it, since the connection or the answer to the one before."""
_REQUEST_BYTES = 32 << 20


class Answers(Protocol):
    """What answers the requests to a server."""

    def answer(self, request: ApiRequest) -> Answer:
        """The status, a JSON document or a text, and further header fields if any."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], api: Answers, context: ssl.SSLContext | None, tunnels: Callable[[str], bool]
    ) -> None:
        self.api = api
        self.tunnels = tunnels
        self.context = context
        self.open_sockets: set[socket.socket] = set()
        self.closing = False
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: clients may break off at any time."""

    def keep(self, connection: socket.socket) -> None:
        """End this connection when the server closes. Raises ConnectionAbortedError where it does so already."""
        self.open_sockets.add(connection)
        if self.closing:  # After it was added: whoever closes either sees it or is seen.
            raise ConnectionAbortedError

    def close_connections(self) -> None:
        """End every connection, and those whose thread is only about to begin."""
        self.closing = True
        for connection in list(self.open_sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def setup(self) -> None:
        try:
            self._begin()
        except BaseException:
            self.server.open_sockets.discard(self.request)
            self.request.close()
            raise
        super().setup()
        self.rfile.close()
        self.bounded = Bounded(self.request, 0.0, 0)
        self.rfile = self.bounded.makefile()

    def _begin(self) -> None:
        """Wait for the first byte, and speak TLS where it is one of TLS. From the first moment on `close` ends the connection."""
        self.server.keep(self.request)
        self.request.settimeout(_IDLE_SECONDS)
        first = self.request.recv(1, socket.MSG_PEEK)
        if self.server.context is not None and first and first[0] == _TLS_HANDSHAKE:
            self.server.open_sockets.discard(self.request)
            self.request = self.server.context.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            )
            self.server.keep(self.request)
            self.request.do_handshake()

    def handle_one_request(self) -> None:
        """Wait for a request and answer it; one that is not there in time, or is too long, ends the connection."""
        self.bounded.until, self.bounded.left = time.monotonic() + _IDLE_SECONDS, _REQUEST_BYTES
        super().handle_one_request()

    def finish(self) -> None:
        self.server.open_sockets.discard(self.request)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the API counts the requests."""

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        length = self.headers.get("content-length") or "0"
        known = length.isascii() and length.isdigit()
        if not known or len(length) > 12 or int(length) > _REQUEST_BYTES:
            self.send_error(413 if known else 400)
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        self.request.settimeout(_IDLE_SECONDS)  # The answer has a time of its own.
        status, document, *more = self.server.api.answer(ApiRequest(self.command, path, query, self._fields(), body))
        text = isinstance(document, str)
        payload = document.encode() if text else json.dumps(document).encode()
        self.send_response(status)
        fields = {"Content-Type": "text/plain" if text else "application/json"} | (more[0] if more else {})
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def _fields(self) -> dict[str, str]:
        """The header fields by their names in lower case; one that is repeated is one list (RFC 9110, section 5.2)."""
        fields: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            fields[key] = f"{fields[key]}{'; ' if key == 'cookie' else ', '}{value}" if key in fields else value
        return fields

    def do_CONNECT(self) -> None:
        """Answer a client that uses the server as a proxy (RFC 9110, section 9.3.6): serve the host itself, or refuse it."""
        host = self.path.rpartition(":")[0].strip("[]").lower()
        if not self.server.tunnels(host):
            self.send_error(403, f"clerk-harness: nothing may leave this machine, not even to {host}")
            self.close_connection = True
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.server.open_sockets.discard(self.request)
        self.setup()
        self.close_connection = False

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PATCH = do_PUT = do_DELETE = _serve


class ServerThread:
    """A server that runs in a thread until `close`; `port` is the one that it is bound to.

    Raises OSError when the port is taken.
    """

    def __init__(
        self,
        api: Answers,
        context: ssl.SSLContext | None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tunnels: Callable[[str], bool] = lambda host: False,
    ) -> None:
        """Bind `port` of `host`, 0 for a free one, and serve.

        `context` is the TLS context, None for http only. `tunnels` tells for a host name whether the server answers for it
        when a client uses it as a proxy.
        """
        self._server = _Server((host, port), api, context, tunnels)
        self.host = host
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="fake-clerk", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and end the connections."""
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join(timeout=5)
