"""Verifiers as people write them in good faith, each on one library: what is wrong with one is what its version does wrong.

Run by the Python of an environment with an old version, or by the harness's own with the newest. `VERIFIER` says which.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from typing import Any

from flask import Flask, abort, request

ISSUER = f"https://{os.environ['CLERK_DOMAIN']}"
JWKS_URL = f"{ISSUER}/.well-known/jwks.json"
HELD: dict[str, Any] = {}


def key_set() -> dict[str, Any]:
    """The issuer's published keys, fetched once."""
    if not HELD:
        with urllib.request.urlopen(JWKS_URL, timeout=5) as answer:
            HELD.update(json.load(answer))
    return HELD


def by_pyjwt(token: str) -> Any:
    """PyJWT with its client for key sets, as its documentation shows them."""
    import jwt

    client = HELD.setdefault("client", jwt.PyJWKClient(JWKS_URL))
    key = client.get_signing_key_from_jwt(token)
    required: Any = {"require": ["exp", "iat", "nbf", "sub"]}
    return jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, leeway=5, options=required)


def by_authlib(token: str) -> Any:
    """Authlib's `jwt` with a key set, as its documentation shows them."""
    from authlib.jose import JsonWebKey, jwt

    wanted = {"iss": {"essential": True, "value": ISSUER}, "exp": {"essential": True}, "sub": {"essential": True}}
    claims = jwt.decode(token, JsonWebKey.import_key_set(key_set()), claims_options=wanted)
    claims.validate(leeway=5)
    return claims


def _by_jws(token: str, method: str) -> Any:
    from authlib.jose import JsonWebKey, JsonWebSignature

    keys = JsonWebKey.import_key_set(key_set())
    read = getattr(JsonWebSignature(["RS256"]), method)
    claims = json.loads(read(token, lambda header, payload: keys.find_by_kid(header["kid"]))["payload"])
    if claims["iss"] != ISSUER or not claims["nbf"] - 5 <= time.time() <= claims["exp"] + 5:
        raise ValueError("not from here, or not now")
    return claims


def by_authlib_any(token: str) -> Any:
    """Authlib's signatures in whatever form they come, compact or JSON."""
    return _by_jws(token, "deserialize")


def by_authlib_compact(token: str) -> Any:
    """The same in the compact form alone, the only one that a JWT has (RFC 7519 section 3)."""
    return _by_jws(token, "deserialize_compact")


def by_jose(token: str) -> Any:
    """python-jose with the whole key set."""
    from jose import jwt  # type: ignore[import-untyped]

    options = {"require_exp": True, "require_iat": True, "require_nbf": True, "require_sub": True, "leeway": 5}
    return jwt.decode(token, key_set(), algorithms=["RS256"], issuer=ISSUER, options=options)


def by_jose_and_care(token: str) -> Any:
    """The same, and what must be understood is refused: no version of python-jose does so."""
    from jose import jwt

    if "crit" in jwt.get_unverified_header(token):
        raise ValueError("nothing is understood here")
    return by_jose(token)


VERIFIERS = {
    "pyjwt": by_pyjwt,
    "authlib": by_authlib,
    "authlib-any": by_authlib_any,
    "authlib-compact": by_authlib_compact,
    "jose": by_jose,
    "jose-and-care": by_jose_and_care,
}
verify = VERIFIERS[os.environ["VERIFIER"]]
app = Flask(__name__, static_folder=None)


def current_user() -> str:
    """The user of a session token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise ValueError("no token")
        claims = verify(token)
        if not claims["sub"].startswith("user_") or "sid" not in claims or claims.get("sts", "active") != "active":
            raise ValueError("no session")
        return str(claims["sub"])
    except Exception:  # Whatever a library raises.
        abort(401)


@app.get("/me")
def me() -> dict[str, str]:
    """Who is signed in."""
    return {"user": current_user()}
