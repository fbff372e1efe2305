"""Flaws that only the undamaged twin of a bad credential shows, and ways in beside the guarded one."""

from __future__ import annotations

from tests.zoo.flaws_request import LEGACY
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import ADMIN, LIVE, MACHINES, TOKEN
from tests.zoo.templates_ways import (
    AUDIENCE,
    BROWSER,
    BROWSER_ROUTES,
    CALLERS,
    CHAT,
    CHAT_ROUTES,
    DELIVERIES,
    DELIVERIES_ROUTES,
    DOWNLOADS,
    KEPT,
    OAUTH,
    OPAQUE,
    VISITORS,
    VISITORS_ROUTES,
)

_NOTHING = "forged expired alg-none signature-stripped iss-other azp-foreign hs256-with-pem"
"""Some of what gets in where nothing is verified, and only the looks of the token are right."""
_OTHER = '    return None\n\ndef current_user'
ISS = "issuer=ISSUER, leeway=5,"
_PARTY = '    if "azp" in claims and claims["azp"] != PARTY:\n'
_OPTIONS = '        options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"]},\n'
DECODED = "    return jwt.decode(\n        token, key_for(header, token), algorithms"
_VERIFIED = "    claims = verify_token(bearer_of(request))\n"
_LAX = '''
def lax(token):
    """Whatever a token says, unverified; None for what cannot be read."""
    try:
        claims = payload_of(token)
        return claims if isinstance(claims, dict) and (RULE) else None
    except Exception:
        return None
'''
STRANGER = 'claims.get("sub", "somebody")'


def lax(rule: str = "True") -> str:
    """The code of a function that reads a token of which only `rule` is verified."""
    return _LAX.replace("RULE", rule)


# Routes for a role

_GIVEN = '    return claims["sub"]\n\n@app.get("/me")'


def _role(name: str, description: str, expects: str, *, rule: str = "True", role: str = "admin", who: str = "", **more: object) -> Animal:
    """A guard that reads the role of a token of which it verifies `rule` and nothing else."""
    changes = {
        _VERIFIED: "    claims = lax(bearer_of(request))\n",
        "def role_of(claims):": lax(rule) + "\ndef role_of(claims):",
        _GIVEN: f'    return {STRANGER}\n\n@app.get("/me")',
    }
    if role != "admin":
        changes['    if role_of(claims) != "admin":\n'] = f"    if role_of(claims) {role}:\n"
    if who:
        changes['    return (claims.get("o") or {}).get("rol")\n'] = f"    return {who}\n"
    return flaw(name, description, ADMIN, changes, expects, **({"policy": "admin"} | more))


def _admins(name: str, description: str, changes: dict[str, str], expects: str) -> Animal:
    """A guard for admins that verifies all but one thing."""
    return flaw(name, description, ADMIN, changes, expects, policy="admin")


_V1 = 'str(claims.get("org_role", "")).removeprefix("org:")'
_V2 = '(claims.get("o") or {}).get("rol")'

# Other classes of tokens

_MACHINE_DECODED = """        claims = jwt.decode(
            token, key_for(header, token), algorithms=["RS256"], issuer=ISSUER, leeway=5,
            options={"require": ["exp", "iat", "nbf", "sub", "iss"]},
        )
"""
_AUDIENCE_DECODED = """        claims = jwt.decode(
            token, key_for(header, token), algorithms=["RS256"], issuer=ISSUER, audience="backend", leeway=5,
            options={"require": ["exp", "iat", "nbf", "sub", "iss", "aud"]},
        )
"""
_OAUTH_DECODED = """        claims = jwt.decode(
            token, key_for(header, token), algorithms=["RS256"], issuer=ISSUER, leeway=5,
            options={"require": ["exp", "iat", "nbf", "sub", "iss", "client_id", "jti"]},
        )
"""
_UNREAD = "        claims = payload_of(token)\n"
_FOR_NOW = "        claims = unverified(token)\n"
_FOR_EVER = '"exp", "iat", "nbf", "sub", "iss"]'

# Two guards on one route

BRIDGE = TOKEN.replace("def other_way(request):", LEGACY + "\ndef other_way(request):").replace(
    _OTHER, "    return legacy_user(bearer_of(request))\n\ndef current_user"
)


