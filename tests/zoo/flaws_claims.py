"""Flaws of what is looked at once the signature holds: time, issuer, website, audience, person, class."""

from __future__ import annotations

from tests.zoo.model import flaw
from tests.zoo.templates import ADMIN, TOKEN

_OPTIONS = '        options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"]},\n'
_TIMES = """    if any(type(claims[name]) is not int for name in ("exp", "iat", "nbf")):
        raise ValueError("not a number")
"""
_ISS = "issuer=ISSUER, leeway=5,"
_PARTY = '    if "azp" in claims and claims["azp"] != PARTY:\n'
_PEOPLE = '    if not isinstance(claims["sub"], str) or not re.fullmatch("user_[A-Za-z0-9]+", claims["sub"]):\n        raise ValueError("nobody")\n'
_CLASS = '    if header.get("cat", SESSION) != SESSION:\n'
_STATUS = '    if claims.get("sts", "active") != "active":\n'
_VERIFIED = "        claims = decoded(header, token)\n"


def _options(**changes: bool) -> dict[str, str]:
    """PyJWT's options, some checks switched off."""
    off = ", ".join(f'"{name}": {value}' for name, value in changes.items())
    return {_OPTIONS: f'        options={{"require": ["iat", "nbf", "sub", "sid", "iss"], {off}}},\n'}


def _by_hand(name: str, rule: str) -> dict[str, str]:
    """A time claim that is checked by hand instead of by the library."""
    return _options(**{f"verify_{name}": False}) | {_TIMES: rule}


def _issuer(rule: str) -> dict[str, str]:
    return {
        _ISS: "leeway=5,",
        _OPTIONS: '        options={"require": ["exp", "iat", "nbf", "sub", "sid"]},\n',
        _VERIFIED: _VERIFIED + f"        if not ({rule}):\n            return None\n",
    }


