"""Group `genuine`: what a genuine issuer gives out. Admitted where a policy says so; what is bad is made of these."""

from __future__ import annotations

from harness.credentials.mint import Mint, session
from harness.credentials.model import BASE, GENUINE, JWT, Credential, Kind, Make, Material, Presentation
from harness.credentials.recipes import token
from harness.fake_clerk import User, tokens
from harness.fake_clerk.ids import new_id

_SESSION = "https://clerk.com/docs/guides/sessions/session-tokens"
_MACHINE = "https://clerk.com/docs/guides/development/machine-auth/overview"


def _session(name: str, why: str, make: Make | None = None, **more: object) -> Credential:
    values: dict[str, object] = {"follows": None if name == "clerk" else "clerk", "authentic": True} | more
    recipe = values.pop("recipe", token(lambda m: m.genuine()))
    source = str(values.pop("source", _SESSION))
    return Credential(name, GENUINE, recipe, "CWE-287", source, why, kind="session", make=make or session(), **values)  # type: ignore[arg-type]


def _template(mint: Mint, user: User) -> Material:
    claims = tokens.template_claims(
        subject=user.id, issuer=mint.instance.issuer, now=mint.now(), audience="backend", extra={"email": mint.identity.email}
    )  # fmt: skip
    return Material(tokens.session_header(mint.instance.key.kid, tokens.TEMPLATE_CATEGORY), claims | {"azp": mint.origin})


def _m2m(mint: Mint, user: User) -> Material:
    claims = tokens.machine_claims(issuer=mint.instance.issuer, now=mint.now(), scopes=[new_id("mch")])
    return Material(tokens.session_header(mint.instance.key.kid, tokens.M2M_CATEGORY), claims)


def _oauth(mint: Mint, user: User) -> Material:
    claims = tokens.oauth_claims(subject=user.id, issuer=mint.instance.issuer, now=mint.now())
    return Material({"alg": "RS256", "kid": mint.instance.key.kid, "typ": "at+jwt"}, claims)


def _machine(name: str, kind: Kind, make: Make, why: str) -> Credential:
    return Credential(
        name, GENUINE, token(lambda m: m.genuine()), "CWE-843", _MACHINE, why, kind=kind, make=make
    )  # fmt: skip


def _opaque(name: str, sort: str, why: str) -> Credential:
    def recipe(mint: Mint) -> str:
        subject = new_id("mch") if sort == "m2m" else mint.user.id
        return mint.instance.opaque_token(sort, subject)

    return Credential(name, GENUINE, token(recipe), "CWE-843", _MACHINE, why, kind="opaque")


def _cookie(mint: Mint) -> Presentation:
    return Presentation(cookies=(("__session", mint.genuine()),))


def _signed(mint: Mint) -> Presentation:
    return Presentation(delivery=mint.instance.webhook_headers)


def _impersonated(mint: Mint, user: User) -> Material:
    return session(actor=mint.identities["admin"].user.id)(mint, user)


def _ahead(mint: Mint) -> str:
    claims = mint.claims()
    return mint.signed(claims | {name: claims[name] + 2 for name in ("iat", "nbf", "exp")})


CREDENTIALS = [
    _session("clerk", "A session token as Clerk gives it to a signed-in user.", tags=frozenset({"sentinel", "every-case"})),
    _session(
        "clerk-v1", "A session token of the older claim version, which instances may still issue.", session(version=1)
    ),
    _session(
        "clerk-cookie",
        "The session token in the cookie __session, as browsers on the same site send it.",
        recipe=_cookie,
        carrier="cookie:__session",
        placed=True,
    ),
    _session("clerk-no-azp", "A session token without azp, as issued when the browser sent no Origin.", session(azp=None)),
    Credential(
        "clerk-template",
        GENUINE,
        token(lambda m: m.genuine()),
        "CWE-287",
        "https://clerk.com/docs/guides/sessions/jwt-templates",
        "A token made from a JWT template for another service: same key, no session behind it.",
        authentic=True,
        kind="template",
        make=_template,
    ),
    _session(
        "clerk-impersonated",
        "A session in which an administrator acts as the user (claim act).",
        _impersonated,
    ),
    _session(
        "clerk-pending",
        "A session that is not complete: the user still owes a step such as a second factor.",
        session(status="pending"),
        follows=None,
        source="https://clerk.com/docs/guides/configure/session-tasks",
    ),
    _session(
        "clerk-newcomer",
        "The first request of somebody the database has never seen.",
        identity="newcomer",
        fresh=True,
    ),
    _session("clerk-other", "Another user's genuine session token.", identity="bob"),
    _session("clerk-org-admin", "A genuine session whose organization claim gives the role admin.", identity="admin"),
    _session("clerk-org-member", "A genuine session whose organization claim gives the role member.", identity="member"),
    Credential(
        "clerk-rotated",
        GENUINE,
        token(lambda m: m.signed(m.claims(), key=m.next_key, kid=m.next_key.kid)),
        "CWE-755",
        "RFC 7517 section 5; https://clerk.com/docs/guides/how-clerk-works/overview (keys)",
        "A genuine token signed by a key that was published after the backend had first asked for the keys, as in a "
        "rotation: demanded wherever keys are fetched. Who is given a key in a PEM cannot know.",
        follows=BASE,
        authentic=True,
        drill="rotated",
        damages=JWT,
    ),
    Credential(
        "clerk-clock-ahead",
        GENUINE,
        token(_ahead),
        "CWE-755",
        "RFC 7519 section 4.1.6 (iat) and 4.1.4 (leeway); @clerk/backend clockSkewInMs",
        "A genuine token of an issuer whose clock is two seconds ahead: a verifier without leeway refuses it.",
        follows=BASE,
        authentic=True,
        fresh=True,
        damages=JWT,
    ),
    _opaque("m2m-opaque", "m2m", "A machine's token that only Clerk can verify."),
    _machine("m2m-jwt", "machine", _m2m, "A machine's token, signed by the same key as people's sessions."),
    _opaque("oauth-opaque", "oauth", "What an OAuth client got on a user's behalf; only Clerk can verify it."),
    _machine("oauth-jwt", "oauth", _oauth, "The same as a signed token of the type at+jwt (RFC 9068)."),
    _opaque("api-key", "api_key", "A key that a user made for programs; only Clerk can verify it."),
    Credential(
        "webhook",
        GENUINE,
        _signed,
        "CWE-345",
        "https://docs.svix.com/receiving/verifying-payloads/how-manual",
        "A delivery signed with the webhook's secret, without any user.",
        fresh=True,
        kind="webhook",
        placed=True,
    ),
    Credential(
        "legacy",
        GENUINE,
        token(lambda m: m.legacy.token(m.identity)),
        "CWE-345",
        "field notes; RFC 8725 section 2.1",
        "The old token of a real user. It has no signature: whoever knows an e-mail and a number can write it.",
        kind="legacy",
        tags=frozenset({"sentinel", "misconfigured", "every-case", "without-keys"}),
    ),
]
