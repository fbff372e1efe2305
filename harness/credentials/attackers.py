"""What an attacker must hold to make each credential of the catalogue, and why: findings are sorted by it.

What nobody but the issuer could sign is no attack. It is reported as `hardening`, unless a policy pins it or the run is strict.
"""

from __future__ import annotations

from dataclasses import replace

from harness.credentials.model import Credential, Needs

NEEDS: dict[Needs, str] = {
    "nothing": "nothing: anybody who reaches the backend",
    "email": "somebody's e-mail address, number or id",
    "account": "an account here",
    "elsewhere": "an account at another application or instance",
    "machine-key": "a key of a machine or of the configuration",
    "old-session": "an old session or delivery",
    "issuer-key": "the issuer's own key",
}
"""In the order of gravity: what is easiest to come by comes first."""

Held = tuple[Needs, str]
_CLAIMS_OF_ISSUER = "the genuine key has signed claims that Clerk never issues"
_OWN_TOKEN = "a genuine token of the attacker's own, changed or put elsewhere"

_GROUPS: dict[str, Held] = {
    "genuine": ("account", "whoever signs up is given one"),
    "absent": ("nothing", "anybody can write it"),
    "time": ("issuer-key", _CLAIMS_OF_ISSUER),
    "signature": ("nothing", "anybody can write it, who knows a user's id"),
    "algorithm": ("nothing", "all that it is made of is public"),
    "lookup": ("nothing", "it is made with a key of the attacker's"),
    "claims": ("issuer-key", _CLAIMS_OF_ISSUER),
    "confusion": ("account", "Clerk gives it to whoever signs in"),
    "opaque": ("nothing", "anybody can write a text of that shape"),
    "webhook": ("nothing", "anybody can send a delivery"),
    "cors": ("nothing", "any website can ask through its visitors' browsers"),
    "legacy": ("email", "the old token has no signature"),
    "placement": ("email", "anybody can write the header who knows whom to name"),
    "roles": ("account", _OWN_TOKEN),
    "bypass": ("nothing", "the request bears no credential"),
    "named": ("nothing", "the word stands in the source"),
    "objects": ("account", "the genuine token of another user"),
    "state": ("nothing", "it is made with a key of the attacker's"),
    "fuzz": ("nothing", "a genuine token of anybody's, changed by chance"),
}
_CREDENTIALS: dict[Held, tuple[str, ...]] = {
    ("machine-key", "a machine is given it"): ("m2m-opaque", "m2m-jwt", "machine-for-session"),
    ("machine-key", "it is Clerk's secret key, or signed by it: whoever reads the configuration"): (
        "hs256-with-secret-key-env", "secret-key-as-token", "testing-token",
    ),
    ("machine-key", "it is signed by a secret of the target's environment: whoever reads the configuration"): (
        "hs256-with-target-secret",
    ),
    ("elsewhere", "an application to which a user gave access holds it"): ("oauth-opaque", "oauth-jwt", "id-token"),
    ("elsewhere", "deliveries of the instance go to its other endpoints as well"): ("webhook",),
    ("elsewhere", "another website of the same instance is given it"): (
        "azp-foreign", "azp-foreign-with-origin", "azp-lookalike-prefix", "azp-lookalike-suffix",
    ),
    ("elsewhere", "another service of the same instance is given it"): ("aud-foreign",),
    ("elsewhere", "anybody can open an instance of their own"): ("signed-by-other-instance",),
    ("account", _OWN_TOKEN): (
        "wrong-scheme-basic", "wrong-scheme-token", "no-scheme", "scheme-lowercase", "double-scheme", "one-segment",
        "four-segments", "segment-missing", "padded-base64", "space-inside", "control-characters", "comma-joined",
        "duplicate-header-genuine-first", "duplicate-header-forged-first", "header-swapped", "signature-of-another-token",
        "payload-swapped-sub", "alg-none-with-signature", "rs256-as-rs512", "json-compact-polyglot", "duplicate-sub-key",
        "query-token", "query-access-token", "query-session", "body-token", "x-auth-token", "x-access-token",
        "proxy-authorization", "cookie-wrong-suffix", "websocket-subprotocol", "websocket-query",
        "clerk-header-legacy-cookie", "legacy-header-clerk-cookie", "forged-after-genuine-same-jti",
        "forged-after-genuine-same-sub", "forged-after-genuine-same-prefix", "forged-after-genuine-same-signature",
        "forged-after-genuine-same-payload", "two-identities-at-once", "answer-of-who-came-first",
        "jwks-heals", "role-in-header", "role-in-query",
        "role-in-body", "identity-in-header", "identity-in-query", "identity-in-token",
        "named-identity",
    ),
    ("email", "the old token has no signature"): ("legacy",),
    ("account", "users write it about themselves"): ("unsafe-metadata-role",),
    ("account", "organizations name roles as they like"): ("role-lookalike",),
    ("account", "every user may found an organization, and is its administrator"): ("admin-of-another-organization",),
    ("old-session", "it was genuine once"): (
        "expired", "expired-just-now", "expired-years", "payload-extended-exp", "sub-banned-user", "sub-deleted-user",
        "sub-unknown-user", "sid-revoked", "opaque-revoked", "opaque-expired", "cookies-after-genuine", "expired-after-genuine",
        "revoked-after-genuine", "banned-after-genuine", "rotated-out-after-genuine", "expired-clerk-with-legacy",
        "cookie-expired-header-genuine", "header-expired-cookie-genuine",
    ),
    ("old-session", "whoever once saw a delivery"): (
        "webhook-body-changed", "webhook-id-changed", "webhook-too-old", "webhook-no-timestamp", "webhook-other-version",
    ),
    ("issuer-key", _CLAIMS_OF_ISSUER): ("json-array-payload", "crit-unknown", "pkcs1-padding-modified", "webhook-from-the-future"),
    ("nothing", "anybody can read or write it"): (
        "json-general-no-signatures",
        "publishable-key-as-token", "dev-browser-token", "refresh-token", "x-middleware-subrequest",
    ),
}  # fmt: skip
_OF = {name: held for held, names in _CREDENTIALS.items() for name in names}


def held(name: str, group: str) -> Held:
    """Return what an attacker must hold to make the credential of that name, and why."""
    return _OF.get(name) or _GROUPS[group]


_BY_BASE: dict[tuple[str, str], Held] = {
    ("aud-foreign", "session"): ("issuer-key", "all sessions of an instance have the audience that its settings say"),
}
"""What holds of a credential only where it is made of one kind of genuine credential: name and kind."""


def needs_of(credential: Credential, kind: str) -> Needs:
    """Return what an attacker must hold to make the credential of a genuine one of this kind."""
    return _BY_BASE.get((credential.name, kind), (credential.needs, credential.because))[0]


def with_attacker(credential: Credential) -> Credential:
    """Return the credential with what an attacker must hold."""
    needs, because = held(credential.name, credential.group)
    return replace(credential, needs=needs, because=because)


def unknown_names(known: set[str]) -> list[str]:
    """Return the names of this module that no credential has."""
    return sorted(set(_OF) - known)
