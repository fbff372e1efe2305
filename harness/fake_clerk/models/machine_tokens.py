"""Opaque tokens: machine-to-machine tokens, API keys and OAuth access tokens. Only their issuer can verify them.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags M2M Tokens, API Keys, OAuth Access Tokens.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.models.timestamps import milliseconds

PREFIXES = {"m2m": "mt_", "oauth": "oat_", "api_key": "ak_"}
"""How the tokens of each kind begin."""
OBJECTS = {"m2m": "machine_to_machine_token", "oauth": "clerk_idp_oauth_access_token", "api_key": "api_key"}
"""The value of `object` in the JSON form of each kind."""


@dataclass
class MachineToken:
    """An opaque token.

    `subject` is the id of a machine (`mch_…`), or of the user on whose behalf it is used. `expiration` is a Unix time in
    milliseconds, None for never.
    """

    kind: str
    subject: str
    name: str = "harness"
    description: str | None = None
    scopes: list[str] = field(default_factory=lambda: ["read"])
    claims: Any = None
    expiration: int | None = None
    created_by: str | None = None
    client_id: str = "client_harness"
    """The OAuth application of an OAuth access token."""
    secret: str = field(init=False)
    id: str = field(init=False)
    revoked: bool = False
    revocation_reason: str | None = None
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def __post_init__(self) -> None:
        self.secret = PREFIXES[self.kind] + secrets.token_hex(24)
        # The OpenAPI document wants hexadecimal digits here and no KSUID.
        self.id = PREFIXES[self.kind] + secrets.token_hex(16)

    @property
    def expired(self) -> bool:
        """Whether it is older than its lifetime."""
        return self.expiration is not None and self.expiration <= milliseconds()

    def revoke(self, reason: Any = None) -> None:
        """End it before its time."""
        self.revoked, self.updated_at = True, milliseconds()
        self.revocation_reason = reason if isinstance(reason, str) else None

    def as_json(self) -> dict[str, Any]:
        """The Backend API's object for a token of this kind, without the secret."""
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
            return document | {"client_id": self.client_id, "type": "oauth:access_token", "name": self.name}
        document["last_used_at"] = None
        if self.kind == "api_key":
            more = {"type": "api_key", "name": self.name, "description": self.description}
            document |= more | {"created_by": self.created_by}
        return document
