"""E-mail addresses of users and their verification.

No mail is sent: the code of a verification is 424242, as for Clerk's test addresses
(https://clerk.com/docs/guides/development/testing/test-emails-and-phones).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import milliseconds

CODE = "424242"
MAX_ATTEMPTS = 3
"""How often a code may be entered before the verification has failed."""


@dataclass
class EmailAddress:
    """An address of a user; only a verified one may identify a person."""

    address: str
    verified: bool = True
    id: str = field(default_factory=lambda: new_id("idn"))
    reserved: bool = False
    strategy: str = "email_code"
    """How it is verified: `email_code` by a code, `admin` by the backend."""
    verification_id: str | None = None
    code: str | None = None
    """The code that was sent last; None when no verification is under way."""
    attempts: int | None = None
    created_at: int = field(default_factory=milliseconds)

    def set_verified(self, verified: bool) -> None:
        """Mark it as verified or not, as a backend does."""
        self.verified = verified
        self.strategy = "admin" if verified else "email_code"

    def start_verification(self) -> None:
        """Begin a verification by a code, as if a mail had been sent."""
        self.verification_id, self.code, self.attempts, self.strategy = new_id("ver"), CODE, 0, "email_code"

    def verification(self) -> dict[str, Any]:
        """The Backend API's `verification` object: whether and how the address was verified."""
        return {
            "object": "verification_admin" if self.strategy == "admin" else "verification_otp",
            "status": "verified" if self.verified else "unverified",
            "strategy": self.strategy,
            "attempts": self.attempts,
            "expire_at": None if self.code is None else self.created_at + 600_000,
        }

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `EmailAddress` object."""
        return {
            "id": self.id,
            "object": "email_address",
            "email_address": self.address,
            "reserved": self.reserved,
            "verification": self.verification(),
            "linked_to": [],
            "matches_sso_connection": False,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }
