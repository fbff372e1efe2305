"""Clerk as an OAuth 2.0 and OpenID provider: the applications, and what people have granted them.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag OAuth2 Identity Provider; RFC 6749, RFC 7636, RFC 7591.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import milliseconds

SCOPES = ("email", "profile", "openid", "offline_access", "public_metadata", "private_metadata", "user:org:read")
CODE_LIFETIME = 600
"""Seconds within which a code must be exchanged (RFC 6749, section 4.1.2)."""
TOKEN_LIFETIME = 86_400
"""Seconds that an access token lives."""


@dataclass
class OAuthClient:
    """An application. One without a secret is public and needs PKCE (RFC 7636)."""

    redirect_uris: list[str]
    name: str = "harness"
    method: str = "client_secret_basic"
    scope: str = "profile email"
    id: str = field(default_factory=lambda: new_id("x").removeprefix("x_"))
    secret: str | None = field(default_factory=lambda: secrets.token_urlsafe(24))
    created_at: int = field(default_factory=milliseconds)

    def has_secret(self, given: str | None) -> bool:
        """Whether `given` is its secret; a public one has none to give."""
        if self.secret is None:
            return not given
        return hmac.compare_digest(self.secret.encode(), (given or "").encode())

    def as_json(self) -> dict[str, Any]:
        """The answer to its registration (RFC 7591, section 3.2.1)."""
        document: dict[str, Any] = {
            "client_id": self.id,
            "client_id_issued_at": self.created_at // 1000,
            "client_secret_expires_at": 0,
            "client_name": self.name,
            "redirect_uris": self.redirect_uris,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": self.scope,
            "token_endpoint_auth_method": self.method,
        }
        return document | ({"client_secret": self.secret} if self.secret is not None else {})


@dataclass
class Grant:
    """What a person has granted to an application. `challenge` is PKCE's (RFC 7636, section 4.2), `at` in seconds since 1970."""

    client: OAuthClient
    user_id: str
    scopes: list[str]
    redirect_uri: str
    challenge: str | None
    method: str
    nonce: str | None
    organization_id: str | None
    at: int
    code: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    used: bool = False
    access_token: str | None = None
    refresh_token: str | None = None
    revoked: bool = False

    def verifies(self, verifier: str | None) -> bool:
        """Whether that is the verifier of its challenge."""
        if self.challenge is None:
            return self.client.secret is not None
        given = verifier or ""
        if self.method == "S256":
            given = base64.urlsafe_b64encode(hashlib.sha256(given.encode()).digest()).rstrip(b"=").decode()
        return hmac.compare_digest(given.encode(), self.challenge.encode())
