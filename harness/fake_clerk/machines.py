"""Machines and their tokens: opaque ones, which only their issuer can tell, and what the Backend API says of them.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags Machines, M2M Tokens, API Keys, OAuth Access Tokens.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.directory import milliseconds
from harness.fake_clerk.ids import new_id

PREFIXES = {"m2m": "mt_", "oauth": "oat_", "api_key": "ak_"}
"""Kind of token -> how it begins."""
OBJECTS = {"m2m": "machine_to_machine_token", "oauth": "clerk_idp_oauth_access_token", "api_key": "api_key"}


@dataclass
class Machine:
    """A service that talks to others; it may verify the tokens of those in whose `scopes` it is. `ttl` in seconds."""

    name: str
    instance_id: str
    ttl: int = 3600
    id: str = field(default_factory=lambda: new_id("mch"))
    secret: str = field(default_factory=lambda: f"ak_{secrets.token_hex(24)}")
    scopes: list[str] = field(default_factory=list)
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Machine` object, without its scopes."""
        return {
            "object": "machine",
            "id": self.id,
            "name": self.name,
            "instance_id": self.instance_id,
            "default_token_ttl": self.ttl,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


@dataclass
class MachineToken:
    """An opaque token. `subject`: a machine (`mch_…`) or the user on whose behalf it speaks; `expiration` in milliseconds."""

    kind: str
    subject: str
    name: str = "harness"
    description: str | None = None
    scopes: list[str] = field(default_factory=lambda: ["read"])
    claims: Any = None
    expiration: int | None = None
    created_by: str | None = None
    secret: str = field(init=False)
    id: str = field(init=False)
    revoked: bool = False
    revocation_reason: str | None = None
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def __post_init__(self) -> None:
        self.secret = PREFIXES[self.kind] + secrets.token_hex(24)
        # Of the prefixes' own alphabet, as the OpenAPI document has it, and not a KSUID.
        self.id = PREFIXES[self.kind] + secrets.token_hex(16)

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expiration is not None and self.expiration <= milliseconds()

    def revoke(self, reason: Any = None) -> None:
        """End it before its time."""
        self.revoked, self.updated_at = True, milliseconds()
        self.revocation_reason = reason if isinstance(reason, str) else None

    def as_json(self) -> dict[str, Any]:
        """What the Backend API answers to whoever verifies it."""
        document: dict[str, Any] = {
            "object": OBJECTS[self.kind],
            "id": self.id,
            "subject": self.subject,
            "scopes": self.scopes,
            "claims": self.claims,
            "revoked": self.revoked,
            "revocation_reason": self.revocation_reason,
            "expired": self.expired,
            "expiration": self.expiration,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        if self.kind == "oauth":
            return document | {"client_id": "client_harness", "type": "oauth:access_token", "name": self.name}
        document["last_used_at"] = None
        if self.kind == "api_key":
            more = {"type": "api_key", "name": self.name, "description": self.description}
            document |= more | {"created_by": self.created_by}
        return document
