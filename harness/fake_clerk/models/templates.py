"""JWT templates and custom session claims: claims with shortcodes that are replaced by data of a user.

Source: https://clerk.com/docs/guides/sessions/jwt-templates (shortcodes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User

_SHORTCODE = re.compile(r"\{\{\s*([\w.]+)(?:\s*\|\|\s*'([^']*)')?\s*\}\}")
RESERVED = ("sub", "iss", "iat", "nbf", "exp", "jti", "azp", "sid", "sts", "fva")
"""Claims that a template cannot set."""


@dataclass
class Template:
    """A JWT template; `lifetime` and `allowed_clock_skew` are in seconds."""

    name: str
    claims: dict[str, Any]
    lifetime: int = 60
    allowed_clock_skew: int = 5
    id: str = field(default_factory=lambda: new_id("jtmp"))
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `JWTTemplate` object."""
        return {
            "object": "jwt_template",
            "id": self.id,
            "name": self.name,
            "claims": self.claims,
            "lifetime": self.lifetime,
            "allowed_clock_skew": self.allowed_clock_skew,
            "custom_signing_key": False,
            "signing_algorithm": "RS256",
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


def _shortcodes(user: User, organization: dict[str, str]) -> dict[str, Any]:
    primary = user.emails[user.primary] if user.emails else None
    return {
        "user": {
            "id": user.id,
            "external_id": user.external_id,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "full_name": " ".join(filter(None, (user.first_name, user.last_name))) or None,
            "username": user.username,
            "image_url": user.image_url,
            "has_image": bool(user.image_url),
            "primary_email_address": user.email,
            "email_verified": primary.verified if primary is not None else None,
            "created_at": user.created_at // 1000,
            "updated_at": user.updated_at // 1000,
            "public_metadata": user.public_metadata,
            "unsafe_metadata": user.unsafe_metadata,
        },
        "org": {
            "id": organization.get("id"),
            "slug": organization.get("slug"),
            "role": f"org:{organization['role']}" if "role" in organization else None,
        },
    }


def _look_up(known: dict[str, Any], path: str) -> Any:
    found: Any = known
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def render_claims(value: Any, user: User, organization: dict[str, str] | None) -> Any:
    """`value` with its shortcodes replaced by the data of `user` and of the active organization, and without reserved claims.

    A shortcode that is the whole text keeps the type of its value, and is null when it is unknown.
    """
    known = _shortcodes(user, organization or {})

    def render(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: render(entry) for name, entry in part.items() if name not in RESERVED}
        if isinstance(part, list):
            return [render(entry) for entry in part]
        if not isinstance(part, str):
            return part
        whole = _SHORTCODE.fullmatch(part)
        if whole is not None:
            found = _look_up(known, whole[1])
            return found if found is not None else whole[2]
        return _SHORTCODE.sub(lambda m: str(_look_up(known, m[1]) or m[2] or ""), part)

    return render(value)
