"""Raw WSGI calls (PEP 3333)."""

from __future__ import annotations

import io
import sys
import time
from typing import Any
from urllib.parse import unquote_to_bytes

from .asgi import BODY_KEPT, STREAM_PATIENCE, body_of


def _field(answer: Any, name: Any) -> Any:
    return next((value for key, value in answer.get("headers", ()) if key.lower() == name), "")


def endless(answer: Any) -> Any:
    """Whether the response is a stream of events, which ends when the client leaves."""
    return _field(answer, "content-type").startswith("text/event-stream")


def call(app: Any, item: Any, answer: Any) -> None:
    """One HTTP request; fills `answer` with status, headers, body as far as they came."""
    _, method, path, query, headers, _ = item[:6]
    body = body_of(item)
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1", "replace")).decode("latin-1"),
        "RAW_URI": path,
        "REQUEST_URI": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key
        # Servers join fields of one name with a comma (PEP 3333, environ variables; RFC 9110 section 5.3).
        joiner = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = environ[key] + joiner + value if key in environ and key.startswith("HTTP_") else value
    written: list[bytes] = []

    def start_response(status: Any, response_headers: Any, exc_info: Any = None) -> Any:
        answer["status"] = int(status.split(" ", 1)[0])
        answer["headers"] = [(str(n), str(v)) for n, v in response_headers]
        return written.append

    parts = app(environ, start_response)
    answer["cut"] = True  # Until its end has come.
    try:
        total = 0
        began = time.monotonic()
        for part in parts:
            written.append(part)
            total += len(part)
            length = _field(answer, "content-length")
            whole = length.isdigit() and total == int(length)
            late = not length and time.monotonic() - began > STREAM_PATIENCE
            if not whole and (total >= BODY_KEPT or late or (part and endless(answer))):
                break
        else:
            answer["cut"] = False
    finally:
        if hasattr(parts, "close"):
            parts.close()
        body = b"".join(written)
        answer["cut"] = answer["cut"] or len(body) > BODY_KEPT
        answer["body"] = body[:BODY_KEPT]
