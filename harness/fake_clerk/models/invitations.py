"""Invitations of addresses, to the application or to an organization. No mail is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.models.roles import role_name
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User

STATES = ("pending", "accepted", "revoked", "expired")
LONGEST_DAYS = 365
"""The longest time for which an invitation may be valid."""


@dataclass
class Invitation:
    """An invitation; one to an organization has `role` and `organization_id`, and may have `inviter_id`."""

    email_address: str
    url: str
    expires_at: int
    id: str
    status: str = "pending"
    public_metadata: dict[str, Any] = field(default_factory=dict)
    private_metadata: dict[str, Any] = field(default_factory=dict)
    role: str | None = None
    organization_id: str | None = None
    inviter_id: str | None = None
    redirect_url: str | None = None
    """The page to which its link leads."""
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def revoke(self) -> None:
        """End it before its time."""
        self.status, self.updated_at = "revoked", milliseconds()

    def as_json(self, users: Mapping[str, User]) -> dict[str, Any]:
        """The Backend API's `Invitation` or `OrganizationInvitation` object; `users` by id, for the data of the inviter."""
        document: dict[str, Any] = {
            "object": "invitation",
            "id": self.id,
            "email_address": self.email_address,
            "public_metadata": self.public_metadata,
            "status": self.status,
            "url": self.url,
            "expires_at": self.expires_at,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        if self.role is None:
            return document | {"revoked": self.status == "revoked"}
        inviter = users.get(self.inviter_id or "")
        return document | {
            "object": "organization_invitation",
            "role": self.role,
            "role_name": role_name(self.role),
            "organization_id": self.organization_id,
            "private_metadata": self.private_metadata,
            "inviter_id": self.inviter_id,
            "public_inviter_data": None
            if inviter is None
            else {
                "user_id": inviter.id,
                "first_name": inviter.first_name,
                "last_name": inviter.last_name,
                "image_url": inviter.image_url,
                "has_image": bool(inviter.image_url),
                "identifier": inviter.email or inviter.username or inviter.id,
            },
        }
