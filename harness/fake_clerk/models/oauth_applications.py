"""OAuth applications: the clients that ask Clerk, as an OAuth 2.0 and OpenID provider, who somebody is.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag OAuth Applications; RFC 7591 for those that register themselves.
"""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from harness.core.redact import learn_made
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import milliseconds

SCOPES = {
    "openid": "Know who you are",
    "profile": "See your name and your picture",
    "email": "See your e-mail address",
    "offline_access": "Stay connected while you are away",
    "public_metadata": "See your public metadata",
    "private_metadata": "See your private metadata",
    "user:org:read": "See which organization you are in",
}
"""The scopes that exist, with what a person is told of each."""
DEFAULT_SCOPES = ("profile", "email")
"""What an application has, and what is granted, unless others are asked for."""
_SCRIPTS = ("javascript", "data", "vbscript")


def new_secret() -> str:
    """A client secret, which no output shows."""
    secret = secrets.token_urlsafe(24)
    learn_made(secret)
    return secret


def valid_redirect(uri: str) -> bool:
    """Whether an application may register this address: absolute and without a fragment (RFC 6749, section 3.1.2)."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    whole = bool(parts.netloc) if parts.scheme in ("http", "https") else bool(parts.netloc or parts.path)
    return bool(parts.scheme) and whole and "#" not in uri and parts.scheme.lower() not in _SCRIPTS


def _loopback(uri: str) -> tuple[str, ...] | None:
    """What counts of an address on loopback, whose port is chosen anew at each start (RFC 8252, section 7.3); else None."""
    try:
        parts = urlsplit(uri)
        if parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback:
            return parts.hostname or "", parts.path, parts.query, parts.fragment, parts.username or ""
    except ValueError:
        return None
    return None


@dataclass
class OAuthApplication:
    """An application. A `public` one has no secret (RFC 6749, section 2.1), and must use PKCE."""

    name: str
    redirect_uris: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=lambda: list(DEFAULT_SCOPES))
    public: bool = False
    pkce_required: bool = False
    consent_screen_enabled: bool = True
    dynamically_registered: bool = False
    client_uri: str | None = None
    client_image_url: str | None = None
    auth_method: str = "client_secret_basic"
    client_id: str = field(default_factory=lambda: new_id("client"))
    client_secret: str = field(default_factory=new_secret)
    id: str = field(default_factory=lambda: new_id("oa"))
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def redirects_to(self, uri: str) -> bool:
        """Whether `uri` is registered: character by character (RFC 9700, section 2.1), the port of loopback addresses aside."""
        local = _loopback(uri)
        return uri in self.redirect_uris or (
            local is not None and any(_loopback(registered) == local for registered in self.redirect_uris)
        )

    def is_secret(self, given: str) -> bool:
        """Whether `given` is the secret; never for a public application."""
        return not self.public and secrets.compare_digest(given.encode(), self.client_secret.encode())

    def as_json(self, instance_id: str, issuer: str, *, secret: bool = False) -> dict[str, Any]:
        """The Backend API's `OAuthApplication` object, with the client secret if asked for (empty where it is public)."""
        document: dict[str, Any] = {
            "object": "oauth_application",
            "id": self.id,
            "instance_id": instance_id,
            "name": self.name,
            "client_id": self.client_id,
            "client_uri": self.client_uri,
            "client_image_url": self.client_image_url,
            "dynamically_registered": self.dynamically_registered,
            "consent_screen_enabled": self.consent_screen_enabled,
            "pkce_required": self.pkce_required,
            "public": self.public,
            "scopes": " ".join(self.scopes),
            "redirect_uris": self.redirect_uris,
            "callback_url": next(iter(self.redirect_uris), ""),
            "authorize_url": f"{issuer}/oauth/authorize",
            "token_fetch_url": f"{issuer}/oauth/token",
            "user_info_url": f"{issuer}/oauth/userinfo",
            "discovery_url": f"{issuer}/.well-known/openid-configuration",
            "token_introspection_url": f"{issuer}/oauth/token_info",
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        return document | ({"client_secret": "" if self.public else self.client_secret} if secret else {})
