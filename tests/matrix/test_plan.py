"""Which cells a route has, and where each credential fits: tables, without any target."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.plan import Cell, Gap, Plan, RoutePlan, fits, representatives
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE
from harness.targets.request_builder import Example
from tests.matrix.kit import plan_of

CLERK, FORGED, MISSING = CATALOGUE["clerk"], CATALOGUE["forged"], CATALOGUE["missing"]


def with_drills(*drills: str, plan: RoutePlan | None = None) -> RoutePlan:
    plan = plan or plan_of()
    plan.drills = frozenset(drills)
    return plan


def with_origin(*accept: str, key: str = "GET /x") -> RoutePlan:
    plan = plan_of(accept, key)
    plan.asked_by_browsers = "https://app.example.com"
    return plan


FORM = Example(form={"a": "b"})
JSON_LIST = Example(json=[1])


@pytest.mark.parametrize(
    ("name", "plan", "expected"),
    [
        ("forged", plan_of(), True),
        ("forged", plan_of(key="WS /x"), True),
        # Browsers ask HTTP routes that are not for everybody, where a front end is declared.
        ("cors-preflight", with_origin("clerk"), True),
        ("cors-preflight", plan_of(), False),
        ("cors-preflight", with_origin("*"), False),
        ("cors-preflight", with_origin("clerk", key="WS /x"), False),
        # Two users at once: where people enter with Clerk and read.
        ("two-identities-at-once", plan_of(), True),
        ("two-identities-at-once", plan_of(key="POST /x"), False),
        ("two-identities-at-once", plan_of(key="WS /x"), False),
        ("two-identities-at-once", plan_of(("legacy",)), False),
        ("two-identities-at-once", plan_of(("*",)), False),
        ("answer-of-who-came-first", with_drills("shared"), True),
        ("answer-of-who-came-first", with_drills("shared", plan=plan_of(key="POST /x")), False),
        ("answer-of-who-came-first", with_drills("outage"), False),
        # Drills: where they are run, and a JWT is admitted.
        ("jwks-outage", with_drills("outage"), True),
        ("jwks-outage", with_drills("slow"), False),
        ("jwks-outage", with_drills("outage", plan=plan_of(("legacy",))), False),
        ("jwks-outage", with_drills("outage", plan=plan_of(("m2m-jwt",))), True),
        ("jwks-outage", with_drills("outage", plan=plan_of(("api-key",))), False),
        ("api-outage", with_drills("silence", plan=plan_of(("api-key",))), True),
        ("api-outage", with_drills("silence"), True),
        ("api-outage", with_drills("outage"), False),
        # Servers refuse such a handshake themselves.
        ("huge-token", plan_of(("clerk",), "WS /x", "query:token"), False),
        ("huge-token", plan_of(("clerk",), "WS /x"), True),
        ("huge-token", plan_of(("clerk",), "GET /x", "query:token"), True),
        ("forged", plan_of(("clerk",), "WS /x", "query:token"), True),
        # One kind of route.
        ("websocket-query", plan_of(key="WS /x"), True),
        ("websocket-query", plan_of(), False),
        ("trailing-slash", plan_of(), True),
        ("trailing-slash", plan_of(key="WS /x"), False),
        # A body with fields.
        ("body-token", plan_of(key="POST /x", example=FORM), True),
        ("body-token", plan_of(key="POST /x", example=Example(json={})), True),
        ("body-token", plan_of(key="POST /x", example=JSON_LIST), False),
        ("body-token", plan_of(key="POST /x"), False),
    ],
)  # fmt: skip
def test_where_a_credential_fits(name: str, plan: RoutePlan, expected: bool) -> None:
    assert fits(CATALOGUE[name], plan, plan.ways[0]) is expected


def test_without_a_way_the_usual_carrier_counts_and_no_drill_fits() -> None:
    plan = plan_of(("clerk",), "WS /x", "query:token")
    assert not fits(CATALOGUE["huge-token"], plan)
    assert fits(CATALOGUE["huge-token"], plan, Way((CLERK,), "bearer"))
    assert not fits(CATALOGUE["jwks-outage"], with_drills("outage"))
    assert fits(CATALOGUE["huge-token"], plan_of(("clerk",), "WS /x", "bearer", "query:token"))


# Representatives


def keys(*plans: RoutePlan) -> list[str]:
    return [plan.key for plan in representatives(list(plans))]


def guarded(key: str, **route: Any) -> RoutePlan:
    return plan_of(key=key, route=route)


def test_one_route_for_each_guard() -> None:
    first, same = guarded("GET /a", dependencies=("m:f",)), guarded("GET /b", dependencies=("m:f",))
    other = guarded("GET /c", dependencies=("m:g",))
    assert keys(first, same, other) == ["GET /a", "GET /c"]
    inside, same_inside = guarded("GET /d", inside=("m:f",)), guarded("GET /e", inside=("m:f",))
    assert keys(inside, same_inside, guarded("GET /f", inside=("m:g",))) == ["GET /d", "GET /f"]
    # The dependencies decide, where there are any.
    assert keys(guarded("GET /a", dependencies=("m:f",), inside=("m:g",)), same) == ["GET /a"]
    renamed = plan_of(key="GET /z")
    renamed.policy_name = "other"
    assert keys(plan_of(), renamed) == ["GET /x", "GET /z"]


def test_a_route_that_only_reads_is_preferred() -> None:
    assert keys(plan_of(key="POST /a"), plan_of(key="GET /b")) == ["GET /b"]
    assert keys(plan_of(key="POST /a"), plan_of(key="PUT /b")) == ["POST /a"]


def test_what_represents_nothing() -> None:
    assert keys(plan_of(key="WS /a"), plan_of(("legacy",)), plan_of(("*",)), plan_of(("webhook",))) == []
    assert keys(plan_of(("legacy", "m2m-jwt"))) == ["GET /x"]


def test_twelve_routes_represent_all() -> None:
    plans = [guarded(f"GET /{number}", dependencies=(f"m:{number}",)) for number in range(13)]
    assert keys(*plans) == [f"GET /{number}" for number in range(12)]


# Cells and routes


def test_the_label_of_a_cell() -> None:
    plan = plan_of(("clerk", "m2m-jwt"), "GET /x", "bearer", "cookie:__session")
    assert [plan.cell(FORGED, way).label for way in plan.ways] == [
        "forged", "forged@m2m-jwt", "forged@cookie:__session",
    ]  # fmt: skip
    assert plan.cell(FORGED) == Cell(plan, FORGED, "reject", plan.ways[0])
    assert plan.cell(CLERK).expect == "accept"
    # Of the base of its way it is made.
    admins = plan_of(("clerk-org-admin",))
    assert admins.cell(CATALOGUE["no-scheme"]).expect == "tolerate"


@pytest.mark.parametrize(
    ("accept", "names"),
    [
        (("*",), ["missing"]),
        (("clerk", "m2m-jwt"), ["clerk", "m2m-jwt"]),
        (("m2m-jwt", "clerk"), ["clerk", "m2m-jwt"]),  # In the catalogue's order.
        (("missing", "clerk"), ["clerk"]),
        (("missing",), []),
        ((), []),
        (("time",), [c.name for c in CATALOGUE.values() if c.group == "time"]),
    ],
)
def test_whom_a_policy_admits(accept: tuple[str, ...], names: list[str]) -> None:
    plan = plan_of(accept)
    assert [c.name for c in plan.admitted if c.drill is None] == names


@pytest.mark.parametrize(
    ("accept", "nobody"), [((), True), (("missing",), False), (("clerk",), False), (("*",), False)]
)
def test_a_policy_that_admits_nobody(accept: tuple[str, ...], nobody: bool) -> None:
    plan = plan_of(accept)
    assert plan.admits_nobody is nobody
    if accept in ((), ("missing",)):
        assert plan.ways == [Way((MISSING,), "bearer")]


def test_browsers_are_admitted_nowhere() -> None:
    assert "cors-preflight" not in [c.name for c in plan_of(("clerk",)).admitted]


TEMPLATE = Example(messages=('{"token": "{token}"}',))


@pytest.mark.parametrize(
    ("carriers", "example", "why"),
    [
        (("message",), None, 'it takes its token in a message, and no message with "{token}" is declared'),
        (("bearer", "message"), Example(messages=("hello",)), 'it takes its token in a message, and no message with "{token}" is declared'),
        (("message",), TEMPLATE, ""),
        (("message",), Example(messages=("hello", *TEMPLATE.messages)), ""),
        (("bearer",), None, ""),
    ],
)  # fmt: skip
def test_a_route_that_cannot_be_examined(carriers: tuple[str, ...], example: Example | None, why: str) -> None:
    assert plan_of(("clerk",), "WS /x", *carriers, example=example).unexaminable == why


@pytest.mark.parametrize(
    ("key", "writes"),
    [
        ("GET /x", False), ("HEAD /x", False), ("OPTIONS /x", False), ("WS /x", False),
        ("POST /x", True), ("PUT /x", True), ("PATCH /x", True), ("DELETE /x", True),
    ],
)  # fmt: skip
def test_which_routes_write(key: str, writes: bool) -> None:
    assert plan_of(key=key).writes is writes
    assert plan_of(key=key).key == key


def test_a_request_that_nobody_has_described_is_guessed() -> None:
    assert plan_of().guessed
    assert plan_of(example=Example(carrier="query:token")).guessed
    assert not plan_of(example=Example(json={})).guessed
    assert not plan_of(example=Example(carrier="query:token", path={"a": 1})).guessed


@pytest.mark.parametrize(
    ("accept", "policy", "takes"),
    [
        (("clerk",), {}, True),
        (("genuine",), {}, True),
        (("*",), {}, False),
        (("legacy",), {}, False),
        (("clerk",), {"reject": ["clerk"]}, False),
        (("clerk-org-admin",), {}, False),
    ],
)
def test_who_is_signed_in_with_clerk(accept: tuple[str, ...], policy: dict[str, Any], takes: bool) -> None:
    assert plan_of(accept, **policy).takes_clerk is takes


def test_the_request_without_a_credential() -> None:
    base = plan_of(key="POST /x/{id}", example=Example(path={"id": 7}, json={"a": 1})).base
    assert (base.method, base.path, base.body) == ("POST", "/x/7", b'{"a": 1}')


# Which cells a credential has


def labels(plan: RoutePlan, name: str) -> list[tuple[str, str, str]]:
    return [(cell.label, cell.expect, cell.way.carrier) for cell in plan.planned(CATALOGUE[name])]


def test_a_cell_for_each_way_in_which_a_credential_is_tried() -> None:
    plan = plan_of(("clerk", "m2m-jwt"), "GET /x", "bearer", "cookie:__session")
    assert labels(plan, "forged") == [
        ("forged", "reject", "bearer"),
        ("forged@m2m-jwt", "reject", "bearer"),
        ("forged@cookie:__session", "reject", "cookie:__session"),
    ]
    # The genuine one must be admitted in each further place.
    assert labels(plan, "clerk") == [
        ("clerk", "accept", "bearer"),
        ("clerk@cookie:__session", "accept", "cookie:__session"),
    ]
    assert labels(plan, "m2m-jwt") == [("m2m-jwt", "accept", "bearer")]
    assert labels(plan, "garbage") == [("garbage", "reject", "bearer")]
    assert labels(plan, "cors-preflight") == []


def test_what_is_genuine_goes_where_the_route_takes_tokens() -> None:
    """Only the cookie is admitted: in its own place the session is sent, and others where tokens are taken."""
    plan = plan_of(("clerk-cookie",))
    assert plan.ways[0].carrier == "cookie:__session"
    assert labels(plan, "clerk") == [("clerk", "reject", "bearer")]
    assert labels(plan, "forged") == [("forged", "reject", "cookie:__session")]
    assert labels(plan_of(("clerk",), "GET /x", "query:token"), "clerk") == [("clerk", "accept", "query:token")]


def test_the_cells_of_a_way_that_was_found_open() -> None:
    plan = with_drills("outage", plan=plan_of())
    way = Way((CLERK,), "query:token", "query:token", found=True)
    found = plan.planned_in(way)
    assert {cell.way for cell in found} == {way}
    names = {cell.credential.name for cell in found}
    assert {"forged", "expired", "alg-none", "iss-other", "legacy"} <= names
    assert not names & {"missing", "query-token", "jwks-outage", "trailing-slash", "m2m-jwt", "clerk"}
    assert {cell.expect for cell in found if cell.credential.name == "forged"} == {"reject"}


def test_what_is_expected_in_a_way() -> None:
    plan = plan_of(("clerk-org-admin",), "GET /x", "bearer", "query:token")
    admin = CATALOGUE["clerk-org-admin"]
    usual, query = plan.ways
    assert plan.expects(admin, query) == plan.expects(admin, usual) == plan.expects(admin) == "accept"
    assert plan.expects(CATALOGUE["no-scheme"], usual) == "tolerate"
    assert plan.expects(CATALOGUE["no-scheme"]) == "reject"  # By itself it is made of Clerk's plain session.
    # Whatever the policy says of it: the way is admitted by it.
    found = Way((CLERK,), "query:other", "query:other", found=True)
    assert plan.expects(CLERK, found) == "accept"
    assert plan.expects(CLERK, usual) == "reject"
    assert plan_of(("clerk",), "WS /x").expects(CATALOGUE["query-token"]) == "tolerate"
    assert plan_of(("clerk",)).expects(CATALOGUE["query-token"]) == "reject"


def test_how_many_cells_a_plan_has() -> None:
    one, other = plan_of(), plan_of(key="GET /y")
    one.cells, one.found, other.cells = [one.cell(CLERK)], [one.cell(FORGED), one.cell(MISSING)], [other.cell(CLERK)]
    assert Plan([one, other], [Gap("stale", "GET /z", "app", "gone")]).cells == 4
    assert Plan([], []).cells == 0
