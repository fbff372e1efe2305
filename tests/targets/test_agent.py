"""Agents hang, die and are replaced; the run goes on. Streams and websockets end. Nothing leaves the machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from harness.fake_clerk import REAL_NAMES, FakeClerk
from harness.run.options import base_environment
from harness.targets.app import AppSpec, AppTarget
from harness.targets.base import Call, Request
from tests.conftest import OLD_PYTHON
from tests.targets.kit import TINY, ask_lane, get

Start = Callable[..., AppTarget]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    targets: list[AppTarget] = []

    def run(
        code: str, *, agents: int = 1, clerk: FakeClerk | None = None, python: str = sys.executable, **more: str
    ) -> AppTarget:
        (tmp_path / "backend.py").write_text(dedent(code))
        environment = base_environment() | (clerk.environment() if clerk else {}) | more
        port = clerk.port if clerk else 1
        spec = AppSpec("backend:app", tmp_path, python, [environment] * agents, names=REAL_NAMES, fake_port=port)
        targets.append(AppTarget(spec))
        return targets[-1].start()

    yield run
    for target in targets:
        target.close()


BAD = TINY + dedent("""
    import os, threading, asyncio, sys
    @app.route("/ok")
    async def ok(scope): return str(os.getpid())
    @app.route("/hang")
    async def hang(scope): threading.Event().wait()
    @app.route("/wait")
    async def wait(scope): await asyncio.Event().wait()
    @app.route("/die")
    async def die(scope): os._exit(3)
    @app.route("/exit")
    async def leave(scope): sys.exit(4)
""")


@pytest.mark.parametrize("path", ["/hang", "/wait"])
def test_a_hung_request_is_cut_off_and_the_others_are_answered(start: Start, path: str) -> None:
    target = start(BAD)
    first, hung, last = ask_lane(
        target.lanes[0], [get(target, "/ok"), get(target, path), get(target, "/ok")], limit=0.5
    )
    assert first.status == last.status == 200
    assert hung.hung
    assert "backend.py" in (hung.error or "")
    assert first.body != last.body  # Another process.
    with pytest.raises(ProcessLookupError):
        os.kill(int(first.body), 0)


def test_a_request_that_ends_the_process_is_told_from_the_others(start: Start) -> None:
    target = start(BAD)
    first, dead, last = ask_lane(target.lanes[0], [get(target, "/ok"), get(target, "/die"), get(target, "/ok")])
    assert (first.status, dead.died, last.status) == (200, True, 200)


def test_sys_exit_in_a_handler_does_not_end_the_agent(start: Start) -> None:
    target = start(BAD)
    left, after = ask_lane(target.lanes[0], [get(target, "/exit"), get(target, "/ok")])
    assert (left.error or "").startswith("SystemExit")
    assert after.status == 200


def test_several_agents_are_several_processes(start: Start) -> None:
    target = start(BAD, agents=3)
    assert len({ask_lane(lane, [get(target, "/ok")])[0].body for lane in target.lanes}) == 3


def test_closing_ends_every_process(start: Start) -> None:
    target = start(BAD, agents=2)
    pids = [int(ask_lane(lane, [get(target, "/ok")])[0].body) for lane in target.lanes]
    target.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


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

    def facts(**more: Any) -> dict[str, Any]:
        usual = {"accepted": True, "close": None, "sent": 0, "left": False, "waited": False, "first": ""}
        return usual | more

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


CLIENTS = """
import asyncio, json, ssl, urllib.request
from fastapi import FastAPI, Request
app = FastAPI()
FRONT = "https://my-app.clerk.accounts.dev/.well-known/jwks.json"

@app.get("/httpx")
def with_httpx():
    import httpx
    with httpx.Client(transport=httpx.HTTPTransport(retries=1)) as client:
        return [httpx.get(FRONT).status_code, client.get("https://api.clerk.com/v1/jwks").status_code]

@app.get("/httpx-async")
async def with_httpx_async():
    import httpx
    async with httpx.AsyncClient() as client:
        return [(await client.get(FRONT)).status_code, (await client.get("https://api.clerk.com/v1/jwks")).status_code]

