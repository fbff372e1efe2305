"""Sign-ins that are under way in a browser.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), `Client.SignIn`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import DAY, milliseconds
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import Verification

RESET = "reset_password_email_code"


def safe(address: str) -> str:
    """An address as a stranger may see it: `a***e@example.com`."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}***{name[-1:]}@{host}"


def first_factors(user: User) -> list[dict[str, Any]]:
    """By what `user` may sign in first."""
    primary = user.emails[user.primary] if user.emails else None
    codes = [
        {
            "strategy": strategy,
            "email_address_id": entry.id,
            "safe_identifier": safe(entry.address),
            "primary": entry is primary,
        }
        for strategy in ("email_code", *((RESET,) if user.password is not None else ()))
        for entry in user.emails
        if entry.verified
    ]
    return ([{"strategy": "password"}] if user.password is not None else []) + codes


def second_factors(user: User) -> list[dict[str, Any]]:
    """By what `user` must confirm a sign-in; nothing where one factor is enough."""
    if not user.totp_enabled:
        return []
    return [{"strategy": "totp"}, *([{"strategy": "backup_code"}] if user.backup_codes else [])]


@dataclass
class SignIn:
    """An attempt to sign in. `user` is who it is about, None until the identifier is known."""

    identifier: str | None = None
    user: User | None = None
    first: Verification | None = None
    second: Verification | None = None
    new_password: bool = False
    """Whether a new password must be set before it is complete."""
    actor: str | None = None
    session_id: str | None = None
    """The session to which it led."""
    redirect_url: str | None = None
    id: str = field(default_factory=lambda: new_id("sia"))
    abandon_at: int = field(default_factory=lambda: milliseconds() + DAY)

    @property
    def verified(self) -> bool:
        """Whether the first factor was right."""
        return self.first is not None and self.first.status == "verified"

    @property
    def status(self) -> str:
        """What it needs next, or `complete`."""
        if self.session_id is not None:
            return "complete"
        if self.user is None:
            return "needs_identifier"
        if not self.verified:
            return "needs_first_factor"
        return "needs_new_password" if self.new_password else "needs_second_factor"

    def as_json(self) -> dict[str, Any]:
        """The Frontend API's `SignIn` object."""
        user = self.user
        return {
            "object": "sign_in_attempt",
            "id": self.id,
            "status": self.status,
            "supported_identifiers": ["email_address", "username"],
            "supported_first_factors": first_factors(user) if user is not None else None,
            "supported_second_factors": second_factors(user) if user is not None and self.verified else None,
            "first_factor_verification": self.first.as_json() if self.first is not None else None,
            "second_factor_verification": self.second.as_json() if self.second is not None else None,
            "identifier": self.identifier,
            "user_data": None
            if user is None
            else {
                "first_name": user.first_name,
                "last_name": user.last_name,
                "image_url": user.image_url,
                "has_image": bool(user.image_url),
                "profile_image_url": user.image_url,
            },
            "created_session_id": self.session_id,
            "abandon_at": self.abandon_at,
        }
