"""Schemathesis: it makes requests for routes that nobody prepared, and can hold its own cases to the matrix."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.credentials import Legacy, Mint, register
from harness.fake_clerk import FakeClerk
from harness.run.environment import base_environment
from harness.run.minting import minted
from tests.conftest import GUARD, MATRIX, VERIFIER, Judged, write_suites

JudgeApp = Callable[..., Judged]
# What the schema does not say: the simplest value that it allows is not taken.
PICKY = (
    GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)")
    + """
from fastapi import File, Form, Header, Query, UploadFile
from pydantic import AfterValidator, BaseModel, Field, field_validator

class Order(BaseModel):
    name: Annotated[str, Field(min_length=3)]
    kind: str

    @field_validator("kind")
    @classmethod
    def known(cls, value):
        if value == "sample":
            raise ValueError("not that one")
        return value

@app.post("/orders/{number}")
def order(number: int, order: Order, user: User, area: Annotated[str, Query(pattern="^[A-Z]{3}$")], x_tenant: Annotated[str, Header()]):
    return {"number": number}

@app.post("/form")
def form(user: User, word: Annotated[str, Form(), AfterValidator(Order.known)]):
    return {"word": word}

@app.post("/upload")
def upload(user: User, file: UploadFile, title: Annotated[str, Form()]):
    return {"title": title}
"""
)
ROUTES = '"POST /orders/{number}" = "clerk"\n"POST /form" = "clerk"\n"POST /upload" = "clerk"\n'


def test_routes_that_nobody_prepared_are_conclusive(judge_app: JudgeApp) -> None:
    result = judge_app(PICKY, ROUTES, whole=True, matrix=MATRIX, credentials=["clerk", "forged", "missing", "expired"])
    assert result.failed == set()
    assert {v.status for v in result.record.verdicts if v.credential == "clerk"} == {200}


def test_an_open_route_among_them_is_found(judge_app: JudgeApp) -> None:
    code = PICKY.replace("def order(number: int, order: Order, user: User,", "def order(number: int, order: Order,")
    result = judge_app(code, ROUTES, whole=True, matrix=MATRIX, credentials=["clerk", "forged", "missing"])
    assert ("breach", "POST /orders/{number}", "missing") in result.failed
    assert {route for _, route, _ in result.failed} == {"POST /orders/{number}"}


# The check

APP = """
import os
from backend_base import *

@app.get("/me")
def me(user: User): return {"user": user}
@app.get("/rows/{row_id}")
def row(row_id: int): return {"row": row_id}
"""
SUITE = """
import schemathesis
from hypothesis import settings
from backend import app
from harness.integrations.schemathesis import agrees_with_matrix

schema = schemathesis.openapi.from_asgi("/openapi.json", app)

@schema.parametrize()
@settings(max_examples=2, deadline=None)
def test_api(case):
    response = case.call()
    case.validate_response(response, checks=[agrees_with_matrix])
"""


@pytest.fixture
def issuer() -> Iterator[FakeClerk]:
    with FakeClerk() as clerk:
        mint = Mint(clerk, register(clerk, {}), Legacy())
        clerk.api.mint = lambda name: minted(mint, name)
        yield clerk


def run_suite(folder: Path, clerk: FakeClerk, declared: str, guard: str = GUARD) -> subprocess.CompletedProcess[str]:
    (folder / "verifier.py").write_text(
        VERIFIER.replace('f"https://{DOMAIN}/.well-known', 'os.environ["ISSUER"] + "/.well-known')
    )
    (folder / "backend_base.py").write_text(guard)
    (folder / "backend.py").write_text(APP)
    (folder / "test_api.py").write_text(SUITE)
    write_suites(folder / "suites", declared)
    env = base_environment() | {
        "CLERK_DOMAIN": clerk.domain,
        "ISSUER": clerk.url,
        "CLERK_HARNESS_ISSUER": clerk.control_url,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "test_api.py"]
    return subprocess.run(
        command, cwd=folder, env=os.environ | env, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_check_agrees_where_the_matrix_is_true(tmp_path: Path, issuer: FakeClerk) -> None:
    done = run_suite(tmp_path, issuer, '"GET /me" = "clerk"\n"GET /rows/{row_id}" = "public"\n')
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_check_disagrees_where_it_is_not(tmp_path: Path, issuer: FakeClerk) -> None:
    done = run_suite(tmp_path, issuer, '"GET /me" = "clerk"\n"GET /rows/{row_id}" = "clerk"\n')
    assert done.returncode == 1
    assert "GET /rows/{row_id} disagrees with policy 'clerk'" in done.stdout
    assert "missing: must be rejected, was answered with 200" in done.stdout
    assert "GET /me disagrees" not in done.stdout


# Refusals as sites make them: browsers are sent to the page where people sign in.
SENDS_AWAY = (
    GUARD.replace(
        'HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})',
        'HTTPException(303, headers={"Location": "/sign-in"})',
    )
    + """
@app.get("/sign-in", include_in_schema=False)
def sign_in(): return {"please": "sign in"}
"""
)


def test_a_redirect_to_sign_in_is_a_refusal(tmp_path: Path, issuer: FakeClerk) -> None:
    done = run_suite(tmp_path, issuer, '"GET /me" = "clerk"\n"GET /rows/{row_id}" = "public"\n', SENDS_AWAY)
    assert done.returncode == 0, done.stdout[-2000:]


def test_whoever_is_sent_to_sign_in_is_locked_out(tmp_path: Path, issuer: FakeClerk) -> None:
    nobody = SENDS_AWAY.replace("if claims is None:", "if True:")
    done = run_suite(tmp_path, issuer, '"GET /me" = "clerk"\n"GET /rows/{row_id}" = "public"\n', nobody)
    assert done.returncode == 1
    assert "clerk: must be accepted, was refused with 303" in done.stdout
