"""Roles in organizations and their permissions: Clerk's default ones.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags Organization Roles and Organization Permissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.fake_clerk.ids import stable_id

_CREATED_AT = 1_700_000_000_000


@dataclass(frozen=True)
class Permission:
    """A permission; `key` is written with its prefix, for example `org:sys_memberships:read`."""

    key: str

    @property
    def id(self) -> str:
        """The same for the same key at every start."""
        return stable_id("perm", self.key)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Permission` object."""
        name = self.key.removeprefix("org:").replace("sys_", "").replace(":", " ").title()
        return {
            "object": "permission", "id": self.id, "key": self.key, "name": name, "description": name, "type": "system",
            "created_at": _CREATED_AT, "updated_at": _CREATED_AT,
        }  # fmt: skip


@dataclass(frozen=True)
class Role:
    """A role; `key` is written with its prefix, for example `org:admin`."""

    key: str
    name: str
    permissions: tuple[Permission, ...]

    @property
    def id(self) -> str:
        """The same for the same key at every start."""
        return stable_id("role", self.key)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Role` object."""
        return {
            "object": "role", "id": self.id, "key": self.key, "name": self.name, "description": f"Role {self.name}",
            "is_creator_eligible": self.key == "org:admin", "permissions": [each.as_json() for each in self.permissions],
            "created_at": _CREATED_AT, "updated_at": _CREATED_AT,
        }  # fmt: skip


_ADMIN = (
    "sys_profile:manage", "sys_profile:delete", "sys_memberships:read", "sys_memberships:manage", "sys_api_keys:read",
    "sys_api_keys:manage",
)  # fmt: skip
ROLES = {
    role.key: role
    for role in (
        Role("org:admin", "Admin", tuple(Permission(f"org:{name}") for name in _ADMIN)),
        Role("org:member", "Member", (Permission("org:sys_memberships:read"),)),
    )
}
"""Clerk's default roles by key."""
PERMISSIONS = list(dict.fromkeys(permission for role in ROLES.values() for permission in role.permissions))
"""All permissions, each once."""


def role_name(key: str) -> str:
    """The name that Clerk shows for a role; its key when no role has it."""
    return ROLES[key].name if key in ROLES else key


def permission_keys(key: str) -> list[str]:
    """What a role permits; nothing when no role has that key."""
    return [permission.key for permission in ROLES[key].permissions] if key in ROLES else []
