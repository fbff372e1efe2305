"""The Backend API's organization roles and permissions: Clerk's default ones.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags Organization Roles and Organization Permissions.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.ids import stable_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.organizations import PERMISSIONS, ROLES
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, not_found, paged

_MADE = 1_700_000_000_000


def _permission(key: str) -> dict[str, Any]:
    name = key.removeprefix("org:").replace("sys_", "").replace(":", " ").title()
    return {
        "object": "permission", "id": stable_id("perm", key), "key": key, "name": name, "description": name, "type": "system",
        "created_at": _MADE, "updated_at": _MADE,
    }  # fmt: skip


def _role(key: str) -> dict[str, Any]:
    return {
        "object": "role", "id": stable_id("role", key), "key": key, "name": ROLES[key], "description": f"Role {ROLES[key]}",
        "is_creator_eligible": key == "org:admin", "permissions": [_permission(each) for each in PERMISSIONS[key]],
        "created_at": _MADE, "updated_at": _MADE,
    }  # fmt: skip


def _all_permissions() -> list[dict[str, Any]]:
    return [_permission(key) for key in dict.fromkeys(key for keys in PERMISSIONS.values() for key in keys)]


def _queried(request: ApiRequest, documents: list[dict[str, Any]]) -> Answer:
    words = (request.value("query") or "").lower()
    return paged(request, [d for d in documents if words in f"{d['id']} {d['key']} {d['name']}".lower()])


def _roles(instance: Instance, request: ApiRequest) -> Answer:
    return _queried(request, [_role(key) for key in ROLES])


def _permissions(instance: Instance, request: ApiRequest) -> Answer:
    return _queried(request, _all_permissions())


def _one_role(instance: Instance, request: ApiRequest, organization_role_id: str) -> Answer:
    for key in ROLES:
        if organization_role_id in (key, stable_id("role", key)):
            return 200, _role(key)
    raise not_found("organization role", organization_role_id)


def _one_permission(instance: Instance, request: ApiRequest, permission_id: str) -> Answer:
    for document in _all_permissions():
        if permission_id in (document["id"], document["key"]):
            return 200, document
    raise not_found("organization permission", permission_id)


OPERATIONS = [
    Operation("GET", "/v1/organization_roles", "ListOrganizationRoles", _roles),
    Operation("GET", "/v1/organization_roles/{organization_role_id}", "GetOrganizationRole", _one_role),
    Operation("GET", "/v1/organization_permissions", "ListOrganizationPermissions", _permissions),
    Operation("GET", "/v1/organization_permissions/{permission_id}", "GetOrganizationPermission", _one_permission),
]
