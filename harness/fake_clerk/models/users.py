"""Users."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.external_accounts import ExternalAccount
from harness.fake_clerk.models.phone_numbers import PhoneNumber
from harness.fake_clerk.models.second_factors import Totp
from harness.fake_clerk.models.timestamps import milliseconds


@dataclass
class User:
    """A Clerk user. `emails[primary]` is the primary address, which is not always the first."""

    id: str
    emails: list[EmailAddress] = field(default_factory=list)
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    primary: int = 0
    phones: list[PhoneNumber] = field(default_factory=list)
    password: str | None = None
    banned: bool = False
    locked: bool = False
    image_url: str = ""
    external_id: str | None = None
    public_metadata: dict[str, Any] = field(default_factory=dict)
    private_metadata: dict[str, Any] = field(default_factory=dict)
    unsafe_metadata: dict[str, Any] = field(default_factory=dict)
    organization: dict[str, str] | None = None
    totp: Totp | None = None
    external_accounts: list[ExternalAccount] = field(default_factory=list)
    backup_codes: list[str] = field(default_factory=list)
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    @property
    def email(self) -> str | None:
        """The primary address, or None."""
        return self.emails[self.primary].address if self.emails else None

    @property
    def totp_enabled(self) -> bool:
        """Whether an authenticator app is asked for at each sign-in."""
        return self.totp is not None and self.totp.verified

    def matches(self, words: str) -> bool:
        """Whether `words` occur in the id, a name or an address, in any case of letters."""
        known = (self.id, self.first_name, self.last_name, self.username, *(entry.address for entry in self.emails))
        return words.lower() in " ".join(filter(None, known)).lower()

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `User` object."""
        return {
            "id": self.id,
            "object": "user",
            "external_id": self.external_id,
            "primary_email_address_id": self.emails[self.primary].id if self.emails else None,
            "primary_phone_number_id": self.phones[0].id if self.phones else None,
            "primary_web3_wallet_id": None,
            "username": self.username,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "locale": None,
            "profile_image_url": self.image_url,
            "image_url": self.image_url,
            "has_image": bool(self.image_url),
            "public_metadata": self.public_metadata,
            "private_metadata": self.private_metadata,
            "unsafe_metadata": self.unsafe_metadata,
            "email_addresses": [entry.as_json() for entry in self.emails],
            "phone_numbers": [entry.as_json() for entry in self.phones],
            "web3_wallets": [],
            "passkeys": [],
            "external_accounts": [account.as_json() for account in self.external_accounts],
            "saml_accounts": [],
            "enterprise_accounts": [],
            "password_enabled": self.password is not None,
            "two_factor_enabled": self.totp_enabled,
            "totp_enabled": self.totp_enabled,
            "backup_code_enabled": self.totp_enabled and bool(self.backup_codes),
            "mfa_enabled_at": None,
            "mfa_disabled_at": None,
            "password_last_updated_at": None,
            "delete_self_enabled": True,
            "create_organization_enabled": True,
            "create_organizations_limit": None,
            "last_sign_in_at": self.created_at,
            "banned": self.banned,
            "locked": self.locked,
            "lockout_expires_in_seconds": None,
            "verification_attempts_remaining": 100,
            "last_active_at": self.created_at,
            "legal_accepted_at": None,
            "bypass_client_trust": False,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


def merge_metadata(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`old` with `new` merged into it as Clerk does it: deeply, and a null removes its key."""
    result = dict(old)
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = merge_metadata(result[name], value)
        else:
            result[name] = value
    return result
