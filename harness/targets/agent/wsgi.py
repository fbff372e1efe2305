"""Raw WSGI calls (PEP 3333)."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from .exchange import BODY_KEPT, STREAM_PATIENCE, Answer
from .protocol import Item

# An environ holds whatever PEP 3333 and servers put there.
Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def _environ(item: Item) -> Environ:
    """The request as PEP 3333 hands it to an app."""
    environ: Environ = {
        "REQUEST_METHOD": item.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(item.path.partition("#")[0].encode("latin-1", "replace")).decode("latin-1"),
        "RAW_URI": item.path,
        "REQUEST_URI": item.path,
        "QUERY_STRING": item.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(item.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(item.body)),
    }
    for name, value in item.headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key
        # Servers join fields of one name with a comma (PEP 3333, environ variables; RFC 9110 section 5.3).
        joiner = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = environ[key] + joiner + value if key in environ and key.startswith("HTTP_") else value
    return environ


def _read(parts: Iterable[bytes], written: list[bytes], answer: Answer) -> None:
    """Append the body's parts to `written`, until its end or until a stream is left; `answer.cut` becomes False at the end."""
    total = 0
    began = time.monotonic()
    length = answer.header("content-length")
    for part in parts:
        written.append(part)
        total += len(part)
        if part:
            answer.note_part()
            answer.body = b"".join(written)[:BODY_KEPT]
        whole = length.isdigit() and total == int(length)
        late = time.monotonic() - (answer.began or began if length else began) > STREAM_PATIENCE
        events = bool(part) and answer.header("content-type").startswith("text/event-stream")
        if not whole and (total >= BODY_KEPT or late or events):
            return
    answer.cut = False


def call(app: App, item: Item, answer: Answer) -> None:
    """Execute one HTTP request; fills `answer` with status, headers and body as far as they came."""
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        answer.status = int(status.split(" ", 1)[0])
        answer.headers = [(str(name), str(value)) for name, value in headers]
        return written.append

    parts = app(_environ(item), start_response)
    answer.cut = True  # Until its end has come.
    try:
        _read(parts, written, answer)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
        body = b"".join(written)
        answer.cut = answer.cut or len(body) > BODY_KEPT
        answer.body = body[:BODY_KEPT]
