"""The probe in Node: routes are found wherever they are mounted, and what is seen of a request is what happened to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.run.options import Options
from tests.conftest import ROOT, Judged, judged, write_suites
from tests.targets.test_command import NODE

HERE = ROOT / "tests" / "conformance" / "node"
MATRIX = """
[policies.public]
accept = ["*"]
[policies.clerk]
accept = ["clerk"]
"""
ROUTES = """
"GET /api/v1/health" = "public"
"GET /api/v1/users/{id}" = { policy = "clerk", path = { id = 7 } }
"POST /api/v1/users/{id}/notes" = { policy = "clerk", path = { id = 7 } }
"GET /admin/reports/{year}" = { policy = "clerk", path = { year = 2024 } }
"GET /hidden/export" = "clerk"
"GET /inside" = "clerk"
"""
BY_ID = '"GET /api/v1/users/by-id/{id}" = { policy = "clerk", path = { id = 7 } }\n'
PAGES = '"METHOD /pages/{rest}" = { policy = "public", path = { rest = 1 } }\n'
FALLBACK = '"GET /{any}" = { policy = "public", path = { any = "x" } }\n'
EVERY_PAGE = "".join(PAGES.replace("METHOD", method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
CREDENTIALS = ["missing", "clerk", "expired", "forged"]
EXPRESS = ["express", "express-4"]
KOA_ROUTERS = ["@koa/router", "koa-router-12"]


def run(
    tmp_path: Path, backend: str, *, routes: str = ROUTES, env: dict[str, str] | None = None, **more: Any
) -> Judged:
    suites = write_suites(tmp_path / "suites", routes, matrix=MATRIX)
    return judged(
        Options(
            suites=suites, command=f"{NODE} backends/{backend}", app_dir=HERE, env=env or {}, agents=1,
            **{"credentials": CREDENTIALS, "drills": False, "rotation": False, **more},
        )
    )  # fmt: skip


def evidence(result: Judged, route: str) -> set[tuple[str, str]]:
    """(credential, evidence) of the cells of a route."""
    return {(v.credential, v.evidence) for v in result.record.verdicts if v.route == route}


def breaches(route: str, *credentials: str) -> set[tuple[str, str, str]]:
    return {("breach", route, credential) for credential in credentials}


USERS = ("GET /api/v1/users/{id}", "POST /api/v1/users/{id}/notes")
FLAWS = {
    "open": breaches("GET /hidden/export", "missing", "expired", "forged"),
    "verifies nothing": {each for route in USERS for each in breaches(route, "expired", "forged")},
    "mounted without": {each for route in USERS for each in breaches(route, "missing", "expired", "forged")},
    "inside": breaches("GET /inside", "expired", "forged"),
}
"""What is wrong with a backend -> what must be found."""
STYLES = [
    *[("express.mjs", {"EXPRESS": name}) for name in EXPRESS],
    ("fastify.mjs", {}),
    ("hono.mjs", {}),
    ("nest.mjs", {}),
    ("nest.mjs", {"ADAPTER": "fastify"}),
    *[("koa.mjs", {"ROUTER": name}) for name in KOA_ROUTERS],
]


@pytest.mark.parametrize(("backend", "env"), STYLES, ids=str)
def test_a_correct_backend_is_left_alone_and_seen_by_the_probe(
    tmp_path: Path, backend: str, env: dict[str, str]
) -> None:
    result = run(tmp_path, backend, env=env)
    assert result.failed == set()
    rejected = {(name, "probe") for name in ("missing", "expired", "forged")}
    for route in (*USERS, "GET /hidden/export", "GET /admin/reports/{year}"):
        assert evidence(result, route) == rejected | {("clerk", "probe")}, route
    # A handler that decides by itself is run, and its answer tells.
    assert evidence(result, "GET /inside") == {
        ("missing", "status"),
        ("expired", "status"),
        ("forged", "status"),
        ("clerk", "probe"),
    }


@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize(("backend", "env"), STYLES, ids=str)
def test_each_flaw_is_found(tmp_path: Path, backend: str, env: dict[str, str], flaw: str) -> None:
    result = run(tmp_path, backend, env=env | {"FLAW": flaw})
    assert result.failed == FLAWS[flaw]
    if flaw != "inside":
        found = {v.seen for v in result.record.verdicts if v.verdict == "breach"}
        assert found == {"the handler was entered (and stopped at the door)"}


LATE = [style for style in STYLES if style[0] in ("express.mjs", "koa.mjs")]


@pytest.mark.parametrize(("backend", "env"), LATE, ids=str)
def test_a_handler_that_runs_although_it_was_refused_is_found(
    tmp_path: Path, backend: str, env: dict[str, str]
) -> None:
    """A guard that forgets to return, or that decides when the handler has ended: every answer is 401, and the work is done."""
    result = run(tmp_path, backend, env=env | {"FLAW": "decides too late"})
    assert result.failed == breaches("GET /hidden/export", "missing", "expired", "forged")


OTHER_STYLES = [
    *[("express-other.mjs", {"EXPRESS": name}, BY_ID + PAGES.replace("METHOD", "GET") + FALLBACK) for name in EXPRESS],
    ("fastify-other.cjs", {}, BY_ID + EVERY_PAGE),
    ("nest.mjs", {"STYLE": "everywhere"}, ""),
    ("hono-other.cjs", {}, BY_ID + EVERY_PAGE),
    *[("koa-other.cjs", {"ROUTER": name}, BY_ID + EVERY_PAGE) for name in KOA_ROUTERS],
    *[("koa.mjs", {"ROUTER": name, "STYLE": "at once"}, "") for name in KOA_ROUTERS],
]
"""Backend, environment, and the routes that it has besides."""


@pytest.mark.parametrize(
    ("backend", "env", "more"), OTHER_STYLES, ids=[f"{o[0]}-{n}" for n, o in enumerate(OTHER_STYLES)]
)
def test_a_correct_backend_in_another_style_is_left_alone(
    tmp_path: Path, backend: str, env: dict[str, str], more: str
) -> None:
    result = run(tmp_path, backend, routes=ROUTES + more, env=env)
    assert result.failed == set()
    assert evidence(result, "GET /hidden/export") >= {("clerk", "probe"), ("forged", "probe")}
