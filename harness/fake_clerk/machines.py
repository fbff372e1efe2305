"""Machine tokens: opaque ones, which only their issuer can tell, and what the Backend API says of them.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), the operations that verify tokens.
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
class MachineToken:
    """An opaque token. `subject`: a machine (`mch_…`) or the user on whose behalf it speaks."""

    kind: str
    subject: str
    secret: str = field(init=False)
    id: str = field(init=False)
    revoked: bool = False
    created_at: int = field(default_factory=milliseconds)

    def __post_init__(self) -> None:
        self.secret = PREFIXES[self.kind] + secrets.token_hex(24)
        self.id = new_id({"m2m": "mt", "oauth": "oat", "api_key": "ak"}[self.kind])

    def as_json(self) -> dict[str, Any]:
        """What the Backend API answers to whoever verifies it."""
        document: dict[str, Any] = {
            "object": OBJECTS[self.kind],
            "id": self.id,
            "subject": self.subject,
            "scopes": ["read"],
            "claims": None,
            "revoked": self.revoked,
            "revocation_reason": None,
            "expired": False,
            "expiration": None,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }
        if self.kind == "oauth":
            return document | {"client_id": "client_harness", "type": "oauth:access_token", "name": "harness"}
        document["last_used_at"] = None
        if self.kind == "api_key":
            document |= {"type": "api_key", "name": "harness", "description": None, "created_by": None}
        return document
