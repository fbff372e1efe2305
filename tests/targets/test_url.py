"""A running backend, judged from outside: by status and headers, over real sockets."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from harness.core.errors import TargetError, UnsafeError
from harness.core.ports import free_port
from harness.run.environment import base_environment
from harness.run.options import Options
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Call, Observation, Request, Route
from harness.targets.url import UrlTarget
from tests.conftest import GUARD, MATRIX, VERIFIER, Judged, judged, write_suites
from tests.targets.kit import ask_lane

Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[tuple[Serve, int]]:
    """Serve an app with uvicorn, told where the issuer of a run will be."""
    processes: list[subprocess.Popen[str]] = []
    issuer = free_port()

    def run(code: str) -> str:
        verifier = VERIFIER.replace('f"https://{DOMAIN}/.well-known', 'os.environ["CLERK_JWKS"] + "/.well-known')
        (tmp_path / "verifier.py").write_text(verifier)
        (tmp_path / "backend.py").write_text(GUARD + dedent(code))
        env = base_environment() | {
            "CLERK_DOMAIN": "harness-under-test.clerk.accounts.dev",
            "CLERK_JWKS": f"http://127.0.0.1:{issuer}",
        }
        command = [sys.executable, "-m", "uvicorn", "backend:app", "--port", "0"]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        processes.append(process)
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return found[1]
        raise AssertionError("uvicorn did not start")

    yield run, issuer
    for process in processes:
        process.terminate()
        process.wait()


ROUTES = """
"GET /me" = "clerk"
"POST /things" = "clerk"
"GET /rows/{row_id}" = "clerk"
"GET /open" = "public"
"""
CORRECT = """
from pydantic import BaseModel
class Thing(BaseModel):
    name: str
@app.get("/me")
def me(user: User): return {"user": user}
@app.post("/things", status_code=201)
def things(thing: Thing, user: User): return thing
@app.get("/rows/{row_id}")
def rows(row_id: int, user: User): raise HTTPException(404, "Not found")
@app.get("/open")
def open_to_all(): return {}
"""


def run(suites: Path, url: str, port: int, **more: object) -> Judged:
    return judged(Options(suites=suites, url=url, issuer_port=port, **more))  # type: ignore[arg-type]


def test_a_correct_backend_has_no_finding(serve: tuple[Serve, int], tmp_path: Path) -> None:
    start, port = serve
    result = run(write_suites(tmp_path / "suites", ROUTES), start(CORRECT), port)
    assert result.failed == set()
    assert {v.evidence for v in result.record.verdicts} == {"status"}
    assert "cannot be seen from outside" in result.notes[0]


def test_an_open_route_and_a_crash_are_found(serve: tuple[Serve, int], tmp_path: Path) -> None:
    start, port = serve
    code = CORRECT.replace("def me(user: User)", "def me()").replace('"user": user', "").replace(
        "def things(thing: Thing, user: User): return thing", "def things(thing: Thing, user: User): raise RuntimeError"
    )  # fmt: skip
    result = run(
        write_suites(tmp_path / "suites", ROUTES), start(code), port, credentials=["clerk", "forged", "missing"]
    )
    assert ("breach", "GET /me", "missing") in result.failed
    assert ("fault", "POST /things", "clerk") in result.failed
    assert {route for _, route, _ in result.failed} == {"GET /me", "POST /things"}


def test_a_route_that_the_document_lists_and_nobody_declared(serve: tuple[Serve, int], tmp_path: Path) -> None:
    start, port = serve
    code = CORRECT + '@app.get("/new")\ndef new(): ...\n'
    result = run(write_suites(tmp_path / "suites", ROUTES), start(code), port, credentials=["clerk", "forged"])
    assert result.failed == {("undeclared", "GET /new", "")}


def test_a_declared_route_that_is_not_there_is_never_a_pass(serve: tuple[Serve, int], tmp_path: Path) -> None:
    start, port = serve
    routes = ROUTES + '"GET /gone" = "clerk"\n'
    result = run(write_suites(tmp_path / "suites", routes), start(CORRECT), port, credentials=["clerk", "forged"])
    assert {verdict for verdict, route, _ in result.failed if route == "GET /gone"} == {"inconclusive"}


def test_websockets_and_streams_over_a_socket(serve: tuple[Serve, int], tmp_path: Path) -> None:
    code = """
    import asyncio
    from fastapi import WebSocket
    from fastapi.responses import StreamingResponse
    @app.websocket("/good")
    async def good(websocket: WebSocket, token: str = ""):
        if verify_token(token) is None:
            return await websocket.close(1008)
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.receive_text()
    @app.websocket("/bad")
    async def bad(websocket: WebSocket):
        await websocket.accept()
        await websocket.receive_text()
        await websocket.receive_text()
    @app.get("/events")
    def events(user: User):
        async def forever():
            while True:
                yield "data: x\\n\\n"
                await asyncio.sleep(1)
        return StreamingResponse(forever(), media_type="text/event-stream")
    """
    start, port = serve
    entry = '{ policy = "clerk", carrier = "query:token", messages = ["hi"] }'
    routes = f'"WS /good" = {entry}\n"WS /bad" = {entry}\n"GET /events" = "clerk"\n'
    names = ["clerk", "forged", "missing", "expired"]
    result = run(write_suites(tmp_path / "suites", routes), start(code), port, credentials=names)
    assert result.failed == {("breach", "WS /bad", name) for name in ("forged", "missing", "expired")}


def asked(url: str, *requests: Request, limit: float = 8) -> list[Observation]:
    """Observations by one connection."""
    target = UrlTarget(url, "", lanes_wanted=1).start()
    try:
        calls = [Call(Route("WS" if one.kind == "websocket" else "GET", one.path), one) for one in requests]
        return ask_lane(target.lanes[0], calls, limit)
    finally:
        target.close()


STREAMS = """
import asyncio, time
from fastapi import Response, WebSocket
from fastapi.responses import StreamingResponse
def forever(part, pause=0):
    while True:
        yield part
        time.sleep(pause)
