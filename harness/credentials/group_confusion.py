"""Group `confusion`: from the right issuer, often under the right key, but of another class than the route takes."""

from __future__ import annotations

import secrets
from typing import Any

from harness.credentials.mint import Mint
from harness.credentials.model import JWT, MACHINES, PEOPLE, SESSION, Credential, Recipe
from harness.credentials.recipes import several, token
from harness.fake_clerk import tokens
from harness.fake_clerk.ids import new_id

_CLASSES = "RFC 8725 section 3.11"
_MACHINE = "https://clerk.com/docs/guides/development/machine-auth/overview"


def _entry(name: str, recipe: Recipe, source: str, why: str, cwe: str = "CWE-843", **more: Any) -> Credential:
    return Credential(name, "confusion", recipe, cwe, source, why, **more)


_machines = several(
    token(lambda m: m.instance.machine_token()),
    token(lambda m: m.instance.opaque_token("m2m", new_id("mch"))),
    token(lambda m: m.instance.oauth_token(m.user)),
    token(lambda m: m.instance.opaque_token("oauth", m.user.id)),
    token(lambda m: m.instance.opaque_token("api_key", m.user.id)),
)


_FORMS = ("m2m-jwt", "m2m-opaque", "oauth-jwt", "oauth-opaque", "api-key")


def _template(mint: Mint) -> str:
    claims = mint.claims(sid=..., sts=..., v=..., fva=..., jti=secrets.token_hex(10))
    return mint.signed(claims, cat=tokens.TEMPLATE_CATEGORY)


def _id_token(mint: Mint) -> str:
    """What an OAuth client gets about its user (OpenID Connect Core, section 2): for the client, not for an API."""
    claims = mint.claims(sid=..., sts=..., v=..., fva=..., azp=..., aud=new_id("client"), email=mint.identity.email, nonce="n")
    return mint.signed(claims, cat=...)


def _ticket(mint: Mint) -> str:
    """What a sign-in link carries: to be exchanged once, never a session."""
    return mint.instance.ticket(mint.user.id, 2_592_000)


def _handshake(mint: Mint) -> str:
    now = mint.now()
    return mint.signed({"iat": now, "exp": now + 60, "handshake": [f"__session={mint.genuine()}; Path=/; HttpOnly"]}, cat=...)


CREDENTIALS = [
    _entry("session-for-machine", token(lambda m: m.instance.session_token(m.user, azp=m.origin)), _MACHINE, "A person's session where a machine's token belongs.", follows="clerk", authentic=True, damages=MACHINES),
    _entry("machine-for-session", _machines, _MACHINE, "A machine's token, in each of its forms, where a person's session belongs.", damages=PEOPLE, follows=_FORMS, tags=frozenset({"sentinel"})),
    _entry("template-for-session", token(_template), "https://clerk.com/docs/guides/sessions/jwt-templates", "A token made for another service by a JWT template: same key, no session, its own class.", damages=SESSION),
    _entry("id-token", token(_id_token), "OpenID Connect Core 1.0 section 2; RFC 8725 section 2.8", "An ID token: it tells a client who its user is, and opens nothing.", damages=PEOPLE),
    _entry("sign-in-ticket", token(_ticket), "https://clerk.com/docs/reference/backend-api (sign-in tokens)", "The ticket of a sign-in link, which is good for one exchange with Clerk only.", damages=JWT),
    _entry("handshake-token", token(_handshake), "https://clerk.com/docs/guides/how-clerk-works/overview (handshake)", "The token by which Clerk hands cookies to a website: signed by the same key, about nobody.", damages=JWT),
    _entry("dev-browser-token", token(lambda m: new_id("dvb")), "https://clerk.com/docs/guides/how-clerk-works/overview (dev browser)", "What identifies a browser to a development instance: no user behind it.", "CWE-287"),
    _entry("testing-token", token(lambda m: f"{m.now()}-{secrets.token_hex(16)}"), "https://clerk.com/docs/guides/development/testing/overview", "What lets test suites past bot detection: no user behind it.", "CWE-287"),
    _entry("publishable-key-as-token", token(lambda m: m.instance.publishable_key), "https://clerk.com/docs/guides/how-clerk-works/overview", "The publishable key, which everybody can read.", "CWE-522"),
    _entry("secret-key-as-token", token(lambda m: m.instance.secret_key), "https://clerk.com/docs/reference/backend-api", "The Backend API's own key: it opens Clerk, never a user's route.", "CWE-522"),
    _entry("refresh-token", token(lambda m: f"rt_{secrets.token_urlsafe(40)}"), "RFC 6749 section 1.5", "A refresh token, which only the issuer may ever see.", "CWE-522"),
]
