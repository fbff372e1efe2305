"""Roles that members can have. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Roles."""

from __future__ import annotations

from harness.fake_clerk.frontend._membership import member
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.roles import ROLES
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _list(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, _ = member(instance, request, organization_id, "org:sys_memberships:read")
    limit, offset = request.page()
    found = [role.as_json() for role in ROLES.values()]
    part = found[offset : offset + limit]
    return browser.answer({"data": part, "total_count": len(found), "has_role_set_migration": False})


OPERATIONS = [front("GET", "/v1/organizations/{organization_id}/roles", "ListOrganizationRoles", _list)]
