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


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("GET", "/orgs/harness/bills"), True),
        (Request("GET", f"/orgs/{ORGANIZATION['id']}/bills"), True),
        (Request("GET", "/bills", query=f"org={ORGANIZATION['id']}"), True),
        (Request("POST", "/bills", body=b'{"org": "harness"}'), True),
        (Request("GET", "/bills"), False),
        (Request("GET", "/harnesses/1"), False),
    ],
)
def test_a_request_that_names_the_organization(request_: Request, expected: bool) -> None:
    assert names_organization(request_) is expected
