"""Who is known to the fake Clerk: users, sessions, organizations; in memory.

Every change made by its methods, or told to `changed`, is passed on to the listeners as the type of a webhook event and its data.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
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
    reserved: bool = False
    strategy: str = "email_code"
    """How it was verified: by a code, or by an `admin`."""
    verification_id: str | None = None
    code: str | None = None
    """The code that was sent last, for `attempt_verification`."""
    attempts: int | None = None
    created_at: int = field(default_factory=milliseconds)

    def verification(self) -> dict[str, Any]:
        """The address' state of verification."""
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


@dataclass
class User:
    """A Clerk user. `emails[primary]` is the primary address, which is not always the first."""

    id: str
    emails: list[EmailAddress] = field(default_factory=list)
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    primary: int = 0
    password: str | None = None
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
            "password_enabled": self.password is not None,
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


_DAY = 86_400_000


@dataclass
class Session:
    """A session of a user; `status` is `active`, `pending`, `revoked`, `ended`, … `actor`: the user who impersonates."""

    id: str
    user_id: str
    status: str = "active"
    actor: str | None = None
    organization_id: str | None = None
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Session` object."""
        return {
            "object": "session",
            "id": self.id,
            "user_id": self.user_id,
            "client_id": "client_" + self.id.removeprefix("sess_"),
            "actor": {"sub": self.actor} if self.actor is not None else None,
            "status": self.status,
            "last_active_organization_id": self.organization_id,
            "last_active_at": self.updated_at,
            "expire_at": self.created_at + 7 * _DAY,
            "abandon_at": self.created_at + 30 * _DAY,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


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
        self.listeners: list[Callable[[str, dict[str, Any]], None]] = []
        """Called with the type of each event (`user.created`) and its data, after the change."""

    def changed(self, event: str, data: dict[str, Any]) -> None:
        """Tell the listeners of a change that was made."""
        for listener in self.listeners:
            listener(event, data)

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

        `organization` has `id`, `slug`, `role`; `more` are further fields of `User`, of which `emails` replaces `email`.
        """
        seed = email or new_id("seed")
        more.setdefault("emails", [EmailAddress(email, id=stable_id("idn", seed))] if email else [])
        user = User(
            id=id or stable_id("user", seed),
            first_name=first_name,
            last_name=last_name,
            organization=organization,
            **more,
        )
        with self._lock:
            self.users[user.id] = user
        self.changed("user.created", user.as_json())
        return user

    def update_user(self, user_id: str, **changes: Any) -> User:
        """Set fields of a user, as the profile page or the Backend API does; a ban ends the sessions.

        Raises KeyError for an unknown user, TypeError for an unknown field.
        """
        user = self.users[user_id]
        unknown = [name for name in changes if name not in User.__dataclass_fields__]
        if unknown:
            raise TypeError(f"a user has no {', '.join(unknown)}")
        for name, value in changes.items():
            setattr(user, name, value)
        user.updated_at = max(milliseconds(), user.updated_at + 1)
        if changes.get("banned"):
            self.end_sessions(user_id)
        self.changed("user.updated", user.as_json())
        return user

    def remove_user(self, user_id: str) -> User | None:
        """Delete a user and end the sessions."""
        self._close(user_id, "removed", every=True)
        with self._lock:
            user = self.users.pop(user_id, None)
        if user is not None:
            more = {"external_id": user.external_id} if user.external_id is not None else {}
            self.changed("user.deleted", {"id": user_id, "object": "user", "deleted": True} | more)
        return user

    def end_sessions(self, user_id: str) -> None:
        """End all sessions of a user, as a ban does."""
        self._close(user_id, "ended")

    def _close(self, user_id: str, status: str, *, every: bool = False) -> None:
        with self._lock:
            ended = [s for s in self.sessions.values() if s.user_id == user_id and (every or s.status == "active")]
        for session in ended:
            self.set_session(session, status)

    def set_session(self, session: Session, status: str) -> None:
        """Give a session another status: `revoked`, `ended`, `removed`, `pending`, `active`."""
        session.status, session.updated_at = status, milliseconds()
        if status != "active":
            self._session_changed(f"session.{status}", session)

    def _session_changed(self, event: str, session: Session) -> None:
        user = self.users.get(session.user_id)
        self.changed(event, session.as_json() | {"user": user.as_json() if user is not None else None})

    def session_of(self, user_id: str) -> Session:
        """The user's active session, created at the first call."""
        with self._lock:
            for session in self.sessions.values():
                if session.user_id == user_id and session.status == "active":
                    return session
        return self.new_session(user_id)

    def new_session(self, user_id: str, **more: Any) -> Session:
        """A further session of the user, as from another device; `more` are further fields of `Session`."""
        user = self.users.get(user_id)
        more.setdefault("organization_id", ((user.organization if user is not None else None) or {}).get("id"))
        session = Session(id=new_id("sess"), user_id=user_id, **more)
        with self._lock:
            self.sessions[session.id] = session
        self._session_changed("session.pending" if session.status == "pending" else "session.created", session)
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
