"""Group `legacy`: the old scheme, in the shapes and places that a half-done migration leaves open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jwt

from harness.credentials import jose
from harness.credentials.mint import Mint
from harness.credentials.model import BASE, JWT, Credential, Kind, Presentation, Recipe
from harness.credentials.recipes import authorization, token

LEGACY: frozenset[Kind] = frozenset({"legacy"})
_NOTES = "field notes; RFC 8725 section 2.1"


def _entry(name: str, recipe: Recipe, why: str, cwe: str = "CWE-345", **more: Any) -> Credential:
    return Credential(name, "legacy", recipe, cwe, _NOTES, why, **{"damages": LEGACY} | more)


def _old(mint: Mint) -> str:
    return mint.legacy.token(mint.identity)


def _urlsafe(mint: Mint) -> str:
    return _old(mint).replace("+", "-").replace("/", "_").rstrip("=")


def _no_timestamp(mint: Mint) -> str:
    if mint.legacy.maker is not None:
        return _old(mint)[:-2]
    return mint.legacy.encode(mint.legacy.plain(mint.identity).rpartition(":")[0])


def legacy_claims(mint: Mint) -> dict[str, Any]:
    """Return the claims of a JWT of the old scheme."""
    now = mint.now()
    return {
        "sub": mint.identity.email,
        "email": mint.identity.email,
        "user_id": mint.identity.database_id,
        "iat": now,
        "exp": now + 3600,
    }


def _expired_with_legacy(mint: Mint) -> Presentation:
    now = mint.now()
    expired = mint.signed(mint.claims(iat=now - 7200, nbf=now - 7200, exp=now - 3600))
    return Presentation(token=expired, cookies=((mint.legacy.cookie, _old(mint)),))


_SCHEMES = ("Token", "token", "JWT", "Legacy", "Session", "ApiKey", "Api-Key", "Key", "Custom", "OAuth", "bearer", "BEARER")
_HEADERS = (
    "x-auth-token", "x-access-token", "x-token", "x-session-token", "x-user-token", "x-api-key", "x-api-token", "x-auth",
    "x-authorization", "x-jwt", "x-jwt-token", "x-session-id", "x-legacy-token", "auth-token", "access-token", "token", "auth",
    "authentication", "session", "api-key", "apikey",
)  # fmt: skip
_COOKIES = (
    "token", "auth", "auth_token", "authToken", "access_token", "accessToken", "session", "session_token", "sessionid",
    "session_id", "sid", "jwt", "user", "user_token", "userToken", "login", "remember_token", "id_token", "legacy_token",
    "Authorization", "bearer",
)  # fmt: skip
_QUERIES = ("token", "auth_token", "access_token", "auth", "jwt", "session", "api_key", "key", "authorization")
_PLACES: dict[str, Any] = {"follows": "legacy", "placed": True}


def _in_schemes(mint: Mint) -> Presentation:
    old = _old(mint)
    bare = Presentation(authorization=(old.encode(),), form="Authorization, without a scheme")
    words = [
        Presentation(authorization=(f"{scheme} {old}".encode(),), form=f"Authorization: {scheme}", sparse=scheme != "Token")
        for scheme in _SCHEMES
    ]
    return replace(bare, also=tuple(words))


def _everywhere(all_at_once: list[Presentation], each: list[Presentation]) -> Presentation:
    """All places at once, and each alone where the verifier is examined."""
    first, *rest = all_at_once
    return replace(first, also=(*rest, *(replace(one, sparse=True) for one in each)))


def _in_headers(mint: Mint) -> Presentation:
    texts = (_old(mint), f"Bearer {_old(mint)}")
    return _everywhere(
        [Presentation(headers=tuple((name, text) for name in _HEADERS), form="all usual headers") for text in texts],
        [Presentation(headers=((name, text),), form=f"header {name}") for name in _HEADERS for text in texts],
    )


def _in_cookies(mint: Mint) -> Presentation:
    old = _old(mint)
    return _everywhere(
        [Presentation(cookies=tuple((name, old) for name in _COOKIES), form="all usual cookies")],
        [Presentation(cookies=((name, old),), form=f"cookie {name}") for name in _COOKIES],
    )


def _in_queries(mint: Mint) -> Presentation:
    old = _old(mint)
    return _everywhere(
        [Presentation(query=tuple((name, old) for name in _QUERIES), form="all usual parameters")],
        [Presentation(query=((name, old),), form=f"?{name}=") for name in _QUERIES],
    )


def _in_body(mint: Mint) -> Presentation:
    """Fields of the data, as beacons and forms send a token, which cannot set headers."""
    old = _old(mint)
    return _everywhere(
        [Presentation(body=tuple((name, old) for name in dict.fromkeys((mint.legacy.query, *_QUERIES))), form="all usual fields")],
        [Presentation(body=((name, old),), form=f"field {name}") for name in _QUERIES],
    )


def _of_others(mint: Mint) -> Presentation:
    """Of each other identity, and of those who have not been moved to Clerk: a bridge may have been left for them."""
    others = [one for name, one in mint.identities.items() if name != mint.identity.name]
    first, *rest = [Presentation(token=mint.legacy.token(one), form=f"of {one.name}") for one in others]
    rest += [
        Presentation(
            token=mint.legacy.variant(mint.identity, email=email, database_id=number), form="of a person whose row has no Clerk id"
        )
        for email, number in mint.unlinked
    ]
    return replace(first, also=tuple(rest))


CREDENTIALS = [
    _entry("legacy-unknown-user", token(lambda m: m.legacy.variant(m.identity, email="nobody@example.com", database_id=999_999)), "The old token of a person who does not exist.", tags=frozenset({"sentinel"})),
    _entry("legacy-of-others", _of_others, "The old token of other people, also of those whose rows have no Clerk id yet: a guard may let in only whom nobody has moved.", follows="legacy"),
    _entry("legacy-urlsafe", token(_urlsafe), "The old token in the other base64 alphabet, without padding.", follows="legacy"),
    _entry("legacy-wrong-email", token(lambda m: m.legacy.variant(m.identity, email="mallory@example.com")), "The old token with a user's number and another e-mail."),
    _entry("legacy-no-timestamp", token(_no_timestamp), "The old token without its last field.", follows="legacy"),
    _entry("legacy-with-clerk-id", token(lambda m: m.legacy.variant(m.identity, database_id=m.user.id)), "The old token with the Clerk id where the number was.", follows="legacy"),
    _entry("legacy-in-cookie", lambda m: Presentation(cookies=((m.legacy.cookie, _old(m)),)), "The old token in a cookie.", follows="legacy", placed=True),
    _entry("legacy-in-query", lambda m: Presentation(query=((m.legacy.query, _old(m)),)), "The old token in the query string, where logs keep it.", follows="legacy", placed=True),
    _entry("legacy-in-schemes", _in_schemes, "The old token after every other usual word in Authorization, and without one.", **_PLACES),
    _entry("legacy-in-headers", _in_headers, "The old token in every other usual header.", **_PLACES),
    _entry("legacy-in-cookies", _in_cookies, "The old token in every usual cookie.", **_PLACES),
    _entry("legacy-in-queries", _in_queries, "The old token in every usual query parameter.", **_PLACES),
    _entry("legacy-in-body", _in_body, "The old token in the body, among the data, as beacons and forms send it, which cannot set headers.", only="body", **_PLACES),
    _entry("legacy-hs256-default-secret", token(lambda m: jose.hmac_signed({"alg": "HS256", "typ": "JWT"}, legacy_claims(m), m.legacy.secret.encode())), "The second old scheme: a JWT signed with the default secret of the code.", "CWE-1391", tags=frozenset({"misconfigured"})),
    _entry("legacy-rs256-own-key", token(lambda m: jwt.encode(legacy_claims(m), m.attacker.private, algorithm="RS256")), "The third old scheme: a JWT under keys of the backend's own, here an attacker's."),
    _entry("legacy-as-basic", authorization(lambda m: f"Basic {_old(m)}"), "The old token as if it were a password.", placed=True),
    _entry("legacy-double-encoded", token(lambda m: m.legacy.encode(_old(m))), "The old token, encoded twice."),
    _entry("legacy-header-clerk-cookie", lambda m: Presentation(token=_old(m), cookies=(("__session", m.genuine()),)), "The old token in the header beside a genuine Clerk cookie: the header must not win.", follows=("clerk-cookie", "legacy"), placed=True),
    _entry("clerk-header-legacy-cookie", lambda m: Presentation(token=m.genuine(), cookies=((m.legacy.cookie, _old(m)),)), "A genuine Clerk token beside an old cookie: only Clerk may let this in.", follows=BASE, authentic=True, placed=True, damages=JWT),
    _entry("expired-clerk-with-legacy", _expired_with_legacy, "An expired Clerk token beside an old cookie: failing must not fall back.", "CWE-636", placed=True, damages=JWT),
]
