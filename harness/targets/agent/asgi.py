"""Raw ASGI calls: one HTTP request or one websocket handshake at a time, and the lifespan around them."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from urllib.parse import unquote_to_bytes

BODY_KEPT = 2048
"""Bytes of a response's body that are kept as evidence."""
STREAM_PATIENCE = 1.0
"""Seconds that a response without a length may stay open before the client leaves, and again before it is cut off."""
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_CLIENT = ("127.0.0.1", 50123)
_SERVER = ("localhost", 8000)


class StartupFailed(Exception):
    """The app refused to start; the message is its own."""


class Lifespan:
    """The app's lifespan in a task of its own; `state` is what it yields to requests."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        self._events: asyncio.Queue[Any] = asyncio.Queue()
        self._started = asyncio.Event()
        self._stopped = asyncio.Event()
        self._failure: str | None = None
        self._task: asyncio.Task[None] | None = None

    async def _receive(self) -> Any:
        return await self._events.get()

    async def _send(self, message: Any) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.failed":
            self._failure = message.get("message") or "the app's startup failed"
        if kind.startswith("lifespan.startup"):
            self._started.set()
        else:
            self._stopped.set()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": _ASGI, "state": self.state}
        try:
            await self.app(scope, self._receive, self._send)
        except Exception as error:
            # An app without lifespan support raises at once (ASGI specification, lifespan protocol); one that began
            # and broke has said so through startup.failed.
            if self._failure is not None:
                lines = [line for line in str(self._failure).strip().splitlines() if line.strip()]
                self._failure = lines[-1] if lines else "%s: %s" % (type(error).__name__, error)
        finally:
            self._started.set()
            self._stopped.set()

    async def start(self) -> None:
        """Run the startup. Raises StartupFailed with the app's own words."""
        self._task = asyncio.ensure_future(self._run())
        await self._events.put({"type": "lifespan.startup"})
        await self._started.wait()
        if self._failure is not None:
            raise StartupFailed(str(self._failure).strip().splitlines()[-1])

    async def stop(self) -> None:
        """Run the shutdown, for five seconds at most."""
        if self._task is None or self._task.done():
            return
        await self._events.put({"type": "lifespan.shutdown"})
        try:
            await asyncio.wait_for(asyncio.shield(self._stopped.wait()), 5)
        except asyncio.TimeoutError:
            self._task.cancel()


def body_of(item: Any) -> Any:
    """The request's body as bytes; the wire carries base64."""
    return base64.b64decode(item[5]) if item[5] else b""


def raw_headers(item: Any) -> Any:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in item[4]]


def _scope(item: Any, kind: Any, state: Any) -> Any:
    _, method, path, query, _, _ = item[:6]
    raw = path.encode("latin-1", "replace")
    return {
        "type": kind,
        "asgi": _ASGI,
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": query.encode("latin-1", "replace"),
        "root_path": "",
        "headers": raw_headers(item),
        "client": _CLIENT,
        "server": _SERVER,
        "state": dict(state),
        "extensions": {},
    }


class Exchange:
    """One HTTP request as an ASGI server would run it. Streams without an end are left after their first part."""

    def __init__(self, item: Any, answer: Any) -> None:
        self.body = body_of(item)
        self.answer = answer
        self.gone = asyncio.Event()
        self.sent = False
        self.kept = 0
        self.chunks: list[bytes] = []
        self.timer: asyncio.TimerHandle | None = None
        self.loop = asyncio.get_running_loop()
        self.task: Any = asyncio.current_task()

    async def receive(self) -> Any:
        if not self.sent:
            self.sent = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            answer = self.answer
            answer["status"] = message["status"]
            answer["cut"] = True  # Until its end has come.
            headers = answer["headers"] = [
                (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                for name, value in message.get("headers", ())
            ]
            if not any(name.lower() == "content-length" for name, _ in headers):
                self.timer = self.loop.call_later(STREAM_PATIENCE, self.leave)
        elif kind == "http.response.body":
            part = message.get("body", b"")
            if part and self.kept < BODY_KEPT:
                self.chunks.append(bytes(part))
                self.answer["body"] = b"".join(self.chunks)[:BODY_KEPT]
            self.kept += len(part)
            if not message.get("more_body"):
                # What ends when the client has left might have gone on.
                self.answer["cut"] = self.gone.is_set() or self.kept > BODY_KEPT
                self.gone.set()
                self.stop_timer()
            elif part and self.timer is not None and not self.gone.is_set():
                content_type = next((v for n, v in self.answer["headers"] if n.lower() == "content-type"), "")
                if content_type.startswith("text/event-stream") or self.kept >= BODY_KEPT:
                    self.leave()

    def leave(self) -> None:
        """The client goes away; an app that takes no notice is cut off."""
        self.stop_timer()
        self.gone.set()
        self.timer = self.loop.call_later(STREAM_PATIENCE, self.cut_off)

    def cut_off(self) -> None:
        self.answer["left"] = True
        self.task.cancel()

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


async def http(app: Any, item: Any, state: Any, answer: Any) -> None:
    """One HTTP request; fills `answer` with status, headers, body as far as they came."""
    exchange = Exchange(item, answer)
    try:
        await app(_scope(item, "http", state), exchange.receive, exchange.send)
    finally:
        exchange.stop_timer()


async def websocket(app: Any, item: Any, state: Any, answer: Any) -> None:
    """One websocket: connect, the declared messages, then the client leaves. Fills `answer`."""
    scope = _scope(item, "websocket", state)
    scope["subprotocols"] = [
        part.strip() for name, value in item[4] if name.lower() == "sec-websocket-protocol" for part in value.split(",")
    ]
    scope["extensions"] = {"websocket.http.response": {}}
    pending = [{"type": "websocket.connect"}]
    pending += [{"type": "websocket.receive", "text": text} for text in item[7] or []]
    facts: dict[str, Any] = {"accepted": False, "close": None, "sent": 0, "left": False, "waited": False, "first": ""}
    answer["websocket"] = facts

    async def receive() -> Any:
        if pending and (pending[0]["type"] == "websocket.connect" or facts["accepted"]):
            return pending.pop(0)
        facts["left"] = True
        if facts["accepted"] and not facts["sent"] and facts["close"] is None:
            facts["waited"] = True
        return {"type": "websocket.disconnect", "code": 1001}

    async def send(message: Any) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            facts["accepted"] = True
        elif kind == "websocket.close":
            if facts["close"] is None:
                facts["close"] = message.get("code", 1000)
        elif kind == "websocket.send":
            facts["sent"] += 1
            if facts["sent"] == 1:
                text = message.get("text")
                facts["first"] = (
                    bytes(message.get("bytes") or b"").decode("utf-8", "replace") if text is None else text
                )[:BODY_KEPT]
            answer["body"] = (message.get("text") or "").encode("utf-8", "replace")[:BODY_KEPT]
        elif kind == "websocket.http.response.start":
            answer["status"] = message["status"]
            answer["headers"] = [
                (bytes(n).decode("latin-1"), bytes(v).decode("latin-1")) for n, v in message.get("headers", ())
            ]
        elif kind == "websocket.http.response.body":
            answer["body"] = bytes(message.get("body", b""))[:BODY_KEPT]

    await app(scope, receive, send)
