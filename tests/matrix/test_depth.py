"""How deep a run goes: what `quick` tries, and when a guard that was examined on one route counts for another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.contracts.matrix.depth import is_shown_by_guard
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.selection import Selection
from harness.credentials import CATALOGUE, groups, tagged
from tests.conftest import Judged
from tests.matrix.kit import plan_of

ROUTES = "".join(f'"GET /{name}" = "clerk"\n' for name in ("one", "two", "three"))
WHOLE_DAY = {"drills": False, "rotation": False}
ONE_GUARD = """
@app.get("/one")
def one(user: User): return {}
@app.get("/two")
def two(user: User): return {}
@app.get("/three")
def three(user: User): return {}
"""
# The same under a name that says nothing of tokens.
NAMELESS = """
def member(request: Request) -> str: return current_user(request)
Member = Annotated[str, Depends(member)]
@app.get("/one")
def one(user: Member): return {}
@app.get("/two")
def two(user: Member): return {}
@app.get("/three")
def three(user: Member): return {}
"""
# Both depend on `current_user` and each has a flaw of its own that no credential of `quick` shows.
INSIDE = """
@app.get("/one")
def one(user: User): return {}
@app.get("/two")
def two(user: User): return {}
@app.get("/three")
def three(request: Request):
    return {"user": current_user(request)}
"""
ANOTHER = """
def lax(request: Request) -> str:
    if request.headers.get("authorization", "").endswith("."):  # Without a signature.
        return "anybody"
    return current_user(request)

@app.get("/one")
def one(user: User): return {}
@app.get("/two")
def two(user: User): return {}
@app.get("/three")
def three(user: Annotated[str, Depends(lax)]): return {}
"""
OPEN = """
@app.get("/one")
def one(user: User): return {}
@app.get("/two")
def two(user: User): return {}

@app.middleware("http")
async def opens(request: Request, call_next):
    if request.url.path == "/three" and "x-user-id" in request.headers:
        from starlette.responses import JSONResponse
        return JSONResponse({"secret": 1})
    return await call_next(request)

@app.get("/three")
def three(user: User): return {}
"""


def test_each_group_that_is_sent_as_single_requests_has_a_sentinel() -> None:
    single = {
        credential.group for credential in CATALOGUE.values() if credential.drill is None and not credential.learned
    }
    assert single - {credential.group for credential in tagged("sentinel")} == {"state"}
    assert set(groups()) >= single


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("signature-zeros", True), ("exp-missing", True), ("m2m-jwt", True), ("query-session", True), ("azp-array", True),
        ("forged", False), ("missing", False), ("expired", False),  # Sent to every route.
        ("clerk", False), ("clerk-other", False), ("role-in-header", False), ("admin-of-another-organization", False),
        ("trailing-slash", False), ("method-override-header", False), ("cors-foreign-origin", False), ("jwks-outage", False),
        ("others-object", False), ("named-field", False),
    ],
)  # fmt: skip
def test_what_a_guard_shows(name: str, shown: bool) -> None:
    plan: RoutePlan = plan_of()
    assert is_shown_by_guard(plan.cell(CATALOGUE[name])) is shown


def test_quick_tries_what_is_admitted_and_a_few_of_each_group() -> None:
    plan: RoutePlan = plan_of()
    quick = {cell.label for cell in Selection([], quick=True).cells(plan)}
    assert {"clerk", "missing", "forged", "expired", "alg-none"} <= quick
    assert len(quick) < len(Selection([]).cells(plan)) / 5
    assert {cell.label for cell in Selection(["exp-null"], quick=True).cells(plan)} == {"exp-null"}


@pytest.mark.parametrize(
    ("code", "proven", "failing"),
    [
        (ONE_GUARD, {"GET /two", "GET /three"}, set()),
        (NAMELESS, {"GET /two", "GET /three"}, set()),
        (INSIDE, {"GET /two"}, set()),
        (ANOTHER, {"GET /two"}, {"GET /three"}),
        (OPEN, {"GET /two"}, {"GET /three"}),
    ],
    ids=["one guard", "a name that tells nothing", "in the handler", "another function", "opened by a middleware"],
)
def test_a_guard_counts_for_the_routes_on_which_it_decided_alike(
    code: str, proven: set[str], failing: set[str], judge_app: Callable[..., Judged]
) -> None:
    names: dict[str, Any] = {"only": ["GET /one", "GET /two", "GET /three"]}
    result = judge_app(code, ROUTES, depth="guards", **names, **WHOLE_DAY)
    assert {v.route for v in result.record.verdicts if v.evidence == "guard"} == proven
    assert {route for _, route, _ in result.failed} == failing
    assert result.record.passed is not bool(failing)
    assert len(result.verdicts) == len(result.record.verdicts) == result.record.plan.cells
