"""Every route is found: lazy routers at any depth, mounts, websockets, hidden ones; ASGI and WSGI. Nothing found is an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.errors import TargetError
from harness.run.environment import base_environment
from harness.targets.app import AppSpec, AppTarget
from tests.conftest import OLD_PYTHON
from tests.targets.conftest import Start


def keys(target: AppTarget) -> set[str]:
    return {route.key for route in target.routes if not route.path.startswith(("/docs", "/redoc", "/openapi.json"))}


NESTED = """
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.routing import Mount, Route
from starlette.responses import PlainTextResponse

inner = APIRouter(prefix="/inner", tags=["deep"])

@inner.get("/{item_id:int}")
def item(item_id: int): ...

@inner.delete("/{item_id:int}", include_in_schema=False)
def hidden(item_id: int): ...

middle = APIRouter(prefix="/middle")
middle.include_router(inner)
outer = APIRouter()
outer.include_router(middle, prefix="/outer")

@outer.websocket("/ws")
async def socket(websocket: WebSocket): ...

app = FastAPI()
app.include_router(outer, prefix="/api")

sub = FastAPI()
@sub.post("/things")
def things(): ...
app.mount("/sub", sub)

async def plain(request): return PlainTextResponse("x")
app.mount("/star", Mount("", routes=[Route("/plain", plain, methods=["GET", "POST"])]))

@app.api_route("/both", methods=["GET", "PUT"])
def both(): ...
"""
EXPECTED = {
    "GET /api/outer/middle/inner/{item_id}", "DELETE /api/outer/middle/inner/{item_id}", "WS /api/ws", "POST /sub/things",
    "GET /star/plain", "POST /star/plain", "GET /both", "PUT /both",
}  # fmt: skip


def test_routers_mounts_websockets_and_hidden_routes(start: Start) -> None:
    target = start(NESTED)
    assert (
        keys(target) - {"GET /sub/docs", "GET /sub/docs/oauth2-redirect", "GET /sub/redoc", "GET /sub/openapi.json"}
        == EXPECTED
    )
    by_key = {route.key: route for route in target.routes}
    assert by_key["DELETE /api/outer/middle/inner/{item_id}"].hidden
    assert by_key["POST /sub/things"].mount == "/sub"
    assert by_key["POST /sub/things"].operation is not None
    assert by_key["GET /api/outer/middle/inner/{item_id}"].tags == ("deep",)
    assert all(route.handlers for route in target.routes)


def test_an_old_fastapi_in_an_environment_of_its_own(start: Start) -> None:
    """FastAPI 0.104 and its httpx, and none of the harness's packages (`make test` makes that environment)."""
    assert OLD_PYTHON.exists(), f"{OLD_PYTHON} is missing: run `make test`, which sets it up"
    code = "import importlib.util as u, sys; sys.exit(any(u.find_spec(n) for n in ('psycopg', 'pytest', 'jwt', 'trustme')))"
    subprocess.run([OLD_PYTHON, "-c", code], check=True)
    target = start(NESTED, python=str(OLD_PYTHON))
    assert keys(target) >= EXPECTED


def test_starlette_alone_with_class_based_endpoints_and_outer_middleware(start: Start) -> None:
    code = """
    from starlette.applications import Starlette
    from starlette.endpoints import HTTPEndpoint
    from starlette.routing import Host, Mount, Route, Router

    class Things(HTTPEndpoint):
        async def get(self, request): ...
        async def post(self, request): ...

    inner = Starlette(routes=[Mount("/v1", routes=[Route("/things", Things)])])

    class Outer:
        def __init__(self, following):
            self.following = following
        async def __call__(self, scope, receive, send):
            await self.following(scope, receive, send)

    def decorated(following):
        async def wrapper(scope, receive, send):
            await following(scope, receive, send)
        return wrapper

    app = decorated(Outer(inner))
    """
    assert keys(start(code)) == {"GET /v1/things", "POST /v1/things"}


def test_flask_over_wsgi_with_blueprints(start: Start) -> None:
    code = """
    from flask import Blueprint, Flask

    users = Blueprint("users", __name__, url_prefix="/users")
    @users.get("/<int:user_id>")
    def one(user_id): return "x"

    app = Flask(__name__, static_folder=None)
    app.register_blueprint(users)
    @app.route("/health", methods=["GET", "POST"])
    def health(): return "ok"
    """
    target = start(code)
    assert target.description["kind"] == "wsgi"
    assert keys(target) == {"GET /users/{user_id}", "GET /health", "POST /health"}


def test_factories_and_attributes_of_attributes(start: Start) -> None:
    code = """
    from fastapi import FastAPI
    def create_app():
        app = FastAPI()
        @app.get("/made")
        def made(): ...
        return app
    class holder:
        inside = create_app()
    """
    assert keys(start(code, "backend:create_app")) == {"GET /made"}
    assert keys(start(code, "backend:holder.inside")) == {"GET /made"}


