"""Verifications of a browser's sign-in or sign-up, and the mails with their codes.

No mail leaves: `Mail` is what would have been sent. Clerk's test addresses have the code 424242, all others a new one
(https://clerk.com/docs/guides/development/testing/test-emails-and-phones), so that a test which types 424242 for another
address fails here as it does on Clerk.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.fake_clerk.models.email_addresses import CODE, MAX_ATTEMPTS
from harness.fake_clerk.models.timestamps import milliseconds

if TYPE_CHECKING:
    from harness.fake_clerk.models.external_accounts import ExternalAccount

LIFETIME = 600_000
"""Milliseconds for which a code is valid."""
_TEST_ADDRESS = re.compile(r"[^@]*\+clerk_test[^@]*@.*", re.IGNORECASE)
_OBJECTS = {
    "email_code": "verification_otp",
    "reset_password_email_code": "verification_otp",
    "password": "verification_password",
    "ticket": "verification_ticket",
    "totp": "verification_totp",
    "backup_code": "verification_backup_code",
}
TOO_MANY = "too_many"
"""What `Verification.attempt` says when the code was entered too often."""


def code_for(address: str) -> str:
    """The code of a mail to `address`: 424242 for a test address, else six new digits."""
    return CODE if _TEST_ADDRESS.fullmatch(address) else f"{secrets.randbelow(1_000_000):06}"


@dataclass(frozen=True)
class Mail:
    """A mail that would have been sent."""

    address: str
    code: str
    sent_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """As the control API tells it."""
        return {"address": self.address, "code": self.code, "sent_at": self.sent_at}


@dataclass
class Verification:
    """A verification: `strategy` is Clerk's word for how, `status` one of unverified, verified, failed and transferable."""

    strategy: str
    status: str = "unverified"
    code: str | None = None
    url: str | None = None
    """Where the browser goes on, for social connections."""
    error: dict[str, Any] | None = None
    account: ExternalAccount | None = None
    """Who came back from there."""
    attempts: int = 0
    expire_at: int = field(default_factory=lambda: milliseconds() + LIFETIME)

    def attempt(self, code: str | None) -> bool | str:
        """Whether `code` is right, which verifies; or `TOO_MANY`."""
        self.attempts += 1
        if self.attempts > MAX_ATTEMPTS:
            self.status = "failed"
            return TOO_MANY
        right = self.code is not None and code == self.code and milliseconds() < self.expire_at
        if right:
            self.status, self.code = "verified", None
        return right

    def as_json(self) -> dict[str, Any]:
        """The Frontend API's object for a verification."""
        document: dict[str, Any] = {
            "object": "verification_from_oauth"
            if self.strategy.startswith("from_oauth_")
            else _OBJECTS.get(self.strategy, "verification_oauth"),
            "status": self.status,
            "strategy": self.strategy,
            "attempts": self.attempts,
            "expire_at": self.expire_at,
        }
        if self.url is not None:
            document["external_verification_redirect_url"] = self.url
        if self.url is not None or self.error is not None:
            document["error"] = self.error
        return document
