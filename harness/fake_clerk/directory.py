"""Who is known to the fake Clerk: users, sessions, organizations; in memory."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id, stable_id


def milliseconds() -> int:
    """Clerk's timestamps are Unix times in milliseconds."""
    return int(time.time() * 1000)


@dataclass
class EmailAddress:
    """An address of a user; only a verified one may identify a person."""

    address: str
    verified: bool = True
    id: str = field(default_factory=lambda: new_id("idn"))
    created_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `EmailAddress` object."""
        return {
            "id": self.id,
            "object": "email_address",
            "email_address": self.address,
            "reserved": False,
            "verification": {
                "object": "verification_otp",
                "status": "verified" if self.verified else "unverified",
                "strategy": "email_code",
                "attempts": None,
                "expire_at": None,
            },
            "linked_to": [],
            "matches_sso_connection": False,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }


@dataclass
class User:
    """A Clerk user. `emails[primary]` is the primary address, which is not always the first."""

    id: str
    emails: list[EmailAddress] = field(default_factory=list)
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    primary: int = 0
    banned: bool = False
    locked: bool = False
    image_url: str = ""
    external_id: str | None = None
    public_metadata: dict[str, Any] = field(default_factory=dict)
    private_metadata: dict[str, Any] = field(default_factory=dict)
    unsafe_metadata: dict[str, Any] = field(default_factory=dict)
    organization: dict[str, str] | None = None
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    @property
    def email(self) -> str | None:
        """The primary address, or None."""
        return self.emails[self.primary].address if self.emails else None

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `User` object."""
        return {
            "id": self.id,
            "object": "user",
            "external_id": self.external_id,
            "primary_email_address_id": self.emails[self.primary].id if self.emails else None,
            "primary_phone_number_id": None,
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
            "email_addresses": [address.as_json() for address in self.emails],
            "phone_numbers": [],
            "web3_wallets": [],
            "passkeys": [],
            "external_accounts": [],
            "saml_accounts": [],
            "enterprise_accounts": [],
            "password_enabled": True,
            "two_factor_enabled": False,
            "totp_enabled": False,
            "backup_code_enabled": False,
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


@dataclass
class Session:
    """A session of a user; `status` is `active`, `revoked`, `ended`, …"""

    id: str
    user_id: str
    status: str = "active"


class Directory:
    """Users and sessions by id. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.users: dict[str, User] = {}
        self.sessions: dict[str, Session] = {}
        self.organizations: dict[str, Any] = {}
        """By id; see `organizations.py`, which knows them."""
        self.seen_members: dict[str, set[str]] = {}
        """Organizations that users were given, and that know of them already."""

    def add_user(
        self,
        email: str | None = None,
        *,
        id: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        organization: dict[str, str] | None = None,
        **more: Any,
    ) -> User:
        """Create a user; the same e-mail always gets the same id unless `id` is given.

        `organization` has `id`, `slug`, `role`; `more` are further fields of `User`.
        """
        seed = email or new_id("seed")
        user = User(
            id=id or stable_id("user", seed),
            emails=[EmailAddress(email, id=stable_id("idn", seed))] if email else [],
            first_name=first_name,
            last_name=last_name,
            organization=organization,
            **more,
        )
        with self._lock:
            self.users[user.id] = user
        return user

    def remove_user(self, user_id: str) -> User | None:
        """Delete a user and end the sessions."""
        with self._lock:
            for session in self.sessions.values():
                if session.user_id == user_id:
                    session.status = "removed"
            return self.users.pop(user_id, None)

    def end_sessions(self, user_id: str) -> None:
        """End all sessions of a user, as a ban does."""
        with self._lock:
            for session in self.sessions.values():
                if session.user_id == user_id and session.status == "active":
                    session.status = "ended"

    def session_of(self, user_id: str) -> Session:
        """The user's active session, created at the first call."""
        with self._lock:
            for session in self.sessions.values():
                if session.user_id == user_id and session.status == "active":
                    return session
        return self.new_session(user_id)

    def new_session(self, user_id: str) -> Session:
        """A further session of the user, as from another device."""
        session = Session(id=new_id("sess"), user_id=user_id)
        with self._lock:
            self.sessions[session.id] = session
        return session

    def find(self, *, emails: list[str], ids: list[str]) -> list[User]:
        """Users that match every filter given; an empty filter matches all."""
        wanted = {address.lower() for address in emails}
        with self._lock:
            return [
                user
                for user in self.users.values()
                if (not wanted or wanted & {e.address.lower() for e in user.emails}) and (not ids or user.id in ids)
            ]