@pytest.mark.parametrize(
    ("code", "app", "told"),
    [
        ("import nowhere_to_be_found", "backend:app", r"importing backend failed: ModuleNotFoundError.*backend\.py:1"),
        ("import os\nKEY = os.environ['STRIPE_KEY']", "backend:app", r"KeyError: 'STRIPE_KEY'.*backend\.py:2"),
        ("from fastapi import FastAPI\napi = FastAPI()", "backend:app", r"no attribute 'app'; it has: api"),
        ("app = 5", "backend:app", "int, neither an ASGI nor a WSGI app"),
        ("def app():\n    raise RuntimeError('no settings')", "backend:app", "the factory backend:app failed: RuntimeError: no settings"),
        ("from fastapi import FastAPI\napp = FastAPI(openapi_url=None)", "backend:app", "no routes found"),
        ("async def app(scope, receive, send): ...", "backend:app", "no routes found"),
        ("x = 1", "other:app", "importing other failed"),
        ("class Bad(Exception):\n    def __str__(self): 1/0\nraise Bad", "backend:app", r"importing backend failed: Bad: .*backend\.py:3"),
        ("raise RuntimeError('half \\ud800 a character')", "backend:app", "RuntimeError: half \ufffd a character"),
        (
            "class Route: rule, method, config = '/me', 'GET', {}\nclass Bottle:\n    routes = [Route()]\n"
            "    def __call__(self, environ, start_response): return []\napp = Bottle()",
            "backend:app", "no routes found.*--url, or --command",
        ),
        (
            "from fastapi import FastAPI\napp = FastAPI()\napp.openapi = lambda: {'paths': {'me': {'get': {}}}}\n"
            "@app.get('/x')\ndef x(): ...",
            "backend:app", "no OpenAPI document: the path 'me' does not begin with /",
        ),
        ("import sys; sys.exit(3)", "backend:app", "SystemExit"),
        ("import os; os._exit(9)", "backend:app", r"the process ended \(exit code 9\)"),
        ("import os, signal\nprint('bye', flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)", "backend:app", "SIGSEGV.*bye"),
        (
            "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\n@asynccontextmanager\nasync def life(app):\n"
            "    raise RuntimeError('no cache')\n    yield\napp = FastAPI(lifespan=life)\n@app.get('/x')\ndef x(): ...",
            "backend:app", "refused to start: RuntimeError: no cache",
        ),
        (
            "from fastapi import FastAPI\nclass Lying(FastAPI):\n    def openapi(self):\n"
            "        return {'paths': {'/ghost': {'get': {}}, '/x': {'get': {}}}}\napp = Lying()\n@app.get('/x')\ndef x(): ...",
            "backend:app", "1 operation.* not found in its routes: GET /ghost",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_examined_is_one_sentence(start: Start, code: str, app: str, told: str) -> None:
    with pytest.raises(TargetError, match=told) as caught:
        start(code, app)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_start_that_waits_for_ever_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "backend.py").write_text("import threading\nthreading.Event().wait()\n")
    spec = AppSpec(
        "backend:app", tmp_path, sys.executable, [base_environment()], names=(), fake_port=1, start_limit=1.5
    )
    with pytest.raises(TargetError, match="not loaded within"):
        AppTarget(spec).start()


def test_a_python_that_is_not_there(tmp_path: Path) -> None:
    spec = AppSpec("backend:app", tmp_path, str(tmp_path / "python9"), [base_environment()], names=(), fake_port=1)
    with pytest.raises(TargetError, match=r"--python .*python9"):
        AppTarget(spec).start()


@pytest.mark.parametrize("script", ["exit 0", "exec 0<&- 1<&- 2<&-; exit 0", "echo 'invalid syntax'; exit 0"])
def test_what_is_no_python_is_told(tmp_path: Path, script: str) -> None:
    python = tmp_path / "python9"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    spec = AppSpec("backend:app", tmp_path, str(python), [base_environment()], names=(), fake_port=1)
    with pytest.raises(TargetError, match=r"ended \(exit code 0\).*--python .*python9"):
        AppTarget(spec).start()


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    spec = AppSpec("backend:app", tmp_path / "nowhere", sys.executable, [base_environment()], names=(), fake_port=1)
    with pytest.raises(TargetError, match=r"--app-dir .*nowhere"):
        AppTarget(spec).start()


def test_a_document_that_is_no_json_and_half_characters_do_not_cost_the_run(start: Start) -> None:
    code = """
    from fastapi import FastAPI
    app = FastAPI()
    loop = {}
    loop["paths"] = loop
    app.openapi = lambda: loop
    @app.get("/half/\\ud800")
    def half(): ...
    """
    target = start(code)
    assert keys(target) == {"GET /half/\ufffd"}
    assert [route.operation for route in target.routes if route.path.startswith("/half")] == [None]
