"""Phone numbers of users. No message is sent, and nobody signs in by one here: backends read them in the user's profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import milliseconds


@dataclass
class PhoneNumber:
    """A number of a user, as E.164 writes it; only a verified one may identify a person."""

    number: str
    verified: bool = True
    id: str = field(default_factory=lambda: new_id("idn"))
    created_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `PhoneNumber` object."""
        return {
            "id": self.id,
            "object": "phone_number",
            "phone_number": self.number,
            "reserved_for_second_factor": False,
            "default_second_factor": False,
            "reserved": False,
            "verification": {
                "object": "verification_otp",
                "status": "verified" if self.verified else "unverified",
                "strategy": "phone_code",
                "attempts": None,
                "expire_at": None,
            },
            "linked_to": [],
            "backup_codes": None,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }
