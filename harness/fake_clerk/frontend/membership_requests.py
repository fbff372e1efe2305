"""Requests to become a member, which come by domains: the fake has none.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Membership Requests.
"""

from __future__ import annotations

from harness.fake_clerk.frontend._membership import member
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _list(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, _ = member(instance, request, organization_id, "org:sys_memberships:manage")
    return browser.answer({"data": [], "total_count": 0})


_ALL = "/v1/organizations/{organization_id}/membership_requests"
OPERATIONS = [front("GET", _ALL, "listOrganizationMembershipRequests", _list)]