def _callers(name: str, description: str, changes: dict[str, str], expects: str) -> Animal:
    return flaw(name, description, CALLERS, changes, expects, policy="both")


def _browser(name: str, description: str, changes: dict[str, str], expects: str, **more: object) -> Animal:
    return flaw(name, description, BROWSER, changes, expects, **({"policy": "browser", "routes": BROWSER_ROUTES} | more))


_COOKIE_VERIFIED = """    claims = verify_token(token)
    return claims if claims is not None and claims.get("azp") == PARTY else None
"""
_COOKIE_OF_ANY_SITE = """    try:
        header = header_of(token)
        check_class(header)
        claims = decoded(header, token)
        check_times(claims)
        check_people(claims)
        return claims
    except FAILS:
        return None
"""

# Deliveries and keys

_TAKEN = """    if not identifier or not is_current(timestamp) or not is_signed(identifier, timestamp, given, body):
"""


def _delivered(name: str, description: str, changes: dict[str, str], expects: str) -> Animal:
    return flaw(name, description, DELIVERIES, changes, expects, policy="webhook", routes=DELIVERIES_ROUTES)


_ASKED = """        found = asked(token)
        return None if found["revoked"] or found["expired"] else found["subject"]
"""
_UNASKED = '        return "somebody"\n'
_BAD_OPAQUE = "opaque-unknown opaque-truncated opaque-flipped opaque-revoked opaque-expired"
_SORTS = {
    "m2m": '"mt_", "/v1/m2m_tokens/verify", "token"', "oauth": '"oat_", "/v1/oauth_applications/access_tokens/verify", "access_token"',
}  # fmt: skip
_API_KEYS = '"ak_", "/v1/api_keys/verify", "secret"'

