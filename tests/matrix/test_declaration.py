"""A mistake in a declaration is named with file and key, before anything is sent."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from harness.contracts.matrix import load, make_plan
from harness.contracts.matrix.expectation import expectation
from harness.contracts.matrix.tables import Policy
from harness.core.errors import DeclarationError
from harness.credentials import CATALOGUE
from harness.targets.base import Route
from tests.conftest import MATRIX, write_suites

ROUTES = [
    Route("GET", "/a", module="backend.a"),
    Route("GET", "/b/{b_id}", module="backend.b"),
    Route("POST", "/b", module="backend.b"),
]
DECLARED = '"GET /a" = "clerk"\n"GET /b/{id}" = "clerk"\n"POST /b" = "public"\n'


@pytest.mark.parametrize(
    ("matrix", "routes", "told"),
    [
        ("[policies.clerk\n", DECLARED, "auth_matrix.toml: not valid TOML: .*line 1"),
        ("[policies.clerk]\n", DECLARED, r"auth_matrix.toml: policies.clerk.accept: is missing"),
        (
            "[policies.clerk]\naccept = ['clerc']\n",
            DECLARED,
            "policies.clerk.accept: no credential or group 'clerc'; did you mean 'clerk'",
        ),
        (
            "[policies.clerk]\naccept = ['clerk']\nuntill = 2027-01-01\n",
            DECLARED,
            "untill: unknown key; did you mean 'until'",
        ),
        ("[policies.clerk]\naccept = ['clerk']\nuntil = 'soon'\n", DECLARED, "policies.clerk.until: .*date"),
        (
            "[policies.clerk]\naccept = ['clerk']\nmechanism = 'oauth'\n[mechanisms]\nclerk = 'x'\n",
            DECLARED,
            "mechanism: 'oauth' is not in",
        ),
        (MATRIX + "[settings]\nclock_skew = -1\n", DECLARED, "settings.clock_skew: .*greater than or equal to 0"),
        (MATRIX + "[legacy]\ntemplte = 'x'\n", DECLARED, "no key 'templte'"),
        (MATRIX, '"GET a" = "clerk"', 'routes."GET a": write METHOD /path'),
        (MATRIX, '"FETCH /a" = "clerk"', 'routes."FETCH /a": write METHOD /path'),
        (MATRIX, '"GET /a" = "clrk"', "no policy 'clrk'; did you mean 'clerk'[?]; known: public, clerk"),
        (MATRIX, '"GET /a" = { policy = "clerk", jsn = {} }', "jsn: unknown key; did you mean 'json'"),
        (MATRIX, '"GET /a" = { policy = "clerk", carrier = "pigeon" }', "carrier: 'pigeon': write bearer"),
        (MATRIX, '"GET /a" = "clerk"\n"GET /a" = "public"', "not valid TOML"),
    ],
)
def test_mistakes(tmp_path: Path, matrix: str, routes: str, told: str) -> None:
    with pytest.raises(DeclarationError, match=told) as caught:
        load(write_suites(tmp_path, routes, matrix=matrix))
    assert str(tmp_path) in str(caught.value)


def test_what_is_not_there_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no such directory; `clerk-harness init`"):
        load(tmp_path / "nowhere")
    with pytest.raises(DeclarationError, match=r"auth_matrix\.toml: no such file"):
        load(tmp_path)
    (tmp_path / "auth_matrix.toml").write_text(MATRIX)
    with pytest.raises(DeclarationError, match="no declarations"):
        load(tmp_path)


def test_a_route_is_declared_once(tmp_path: Path) -> None:
    write_suites(tmp_path, DECLARED)
    (tmp_path / "routers" / "other.toml").write_text('router = "other"\n[routes]\n"GET /a" = "clerk"\n')
    with pytest.raises(DeclarationError, match=r'other\.toml: routes\."GET /a" is declared in app\.toml already'):
        load(tmp_path)


def test_a_plan_joins_declared_and_found_routes(tmp_path: Path) -> None:
    plan = make_plan(load(write_suites(tmp_path, DECLARED)), ROUTES)
    assert [route.key for route in plan.routes] == ["GET /a", "GET /b/{id}", "POST /b"]
    assert plan.gaps == []
    plain = [c for c in CATALOGUE.values() if c.only in (None, "http") and c.drill is None and not c.browser]
    # What the source names and whose row it is have cells of their own; roles are for routes that refuse somebody.
    plain = [c for c in plain if not (c.learned or c.objects or c.group == "roles")]
    for route in plan.routes:
        # What damages an opaque token, a machine's or a delivery is for routes that admit one.
        fit = [c for c in plain if not c.damages or "session" in c.damages or "legacy" in c.damages]
        # Two people at once, and three by fields and tokens that name the other; genuine in another carrier.
        more = 4 * (route.route.method == "GET" and route.takes_clerk) + (route.ways[0].kind == "session")
        few = 0 if route.examines_verifier else sum(c.sparse for c in fit)
        assert len(route.cells) == len(fit) + more - few, route.key


@pytest.mark.parametrize("number", range(3))
def test_every_line_that_is_deleted_is_a_gap_with_its_name(tmp_path: Path, number: int) -> None:
    lines = DECLARED.splitlines()
    removed = lines.pop(number)
    plan = make_plan(load(write_suites(tmp_path, "\n".join(lines))), ROUTES)
    (gap,) = plan.gaps
    assert gap.kind == "undeclared"
    assert re.sub(r"\{\w+\}", "{}", gap.key) == re.sub(r"\{\w+\}", "{}", removed.split('"')[1])


def test_a_line_without_a_route_is_stale(tmp_path: Path) -> None:
    plan = make_plan(load(write_suites(tmp_path, DECLARED + '"GET /gone" = "clerk"\n')), ROUTES)
    assert [(gap.kind, gap.key) for gap in plan.gaps] == [("stale", "GET /gone")]


def test_a_router_s_policy_is_for_its_routes_without_a_line(tmp_path: Path) -> None:
    write_suites(tmp_path, '"GET /a" = "public"')
    (tmp_path / "routers" / "b.toml").write_text('router = "b"\npolicy = "clerk"\n')
    plan = make_plan(load(tmp_path), ROUTES)
    assert {route.key: route.policy_name for route in plan.routes} == {
        "GET /a": "public",
        "GET /b/{b_id}": "clerk",
        "POST /b": "clerk",
    }
    assert plan.gaps == []


def test_narrowing(tmp_path: Path) -> None:
    declaration = load(write_suites(tmp_path, DECLARED))
    plan = make_plan(declaration, ROUTES, only_routes=["GET /b/{b_id}"], credentials=["time", "clerk"])
    assert [route.key for route in plan.routes] == ["GET /b/{id}"]
    assert {cell.credential.group for cell in plan.routes[0].cells} == {"time", "genuine"}
    with pytest.raises(DeclarationError, match="--router nobody: no such router"):
        make_plan(declaration, ROUTES, only_routers=["nobody"])
    with pytest.raises(DeclarationError, match='--route "GET /x": not a declared route'):
        make_plan(declaration, ROUTES, only_routes=["GET /x"])


def test_a_policy_ends_on_its_day(tmp_path: Path) -> None:
    declaration = load(
        write_suites(tmp_path, DECLARED, matrix=MATRIX.replace('mechanism = "clerk"', "until = 2027-01-31"))
    )
    before = make_plan(declaration, ROUTES, today=datetime.date(2027, 1, 30))
    on_the_day = make_plan(declaration, ROUTES, today=datetime.date(2027, 1, 31))
    assert before.gaps == []
    assert {(gap.kind, gap.key) for gap in on_the_day.gaps} == {("mixed", "GET /a"), ("mixed", "GET /b/{id}")}


@pytest.mark.parametrize(
    ("policy", "credential", "expected"),
    [
        ({"accept": ["clerk"]}, "clerk", "accept"),
        ({"accept": ["clerk"]}, "forged", "reject"),
        ({"accept": ["clerk"]}, "legacy", "reject"),
        ({"accept": ["clerk"]}, "clerk-template", "reject"),
        ({"accept": ["clerk"]}, "clerk-v1", "tolerate"),
        ({"accept": ["clerk"], "reject": ["clerk-v1"]}, "clerk-v1", "reject"),
        ({"accept": ["clerk"]}, "no-scheme", "tolerate"),
        ({"accept": ["legacy"]}, "no-scheme", "reject"),
        ({"accept": ["clerk"], "reject": ["no-scheme"]}, "no-scheme", "reject"),
        ({"accept": ["*"]}, "garbage", "accept"),
        ({"accept": ["*"], "reject": ["huge-token"]}, "huge-token", "reject"),
        ({"accept": []}, "clerk", "reject"),
        ({"accept": ["clerk"], "tolerate": ["time"]}, "expired", "tolerate"),
    ],
)
def test_what_a_policy_expects(policy: dict[str, list[str]], credential: str, expected: str) -> None:
    assert expectation(Policy.model_validate(policy), CATALOGUE[credential]) == expected
