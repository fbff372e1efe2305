"""Members of an organization. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Members."""

from __future__ import annotations

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._membership import member
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _list(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, "org:sys_memberships:read")
    limit, offset = request.page()
    users, roles = instance.directory.users, request.values("role")
    found = [
        documents.membership(membership, organization, users[user_id])
        for user_id, membership in organization.members.items()
        if user_id in users and (not roles or membership.role in roles)
    ]
    return browser.answer({"data": found[offset : offset + limit], "total_count": len(found)})


OPERATIONS = [front("GET", "/v1/organizations/{organization_id}/memberships", "ListOrganizationMemberships", _list)]