FLAWS = [
    flaw("expiry-ignored", "The end of a token is not looked at.", TOKEN, _options(verify_exp=False), "expired expired-just-now expired-years"),
    flaw("generous-skew", "Ten minutes of clock skew are allowed.", TOKEN, {_ISS: "issuer=ISSUER, leeway=600,"}, "expired-just-now"),
    flaw("expiry-optional", "A token without an end is good for ever.", TOKEN, _by_hand("exp", '    if "exp" in claims and claims["exp"] < time.time() - 5:\n        raise ValueError\n'), "exp-missing"),
    flaw("expiry-null-is-never", "An end that is null means never.", TOKEN, _by_hand("exp", '    if claims["exp"] is not None and claims["exp"] < time.time() - 5:\n        raise ValueError\n'), "exp-null"),
    flaw("expiry-of-numbers-only", "Only an end that is a number is compared.", TOKEN, _by_hand("exp", '    if isinstance(claims["exp"], int) and claims["exp"] < time.time() - 5:\n        raise ValueError\n'), "exp-string exp-null exp-nan-infinity"),
    flaw("expiry-negative-is-never", "A negative end means never.", TOKEN, _by_hand("exp", '    if not 0 > int(claims["exp"]) and int(claims["exp"]) < time.time() - 5:\n        raise ValueError\n'), "exp-negative"),
    flaw("expiry-true-is-never", "An end that is true means that there is none.", TOKEN, _by_hand("exp", '    if claims["exp"] is not True and claims["exp"] < time.time() - 5:\n        raise ValueError\n'), "exp-boolean"),
    flaw("not-before-ignored", "The beginning of a token is not looked at.", TOKEN, _options(verify_nbf=False), "nbf-future nbf-far-future"),
    flaw("not-before-of-numbers-only", "Only a beginning that is a number is compared.", TOKEN, _by_hand("nbf", '    if isinstance(claims["nbf"], int) and claims["nbf"] > time.time() + 5:\n        raise ValueError\n'), "nbf-string"),
    flaw("issued-in-the-future", "A token may have been issued in an hour from now.", TOKEN, _options(verify_iat=False), "iat-future"),
    flaw("any-lifetime", "A token may live for years.", TOKEN, {}, "lifetime-too-long", policy="strict"),
    flaw("endless-numbers", "An end beyond every calendar is taken.", TOKEN, _by_hand("exp", '    if claims["exp"] < time.time() - 5:\n        raise ValueError\n'), "exp-huge", policy="strict"),
    flaw("issuer-ignored", "The issuer is not looked at.", TOKEN, {_ISS: "leeway=5,", _OPTIONS: '        options={"require": ["exp", "iat", "nbf", "sub", "sid"]},\n'}, "iss-other iss-missing iss-prefix iss-suffix iss-array iss-http"),
    flaw("issuer-optional", "A token that names no issuer is let in.", TOKEN, _issuer('claims.get("iss", ISSUER) == ISSUER'), "iss-missing"),
    flaw("issuer-by-prefix", "The issuer must only begin like ours.", TOKEN, _issuer('claims["iss"].startswith(ISSUER)'), "iss-suffix iss-trailing-slash"),
    flaw("issuer-by-substring", "The issuer must only be a part of ours.", TOKEN, _issuer('claims["iss"] in ISSUER'), "iss-prefix iss-substring"),
    flaw("issuer-contains", "Ours must only be among the issuers.", TOKEN, _issuer('ISSUER in claims["iss"]'), "iss-suffix iss-array"),
    flaw("issuer-without-slash", "A slash at the end of the issuer is passed over.", TOKEN, _issuer('claims["iss"].rstrip("/") == ISSUER'), "iss-trailing-slash"),
    flaw("issuer-any-case", "The issuer may be written in capitals.", TOKEN, _issuer('claims["iss"].lower() == ISSUER'), "iss-upper-case"),
    flaw("issuer-any-scheme", "The issuer may be one without TLS.", TOKEN, _issuer('claims["iss"].partition("://")[2] == ISSUER[8:]'), "iss-http"),
    flaw("website-ignored", "Tokens that were made for other websites are let in.", TOKEN, {_PARTY: "    if False:\n"}, "azp-foreign azp-lookalike-suffix azp-array"),
    flaw("website-by-prefix", "The website must only begin like ours.", TOKEN, {_PARTY: '    if "azp" in claims and not claims["azp"].startswith(PARTY):\n'}, "azp-lookalike-suffix"),
    flaw("website-contains", "Ours must only be among the websites.", TOKEN, {_PARTY: '    if "azp" in claims and PARTY not in claims["azp"]:\n'}, "azp-array azp-lookalike-suffix"),
    flaw("audience-ignored", "Tokens that were made for other services are let in.", TOKEN, {_OPTIONS: _OPTIONS.replace("]}", '], "verify_aud": False}')}, "aud-foreign"),
    flaw("nobody-at-all", "A token need not say whose it is.", TOKEN, {_OPTIONS: _OPTIONS.replace('"sub", ', ""), _PEOPLE: "", 'return claims["sub"]\n\napp': 'return claims.get("sub")\n\napp'}, "sub-missing sub-empty sub-of-machine"),
    flaw("null-is-somebody", "A user that is null is somebody.", TOKEN, {_PEOPLE: '    if claims["sub"] is not None and not str(claims["sub"]).startswith("user_"):\n        raise ValueError\n', _OPTIONS: _OPTIONS.replace('"sub", ', "").replace("]}", '], "verify_sub": False}')}, "sub-null"),
    flaw("empty-is-somebody", "The empty word is somebody.", TOKEN, {_PEOPLE: '    if claims["sub"] and not claims["sub"].startswith("user_"):\n        raise ValueError\n'}, "sub-empty"),
    flaw("numbers-are-people", "A number is taken for a row of the table.", TOKEN, {_PEOPLE: '    if not isinstance(claims["sub"], int) and not claims["sub"].startswith("user_"):\n        raise ValueError\n', _OPTIONS: _OPTIONS.replace("]}", '], "verify_sub": False}')}, "sub-number"),
    flaw("first-of-many", "Of several users in one token the first is taken.", TOKEN, {_PEOPLE: '    if not (claims["sub"][0] if isinstance(claims["sub"], list) else claims["sub"]).startswith("user_"):\n        raise ValueError\n', _OPTIONS: _OPTIONS.replace("]}", '], "verify_sub": False}'),
        'return {"user": user,': 'return {"user": str(user),'}, "sub-array"),
    flaw("machines-are-people", "A machine in place of a user is let in.", TOKEN, {_PEOPLE: '    if not claims["sub"].startswith(("user_", "mch_")):\n        raise ValueError\n'}, "sub-of-machine"),
    flaw("session-optional", "A token need not have a session behind it.", TOKEN, {_OPTIONS: _OPTIONS.replace('"sid", ', "")}, "sid-missing"),
    flaw("any-version", "Whatever version of the claims is let in.", TOKEN, {}, "version-unknown", policy="strict"),
    flaw("pending-is-signed-in", "A session whose tasks are not done is let in.", TOKEN, {_STATUS: "    if False:\n"}, "clerk-pending", policy="strict"),
    flaw("any-class", "Whatever the issuer's key has signed is a session.", TOKEN, {
        _CLASS: "    if False:\n", _ISS: "leeway=5,", _PEOPLE: "", _TIMES: "    return\n", 'return claims["sub"]\n\napp': 'return claims.get("sub")\n\napp',
        _OPTIONS: '        options={"require": ["exp", "iat"], "verify_aud": False},\n',
    }, "m2m-jwt oauth-jwt clerk-template template-for-session id-token handshake-token sign-in-ticket machine-for-session aud-foreign"),
    flaw("opaque-unasked", "Opaque tokens of machines are let in by their looks.", TOKEN, {'    return None\n\ndef current_user': '    return "machine" if (bearer_of(request) or "").startswith(("mt_", "oat_", "ak_")) else None\n\ndef current_user'},
        "m2m-opaque oauth-opaque api-key machine-for-session"),
    flaw("keys-are-tokens", "Clerk's own keys open everything.", TOKEN, {'    return None\n\ndef current_user': '    return "service" if (bearer_of(request) or "").startswith(("sk_test_", "pk_test_")) else None\n\ndef current_user'},
        "secret-key-as-token publishable-key-as-token"),
    flaw("other-tokens-by-their-looks", "What development, tests and refreshing use is let in by its looks.", TOKEN, {'    return None\n\ndef current_user': '    return "tester" if re.match(r"dvb_|rt_|\\d{10}-", bearer_of(request) or "") else None\n\ndef current_user'},
        "dev-browser-token testing-token refresh-token"),
    flaw("metadata-of-the-user", "The role is read from what users may write about themselves.", ADMIN, {'    return (claims.get("o") or {}).get("rol")\n': '    return (claims.get("o") or {}).get("rol") or claims.get("unsafe_metadata", {}).get("role")\n'},
        "unsafe-metadata-role", policy="admin"),
    flaw("role-of-old-claims", "The role is read where only the first version of the claims has it.", ADMIN, {'    return (claims.get("o") or {}).get("rol")\n': '    return claims.get("org_role", "").removeprefix("org:")\n'}, "clerk-org-admin", policy="admin", kind="lockout"),
    flaw("any-role", "Every member of the organization is an admin.", ADMIN, {'    if role_of(claims) != "admin":\n': "    if role_of(claims) is None:\n"}, "clerk-org-member", policy="admin"),
    flaw("one-person-only", "Only one person was ever tried, and only that one is let in.", TOKEN, {_PEOPLE: '    if claims["sub"] != ONLY.setdefault("sub", claims["sub"]):\n        raise ValueError\n', "KEYS = {}\n": "KEYS = {}\nONLY = {}\n"}, "clerk-other", kind="lockout"),
    flaw("revoked-unasked", "Nobody asks Clerk whether a session was revoked or its user banned, though the policy wants it.", TOKEN, {},
        "sid-revoked sub-banned-user sub-deleted-user sub-unknown-user revoked-after-genuine banned-after-genuine clerk-impersonated", policy="strict"),
]  # fmt: skip
