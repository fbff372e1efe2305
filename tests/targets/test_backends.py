"""Whole runs on backends of other kinds than the platform: correct ones are left alone, and a flaw in each is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import MATRIX, OLD_PYTHON, Judged

JudgeApp = Callable[..., Judged]
ROUTES = """
"GET /me" = "clerk"
"POST /rows/{row_id}" = { policy = "clerk", path = { row_id = 1 }, json = { text = "x" } }
"GET /open" = "public"
"""

# No PyJWT in that environment: RS256 by hand, as the standard library allows it.
OLD = """
import base64, hashlib, json, os, time
import httpx
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

DOMAIN = os.environ["CLERK_DOMAIN"]
KEYS = {}
bearer = HTTPBearer()
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

def unb64(text): return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

def verify_token(token):
    try:
        head, body, signature = token.split(".")
        if any(c not in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" for c in head + body + signature): return None
        header, claims = json.loads(unb64(head)), json.loads(unb64(body))
        if header["alg"] != "RS256" or "crit" in header or header.get("cat", "cl_B7d4PD111AAA") != "cl_B7d4PD111AAA": return None
        if header["kid"] not in KEYS:
            KEYS.update((k["kid"], k) for k in httpx.get(f"https://{DOMAIN}/.well-known/jwks.json").json()["keys"])
        key = KEYS[header["kid"]]
        n, e = (int.from_bytes(unb64(key[x]), "big") for x in "ne")
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(f"{head}.{body}".encode()).digest()
        expected = b"\\x00\\x01" + b"\\xff" * (256 - 3 - len(digest)) + b"\\x00" + digest
        if len(unb64(signature)) != 256 or pow(int.from_bytes(unb64(signature), "big"), e, n).to_bytes(256, "big") != expected: return None
        now = time.time()
        for name in ("exp", "nbf", "iat"):
            if type(claims[name]) is not int: return None
        if not claims["nbf"] - 5 <= now < claims["exp"] + 5 or claims["iat"] > now + 5: return None
        if claims["iss"] != f"https://{DOMAIN}" or claims.get("sts", "active") != "active" or "aud" in claims: return None
        if claims.get("azp", "http://localhost:3000") != "http://localhost:3000": return None
        return claims if isinstance(claims["sub"], str) and claims["sub"].startswith("user_") and claims["sid"] else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None

def current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer)):
    claims = verify_token(credentials.credentials)
    if claims is None: raise HTTPException(403, "Not authenticated")
    return claims["sub"]

class Row(BaseModel):
    text: str

@app.get("/me")
def me(user: str = Depends(current_user)): return {}
@app.post("/rows/{row_id}")
def row(row_id: int, row: Row, user: str = Depends(current_user)): return {}
@app.get("/open")
def o(): return {}
"""
FLASK = """
import functools
from flask import Flask, abort, request
from verifier import verify_token

app = Flask(__name__, static_folder=None)

def signed_in(view):
    @functools.wraps(view)
    def wrapper(*args, **kwargs):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or verify_token(token) is None: abort(401)
        return app.ensure_sync(view)(*args, **kwargs)
    return wrapper

@app.get("/me")
@signed_in
async def me(): return {}
@app.post("/rows/<int:row_id>")
@signed_in
def row(row_id): return {}
@app.get("/open")
def o(): return {}
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from verifier import verify_token

class Backend(AuthenticationBackend):
    async def authenticate(self, connection):
        fields = connection.headers.getlist("authorization")
        scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
        claims = verify_token(token) if scheme.lower() == "bearer" else None
        return (AuthCredentials(["authenticated"]), SimpleUser(claims["sub"])) if claims else None

@requires("authenticated")
async def me(request): return JSONResponse({})
@requires("authenticated")
def row(request): return JSONResponse({})
async def o(request): return JSONResponse({})

app = Starlette(
    routes=[Route("/me", me), Mount("/rows", routes=[Route("/{row_id:int}", row, methods=["POST"])]), Route("/open", o)],
    middleware=[Middleware(AuthenticationMiddleware, backend=Backend())],
)
"""
DJANGO = """
import functools, json
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["localhost"], ROOT_URLCONF=__name__, SECRET_KEY="x", MIDDLEWARE=[], INSTALLED_APPS=[],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
import django
django.setup()
from django.core.handlers.INTERFACE import HANDLER
from django.db import connection
from django.http import JsonResponse
from django.urls import include, path, re_path
from django.views import View
from django.views.decorators.http import require_http_methods
from verifier import verify_token

def signed_in(view):
    @functools.wraps(view)
    def wrapper(request, *args, **kwargs):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or verify_token(token) is None:
            return JsonResponse({"detail": "Not authenticated"}, status=401)
        return view(request, *args, **kwargs)
    return wrapper

@signed_in
def me(request):
    with connection.cursor() as cursor: cursor.execute("SELECT 1")  # Django refuses where an event loop runs.
    return JsonResponse({})

class Rows(View):
    def dispatch(self, request, *args, **kwargs): return signed_in(super().dispatch)(request, *args, **kwargs)
    def post(self, request, row_id): return JsonResponse({})

