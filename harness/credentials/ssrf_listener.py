"""A listener of the harness. Some tokens name an address: whoever fetches from it can be sent anywhere (SSRF, CWE-918)."""

from __future__ import annotations

import secrets
import ssl
import threading
from typing import Any

from harness.fake_clerk.server import ServerThread
from harness.fake_clerk.wire import ApiRequest


class SsrfListener:
    """Serves the attacker's keys on 127.0.0.1 and remembers who came. Starts when the first lure is laid.

    With a TLS `context` the addresses are https, as targets are more ready to follow them.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._server: ServerThread | None = None
        self._lock = threading.Lock()
        self._documents: dict[str, Any] = {}
        self._asked: set[str] = set()

    def canary_url(self) -> CanaryUrl:
        """A new address that nobody has been told of."""
        with self._lock:
            if self._server is None:
                self._server = ServerThread(self, self._context)
        scheme = "https" if self._context is not None else "http"
        mark = secrets.token_hex(8)
        return CanaryUrl(self, mark, f"{scheme}://127.0.0.1:{self._server.port}/{mark}")

    def answer(self, request: ApiRequest) -> tuple[int, Any]:
        """What the server answers: the documents, and a note of the visit."""
        with self._lock:
            self._asked.add(request.path.split("/")[1])
            document = self._documents.get(request.path)
        return (200, document) if document is not None else (404, {})

    def put(self, path: str, document: Any) -> None:
        """Serve a document at a path."""
        with self._lock:
            self._documents[path] = document

    def fetched(self, mark: str) -> bool:
        """Whether anybody asked for anything below that lure."""
        with self._lock:
            return mark in self._asked

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None


class CanaryUrl:
    """One address of the trap, used by one token."""

    def __init__(self, ssrf_listener: SsrfListener, mark: str, url: str) -> None:
        self._trap = ssrf_listener
        self.mark = mark
        self.url = url

    def serve(self, name: str, document: Any) -> str:
        """Serve a document (JSON, or text as it is) below the address; returns its URL."""
        self._trap.put(f"/{self.mark}/{name}", document)
        return f"{self.url}/{name}"
