"""Sessions of users."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.models.timestamps import DAY, milliseconds


@dataclass
class Session:
    """A session of a user.

    `status` is `active`, `pending`, `revoked`, `ended` or `removed`. `actor` is the id of the user who impersonates, if any.
    """

    id: str
    user_id: str
    status: str = "active"
    actor: str | None = None
    organization_id: str | None = None
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    @property
    def open(self) -> bool:
        """Whether tokens are issued for it."""
        return self.status in ("active", "pending")

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Session` object."""
        return {
            "object": "session",
            "id": self.id,
            "user_id": self.user_id,
            "client_id": "client_" + self.id.removeprefix("sess_"),
            "actor": {"sub": self.actor} if self.actor is not None else None,
            "status": self.status,
            "last_active_organization_id": self.organization_id,
            "last_active_at": self.updated_at,
            "expire_at": self.created_at + 7 * DAY,
            "abandon_at": self.created_at + 30 * DAY,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