@require_http_methods(["GET"])
def o(request): return JsonResponse({})

urlpatterns = [path("me", me), path("rows/", include([re_path(r"^(?P<row_id>[0-9]+)$", Rows.as_view())])), path("open", o)]
app = HANDLER()
"""
SDK = """
import os
from clerk_backend_api import Clerk
from clerk_backend_api.security.types import AuthenticateRequestOptions
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

sdk = Clerk(bearer_auth=os.environ["CLERK_SECRET_KEY"])
options = AuthenticateRequestOptions(accepts_token=["session_token"], authorized_parties=["http://localhost:3000"])
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

def current_user(request: Request):
    state = sdk.authenticate_request(request, options)
    if not state.is_signed_in: raise HTTPException(401, "Not authenticated")
    return (state.payload or {}).get("sub", "")

class Row(BaseModel):
    text: str

@app.get("/me", dependencies=[Depends(current_user)])
def me(): return {}
@app.post("/rows/{row_id}", dependencies=[Depends(current_user)])
def row(row_id: int, row: Row): return {}
@app.get("/open")
def o(): return {}
"""
KINDS = {
    "an old FastAPI": OLD,
    "Flask": FLASK,
    "Starlette": STARLETTE,
    "Django over WSGI": DJANGO.replace("INTERFACE", "wsgi").replace("HANDLER", "WSGIHandler"),
    "Django over ASGI": DJANGO.replace("INTERFACE", "asgi").replace("HANDLER", "ASGIHandler"),
}


def python_of(kind: str) -> dict[str, str]:
    return {"python": str(OLD_PYTHON)} if kind == "an old FastAPI" else {}


MATRICES = {
    # Refusals of Starlette's `requires` are 403.
    kind: MATRIX.replace('accept = ["clerk"]', 'accept = ["clerk"]\nrefuse = [401, 403]').replace(
        'clerk = ["*:*current_user*", "verifier:verify_token"]', 'clerk = ["*:verify_token"]'
    )
    for kind in KINDS
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_correct_backend_is_left_alone(judge_app: JudgeApp, kind: str) -> None:
    result = judge_app(KINDS[kind], ROUTES, whole=True, matrix=MATRICES[kind], **python_of(kind))
    assert result.failed == set()
    assert result.verdicts["GET /me", "clerk"].mechanism == ("clerk",)


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("an old FastAPI", "row: Row, user: str = Depends(current_user)", "row: Row"),
        ("Flask", "@signed_in\ndef row", "def row"),
        ("Starlette", '@requires("authenticated")\ndef row', "def row"),
        (
            "Django over WSGI",
            "    def dispatch(self, request, *args, **kwargs): return signed_in(super().dispatch)(request, *args, **kwargs)\n",
            "",
        ),
    ],
)
def test_a_forgotten_guard_is_found(judge_app: JudgeApp, kind: str, old: str, new: str) -> None:
    assert old in KINDS[kind]
    code = KINDS[kind].replace(old, new)
    result = judge_app(
        code, ROUTES, whole=True, matrix=MATRICES[kind], credentials=["clerk", "forged", "missing"], **python_of(kind)
    )
    breaches = {finding for finding in result.failed if finding[0] == "breach"}
    assert breaches == {("breach", "POST /rows/{row_id}", "forged"), ("breach", "POST /rows/{row_id}", "missing")}
    assert {route for _, route, _ in result.failed} == {"POST /rows/{row_id}"}


@pytest.mark.parametrize(
    ("kind", "old", "new", "found"),
    [
        ("an old FastAPI", 'now < claims["exp"] + 5', "now", {"expired", "expired-years"}),
        (
            "an old FastAPI",
            '.to_bytes(256, "big") != expected',
            '.to_bytes(256, "big") == 0',
            {"forged", "signature-zeros", "payload-swapped-sub"},
        ),
    ],
)
def test_a_check_left_out_is_found(judge_app: JudgeApp, kind: str, old: str, new: str, found: set[str]) -> None:
    assert old in KINDS[kind]
    result = judge_app(KINDS[kind].replace(old, new), ROUTES, whole=True, matrix=MATRICES[kind], **python_of(kind))
    assert found <= {credential for verdict, _, credential in result.failed if verdict == "breach"}
    assert {route for _, route, _ in result.failed} == {"GET /me", "POST /rows/{row_id}"}


def test_the_official_sdk_unpatched(judge_app: JudgeApp) -> None:
    """It looks at signature, time and azp; what it leaves to the app is found, but for what only the issuer could sign."""
    matrix = MATRIX.replace('"verifier:verify_token"', '"clerk_backend_api.security.*"')
    result = judge_app(SDK, ROUTES, whole=True, matrix=matrix)
    by_kind = {verdict: {c for v, _, c in result.failed if v == verdict} for verdict, _, _ in result.failed}
    assert not {"expired", "forged", "alg-none", "missing", "legacy", "hs256-with-pem"} & by_kind.get("breach", set())
    assert by_kind.get("lockout", set()) == set()
    assert by_kind["breach"] >= {"template-for-session", "clerk-pending"}
    assert set(by_kind) == {"breach"}