FLAWS = [
    # Routes for a role: whoever has no role is refused for that, whatever else is wrong
    _role("admins-unverified", "Of an admin's token nothing is verified: only the role is read.", _NOTHING),
    _role("admins-of-either-claims-unverified", "The role is read from either version of the claims, and nothing is verified.", _NOTHING, who=f"{_V2} or {_V1}"),
    _role("admins-of-old-claims-unverified", "The role is read from the first version of the claims only, and nothing is verified: the genuine admin does not get in.", "clerk-org-admin", who=_V1, kind="lockout"),
    _role("admins-by-time-only", "Of an admin's token only the end is looked at.", "forged alg-none signature-stripped iss-other azp-foreign", rule='claims["exp"] > time.time()'),
    _role("admins-by-issuer-only", "Of an admin's token only the issuer is looked at.", "forged expired alg-none azp-foreign", rule='claims["iss"] == ISSUER'),
    _role("members-unverified", "Of a member's token nothing is verified: only the role is read.", _NOTHING, role='!= "member"', policy="member"),
    _role("membership-unverified", "Of the token nothing is verified: only that it names an organization.", _NOTHING, role="is None", policy="organization"),
    _admins("admins-for-ever", "An admin's token is good for ever.", {_OPTIONS: '        options={"require": ["iat", "nbf", "sub", "sid", "iss"], "verify_exp": False},\n'}, "expired expired-just-now expired-years"),
    _admins("admins-of-any-website", "An admin's token may have been made for any website.", {_PARTY: "    if False:\n"}, "azp-foreign azp-lookalike-suffix azp-array"),
    _admins("admins-of-any-issuer", "An admin's token may name any issuer.", {ISS: "leeway=5,", _OPTIONS: '        options={"require": ["exp", "iat", "nbf", "sub", "sid"]},\n'}, "iss-other iss-missing"),
    # Other classes of tokens: a person's session is refused for what it is
    flaw("machines-unverified", "Of a machine's token nothing is verified but that it is a machine's.", MACHINES, {_MACHINE_DECODED: _UNREAD}, "forged expired alg-none hs256-with-pem iss-other", policy="machines"),
    flaw("machines-unsigned", "The signature of a machine's token is not looked at.", MACHINES, {_MACHINE_DECODED: _FOR_NOW}, "forged forged-unknown-kid alg-none", policy="machines"),
    flaw("machines-for-ever", "A machine's token is good for ever.", MACHINES, {f'options={{"require": [{_FOR_EVER}}}': 'options={"require": ["iat", "nbf", "sub", "iss"], "verify_exp": False}'}, "expired expired-years", policy="machines"),
    flaw("templates-unverified", "Of a token for another service nothing is verified but its audience.", AUDIENCE, {_AUDIENCE_DECODED: _UNREAD}, "forged expired iss-other", policy="templates"),
    flaw("templates-unsigned", "The signature of a token for another service is not looked at.", AUDIENCE, {_AUDIENCE_DECODED: _FOR_NOW}, "forged forged-no-kid weak-512-bit-key", policy="templates"),
    flaw("templates-of-any-audience", "A token may have been made for any service.", AUDIENCE, {
        'audience="backend", leeway': "leeway", '"iss", "aud"]}': '"iss", "aud"], "verify_aud": False}', 'claims["aud"] != "backend" or ': "",
    }, "aud-foreign", policy="templates"),
    flaw("clients-unverified", "Of an OAuth access token nothing is verified but its type.", OAUTH, {_OAUTH_DECODED: _UNREAD}, "forged expired iss-other", policy="oauth"),
    flaw("clients-unsigned", "The signature of an OAuth access token is not looked at.", OAUTH, {_OAUTH_DECODED: _FOR_NOW}, "forged forged-unknown-kid", policy="oauth"),
    # Two guards on one route: what one refuses says nothing of the other
    _callers("second-kind-unverified", "People's sessions are verified, machines' tokens are not.", {_MACHINE_DECODED: _UNREAD}, "forged@m2m-jwt expired@m2m-jwt alg-none@m2m-jwt"),
    _callers("second-kind-unsigned", "People's sessions are verified, of machines' tokens only issuer and time.", {_MACHINE_DECODED: _FOR_NOW}, "forged@m2m-jwt alg-none@m2m-jwt"),
    _callers("first-kind-unverified", "Machines' tokens are verified, people's sessions are not.", {DECODED: "    return payload_of(token)\n" + DECODED}, "forged expired iss-other"),
    flaw("bridge-clerk-unverified", "In the bridge phase the old scheme is read as ever, and Clerk's tokens are not verified.", BRIDGE, {DECODED: "    return payload_of(token)\n" + DECODED}, "forged expired iss-other", policy="migrating"),
    flaw("bridge-without-clerk", "In the bridge phase only the old scheme is read: what refuses Clerk's forgeries refuses Clerk.", BRIDGE, {_VERIFIED: "    claims = None\n"}, "forged expired", policy="migrating", kind="inconclusive"),
    flaw("bridge-of-anybody", "In the bridge phase Clerk's tokens are verified, but whatever has the form of an old token is taken, though the policy says that people must be known.", BRIDGE, {}, "legacy-unknown-user@legacy legacy-wrong-email@legacy", policy="bridge"),
    _browser("cookie-unverified", "The header is verified, the cookie is only read.", {_COOKIE_VERIFIED: "    return lax(token)\n", "def verify_cookie": lax('claims["azp"] == PARTY') + "\ndef verify_cookie", 'return claims["sub"]\n\napp': f"return {STRANGER}\n\napp"}, "forged@cookie:__session expired@cookie:__session alg-none@cookie:__session"),
    _browser("cookie-for-ever", "The header is verified, and the cookie but for its end.", {
        _COOKIE_VERIFIED: """    try:
        claims = jwt.decode(token, key_for(header_of(token), token), algorithms=["RS256"], issuer=ISSUER, leeway=5, options={"require": ["sid"], "verify_exp": False})
        check_class(header_of(token))
        check_people(claims)
        return claims if claims["azp"] == PARTY else None
    except FAILS:
        return None
"""}, "expired@cookie:__session"),
    _browser("cookie-from-any-website", "The cookie is verified, but may have been made for another website, whose pages make browsers send it.", {_COOKIE_VERIFIED: _COOKIE_OF_ANY_SITE}, "azp-foreign@cookie:__session"),
    _browser("cookie-found-unverified", "The header is verified; nobody has declared that a cookie is read as well, unverified.", {_COOKIE_VERIFIED: "    return lax(token)\n", "def verify_cookie": lax('claims["azp"] == PARTY') + "\ndef verify_cookie", 'return claims["sub"]\n\napp': f"return {STRANGER}\n\napp"}, "forged@cookie:__session", policy="clerk"),
    _browser("cookie-only-unverified", "Only a cookie is taken, and it is not verified.", {
        '    if "authorization" in request.headers:\n': "    if False:\n", _COOKIE_VERIFIED: "    return lax(token)\n", "def verify_cookie": lax('claims["azp"] == PARTY') + "\ndef verify_cookie", 'return claims["sub"]\n\napp': f"return {STRANGER}\n\napp",
    }, "forged expired alg-none", policy="cookie-only"),
    flaw("link-unverified", "The header is verified, the token in a link is only read.", DOWNLOADS, {
        "def verify_link(token):\n    return verify_token(token)\n": lax() + "\ndef verify_link(token):\n    return lax(token)\n", 'return claims["sub"]\n\napp': f"return {STRANGER}\n\napp",
    }, "forged@query:token expired@query:token alg-none@query:token", policy="downloads"),
    flaw("listener-by-link-unverified", "A websocket verifies the header, and only reads the token in its address.", LIVE, {
        "    claims = verify_token(bearer_of(websocket))\n": '    claims = verify_token(bearer_of(websocket)) if "authorization" in websocket.headers else lax(websocket.query_params.get("token"))\n', 'return claims["sub"]\n\napp': f"return {STRANGER}\n\napp",
        "def current_listener": lax() + "\ndef current_listener",
    }, "forged@query:token expired@query:token", routes='"WS {at}/live" = "{policy}"', policy="downloads"),
    flaw("first-message-unverified", "A websocket reads the token of the first message without verification.", CHAT, {
        'claims = verify_token((await websocket.receive_json())["token"])': 'claims = lax((await websocket.receive_json())["token"])', "async def current_talker": lax() + "\nasync def current_talker", 'claims["sub"]})': f"{STRANGER}}})",
    }, "forged expired alg-none", routes=CHAT_ROUTES, policy="spoken"),
    flaw("first-message-for-ever", "A websocket verifies the token of the first message, but for its end.", CHAT, {_OPTIONS: '        options={"require": ["iat", "nbf", "sub", "sid", "iss"], "verify_exp": False},\n'}, "expired expired-years", routes=CHAT_ROUTES, policy="spoken"),
    # Deliveries
    _delivered("deliveries-from-anybody", "Whoever knows the address is taken for Clerk.", {_TAKEN: "    if False:\n"}, "missing webhook-unsigned webhook-wrong-secret"),
    _delivered("deliveries-by-looks", "A delivery needs the three fields, and nobody compares the signature.", {_TAKEN: '    if not identifier or not is_current(timestamp) or not given.startswith("v1,"):\n'}, "webhook-wrong-secret webhook-body-changed webhook-id-changed webhook-empty-secret"),
    _delivered("deliveries-of-any-age", "The time of a delivery is signed, but not looked at.", {_TAKEN: _TAKEN.replace("not is_current(timestamp)", "not timestamp")}, "webhook-too-old webhook-from-the-future"),
    _delivered("deliveries-of-no-time", "A delivery that does not say when it was signed is taken for a trial, and not verified.", {_TAKEN: "    if timestamp and (not identifier or not is_current(timestamp) or not is_signed(identifier, timestamp, given, body)):\n"}, "webhook-no-timestamp missing"),
    _delivered("deliveries-of-tomorrow", "A delivery may not be old, but may come from the future.", {"abs(time.time() - int(timestamp)) <= 300": "time.time() - int(timestamp) <= 300"}, "webhook-from-the-future"),
    _delivered("deliveries-under-the-empty-secret", "The secret before the last rotation is looked up where none is set: it is the empty one.", {'SECRETS = [os.environ["CLERK_WEBHOOK_SECRET"]]': 'SECRETS = [os.environ["CLERK_WEBHOOK_SECRET"], os.environ.get("CLERK_WEBHOOK_SECRET_BEFORE", "")]'}, "webhook-empty-secret"),
    _delivered("deliveries-of-any-version", "The version of a signature is not looked at.", {'        if version != "v1":\n            continue\n': ""}, "webhook-other-version"),
    # Opaque tokens
    flaw("api-keys-by-their-looks", "API keys are let in by their looks.", OPAQUE, {_ASKED: _UNASKED}, _BAD_OPAQUE, policy="keys"),
    flaw("api-keys-known-by-their-beginning", "What Clerk said of an API key is kept for a while under its first letters.", KEPT, {"name = hashlib.sha256(token.encode()).digest()": "name = token[:16]"}, "opaque-truncated opaque-flipped", policy="keys"),
    flaw("m2m-tokens-known-by-half", "What Clerk said of a machine's token is kept under its first half.", KEPT, {_API_KEYS: _SORTS["m2m"], "name = hashlib.sha256(token.encode()).digest()": "name = token[:len(token) // 2]"}, "opaque-flipped", policy="opaque-m2m"),
    flaw("api-keys-when-in-doubt", "An API key that Clerk does not know is let in.", OPAQUE, {"    except (OSError, ValueError, KeyError, TypeError):\n        return None\n": '    except (OSError, ValueError, KeyError, TypeError):\n        return "somebody"\n'}, _BAD_OPAQUE, policy="keys"),
    flaw("api-keys-when-clerk-is-down", "While Clerk cannot be asked every API key is let in, so that programs go on.", OPAQUE, {"    except (OSError, ValueError, KeyError, TypeError):\n        return None\n": '    except urllib.error.HTTPError as error:\n        return "somebody" if error.code >= 500 else None\n    except (OSError, ValueError, KeyError, TypeError):\n        return None\n'}, "api-outage", policy="keys"),
    flaw("m2m-tokens-when-clerk-is-busy", "Where Clerk's rate limit is reached every machine's token is let in.", OPAQUE, {_API_KEYS: _SORTS["m2m"], "    except (OSError, ValueError, KeyError, TypeError):\n        return None\n": '    except urllib.error.HTTPError as error:\n        return "somebody" if error.code == 429 else None\n    except (OSError, ValueError, KeyError, TypeError):\n        return None\n'}, "api-outage", policy="opaque-m2m"),
    flaw("oauth-tokens-crash-without-clerk", "While Clerk cannot be asked the guard crashes.", OPAQUE, {_API_KEYS: _SORTS["oauth"], "    except (OSError, ValueError, KeyError, TypeError):\n        return None\n": '    except urllib.error.HTTPError as error:\n        if error.code >= 500:\n            raise\n        return None\n    except (OSError, ValueError, KeyError, TypeError):\n        return None\n'}, "api-outage", policy="opaque-oauth", kind="fault"),
    flaw("api-keys-of-any-kind", "Where API keys belong every kind of opaque token is asked about, and let in.", OPAQUE, {
        'PREFIX, PATH, FIELD = "ak_", "/v1/api_keys/verify", "secret"': 'PREFIX, FIELD = "(ak|mt|oat)_", "token"', "API + PATH": 'API + PATHS[token.partition("_")[0]]',
        "def asked(token):": 'PATHS = {"ak": "/v1/api_keys/verify", "mt": "/v1/m2m_tokens/verify", "oat": "/v1/oauth_applications/access_tokens/verify"}\n\ndef asked(token):',
    }, "m2m-opaque oauth-opaque", policy="keys"),
    *(flaw(f"{sort}-tokens-by-their-looks", f"Opaque tokens ({sort}) are let in by their looks.", OPAQUE, {_API_KEYS: where, _ASKED: _UNASKED}, _BAD_OPAQUE, policy=f"opaque-{sort}") for sort, where in _SORTS.items()),
    # Nobody may enter, or everybody may
    flaw("closed-to-nobody", "A route that is closed by the policy takes every token, unverified.", TOKEN, {DECODED: "    return payload_of(token)\n" + DECODED}, "clerk forged expired", policy="closed"),
    flaw("closed-to-all-but-admins", "A route that is closed by the policy takes an admin's token.", ADMIN, {}, "clerk-org-admin", policy="closed"),
    flaw("visitors-are-believed", "Visitors may read; what a token says is believed without verification.", VISITORS, {"    claims = verify_token(bearer_of(request))\n    return claims[\"sub\"] if": "    claims = lax(bearer_of(request))\n    return str(claims.get(\"sub\")) if", "def maybe_user": lax() + "\ndef maybe_user"}, "forged expired payload-swapped-sub", policy="optional", routes=VISITORS_ROUTES),
    flaw("visitors-for-ever", "Visitors may read; a token that ran out still shows what is its owner's.", VISITORS, {_OPTIONS: '        options={"require": ["iat", "nbf", "sub", "sid", "iss"], "verify_exp": False},\n'}, "expired expired-years", policy="optional", routes=VISITORS_ROUTES),
]  # fmt: skip
