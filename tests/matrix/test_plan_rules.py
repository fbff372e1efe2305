"""What a plan says of a route as a whole: whom roles concern, whose row a request names."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.owners import owners_of
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE
from harness.credentials.identities import ORGANIZATION
from harness.targets.base import Request
from harness.targets.request_builder import Example
from tests.matrix.kit import plan_of

FOREIGN = CATALOGUE["admin-of-another-organization"]


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (plan_of(("clerk-org-admin",)), True),
        (plan_of(("clerk-org-admin", "m2m-jwt")), True),
        (plan_of(("clerk",)), False),
        (plan_of(("clerk", "clerk-org-admin")), False),
        (plan_of(("clerk-org-admin",), tolerate=["clerk"]), False),
        (plan_of(("missing", "clerk-org-admin")), False),
        (plan_of(("m2m-jwt",)), False),
        (plan_of(("legacy",)), False),
        (plan_of(("*",)), False),
    ],
)
def test_roles_are_tried_where_not_everybody_who_is_signed_in_may_enter(plan: RoutePlan, expected: bool) -> None:
    assert plan.wants_role is expected
    assert bool(plan.planned(CATALOGUE["role-lookalike"])) is expected


@pytest.mark.parametrize(
    ("path", "accept", "more", "expected"),
    [
        # An organization that the request names is the one whose administrator may enter.
        (f"/orgs/{ORGANIZATION['slug']}", ("clerk-org-admin",), {}, "reject"),
        (f"/orgs/{ORGANIZATION['slug']}", ("clerk",), {}, "tolerate"),
        (f"/orgs/{ORGANIZATION['slug']}", ("clerk-org-admin", "admin-of-another-organization"), {}, "tolerate"),
        (f"/orgs/{ORGANIZATION['slug']}", ("clerk-org-admin",), {"tolerate": ["roles"]}, "tolerate"),
        (f"/orgs/{ORGANIZATION['slug']}", ("clerk-org-admin",), {"tolerate": ["signature"]}, "reject"),
        ("/bills", ("clerk-org-admin", "admin-of-another-organization"), {}, "accept"),
    ],
)
def test_an_administrator_of_another_organization(
    path: str, accept: tuple[str, ...], more: dict[str, Any], expected: str
) -> None:
    assert plan_of(accept, f"GET {path}", **more).expects(FOREIGN) == expected


def test_a_credential_of_no_organization_is_expected_alike_whatever_the_request_names() -> None:
    named, other = (plan_of(("clerk-org-admin",), f"GET {path}") for path in ("/orgs/harness", "/bills"))
    for name in ("clerk-org-admin", "clerk", "role-lookalike", "forged"):
        assert named.expects(CATALOGUE[name]) == other.expects(CATALOGUE[name])


def test_where_nobody_enters_the_one_way_is_in_the_usual_carrier() -> None:
    assert plan_of((), "GET /x", "cookie:__session").ways == [Way((CATALOGUE["missing"],), "cookie:__session")]


def test_a_request_on_a_person_s_row_has_the_prefix_under_which_the_route_is_served() -> None:
    plan = plan_of(key="GET /notes/{id}", example=Example(path={"id": 1}))
    plan.owners = owners_of(Example(path={"id": {"alice": 1, "bob": 2}}), ("alice", "bob", "carol"), "app")
    assert (plan.base_of("alice").path, plan.base_of("bob").path) == ("/notes/1", "/notes/2")
    plan.prefix = "/api"
    assert plan.base_of("bob").path == "/api/notes/2"
    # Who has no row gets the usual request, as the run has found it.
    plan.base = Request("GET", "/found")
    assert plan.base_of("carol") == plan.base
    plan.owners = None
    assert plan.base_of("bob") == plan.base


@pytest.mark.parametrize(
    ("carriers", "name", "expected"),
    [
        # A genuine token where the route takes tokens is what the route admits; elsewhere it is not, though a cookie may be.
        (("bearer", "query:token"), "query-token", "accept"),
        (("bearer",), "query-token", "reject"),
        (("bearer", "cookie:__session"), "clerk-cookie", "accept"),
        (("bearer",), "clerk-cookie", "tolerate"),
        (("query:token",), "x-auth-token", "reject"),
    ],
)
def test_where_the_route_takes_tokens_decides_what_is_expected_of_one_elsewhere(
    carriers: tuple[str, ...], name: str, expected: str
) -> None:
    plan = plan_of(("clerk",), "GET /x", *carriers)
    assert plan.expects(CATALOGUE[name]) == expected
    assert plan.expects(CATALOGUE[name], plan.ways[0]) == expected
