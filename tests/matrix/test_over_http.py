"""From outside, where only answers and the database tell: what ran before it was refused, and who was asked too often."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from harness.database import Server
from harness.run.options import Options
from tests.conftest import GUARD, MATRIX, VERIFIER, Judged, judged, write_suites

SCHEMA = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as db:
    db.execute("create table notes (id serial primary key, text text)")
    db.execute("create table audit (id serial primary key, who text)")
"""
NOTES = """
import os, psycopg

def write(table, column, value):
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
        db.execute(f"insert into {table} ({column}) values (%s)", (value,))

@app.post("/notes")
def add(REQUEST):
    write("notes", "text", "one")
    return {}
"""
# The door looks after the handler has run.
AFTERWARDS = """
from fastapi.responses import JSONResponse

@app.middleware("http")
async def look(request: Request, following):
    answer = await following(request)
    try:
        current_user(request)
    except HTTPException:
        return JSONResponse({"detail": "Not authenticated"}, 401)
    return answer
"""
# Every attempt is written down, whoever makes it; the door looks first.
AUDITED = """
@app.middleware("http")
async def audit(request: Request, following):
    write("audit", "who", request.url.path)
    return await following(request)
"""
CASES = {
    "afterwards": (NOTES.replace("REQUEST", "") + AFTERWARDS, True),
    "audited": (NOTES.replace("REQUEST", "user: User") + AUDITED, False),
}


@pytest.mark.parametrize("name", CASES)
def test_a_write_behind_a_refusal(name: str, tmp_path: Path, postgres: Server) -> None:
    code, flawed = CASES[name]
    (tmp_path / "verifier.py").write_text(VERIFIER)
    (tmp_path / "backend.py").write_text(GUARD + dedent(code))
    (tmp_path / "schema.py").write_text(SCHEMA)
    matrix = MATRIX + '[database]\nmigrate = "python -m schema"\n'
    suites = write_suites(tmp_path / "suites", '"POST /notes" = "clerk"', matrix=matrix)
    options = Options(
        suites=suites,
        command=f"{sys.executable} -m uvicorn backend:app --port {{port}}",
        app_dir=tmp_path,
        python=sys.executable,
        openapi="",
        credentials=["clerk", "forged", "expired", "missing"],
    )
    found = judged(options, server=postgres)
    wanted = {("breach", "POST /notes", name) for name in ("forged", "expired", "missing")} if flawed else set()
    assert found.failed == wanted
    assert {v.detail for v in found.record.verdicts if v.failed} <= {
        "refused, but only after the handler had written to the database"
    }


LIMITED = """
import time
SEEN = []

@app.middleware("http")
async def limit(request: Request, following):
    from fastapi.responses import JSONResponse
    now = time.monotonic()
    SEEN[:] = [at for at in SEEN if now - at < WINDOW]
    if len(SEEN) >= 12:
        return JSONResponse({}, 429, headers={"Retry-After": "WAIT"})
    SEEN.append(now)
    return await following(request)

@app.get("/me")
def me(user: User): return {"user": user}
"""


def test_a_limiter_that_says_when_is_waited_for(judge_app: Callable[..., Judged]) -> None:
    code = LIMITED.replace("WINDOW", "0.9").replace("WAIT", "1")
    found = judge_app(code, '"GET /me" = "clerk"', credentials=["clerk", "signature", "missing", "garbage"])
    verdicts = [v for v in found.record.verdicts if v.route == "GET /me"]
    assert {v.verdict for v in verdicts} == {"pass"}
    assert len(verdicts) > 12


def test_a_limiter_that_is_to_be_waited_for_too_long_leaves_it_open(judge_app: Callable[..., Judged]) -> None:
    code = LIMITED.replace("WINDOW", "600").replace("WAIT", "600")
    found = judge_app(code, '"GET /me" = "clerk"', credentials=["clerk", "signature", "missing", "garbage"])
    kinds = {v.verdict for v in found.record.verdicts if v.route == "GET /me"}
    assert kinds == {"pass", "inconclusive"}
    told = {v.detail for v in found.record.verdicts if v.verdict == "inconclusive"}
    assert all("throttled" in detail for detail in told)
