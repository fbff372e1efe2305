"""Reverifications: a person who is signed in proves again who she is, before something that must be hers.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), `Client.SessionReverification`;
https://clerk.com/docs/guides/secure/reverification
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.fake_clerk.models.sign_ins import RESET, first_factors, second_factors
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import Verification

LEVELS = ("first_factor", "second_factor", "multi_factor")


@dataclass
class Reverification:
    """What `user` must verify. Whoever has no second factor verifies the first one."""

    level: str
    user: User
    first: Verification | None = None
    second: Verification | None = None

    @property
    def wanted(self) -> list[str]:
        """The factors that are still to be verified, in their order."""
        has_second = bool(second_factors(self.user)) or self._verified(self.second)
        first = self.level != "second_factor" or not has_second
        second = self.level != "first_factor" and has_second
        return [
            *(["first"] if first and not self._verified(self.first) else []),
            *(["second"] if second and not self._verified(self.second) else []),
        ]

    @staticmethod
    def _verified(verification: Verification | None) -> bool:
        return verification is not None and verification.status == "verified"

    @property
    def status(self) -> str:
        """What it needs next, or `complete`."""
        return f"needs_{self.wanted[0]}_factor" if self.wanted else "complete"

    def as_json(self, session: dict[str, Any]) -> dict[str, Any]:
        """The Frontend API's object, with the session as it is now."""
        return {
            "object": "session_reverification",
            "level": self.level,
            "status": self.status,
            "supported_first_factors": [f for f in first_factors(self.user) if f["strategy"] != RESET],
            "supported_second_factors": second_factors(self.user) or None,
            "first_factor_verification": self.first.as_json() if self.first is not None else None,
            "second_factor_verification": self.second.as_json() if self.second is not None else None,
            "session": session,
        }
