"""Raw ASGI calls: one HTTP request or one websocket handshake at a time, and the lifespan around them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from .exchange import BODY_KEPT, QUIET, SILENCE, STREAM_PATIENCE, Answer
from .protocol import Headers, Item, WebsocketFacts

# Scopes and messages hold whatever the ASGI specification and its extensions put there.
Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_CLIENT = ("127.0.0.1", 50123)
_SERVER = ("localhost", 8000)


class StartupFailed(Exception):
    """The app refused to start; the message is its own."""


class Lifespan:
    """The app's lifespan in a task of its own; `state` is what it yields to requests."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._started = asyncio.Event()
        self._stopped = asyncio.Event()
        self._failure: str | None = None
        self._task: asyncio.Task[None] | None = None

    async def _receive(self) -> Message:
        return await self._events.get()

    async def _send(self, message: Message) -> None:
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
            # and broke has reported it through startup.failed.
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
            raise StartupFailed((str(self._failure).strip().splitlines() or ["no reason given"])[-1])

    async def stop(self) -> None:
        """Run the shutdown, for five seconds at most."""
        if self._task is None or self._task.done():
            return
        await self._events.put({"type": "lifespan.shutdown"})
        try:
            await asyncio.wait_for(asyncio.shield(self._stopped.wait()), 5)
        except asyncio.TimeoutError:
            self._task.cancel()


def _scope(item: Item, kind: str, state: dict[str, Any]) -> Scope:
    raw = item.path.encode("latin-1", "replace")
    return {
        "type": kind,
        "asgi": _ASGI,
        "http_version": "1.1",
        "method": item.method,
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": item.query.encode("latin-1", "replace"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in item.headers],
        "client": _CLIENT,
        "server": _SERVER,
        "state": dict(state),
        "extensions": {},
    }


def _text_headers(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in fields]


_MESSAGES_AT_ONCE = 16
"""Messages of one answer after which each lets the event loop go on: an app that sends for ever may never do so by itself."""
_MESSAGES_READ = 64
"""Messages of a websocket that has asked for all that it is sent, after which it is left."""