@app.get("/whole")
def whole(): return "x" * 2046
@app.get("/long")
def long(): return "x" * 5000
@app.get("/parts")
def parts(): return StreamingResponse(iter([b"a", b"b"]))
@app.get("/endless")
def endless(): return StreamingResponse(forever(b"x" * 1000))
@app.get("/slow")
def slow(): return StreamingResponse(forever(b"x", 0.05))
@app.get("/silent")
async def silent():
    async def nothing():
        yield b"one"
        await asyncio.sleep(3600)
    return StreamingResponse(nothing())
@app.get("/events")
def events(): return StreamingResponse(forever(b"data: x\\n\\n", 0.05), media_type="text/event-stream")
@app.get("/nothing", status_code=204)
def nothing(): return Response(status_code=204)
@app.websocket("/token-first")
async def token_first(websocket: WebSocket):
    await websocket.accept()
    if await websocket.receive_text() != "token":
        return await websocket.close(1008)
    await websocket.send_text("welcome")
    await websocket.send_text("more")
    await websocket.receive_text()
"""


def test_bodies_that_are_whole_and_streams_that_are_left(serve: tuple[Serve, int]) -> None:
    wanted = {
        "/whole": False, "/long": True, "/parts": False, "/endless": True, "/slow": True, "/silent": True, "/events": True,
        "/nothing": False,
    }  # fmt: skip
    seen = asked(serve[0](STREAMS), *(Request("GET", path, headers=[("host", "localhost")]) for path in wanted))
    assert {path: one.cut for path, one in zip(wanted, seen, strict=True)} == wanted
    assert [one.status for one in seen] == [200] * 7 + [204]
    assert {(one.hung, one.error) for one in seen} == {(False, None)}
    bodies = {path: one.body for path, one in zip(wanted, seen, strict=True)}
    assert (bodies["/parts"], bodies["/silent"]) == ("ab", "one")
    assert len(bodies["/whole"]) == len(bodies["/long"]) == len(bodies["/endless"]) == 2048


def test_a_body_that_ends_before_its_length_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort")

        thread = threading.Thread(target=answer)
        thread.start()
        (seen,) = asked(f"http://127.0.0.1:{listener.getsockname()[1]}", Request("GET", "/"))
        thread.join()
    assert (seen.status, seen.body, seen.cut) == (200, "short", True)
    assert (seen.error or "").startswith("IncompleteRead")


def test_a_websocket_that_waits_for_a_message(serve: tuple[Serve, int]) -> None:
    handshake = [
        ("host", "localhost"), ("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]  # fmt: skip

    def request(*messages: str) -> Request:
        return Request("GET", "/token-first", headers=handshake, kind="websocket", messages=list(messages))

    waited, refused, admitted = asked(serve[0](STREAMS), request(), request("wrong"), request("token"))
    assert waited.websocket == WebsocketFacts(accepted=True, left=True, waited=True)
    assert refused.websocket == WebsocketFacts(accepted=True, close=1008)
    assert admitted.websocket == WebsocketFacts(accepted=True, sent=2, left=True, first="welcome")
    assert admitted.body == "more"


@pytest.mark.parametrize(
    ("url", "error", "told"),
    [
        ("http://192.0.2.7:80", UnsafeError, "192.0.2.7 is not this machine"),
        ("https://api.example.com", UnsafeError, "--allow-host api.example.com"),
        ("http://127.0.0.1:1", TargetError, "nothing answers there"),
        ("ftp://127.0.0.1", TargetError, "write http://"),
        ("http://[::1", TargetError, "--url http://.* is no URL"),
        ("http://127.0.0.1:99999", TargetError, "a port that is none"),
        ("http://user:geheim@127.0.0.1:1", TargetError, "a user or a password"),
    ],
)
def test_what_cannot_be_asked(tmp_path: Path, url: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        judged(Options(suites=write_suites(tmp_path, ROUTES, matrix=MATRIX), url=url))


def test_a_document_that_is_elsewhere(serve: tuple[Serve, int], tmp_path: Path) -> None:
    start, port = serve
    url = start("app.openapi_url = None\n" + CORRECT)
    suites = write_suites(tmp_path / "suites", ROUTES)
    with pytest.raises(TargetError, match="name the document with --openapi"):
        run(suites, url, port, openapi="/schema.json")
    assert run(suites, url, port, openapi="", credentials=["clerk", "forged"]).failed == set()


def test_under_pytest_a_backend_that_runs_already_passes(serve: tuple[Serve, int], pytester: pytest.Pytester) -> None:
    start, port = serve
    url = start(CORRECT)
    write_suites(pytester.path / "suites", ROUTES)
    spare = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio", "-q")
    told = ("--harness-url", url, "--harness-issuer-port", str(port), "--harness-time-limit", "5")
    credentials = ("--harness-credentials", "clerk,forged,missing")
    result = pytester.runpytest_subprocess(*spare, "suites", *told, *credentials)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()[-2000:]


def test_an_answer_is_read_though_the_server_closed_while_it_was_sent_a_long_request() -> None:
    """RFC 9112, section 9.6: what it did not read resets the connection, which is no failure of the target."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 14)
                connection.sendall(
                    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                )
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        target = UrlTarget(f"http://127.0.0.1:{listener.getsockname()[1]}", openapi="", lanes_wanted=1).start()
        try:
            # More than the buffers of both sides hold, so that sending fails.
            request = Request("GET", "/me", headers=[("host", "-"), ("authorization", "A" * (64 << 20))])
            (answer,) = ask_lane(target.lanes[0], [Call(Route("GET", "/me"), request)], 10)
        finally:
            target.close()
            thread.join()
    assert (answer.status, answer.error) == (431, None)
