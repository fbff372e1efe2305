"""Apps that ask a request for something, each in a way of its own; for test_asked."""

from __future__ import annotations

FASTAPI = """
import dataclasses, enum, functools, hmac, json, os, re
from typing import Annotated, Optional
from urllib.parse import parse_qs
from fastapi import Cookie, Depends, FastAPI, Form, Header, HTTPException, Query, Request
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPBearer
from pydantic import BaseModel, SecretStr
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import HTTPConnection
import config

app = FastAPI()
DEFAULT_KEY = "global-key"
DEV_USERS = {"dev_alice": {"id": 1}, "dev_bob": {"id": 2}}
PATTERN = re.compile(r"svc_[0-9]{4}")

class Settings(BaseModel):
    dev_token: str = "settings-token"
    unrelated: str = "settings-unrelated"
    secret: SecretStr = SecretStr("settings-secret")
    @property
    def computed(self): raise RuntimeError("a property ran")
settings = Settings()
class Plain:
    api_key = "class-key"
plain = Plain()
class Role(str, enum.Enum):
    ADMIN = "role-admin"
    USER = "role-user"
@functools.lru_cache
def get_settings(): return Settings(dev_token="cached-token")
get_settings()
def fresh_settings(): return Plain()

def refuse(): raise HTTPException(401, "no")

# Own code that asks.
def by_constant(request: Request):
    "This docstring is no word."
    if request.headers.get("X-Dev-User") != "developer-one": refuse()
def by_global(request: Request):
    if request.headers["X-API-Key"] != DEFAULT_KEY: refuse()
def by_settings(request: Request):
    if "X-Settings" not in request.headers or settings.computed != settings.dev_token != plain.api_key: refuse()
def by_secret(request: Request):
    if request.headers.get("X-Secret") != settings.secret.get_secret_value(): refuse()
def by_module(request: Request):
    if request.headers.get("X-Config") not in (config.DEV_KEY, *config.KEYS): refuse()
def by_environment(request: Request):
    if request.headers.get("X-Env") != os.environ.get("ASKED_TOKEN", "default-token"): refuse()
def by_enum(request: Request):
    if request.headers.get("X-Org-Role") != Role.ADMIN: refuse()
def by_cached(request: Request):
    if request.headers.get("X-Cached") != get_settings().dev_token: refuse()
def by_fresh(request: Request):
    if request.headers.get("X-Fresh") != fresh_settings().api_key: refuse()
def by_prefix(request: Request):
    for name in ("X-One",):
        if any(request.headers.get(name) == f"dev_{n}" or DEV_USERS.get(n) or PATTERN.match(n) for n in "ab"): return
    refuse()
def checked(token): return hmac.compare_digest(token or "", "deep-token")
def by_other(request: Request):
    if not checked(request.headers.get("X-Other")): refuse()
TABLE = {"table-first": checked, "table-second": refuse}
ROW = {"row-key": "row-value", "row-unused": "row-unused-value"}
def by_table(request: Request):
    if request.headers.get("X-Table", "table-first") not in TABLE or ROW["row-key"]: refuse()
def by_default(wanted: str = "default-argument"):
    if wanted: refuse()
def by_query(request: Request):
    if request.query_params.get("jwt") != "query-token": refuse()
def by_cookie(request: Request):
    if request.cookies.get("dev_session") != "cookie-token": refuse()
def by_raw_query(request: Request):
    if "raw" not in parse_qs(request.scope["query_string"].decode()): refuse()
async def by_json(request: Request):
    if (await request.json()).get("impersonate") != "json-token": refuse()
async def by_loads(request: Request):
    if json.loads(await request.body())["as_user"] != "loads-token": refuse()
async def by_form(request: Request):
    if (await request.form()).get("form_token") != "form-token": refuse()
class Guard:
    def __init__(self, key): self.key = key
    def __call__(self, request: Request):
        if request.headers.get("X-Guard") != self.key: refuse()
guard_one, guard_two = Guard("guard-one"), Guard("guard-two")
def make(secret):
    def by_closure(request: Request):
        if request.headers.get("X-Closure") != secret: refuse()
    return by_closure
by_closure = make("closed-over")
def verify_silently(request: Request):
    if request.scope["query_string"] != b"silent-token": refuse()
def asks_nothing(request: Request): return "nothing-asked"

# FastAPI asks for a dependency.
def by_parameter(x_dev_user: Optional[str] = Header(None)):
    if x_dev_user != "parameter-token": refuse()
def by_alias(key: Annotated[Optional[str], Header(alias="X-Internal-Key")] = "default-alias"):
    if key != "alias-token": refuse()
def by_parameter_query(jwt: Optional[str] = Query(None), config: Settings = Depends(get_settings)):
    if jwt != config.dev_token: refuse()
def by_parameter_cookie(dev: Optional[str] = Cookie(None)):
    if dev != "parameter-cookie": refuse()
header_scheme, bearer = APIKeyHeader(name="X-Scheme-Key", auto_error=False), HTTPBearer(auto_error=False)
def by_scheme(key=Depends(header_scheme)):
    if key != "scheme-token": refuse()
def by_bearer(found=Depends(bearer)):
    if found is None or found.credentials != "bearer-token": refuse()

NAMES = list(globals())
for name in NAMES:
    if name.startswith(("by_", "guard_", "verify_", "asks_")):
        @app.post("/" + name, dependencies=[Depends(globals()[name])])
        async def handler(): return {}

@app.get("/inside")
async def inside(request: Request):
    if request.headers.get("X-Inside") != "inside-token": refuse()
"""
CONFIG = "DEV_KEY = 'module-key'\nKEYS = ['list-one', b'bytes-two']\nUNUSED = 'module-unused'\n"

