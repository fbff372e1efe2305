"""Words of names, in whatever case they are written, and which of them tell of a credential."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
CREDENTIAL = frozenset({"token", "jwt", "bearer", "credential", "credentials", "password", "passwd", "idtoken", "accesstoken",
                        "authtoken", "usertoken", "sessiontoken", "refreshtoken", "apitoken", "authorization"})  # fmt: skip
"""Words that name what opens a door."""
SIGN_IN = CREDENTIAL | {"auth", "authentication", "session", "login", "tokens", "signin"}
"""Words that may name it."""
OTHER_TOKENS = frozenset({
    "csrf", "xsrf", "push", "fcm", "apns", "device", "design", "color", "colors", "colour", "count", "limit", "usage", "max", "min",
    "captcha", "recaptcha", "turnstile", "mapbox", "page", "pagination", "cursor", "next", "cancel", "budget", "balance", "price",
    "crypto", "erc20", "total", "used", "remaining", "length", "input", "output", "prompt", "completion", "syntax", "lexer",
    "theme", "invite", "invitation", "share", "reset", "unsubscribe", "maptiler", "sentry", "analytics", "posthog", "upload",
})  # fmt: skip
"""Words beside which a token is no credential of a signed-in person: of forms, of devices, of designs, of language models."""
_OLD = frozenset({"legacy", "old", "deprecated", "base64", "b64", "obsolete"})
_GUARD = frozenset(
    {
        "auth",
        "authenticate",
        "authenticated",
        "authentication",
        "authorize",
        "token",
        "user",
        "admin",
        "login",
        "require",
        "verify",
        "claims",
        "principal",
        "jwt",
        "bearer",
        "credential",
        "credentials",
        "permission",
        "permissions",
        "identity",
        "guard",
        "protect",
        "protected",
    }
)
_SERVICE = frozenset({"service", "services", "repository", "repo", "store", "factory", "manager", "settings", "client", "db", "dao",
                      "model", "schema", "query", "cache", "agent"})  # fmt: skip


@lru_cache(maxsize=65536)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in small letters: `accessToken`, `ACCESS_TOKEN` and `access-token` are `access`, `token`."""
    return tuple(word.lower() for word in _WORD.findall(name))


def names_credential(name: str) -> bool:
    """Whether a name is that of a signed-in person's credential."""
    found = set(words(name))
    return bool(found & CREDENTIAL) and not found & OTHER_TOKENS


def names_sign_in(name: str) -> bool:
    """Whether it may be one: `auth`, `session`; also what remembers where to go afterwards, so that nothing follows of it alone."""
    found = set(words(name))
    return bool(found & SIGN_IN) and not found & OTHER_TOKENS


def names_old(name: str) -> bool:
    """Whether a function is called like one of an old sign-in: `legacy_user`, `decode_base64_token`."""
    found = set(words(name))
    return bool(found & _OLD) and bool(found & (_GUARD | {"session", "current"}))


def names_guard(name: str) -> bool:
    """Whether a function is called like one that says who is asking, `get_current_user`, `require_admin`; not `UserRepository`."""
    found = set(words(name))
    return bool(found & _GUARD) and not found & _SERVICE