@app.get("/requests")
def with_requests():
    import requests
    return [requests.get(FRONT).status_code, requests.get("https://api.clerk.com/v1/jwks").status_code]

@app.get("/urllib")
def with_urllib():
    return [urllib.request.urlopen(FRONT).status, urllib.request.urlopen("http://api.clerk.com/.well-known/jwks.json").status]

@app.get("/aiohttp")
async def with_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession() as session:
        async with session.get(FRONT) as answer:
            first = answer.status
        async with session.get("https://api.clerk.com/v1/jwks") as answer:
            return [first, answer.status]

@app.get("/pyjwkclient")
def with_pyjwkclient():
    import jwt
    return [200 if jwt.PyJWKClient(FRONT).get_signing_keys() else 0, 401]

@app.get("/sdk")
def with_sdk(request: Request):
    import os
    from clerk_backend_api import Clerk
    from clerk_backend_api.security.types import AuthenticateRequestOptions
    with Clerk(bearer_auth=os.environ["CLERK_SECRET_KEY"]) as sdk:
        options = AuthenticateRequestOptions(secret_key=os.environ["CLERK_SECRET_KEY"])
        return [200 if sdk.authenticate_request(request, options).is_signed_in else 0, 200 if sdk.users.list() is not None else 0]

@app.get("/outside/{what}")
async def outside(what: str):
    import httpx, socket
    try:
        if what == "name":
            httpx.get("https://example.com/")
        elif what == "address":
            socket.create_connection(("192.0.2.1", 443), timeout=2)
        elif what == "asyncio":
            await asyncio.open_connection("192.0.2.2", 443)
        elif what == "udp":
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.3", 53))
        elif what == "lookalike":
            httpx.get("https://api.clerk.com.example.org/")
    except Exception as error:
        return str(error)
    return "it got out"
"""


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AppTarget, FakeClerk]]:
    folder = tmp_path_factory.mktemp("clients")
    (folder / "backend.py").write_text(CLIENTS)
    with FakeClerk() as clerk:
        spec = AppSpec(
            "backend:app", folder, sys.executable, [base_environment() | clerk.environment()], names=REAL_NAMES, fake_port=clerk.port
        )  # fmt: skip
        target = AppTarget(spec).start()
        yield target, clerk
        target.close()


@pytest.mark.parametrize("client", ["httpx", "httpx-async", "requests", "urllib", "aiohttp", "pyjwkclient", "sdk"])
def test_clerk_s_real_names_lead_to_the_fake_with_verified_tls(
    clients: tuple[AppTarget, FakeClerk], client: str
) -> None:
    target, clerk = clients
    token = clerk.session_token(clerk.directory.add_user("sdk@example.com"))
    headers = [("authorization", f"Bearer {token}")]
    (seen,) = ask_lane(target.lanes[0], [get(target, f"/{client}", headers=headers)])
    expected = {"urllib": "[200,200]", "sdk": "[200,200]"}.get(client, "[200,401]")
    assert seen.body == expected, seen.error


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("name", "example.com"), ("address", "192.0.2.1:443"), ("asyncio", "192.0.2.2:443"), ("udp", "192.0.2.3:53"),
        ("lookalike", "api.clerk.com.example.org"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_by_name(clients: tuple[AppTarget, FakeClerk], what: str, name: str) -> None:
    target, _ = clients
    (seen,) = ask_lane(target.lanes[0], [get(target, f"/outside/{what}")])
    assert "it got out" not in seen.body
    assert name in target.blocked()


def test_an_old_backend_reaches_the_fake_with_its_old_httpx(start: Start) -> None:
    code = """
    import httpx
    from fastapi import FastAPI
    app = FastAPI()
    @app.get("/jwks")
    async def jwks():
        async with httpx.AsyncClient() as client:
            return len((await client.get("https://my-app.clerk.accounts.dev/.well-known/jwks.json")).json()["keys"])
    """
    with FakeClerk() as clerk:
        target = start(code, clerk=clerk, python=str(OLD_PYTHON))
        (seen,) = ask_lane(target.lanes[0], [get(target, "/jwks")])
    assert seen.body == "1", seen.error