STARLETTE = """
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

class Based(BaseHTTPMiddleware):
    def __init__(self, app, key="based-key"):
        super().__init__(app)
        self.key = key
    async def dispatch(self, request, call_next):
        if request.headers.get("X-Based") == self.key: request.state.user = 1
        return await call_next(request)

class Raw:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send):
        if dict(scope["headers"]).get(b"x-internal-request") == b"raw-token": scope["user"] = 1
        await self.app(scope, receive, send)

class After:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send):
        for name, value in scope["headers"]:
            if name == b"x-after": scope["user"] = 1
        await self.app(scope, receive, send)

async def one(request):
    response = PlainTextResponse("one")
    response.headers.get("x-response")
    return response
async def socket(websocket):
    websocket.query_params.get("token")
    await websocket.close()
app = Starlette(
    routes=[Route("/one", one), WebSocketRoute("/socket", socket)],
    middleware=[Middleware(CORSMiddleware, allow_origins=["*"]), Middleware(Raw),
                Middleware(SessionMiddleware, secret_key="x"), Middleware(Based), Middleware(After)],
)
"""
FLASK = """
import functools
from flask import Flask, abort, current_app, request

class Outer:
    def __init__(self, app): self.app = app
    def __call__(self, environ, start_response):
        if environ.get("HTTP_X_OUTER") == "outer-token": environ["user"] = 1
        return self.app(environ, start_response)

app = Flask(__name__)
app.config["DEV_TOKEN"] = "config-token"
app.config["OTHER"] = "config-other"
app.wsgi_app = Outer(app.wsgi_app)

@app.before_request
def guard():
    if request.headers.get("X-Dev-User") != current_app.config["DEV_TOKEN"]:
        request.args.get("jwt"), request.cookies.get("dev"), request.form.get("as"), request.environ.get("HTTP_X_ENVIRON")
        "x-contained" in request.headers, request.args.getlist("many")
        abort(401)
@app.before_request
def unreached(): request.headers.get("X-Unreached")
@app.post("/one")
def one(): return "one"
def login_required(f):
    @functools.wraps(f)
    def wrapped():
        if request.args.get("decorated") != "decorator-token": abort(401)
        return f()
    return wrapped
@app.get("/decorated")
@login_required
def decorated(): return "decorated"
@app.post("/json")
def two(): return request.get_json()["two"]
"""
DJANGO = """
import json, sys
import django
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], DEV_KEY="django-key",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "backend.by_meta", "backend.ByHeaders",
                "django.contrib.sessions.middleware.SessionMiddleware"])
django.setup()
from django.core.{0} import get_{0}_application
from django.http import HttpResponse
from django.urls import path

def by_meta(get_response):
    def middleware(request):
        if request.META.get("HTTP_X_DEV_USER") == "meta-token": request.user = 1
        return get_response(request)
    return middleware
class ByHeaders:
    def __init__(self, get_response): self.get_response = get_response
    def __call__(self, request):
        if request.headers.get("X-Api-Key") == settings.DEV_KEY or "x_contained" in request.headers: request.user = 1
        request.GET.get("jwt"), request.COOKIES.get("dev"), request.POST.get("as")
        return self.get_response(request)
def view(request): return HttpResponse(json.loads(request.body)["two"])
urlpatterns = [path("one", view)]
app = get_{0}_application()
"""

TINY_GUARD = """
DEV = {"dev_one": 1}
def verify_user(scope):
    if dict(scope["headers"]).get(b"x-dev-user") not in (b"dev-token", DEV): raise PermissionError
def verify_path(scope):
    if scope["query_string"] != b"path-token": raise PermissionError
@app.route("/headers")
async def one(scope): verify_user(scope); return "one"
@app.route("/path")
async def two(scope): verify_path(scope); return "two"
"""
