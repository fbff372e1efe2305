"""The operations on the roles in organizations.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Organization Roles.
"""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.roles import ROLES
from harness.fake_clerk.operations._bodies import search
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, not_found


def _list(instance: Instance, request: ApiRequest) -> Answer:
    return search(request, [role.as_json() for role in ROLES.values()])


def _get(instance: Instance, request: ApiRequest, organization_role_id: str) -> Answer:
    for role in ROLES.values():
        if organization_role_id in (role.key, role.id):
            return 200, role.as_json()
    raise not_found("organization role", organization_role_id)


OPERATIONS = [
    Operation("GET", "/v1/organization_roles", "ListOrganizationRoles", _list),
    Operation("GET", "/v1/organization_roles/{organization_role_id}", "GetOrganizationRole", _get),
]
