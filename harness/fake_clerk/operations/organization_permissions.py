"""The operations on the permissions of roles.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Organization Permissions.
"""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.roles import PERMISSIONS
from harness.fake_clerk.operations._bodies import search
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, not_found


def _list(instance: Instance, request: ApiRequest) -> Answer:
    return search(request, [permission.as_json() for permission in PERMISSIONS])


def _get(instance: Instance, request: ApiRequest, permission_id: str) -> Answer:
    for permission in PERMISSIONS:
        if permission_id in (permission.id, permission.key):
            return 200, permission.as_json()
    raise not_found("organization permission", permission_id)


OPERATIONS = [
    Operation("GET", "/v1/organization_permissions", "ListOrganizationPermissions", _list),
    Operation("GET", "/v1/organization_permissions/{permission_id}", "GetOrganizationPermission", _get),
]
