"""Accounts of users at other providers.

Source: Clerk's OpenAPI documents `backend-api` and `frontend-api` (2026-05-12), `ExternalAccountWithVerification`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id, stable_id
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.verifications import Verification

PREFIX = "oauth_"
"""What precedes the provider in the name of a strategy: `oauth_google`."""


@dataclass
class ExternalAccount:
    """Somebody's account at a provider, which has verified the address."""

    provider: str
    email_address: str
    first_name: str = ""
    last_name: str = ""
    id: str = field(default_factory=lambda: new_id("eac"))
    verification: Verification | None = None
    """The way to the provider, for one that its owner connects by herself; None for one by which she has signed in or up."""
    created_at: int = field(default_factory=milliseconds)

    @property
    def connected(self) -> bool:
        """Whether its owner has come back from the provider."""
        return bool(self.email_address)

    @property
    def subject(self) -> str:
        """How the provider knows the person, the same at every time."""
        return stable_id("x", f"{self.provider}:{self.email_address.lower()}").removeprefix("x_")

    def as_json(self) -> dict[str, Any]:
        """The object of both APIs."""
        return {
            "object": "external_account",
            "id": self.id,
            "provider": PREFIX + self.provider,
            "identification_id": stable_id("idn", self.id),
            "provider_user_id": self.subject,
            "approved_scopes": "email openid profile",
            "email_address": self.email_address,
            "email_address_verified": self.connected,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "image_url": "",
            "username": None,
            "public_metadata": {},
            "label": None,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "verification": (self.verification or Verification(PREFIX + self.provider, status="verified")).as_json(),
        }
