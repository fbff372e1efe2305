"""The claims and headers of the JWTs that Clerk signs: session tokens (versions 1 and 2), template, machine and OAuth tokens.

Source: https://clerk.com/docs/guides/sessions/session-tokens
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from harness.fake_clerk.ids import new_id

SESSION_CATEGORY = "cl_B7d4PD111AAA"
TEMPLATE_CATEGORY = "cl_B7d4PD222AAA"
M2M_CATEGORY = "cl_B7d4PD333AAA"
"""Values of the header parameter `cat`, which tells the classes of Clerk's JWTs apart."""
LIFETIME = 60
"""Seconds that a Clerk session token lives."""
NOT_BEFORE_LEEWAY = 10
"""Seconds by which `nbf` lies before `iat`."""


def session_header(kid: str, category: str | None = SESSION_CATEGORY) -> dict[str, Any]:
    """The JOSE header with the class of the token in `cat`; None for a token without `cat`, as older ones are."""
    header: dict[str, Any] = {"alg": "RS256", "kid": kid, "typ": "JWT"}
    if category:
        header["cat"] = category
    return header


def oauth_header(kid: str) -> dict[str, Any]:
    """The JOSE header of an OAuth access token, which has another `typ` (RFC 9068, section 2.1)."""
    return {"alg": "RS256", "kid": kid, "typ": "at+jwt"}


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
    factor_ages: Sequence[int] = (0, -1),
) -> dict[str, Any]:
    """The claims of a session token.

    `now` is in seconds since 1970, `lifetime` in seconds. `organization` has `id`, `slug`, `role` (without `org:`) and
    `permissions` (comma separated, `org:feature:name`; see `packed`).
    `status` is `active` or `pending`, `actor` is the id of the user who impersonates.
    `factor_ages` are the minutes since the first and the second factor were verified, -1 for one that was not.
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
        return claims | (_organization_of_version_1(organization) if organization else {})
    claims |= {"v": 2, "jti": secrets.token_hex(10), "fva": list(factor_ages)}
    claims |= {"sts": status, "pla": "u:free", "fea": ""}
    if organization:
        claims["fea"], names, masks = packed(_permissions(organization))
        claims["o"] = {
            "id": organization["id"],
            "slg": organization["slug"],
            "rol": organization["role"],
            "per": names,
            "fpm": masks,
        }
    return claims


def packed(permissions: Sequence[str]) -> tuple[str, str, str]:
    """`fea`, `per` and `fpm` for permissions such as `org:invoices:manage`: the features, the names, and for each feature a number
    whose bits say which of the names it has, the lowest bit the first. One without a feature is a name that no feature has.

    Source: https://clerk.com/docs/guides/sessions/session-tokens (version 2: `fea`, `o.per`, `o.fpm`).

    >>> packed(["org:invoices:read", "org:invoices:manage", "org:teams:manage"])
    ('o:invoices,o:teams', 'read,manage', '3,2')
    """
    pairs = [each.split(":", 2)[1:] if each.count(":") == 2 else ["", each] for each in permissions]
    names = list(dict.fromkeys(name for _, name in pairs))
    masks = dict[str, int]()
    for feature, name in pairs:
        if feature:
            masks[feature] = masks.get(feature, 0) | 1 << names.index(name)
    return ",".join(f"o:{feature}" for feature in masks), ",".join(names), ",".join(map(str, masks.values()))


def _permissions(organization: dict[str, str]) -> list[str]:
    return [each for each in organization.get("permissions", "").split(",") if each]


def _organization_of_version_1(organization: dict[str, str]) -> dict[str, Any]:
    return {
        "org_id": organization["id"],
        "org_slug": organization["slug"],
        "org_role": f"org:{organization['role']}",
        "org_permissions": _permissions(organization),
    }


def template_claims(
    *, subject: str, issuer: str, now: int, audience: str | None, extra: dict[str, Any]
) -> dict[str, Any]:
    """The claims of a token from a JWT template: no session, an audience unless it is None, and the template's `extra`."""
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
    """The claims of a machine-to-machine token: `sub` is a machine (`mch_…`), a new one by default, and never a user."""
    return {
        "iss": issuer,
        "sub": subject or new_id("mch"),
        "iat": now,
        "nbf": now - NOT_BEFORE_LEEWAY,
        "exp": now + LIFETIME,
        "jti": new_id("mt"),
        "scopes": " ".join(scopes),
    }


def oauth_claims(
    *,
    subject: str,
    issuer: str,
    now: int,
    client: str = "client_harness",
    scopes: str = "profile email",
    lifetime: int = LIFETIME,
) -> dict[str, Any]:
    """The claims of an OAuth access token (RFC 9068, section 2.2): a client and scopes, no session. `lifetime` in seconds."""
    return {
        "iss": issuer,
        "sub": subject,
        "client_id": client,
        "scope": scopes,
        "iat": now,
        "nbf": now - NOT_BEFORE_LEEWAY,
        "exp": now + lifetime,
        "jti": new_id("oat"),
    }