class _Exchange:
    """What both kinds of exchange have: a client that leaves, and an app that is cut off when it takes no notice."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.messages = 0
        self.timer: asyncio.TimerHandle | None = None
        self.loop = asyncio.get_running_loop()
        self.task = asyncio.current_task()

    async def let_others(self) -> None:
        """Let the event loop go on now and then. Raises CancelledError in an app that was cut off and goes on."""
        self.messages += 1
        if self.messages > _MESSAGES_AT_ONCE:
            await asyncio.sleep(0)
        if self.answer.left:
            raise asyncio.CancelledError

    def begin_timer(self, seconds: float, then: Callable[[], None]) -> None:
        self.stop_timer()
        self.timer = self.loop.call_later(seconds, then)

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def cut_off(self) -> None:
        self.stop_timer()
        self.answer.left = True
        if self.task is not None:
            self.task.cancel()


class _HttpExchange(_Exchange):
    """One HTTP request as an ASGI server would run it. What never ends is left after its first part."""

    def __init__(self, item: Item, answer: Answer) -> None:
        super().__init__(answer)
        self.body = item.body
        self.gone = asyncio.Event()
        self.sent = False
        self.kept = 0
        self.chunks: list[bytes] = []

    async def receive(self) -> Message:
        if not self.sent:
            self.sent = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        kind = message["type"]
        answer = self.answer
        await self.let_others()
        if kind == "http.response.start":
            answer.status = message["status"]
            answer.cut = True  # Until its end has come.
            answer.headers = _text_headers(message.get("headers", ()))
            if not answer.header("content-length"):
                self.begin_timer(STREAM_PATIENCE, self.leave)
        elif kind == "http.response.body":
            self._take(message.get("body", b""), more=bool(message.get("more_body")))

    def _take(self, part: bytes, *, more: bool) -> None:
        answer = self.answer
        if part and self.kept < BODY_KEPT:
            self.chunks.append(bytes(part))
            answer.body = b"".join(self.chunks)[:BODY_KEPT]
        self.kept += len(part)
        if part:
            answer.note_part()
        if not more:
            # What ends when the client has left might have gone on.
            answer.cut = self.gone.is_set() or self.kept > BODY_KEPT
            self.gone.set()
            self.stop_timer()
        elif part and not self.gone.is_set():
            if self.timer is None:
                self.begin_timer(STREAM_PATIENCE, self.leave)
            elif self._is_enough():
                self.leave()

    def _is_enough(self) -> bool:
        """Whether a stream may be left after the part that came: it is one of events, or enough is kept."""
        if self.answer.header("content-length"):
            return False
        return self.answer.header("content-type").startswith("text/event-stream") or self.kept >= BODY_KEPT

    def leave(self) -> None:
        """The client goes away; an app that takes no notice is cut off."""
        self.gone.set()
        self.begin_timer(STREAM_PATIENCE, self.cut_off)


async def http(app: App, item: Item, state: dict[str, Any], answer: Answer) -> None:
    """Execute one HTTP request; fills `answer` with status, headers and body as far as they came."""
    exchange = _HttpExchange(item, answer)
    try:
        await app(_scope(item, "http", state), exchange.receive, exchange.send)
    finally:
        exchange.stop_timer()


class _WebsocketExchange(_Exchange):
    """One websocket: connect, the item's messages once it is accepted, then the client leaves.

    It leaves as well when all messages were asked for and the app goes on sending, or is silent for long.
    """

    def __init__(self, item: Item, answer: Answer) -> None:
        super().__init__(answer)
        self.facts = answer.websocket = WebsocketFacts()
        self.pending: list[Message] = [{"type": "websocket.connect"}]
        self.pending += [{"type": "websocket.receive", "text": text} for text in item.messages or []]
        self.said = asyncio.Event()
        self.unanswered = False

    async def receive(self) -> Message:
        facts = self.facts
        self.stop_timer()
        # One that reads in a task of its own asks for more while its handler is at work, and ends it when the client has left (Quart).
        apart = asyncio.current_task() is not self.task
        if self.pending and self.pending[0]["type"] == "websocket.connect":
            return self.pending.pop(0)
        if apart and not facts.accepted:
            await self._hears(SILENCE)
        if self.pending and facts.accepted:
            self.unanswered = True
            return self.pending.pop(0)
        if apart and facts.accepted:
            patience = STREAM_PATIENCE if self.unanswered else QUIET
            while facts.close is None and await self._hears(patience):
                patience = QUIET
        facts.left = facts.left or facts.close is None
        if facts.accepted and not facts.sent and facts.close is None:
            facts.waited = True
        return {"type": "websocket.disconnect", "code": 1001}

    async def _hears(self, seconds: float) -> bool:
        """Wait for what the app says next; returns whether it came in time."""
        self.said.clear()
        try:
            await asyncio.wait_for(self.said.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """The client goes away from an app that does not ask whether it is still there."""
        self.facts.left = True
        self.cut_off()

    async def send(self, message: Message) -> None:
        await self.let_others()
        kind = message["type"]
        facts, answer = self.facts, self.answer
        if kind == "websocket.accept":
            facts.accepted = True
            self.said.set()
            if not self.pending:
                self.begin_timer(SILENCE, self.leave)
        elif kind == "websocket.close":
            self.stop_timer()
            if facts.close is None:
                facts.close = message.get("code", 1000)
            self.said.set()
        elif kind == "websocket.send":
            self._count(message)
        elif kind == "websocket.http.response.start":
            answer.status = message["status"]
            answer.headers = _text_headers(message.get("headers", ()))
            self.said.set()
        elif kind == "websocket.http.response.body":
            answer.body = bytes(message.get("body", b""))[:BODY_KEPT]

    def _count(self, message: Message) -> None:
        facts = self.facts
        facts.sent += 1
        self.unanswered = False
        self.said.set()
        if not self.pending and facts.close is None and not facts.left:
            if facts.sent >= _MESSAGES_READ:
                self.leave()
            elif self.answer.began is None or self.timer is None:
                self.begin_timer(STREAM_PATIENCE, self.leave)
        self.answer.note_part()
        if facts.sent == 1:
            text = message.get("text")
            first = bytes(message.get("bytes") or b"").decode("utf-8", "replace") if text is None else text
            facts.first = first[:BODY_KEPT]
        self.answer.body = (message.get("text") or "").encode("utf-8", "replace")[:BODY_KEPT]


async def websocket(app: App, item: Item, state: dict[str, Any], answer: Answer) -> None:
    """Run one websocket until the app returns; fills `answer`."""
    scope = _scope(item, "websocket", state)
    protocols = [value for name, value in item.headers if name.lower() == "sec-websocket-protocol"]
    scope["subprotocols"] = [part.strip() for value in protocols for part in value.split(",")]
    scope["extensions"] = {"websocket.http.response": {}}
    exchange = _WebsocketExchange(item, answer)
    try:
        await app(scope, exchange.receive, exchange.send)
    finally:
        exchange.stop_timer()
