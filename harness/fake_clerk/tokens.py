"""The claims of Clerk's session tokens, versions 1 and 2, and of the other classes that the same key signs.

Source: https://clerk.com/docs/guides/sessions/session-tokens
"""

from __future__ import annotations

import secrets
from typing import Any

from harness.fake_clerk.ids import new_id

SESSION_CATEGORY = "cl_B7d4PD111AAA"
TEMPLATE_CATEGORY = "cl_B7d4PD222AAA"
M2M_CATEGORY = "cl_B7d4PD333AAA"
LIFETIME = 60
"""Seconds that a Clerk session token lives."""
NOT_BEFORE_LEEWAY = 10
"""Seconds by which `nbf` lies before `iat`."""


def session_header(kid: str, category: str | None = SESSION_CATEGORY) -> dict[str, Any]:
    """The JOSE header; older tokens have no `cat`, the class of the token."""
    header: dict[str, Any] = {"alg": "RS256", "kid": kid, "typ": "JWT"}
    if category:
        header["cat"] = category
    return header


def session_claims(
    *,
    subject: str,
    session: str,
    issuer: str,
    now: int,
    version: int = 2,
    azp: str | None = "http://localhost:3000",
    organization: dict[str, str] | None = None,
    actor: str | None = None,
    status: str = "active",
    lifetime: int = LIFETIME,
) -> dict[str, Any]:
    """The claims of a session token.

    `now` is in seconds since 1970. `organization` has `id`, `slug`, `role` (without `org:`) and `permissions`
    (comma separated). `status` is `active` or `pending`, `actor` the user who impersonates.
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "sid": session,
        "iat": now,
        "nbf": now - NOT_BEFORE_LEEWAY,
        "exp": now + lifetime,
    }
    if azp is not None:
        claims["azp"] = azp
    if actor is not None:
        claims["act"] = {"sub": actor}
    if version == 1:
        if organization:
            claims |= {
                "org_id": organization["id"],
                "org_slug": organization["slug"],
                "org_role": f"org:{organization['role']}",
                "org_permissions": [p for p in organization.get("permissions", "").split(",") if p],
            }
        return claims
    claims |= {"v": 2, "jti": secrets.token_hex(10), "fva": [5, -1], "sts": status, "pla": "u:free", "fea": ""}
    if organization:
        claims["o"] = {
            "id": organization["id"],
            "slg": organization["slug"],
            "rol": organization["role"],
            "per": organization.get("permissions", ""),
            "fpm": "",
        }
    return claims


def template_claims(
    *, subject: str, issuer: str, now: int, audience: str | None, extra: dict[str, Any]
) -> dict[str, Any]:
    """A JWT template's claims: an audience if wanted, whatever the template adds, and no session."""
    return (
        ({} if audience is None else {"aud": audience})
        | {
            "iss": issuer,
            "sub": subject,
            "iat": now,
            "nbf": now - NOT_BEFORE_LEEWAY,
            "exp": now + LIFETIME,
            "jti": secrets.token_hex(10),
            "azp": "http://localhost:3000",
        }
        | extra
    )


def machine_claims(*, issuer: str, now: int, scopes: list[str], subject: str | None = None) -> dict[str, Any]:
    """A machine-to-machine JWT: `sub` is a machine (`mch_…`), never a user."""
    return {
        "iss": issuer,
        "sub": subject or new_id("mch"),
        "iat": now,
        "nbf": now - NOT_BEFORE_LEEWAY,
        "exp": now + LIFETIME,
        "jti": new_id("mt"),
        "scopes": " ".join(scopes),
    }


def oauth_claims(*, subject: str, issuer: str, now: int) -> dict[str, Any]:
    """An OAuth access token's claims (RFC 9068, section 2.2): a client and scopes, no session."""
    return {
        "iss": issuer,
        "sub": subject,
        "client_id": "client_harness",
        "scope": "profile email",
        "iat": now,
        "nbf": now - NOT_BEFORE_LEEWAY,
        "exp": now + LIFETIME,
        "jti": new_id("oat"),
    }
