"""Preflight requests, judged as a browser does."""

from __future__ import annotations

import pytest

from harness.contracts.matrix import cors
from harness.contracts.matrix.cors import allows, missing_from
from harness.contracts.matrix.state import RouteState
from harness.targets.base import Observation
from tests.matrix.kit import admitted, cell, judged, plan_of, seen

ORIGIN = "https://app.example.com"
CORS_HINT = (
    "CORS must be outside of authentication: a preflight carries no credential (in Starlette, add CORSMiddleware last)"
)


CANNOT = f"no page of {ORIGIN} can call this route: "
WANTS = ", where a browser wants a status of success"
NOT_LISTED = "Access-Control-Allow-Headers does not list Authorization"
MAY = "may send the user's credentials and read the answer (CORS)"
EVIL = "https://evil.example"
LIKE_OURS = f"{ORIGIN}.evil.example"


def allowing(status: int = 204, /, origin: str = ORIGIN, **fields: str) -> Observation:
    named = {"headers": "authorization", **fields, "origin": origin}
    return seen(status, headers=[(f"Access-Control-Allow-{name}", value) for name, value in named.items()])


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("cors-preflight", allowing(), ("pass", "", "")),
        ("cors-preflight", allowing(299), ("pass", "", "")),
        ("cors-preflight", seen(None, hung=True), ("fault", "the target failed over a preflight", "")),
        ("cors-preflight", seen(None, died=True), ("fault", "the target failed over a preflight", "")),
        ("cors-preflight", seen(500), ("fault", "the target failed over a preflight", "")),
        ("cors-preflight", seen(499), ("lockout", CANNOT + "it was answered 499" + WANTS, CORS_HINT)),
        ("cors-preflight", seen(None), ("lockout", CANNOT + "it was answered with nothing" + WANTS, CORS_HINT)),
        ("cors-preflight", allowing(300), ("lockout", CANNOT + "it was answered 300" + WANTS, CORS_HINT)),
        ("cors-preflight", seen(199), ("lockout", CANNOT + "it was answered 199" + WANTS, CORS_HINT)),
        ("cors-preflight", seen(200), ("lockout", CANNOT + f"Access-Control-Allow-Origin is absent, not {ORIGIN}", CORS_HINT)),
        ("cors-preflight", allowing(origin=EVIL), ("lockout", CANNOT + f"Access-Control-Allow-Origin is {EVIL}, not {ORIGIN}", CORS_HINT)),
        ("cors-preflight", allowing(headers="*"), ("lockout", CANNOT + NOT_LISTED, CORS_HINT)),
        ("cors-preflight", allowing(origin="*", headers="x, *"), ("pass", "", "")),
        ("cors-foreign-origin", allowing(origin=EVIL, credentials="True"), ("breach", f"pages of {EVIL} {MAY}", "")),
        ("cors-foreign-origin", allowing(origin="null", credentials="true"), ("breach", f"pages of null {MAY}", "")),
        ("cors-foreign-origin", allowing(origin=LIKE_OURS, credentials="true"), ("breach", f"pages of {LIKE_OURS} {MAY}", "")),
        ("cors-foreign-origin", allowing(origin=EVIL), ("pass", "", "")),
        ("cors-foreign-origin", allowing(origin=EVIL, credentials="false"), ("pass", "", "")),
        ("cors-foreign-origin", allowing(credentials="true"), ("pass", "", "")),
        ("cors-foreign-origin", allowing(origin="*", credentials="true"), ("pass", "", "")),
        ("cors-foreign-origin", seen(403), ("pass", "", "")),
        ("cors-foreign-origin", seen(502), ("fault", "the target failed over a preflight", "")),
    ],
)  # fmt: skip
def test_preflights(name: str, answer: Observation, expected: tuple[str, str, str]) -> None:
    state = admitted(RouteState(plan_of()))
    state.plan.asked_by_browsers = ORIGIN
    found = judged(cell(state, name), state, answer)
    assert (found.verdict, found.detail, found.hint) == expected
    assert cors.preflight(cell(state, name), answer) == expected


@pytest.mark.parametrize(
    ("method", "listed", "verdict"),
    [
        ("GET", None, "pass"), ("HEAD", None, "pass"), ("POST", None, "pass"), ("PUT", None, "lockout"),
        ("PUT", "get, put", "pass"), ("PUT", "*", "pass"), ("DELETE", "GET, PUT", "lockout"),
    ],
)  # fmt: skip
def test_the_methods_that_a_browser_asks_for(method: str, listed: str | None, verdict: str) -> None:
    state = admitted(RouteState(plan_of(key=f"{method} /x")))
    state.plan.asked_by_browsers = ORIGIN
    found = judged(
        cell(state, "cors-preflight"), state, allowing(204, ORIGIN, **({"methods": listed} if listed else {}))
    )
    assert found.verdict == verdict
    if verdict == "lockout":
        assert found.detail.endswith(f"Access-Control-Allow-Methods does not list {method}")


def preflight(status: int = 204, **fields: str) -> Observation:
    names = {name: f"access-control-allow-{name}" for name in ("origin", "methods", "headers", "credentials")}
    return Observation(status=status, headers=[(names[name], value) for name, value in fields.items()])


@pytest.mark.parametrize(
    ("answer", "method", "why"),
    [
        (preflight(origin=ORIGIN, headers="authorization"), "GET", None),
        (preflight(origin=ORIGIN, headers="Authorization, Content-Type", methods="PUT, DELETE"), "PUT", None),
        (preflight(origin="*", headers="authorization"), "POST", None),
        (preflight(401, origin=ORIGIN, headers="authorization"), "GET", "it was answered 401"),
        (preflight(headers="authorization"), "GET", "Access-Control-Allow-Origin is absent"),
        (preflight(origin="https://other.example", headers="authorization"), "GET", "not https://app.example.com"),
        (preflight(origin=ORIGIN, headers="content-type"), "GET", "does not list Authorization"),
        (preflight(origin=ORIGIN, headers="authorization", methods="GET"), "DELETE", "does not list DELETE"),
    ],
)
def test_what_a_browser_must_be_told(answer: Observation, method: str, why: str | None) -> None:
    found = missing_from(answer, ORIGIN, method)
    assert found is None if why is None else why in str(found)


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [(ORIGIN, True), (f" {ORIGIN} ", True), ("*", True), ("null", False), ("https://other.example", False)],
)
def test_who_may_read_an_answer(allowed: str, expected: bool) -> None:
    assert allows(preflight(origin=allowed), ORIGIN) is expected
    assert not allows(Observation(200), ORIGIN)
