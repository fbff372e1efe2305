"""The yardstick: the platform's app called as raw ASGI in a plain loop, with nothing judged, recorded or watched.

Run by `speed.py` in the target's Python and environment; the argument is a JSON file of requests.
"""

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

ASGI = {"version": "3.0", "spec_version": "2.3"}


Pairs = list[tuple[bytes, bytes]]
Item = tuple[str, str, str, str, Pairs, bytes, list[str]]
"""Kind, method, path, query, headers, body and messages of a request."""


async def call(
    app: Any, kind: str, method: str, path: str, query: str, headers: Pairs, body: bytes, messages: list[str]
) -> None:
    scope = {
        "type": kind,
        "asgi": ASGI,
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 8000),
        "subprotocols": [],
    }
    gone = asyncio.Event()
    incoming: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
    if kind == "websocket":
        incoming = [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": m} for m in messages),
        ]

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        if kind == "http":
            await gone.wait()
            return {"type": "http.disconnect"}
        return {"type": "websocket.disconnect", "code": 1001}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            gone.set()

    with contextlib.suppress(Exception):
        await app(scope, receive, send)


async def main(requests: list[Item]) -> float:
    """Call the app with each request; returns the seconds that it took."""
    from app.main import app

    started = time.perf_counter()
    for kind, method, path, query, headers, body, messages in requests:
        await call(app, kind, method, path, query, headers, body, messages)
    return time.perf_counter() - started


def prepared(item: list[Any]) -> Item:
    """A request as ASGI wants it, from its line of the file."""
    kind, method, path, query, headers, body, messages = item
    return (
        kind,
        method,
        path,
        query,
        [(n.encode(), v.encode("latin-1")) for n, v in headers],
        body.encode("latin-1"),
        messages,
    )


if __name__ == "__main__":
    sys.path.insert(0, "")
    items = [prepared(item) for item in json.loads(Path(sys.argv[1]).read_text())]
    print(json.dumps({"requests": len(items), "seconds": asyncio.run(main(items))}))
