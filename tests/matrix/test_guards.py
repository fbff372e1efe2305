"""Which routes stand for others, and which requests are one organization's."""

from __future__ import annotations

import pytest

from harness.contracts.matrix.plan import guards, names_organization
from harness.credentials.identities import ORGANIZATION
from harness.targets.base import Request
from tests.matrix.kit import plan_of


def test_one_route_for_each_guard() -> None:
    first = plan_of(key="POST /a", route={"dependencies": ("app:user",)})
    read = plan_of(key="GET /b", route={"dependencies": ("app:user",)})
    admin = plan_of(key="GET /c", route={"dependencies": ("app:admin",)})
    inside = plan_of(key="GET /d", route={"inside": ("app:verify",)})
    unknown, also = plan_of(key="GET /e"), plan_of(key="GET /f")
    assert guards([first, read, admin, inside, unknown, also]) == [read, admin, inside, unknown]


def test_where_no_guard_is_known_each_router_has_one_and_what_decides_inside_is_the_guard() -> None:
    here, there = plan_of(key="GET /a"), plan_of(key="GET /b")
    there.router = "other"
    inside, elsewhere = (plan_of(key=key, route={"inside": ("app:verify",)}) for key in ("GET /c", "GET /d"))
    elsewhere.router = "other"
    assert guards([here, there, inside, elsewhere]) == [here, there, inside]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("GET", "/orgs/harness/bills"), True),
        (Request("GET", f"/orgs/{ORGANIZATION['id']}/bills"), True),
        (Request("GET", "/bills", query=f"org={ORGANIZATION['id']}"), True),
        (Request("POST", "/bills", body=b'{"org": "harness"}'), True),
        (Request("GET", "/bills", headers=[("x-org", "harness"), ("accept", "*/*")]), True),
        (Request("GET", "/bills", headers=[("accept", "*/*"), ("x-org", "harness")]), True),
        (Request("GET", "/bills", headers=[("host", "harness"), ("accept", "*/*")]), False),
        (Request("GET", "/bills", headers=[("x-one", "har"), ("x-two", "ness")]), False),
        (Request("GET", "/bills"), False),
        (Request("GET", "/harnesses/1"), False),
    ],
)
def test_a_request_that_names_the_organization(request_: Request, expected: bool) -> None:
    assert names_organization(request_) is expected
