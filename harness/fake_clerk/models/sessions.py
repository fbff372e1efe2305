"""Sessions of users."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.models.reverifications import Reverification
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
    """The active organization; None for the personal account."""
    client_id: str = ""
    """The browser; one of its own unless given."""
    tasks: list[str] = field(default_factory=list)
    """What the person must do while the session is pending: `choose-organization`."""
    first_verified_at: int = field(default_factory=milliseconds)
    """When the first factor was verified last."""
    second_verified_at: int | None = None
    """When the second factor was verified last; None where it never was."""
    reverification: Reverification | None = None
    """The one that is under way."""
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def __post_init__(self) -> None:
        self.client_id = self.client_id or "client_" + self.id.removeprefix("sess_")

    @property
    def open(self) -> bool:
        """Whether tokens are issued for it."""
        return self.status in ("active", "pending")

    def factor_ages(self, now: float) -> list[int]:
        """The claim `fva`: minutes since the first and the second factor were verified, at `now` (seconds since 1970).

        It is -1 for a factor that was not.

        Source: https://clerk.com/docs/guides/sessions/session-tokens
        """
        return [
            max(0, int(now * 1000) - at) // 60_000 if at is not None else -1
            for at in (self.first_verified_at, self.second_verified_at)
        ]

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Session` object."""
        return {
            "object": "session",
            "id": self.id,
            "user_id": self.user_id,
            "client_id": self.client_id,
            "actor": {"sub": self.actor} if self.actor is not None else None,
            "status": self.status,
            "last_active_organization_id": self.organization_id,
            "last_active_at": self.updated_at,
            "expire_at": self.created_at + 7 * DAY,
            "abandon_at": self.created_at + 30 * DAY,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
