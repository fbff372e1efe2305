"""Streams and websockets of apps end, and what was seen of them is recorded."""

from __future__ import annotations

import functools

import pytest

from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Call, Request
from tests.targets.conftest import Start
from tests.targets.kit import ask_lane, get

STREAMS = """
import asyncio
from fastapi import FastAPI, WebSocket, WebSocketException
from fastapi.responses import StreamingResponse

app = FastAPI()

@app.get("/events")
async def events():
    async def forever():
        while True:
            yield "data: tick\\n\\n"
            await asyncio.sleep(3600)
    return StreamingResponse(forever(), media_type="text/event-stream")

@app.get("/silent-events")
async def silent():
    async def never():
        await asyncio.sleep(3600)
        yield ""
    return StreamingResponse(never(), media_type="text/event-stream")

async def deaf(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    while True:
        await send({"type": "http.response.body", "body": b"data: x\\n\\n", "more_body": True})
        await asyncio.sleep(0.01)
app.mount("/deaf", deaf)

@app.get("/large")
async def large():
    return StreamingResponse((b"x" * 1000 for _ in range(10**9)))

@app.websocket("/open")
async def opened(websocket: WebSocket):
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())

@app.websocket("/denied")
async def denied(websocket: WebSocket):
    raise WebSocketException(1008)

@app.websocket("/late")
async def late(websocket: WebSocket):
    await websocket.accept()
    await websocket.close(4401)

@app.websocket("/token-first")
async def token_first(websocket: WebSocket):
    await websocket.accept()
    if await websocket.receive_text() != "token":
        return await websocket.close(1008)
    await websocket.send_text("welcome")
    await websocket.send_text("more")
    await websocket.receive_text()

@app.websocket("/greets")
async def greets(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_bytes(b"hello")
    await websocket.send_text("there")
    await websocket.receive_text()

@app.get("/whole")
async def whole(): return "x" * 2046
@app.get("/long")
async def long(): return "x" * 2047
@app.get("/parts")
async def parts(): return StreamingResponse(iter([b"a", b"b"]))
@app.get("/nothing", status_code=204)
async def nothing(): ...
@app.get("/breaks")
async def breaks():
    def some():
        yield b"one"
        raise RuntimeError("after the first part")
    return StreamingResponse(some())
"""


@pytest.mark.parametrize("path", ["/events", "/silent-events", "/deaf/", "/large"])
def test_streams_without_an_end_are_left(start: Start, path: str) -> None:
    target = start(STREAMS)
    seen, after = ask_lane(target.lanes[0], [get(target, path), get(target, "/openapi.json")], limit=8)
    assert (seen.status, seen.error, seen.hung, seen.cut) == (200, None, False, True)
    assert after.status == 200


@pytest.mark.parametrize(
    ("path", "cut"), [("/whole", False), ("/long", True), ("/parts", False), ("/nothing", False), ("/breaks", True)]
)
def test_whether_the_body_is_the_whole_one(start: Start, path: str, cut: bool) -> None:
    target = start(STREAMS)
    (seen,) = ask_lane(target.lanes[0], [get(target, path)])
    assert seen.cut is cut


@pytest.mark.parametrize(
    ("path", "cut", "body"),
    [
        ("/whole", False, None), ("/long", True, None), ("/parts", False, "ab"), ("/exactly", False, None), ("/endless", True, None),
        ("/slow", True, None), ("/events", True, "data: x\n\n"), ("/breaks", True, "one"), ("/nothing", False, ""),
    ],
)  # fmt: skip
def test_streams_of_a_wsgi_app(start: Start, path: str, cut: bool, body: str | None) -> None:
    code = """
    import time
    from flask import Flask, Response
    app = Flask(__name__, static_folder=None)
    def forever(part, pause=0):
        while True:
            yield part
            time.sleep(pause)
    def some():
        yield b"one"
        raise RuntimeError("after the first part")
    @app.get("/whole")
    def whole(): return "x" * 2048
    @app.get("/long")
    def long(): return "x" * 2049
    @app.get("/parts")
    def parts(): return Response(iter(["a", "b"]))
    @app.get("/exactly")
    def exactly(): return Response(iter(["x" * 1024] * 2), headers={"content-length": "2048"})
    @app.get("/endless")
    def endless(): return Response(forever("x" * 1000))
    @app.get("/slow")
    def slow(): return Response(forever("x", 0.05))
    @app.get("/events")
    def events(): return Response(forever("data: x\\n\\n", 3600), mimetype="text/event-stream")
    @app.get("/breaks")
    def breaks(): return Response(some())
    @app.get("/nothing")
    def nothing(): return "", 204
    """
    target = start(code)
    (seen,) = ask_lane(target.lanes[0], [get(target, path)], limit=8)
    assert (seen.status, seen.hung, seen.cut) == (204 if path == "/nothing" else 200, False, cut)
    assert body is None or seen.body == body


