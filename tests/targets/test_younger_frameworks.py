"""Litestar and django-ninja: their routes are found with their guards, correct backends are left alone, and a forgotten guard is found."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from tests.conftest import MATRIX, VERIFIER, Judged
from tests.targets.conftest import Start

ROUTES = """
"GET /me" = "clerk"
"POST /rows/{row_id}" = { policy = "clerk", path = { row_id = 1 }, json = { text = "x" } }
"GET /open" = "public"
"""
LITESTAR = """
from litestar import Controller, Litestar, get, post
from litestar.exceptions import NotAuthorizedException
from verifier import verify_token

def signed_in(connection, handler):
    fields = connection.headers.getall("authorization", [])
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or verify_token(token) is None: raise NotAuthorizedException()

class Rows(Controller):
    path = "/rows"
    tags = ["rows"]
    guards = [signed_in]
    @post("/{row_id:int}")
    async def row(self, row_id: int, data: dict[str, str]) -> dict[str, str]: return data

@get("/me", guards=[signed_in], sync_to_thread=False)
def me() -> dict[str, str]: return {"secret": "x"}

@get("/open", sync_to_thread=False, include_in_schema=False)
def o() -> dict[str, str]: return {}

app = Litestar([Rows, me, o], openapi_config=None)
"""
NINJA = """
import django
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["ninja"])
django.setup()
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path
from ninja import NinjaAPI, Router, Schema
from ninja.security import HttpBearer
from verifier import verify_token

class Signed(HttpBearer):
    def authenticate(self, request, token): return verify_token(token)

class Row(Schema):
    text: str

api, rows = NinjaAPI(docs_url=None), Router(auth=Signed(), tags=["rows"])

@rows.post("/{int:row_id}")
def row(request, row_id: int, row: Row): return {}

@api.get("/me", auth=Signed())
def me(request): return {"secret": "x"}

@api.get("/open", include_in_schema=False)
def o(request): return {}

api.add_router("/rows", rows)
urlpatterns = [path("", api.urls)]
app = WSGIHandler()
"""
KINDS = {"Litestar": LITESTAR, "django-ninja": NINJA}
FORGOTTEN = {
    "Litestar": ("    guards = [signed_in]\n", ""),
    "django-ninja": ("Router(auth=Signed(), ", "Router("),
}
MATRIX_OF_BOTH = MATRIX.replace('clerk = ["*:*current_user*", "verifier:verify_token"]', 'clerk = ["*:verify_token"]')
JudgeApp = Callable[..., Judged]


def judged_kind(judge_app: JudgeApp, code: str, **more: object) -> Judged:
    routes = ["GET /me", "POST /rows/{row_id}", "GET /open"]
    return judge_app(code, ROUTES, whole=True, matrix=MATRIX_OF_BOTH, only=routes, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_correct_backend_is_left_alone(judge_app: JudgeApp, kind: str) -> None:
    result = judged_kind(judge_app, KINDS[kind])
    assert result.failed == set()
    assert result.verdicts["GET /me", "clerk"].mechanism == ("clerk",)
    assert {result.verdicts[key, "forged"].evidence for key in ("GET /me", "POST /rows/{row_id}")} == {"probe"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_forgotten_guard_is_found(judge_app: JudgeApp, kind: str) -> None:
    old, new = FORGOTTEN[kind]
    assert old in KINDS[kind]
    result = judged_kind(judge_app, KINDS[kind].replace(old, new), credentials=["clerk", "forged", "missing"])
    assert {each for each in result.failed if each[0] == "breach"} == {
        ("breach", "POST /rows/{row_id}", "forged"), ("breach", "POST /rows/{row_id}", "missing"),
    }  # fmt: skip
    assert {route for _, route, _ in result.failed} == {"POST /rows/{row_id}"}


@pytest.mark.parametrize("kind", KINDS)
def test_routes_are_found_with_what_they_say_of_themselves(start: Start, kind: str) -> None:
    target = start(KINDS[kind], modules={"verifier": dedent(VERIFIER)}, CLERK_DOMAIN="clerk.example")
    found = {route.key: route for route in target.routes if route.path in ("/me", "/open", "/rows/{row_id}")}
    assert sorted(found) == ["GET /me", "GET /open", "POST /rows/{row_id}"]
    assert {key: route.hidden for key, route in found.items()} == {
        "GET /me": False, "GET /open": True, "POST /rows/{row_id}": False,
    }  # fmt: skip
    row = found["POST /rows/{row_id}"]
    assert (row.tags, row.endpoint.rpartition(".")[2].rpartition(":")[2]) == (("rows",), "row")
    assert row.dependencies and not found["GET /open"].dependencies
