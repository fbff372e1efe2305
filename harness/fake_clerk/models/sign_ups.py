"""Sign-ups that are under way in a browser.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), `Client.SignUp`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import DAY, milliseconds
from harness.fake_clerk.models.verifications import Verification

REQUIRED = ("email_address", "password")
OPTIONAL = ("first_name", "last_name", "username")


@dataclass
class SignUp:
    """An attempt to sign up."""

    given: dict[str, str] = field(default_factory=dict)
    """What was entered, by the names of `REQUIRED` and `OPTIONAL`."""
    email: Verification | None = None
    external: Verification | None = None
    """The social connection by which the person came, who then needs no password."""
    unsafe_metadata: dict[str, Any] = field(default_factory=dict)
    public_metadata: dict[str, Any] = field(default_factory=dict)
    invitation_id: str | None = None
    legal_accepted_at: int | None = None
    user_id: str | None = None
    session_id: str | None = None
    redirect_url: str | None = None
    id: str = field(default_factory=lambda: new_id("sua"))
    abandon_at: int = field(default_factory=lambda: milliseconds() + DAY)

    @property
    def required(self) -> list[str]:
        """What must be entered."""
        by_provider = self.external is not None and self.external.status == "verified"
        return [name for name in REQUIRED if name != "password" or not by_provider]

    @property
    def missing(self) -> list[str]:
        """What is still to be entered."""
        return [name for name in self.required if name not in self.given]

    @property
    def unverified(self) -> list[str]:
        """What was entered and is not verified."""
        wanted = "email_address" in self.given and (self.email is None or self.email.status != "verified")
        return ["email_address"] if wanted else []

    @property
    def status(self) -> str:
        """`complete`, or `missing_requirements`."""
        return "complete" if self.user_id is not None else "missing_requirements"

    def as_json(self) -> dict[str, Any]:
        """The Frontend API's `SignUp` object."""
        more = {"next_action": "needs_attempt" if self.unverified else "", "supported_strategies": ["email_code"]}
        email = (
            self.email
        )  # None until a code is sent: Clerk's components take a strategy for a code that is on its way.
        return {
            "object": "sign_up_attempt",
            "id": self.id,
            "status": self.status,
            "required_fields": self.required,
            "optional_fields": list(OPTIONAL),
            "missing_fields": self.missing if self.user_id is None else [],
            "unverified_fields": self.unverified,
            "verifications": {
                "email_address": email.as_json() | more if email is not None else None,
                "phone_number": None,
                "web3_wallet": None,
                "external_account": self.external.as_json() if self.external is not None else None,
            },
            "username": self.given.get("username"),
            "email_address": self.given.get("email_address"),
            "phone_number": None,
            "web3_wallet": None,
            "password_enabled": "password" in self.given,
            "first_name": self.given.get("first_name"),
            "last_name": self.given.get("last_name"),
            "unsafe_metadata": self.unsafe_metadata,
            "public_metadata": self.public_metadata,
            "custom_action": False,
            "external_id": None,
            "created_session_id": self.session_id,
            "created_user_id": self.user_id,
            "abandon_at": self.abandon_at,
            "legal_accepted_at": self.legal_accepted_at,
        }
