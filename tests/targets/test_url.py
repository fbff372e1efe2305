"""A running backend, judged from outside: by status and headers, over real sockets."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from harness.config import Options, base_environment
from harness.errors import TargetError, UnsafeError
from harness.targets.command import free_port
from tests.conftest import GUARD, MATRIX, VERIFIER, Judged, judged, write_suites

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


@pytest.mark.parametrize(
    ("url", "error", "told"),
    [
        ("http://192.0.2.7:80", UnsafeError, "192.0.2.7 is not this machine"),
        ("https://api.example.com", UnsafeError, "--allow-host api.example.com"),
        ("http://127.0.0.1:1", TargetError, "nothing answers there"),
        ("ftp://127.0.0.1", TargetError, "write http://"),
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