def test_websockets(start: Start) -> None:
    target = start(STREAMS)

    def call(path: str, *messages: str) -> Call:
        route = next(r for r in target.routes if r.path == path)
        return Call(route, Request("GET", path, kind="websocket", messages=list(messages)))

    facts = functools.partial(WebsocketFacts, accepted=True)

    opened, denied, late, silent = ask_lane(
        target.lanes[0], [call("/open", "hello"), call("/denied", "hello"), call("/late", "hello"), call("/open")]
    )
    assert opened.websocket == facts(sent=1, left=True, first="hello")
    assert opened.body == "hello"
    assert denied.websocket == facts(accepted=False, close=1008)
    assert late.websocket == facts(close=4401)
    assert silent.websocket == facts(left=True, waited=True)
    waited, refused, admitted, greeted = ask_lane(
        target.lanes[0],
        [call("/token-first"), call("/token-first", "wrong"), call("/token-first", "token"), call("/greets")],
    )
    assert waited.websocket == facts(left=True, waited=True)
    assert refused.websocket == facts(close=1008)
    assert admitted.websocket == facts(left=True, sent=2, first="welcome")
    assert admitted.body == "more"
    assert greeted.websocket == facts(left=True, sent=2, first="hello")


FOREVER = """
import asyncio, time
from contextlib import suppress
from fastapi import FastAPI, WebSocket
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse

app = FastAPI()

def raw(path, length, part, pause=None, deaf=False):
    async def endless(scope, receive, send):
        headers = [(b"content-length", b"1000000000")] if length else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            with suppress(BaseException if deaf else ZeroDivisionError):
                await send({"type": "http.response.body", "body": part, "more_body": True})
                if pause is not None:
                    await asyncio.sleep(pause)
    app.mount(path, endless)

raw("/drip", True, b"x", 0.05)
raw("/fast", True, b"x")
raw("/fast-stream", False, b"x")
raw("/empty", False, b"")
raw("/deaf", True, b"x", 0.05, deaf=True)

async def blocked(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    time.sleep(3600)
app.mount("/blocked", blocked)

@app.get("/long")
async def long():
    async def work(): await asyncio.sleep(4)
    return PlainTextResponse("done", background=BackgroundTask(work))

@app.websocket("/flood")
async def flood(websocket: WebSocket):
    await websocket.accept()
    while True:
        await websocket.send_text("tick")

@app.websocket("/ticker")
async def ticker(websocket: WebSocket):
    await websocket.accept()
    while True:
        await websocket.send_text("tick")
        await asyncio.sleep(0.05)

@app.websocket("/queue")
async def queue(websocket: WebSocket):
    await websocket.accept()
    await asyncio.Queue().get()

@app.websocket("/slow-check")
async def slow_check(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("who are you?")
    await websocket.receive_text()
    await asyncio.sleep(1.5)
    await websocket.close(4401)
"""


@pytest.mark.parametrize("path", ["/drip/", "/fast/", "/fast-stream/", "/empty/", "/deaf/", "/blocked/"])
def test_a_body_that_never_ends_is_an_answer(start: Start, path: str) -> None:
    target = start(FOREVER)
    seen, after = ask_lane(target.lanes[0], [get(target, path), get(target, "/openapi.json")], limit=20)
    assert (seen.status, seen.error, seen.hung, seen.cut, after.status) == (200, None, False, True, 200)
    assert seen.body[:1] == {"/empty/": "", "/blocked/": "o"}.get(path, "x")


def test_what_goes_on_after_a_whole_answer_is_not_cut_off(start: Start) -> None:
    target = start(FOREVER)
    agent = target.agents[0]
    process = agent.process
    (seen,) = ask_lane(target.lanes[0], [get(target, "/long")], limit=20)
    assert (seen.status, seen.body, seen.cut, agent.process is process) == (200, "done", False, True)


@pytest.mark.parametrize(
    ("path", "sent", "messages"),
    [("/flood", 64, []), ("/ticker", None, []), ("/queue", 0, []), ("/slow-check", 1, ["me"])],
)
def test_a_websocket_that_never_stops_was_accepted(
    start: Start, path: str, sent: int | None, messages: list[str]
) -> None:
    target = start(FOREVER)
    route = next(r for r in target.routes if r.path == path)
    call = Call(route, Request("GET", path, kind="websocket", messages=messages))
    (seen,) = ask_lane(target.lanes[0], [call], limit=20)
    facts = seen.websocket
    assert facts is not None
    assert (facts.accepted, seen.hung, seen.error, facts.waited) == (True, False, None, False)
    assert facts.sent == sent or (sent is None and facts.sent > 1)
    assert (facts.left, facts.close) == ((False, 4401) if messages else (True, None))


@pytest.mark.parametrize("path", ["/drip", "/empty", "/blocked"])
def test_a_body_of_a_wsgi_app_that_never_ends_is_an_answer(start: Start, path: str) -> None:
    code = """
    import itertools, time
    from flask import Flask, Response
    app = Flask(__name__, static_folder=None)
    def dripping():
        while True:
            yield "x"
            time.sleep(0.05)
    def blocked():
        yield "one"
        time.sleep(3600)
    @app.get("/drip")
    def drip(): return Response(dripping(), headers={"content-length": "1000000"})
    @app.get("/empty")
    def empty(): return Response(itertools.repeat(""))
    @app.get("/blocked")
    def block(): return Response(blocked())
    @app.get("/whole")
    def whole(): return "x"
    """
    target = start(code)
    seen, after = ask_lane(target.lanes[0], [get(target, path), get(target, "/whole")], limit=20)
    assert (seen.status, seen.error, seen.hung, seen.cut, after.status) == (200, None, False, True, 200)
    assert seen.body[:1] == {"/drip": "x", "/empty": "", "/blocked": "o"}[path]
    assert seen.entered
