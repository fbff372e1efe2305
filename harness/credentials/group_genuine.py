"""Group `genuine`: what a genuine issuer gives out. Admitted where a policy says so."""

from __future__ import annotations

from typing import Any

from harness.credentials.model import GENUINE, Credential, Presentation
from harness.credentials.recipes import token
from harness.fake_clerk.ids import new_id

_SESSION = "https://clerk.com/docs/guides/sessions/session-tokens"


def _session(name: str, why: str, make: object, **more: object) -> Credential:
    values: dict[str, object] = {"follows": None if name == "clerk" else "clerk", "authentic": True} | more
    return Credential(name, GENUINE, make, "CWE-287", _SESSION, why, **values)  # type: ignore[arg-type]


def _machine(name: str, make: Any, why: str) -> Credential:
    source = "https://clerk.com/docs/guides/development/machine-auth/overview"
    return Credential(name, GENUINE, token(make), "CWE-843", source, why)


CREDENTIALS = [
    _session("clerk", "A session token as Clerk gives it to a signed-in user.", token(lambda m: m.genuine())),
    _session(
        "clerk-v1",
        "A session token of the older claim version, which instances may still issue.",
        token(lambda m: m.genuine(version=1)),
    ),
    _session(
        "clerk-cookie",
        "The session token in the cookie __session, as browsers on the same site send it.",
        lambda m: Presentation(cookies=(("__session", m.genuine()),)),
    ),
    _session(
        "clerk-no-azp",
        "A session token without azp, as issued when the browser sent no Origin.",
        token(lambda m: m.genuine(azp=None)),
    ),
    Credential(
        "clerk-template",
        GENUINE,
        token(lambda m: m.instance.template_token(m.user, email=m.identity.email)),
        "CWE-287",
        "https://clerk.com/docs/guides/sessions/jwt-templates",
        "A token made from a JWT template for another service: same key, no session behind it.",
        authentic=True,
    ),
    _session(
        "clerk-impersonated",
        "A session in which an administrator acts as the user (claim act).",
        token(lambda m: m.genuine(actor=m.identities["admin"].user.id)),
    ),
    Credential(
        "clerk-pending",
        GENUINE,
        token(lambda m: m.genuine(status="pending")),
        "CWE-287",
        "https://clerk.com/docs/guides/configure/session-tasks",
        "A session that is not complete: the user still owes a step such as a second factor.",
        authentic=True,
    ),
    _session(
        "clerk-newcomer",
        "The first request of somebody the database has never seen.",
        token(lambda m: m.genuine()),
        identity="newcomer",
        fresh=True,
    ),
    _session("clerk-other", "Another user's genuine session token.", token(lambda m: m.genuine()), identity="bob"),
    _session(
        "clerk-org-admin",
        "A genuine session whose organization claim gives the role admin.",
        token(lambda m: m.genuine()),
        identity="admin",
    ),
    _session(
        "clerk-org-member",
        "A genuine session whose organization claim gives the role member.",
        token(lambda m: m.genuine()),
        identity="member",
    ),
    _session(
        "clerk-rotated",
        "A session token signed by the key that a rotation has just published beside the old one.",
        token(lambda m: m.genuine(key=m.next_key)),
    ),
    _machine("m2m-opaque", lambda m: m.instance.opaque_token("m2m", new_id("mch")), "A machine's token that only Clerk can verify."),
    _machine("m2m-jwt", lambda m: m.instance.machine_token(), "A machine's token, signed by the same key as people's sessions."),
    _machine("oauth-opaque", lambda m: m.instance.opaque_token("oauth", m.user.id), "What an OAuth client got on a user's behalf; only Clerk can verify it."),
    _machine("oauth-jwt", lambda m: m.instance.oauth_token(m.user), "The same as a signed token of the type at+jwt (RFC 9068)."),
    _machine("api-key", lambda m: m.instance.opaque_token("api_key", m.user.id), "A key that a user made for programs; only Clerk can verify it."),
    Credential(
        "webhook",
        GENUINE,
        lambda m: Presentation(signs_body=True),
        "CWE-345",
        "https://docs.svix.com/receiving/verifying-payloads/how-manual",
        "A delivery signed with the webhook's secret, without any user.",
        fresh=True,
    ),
    Credential(
        "legacy",
        GENUINE,
        token(lambda m: m.legacy.token(m.identity)),
        "CWE-345",
        "field notes; RFC 8725 section 2.1",
        "The old token of a real user. It has no signature: whoever knows an e-mail and a number can write it.",
    ),
]
