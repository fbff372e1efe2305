"""Organizations and the memberships of users in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.roles import permission_keys, role_name
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User


@dataclass
class Organization:
    """An organization; `members` has the memberships by the users' ids."""

    name: str
    slug: str
    id: str = field(default_factory=lambda: new_id("org"))
    created_by: str | None = None
    max_allowed_memberships: int = 5
    public_metadata: dict[str, Any] = field(default_factory=dict)
    private_metadata: dict[str, Any] = field(default_factory=dict)
    image_url: str = ""
    members: dict[str, Membership] = field(default_factory=dict)
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Organization` object."""
        document: dict[str, Any] = {
            "object": "organization",
            "id": self.id,
            "name": self.name,
            "slug": self.slug,
            "image_url": self.image_url,
            "has_image": bool(self.image_url),
            "members_count": len(self.members),
            "max_allowed_memberships": self.max_allowed_memberships,
            "admin_delete_enabled": True,
            "public_metadata": self.public_metadata,
            "private_metadata": self.private_metadata,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        return document | ({"created_by": self.created_by} if self.created_by is not None else {})


@dataclass
class Membership:
    """What a user is in an organization; `role` is written with its prefix, for example `org:admin`."""

    role: str
    public_metadata: dict[str, Any] = field(default_factory=dict)
    private_metadata: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("orgmem"))
    created_at: int = field(default_factory=milliseconds)

    def as_json(self, organization: Organization, user: User) -> dict[str, Any]:
        """The Backend API's `OrganizationMembership` object."""
        return {
            "object": "organization_membership",
            "id": self.id,
            "role": self.role,
            "role_name": role_name(self.role),
            "permissions": permission_keys(self.role),
            "public_metadata": self.public_metadata,
            "private_metadata": self.private_metadata,
            "organization": organization.as_json(),
            "public_user_data": {
                "user_id": user.id,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "profile_image_url": user.image_url,
                "image_url": user.image_url,
                "has_image": bool(user.image_url),
                "identifier": user.email,
                "username": user.username,
                "banned": user.banned,
            },
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }
