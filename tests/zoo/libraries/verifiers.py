"""Verifiers as people write them in good faith, each on one library: what is wrong with one is what its version does wrong.

Started with the directory of an old version on PYTHONPATH, or without for the newest. `LIBRARY` says which verifier is meant.
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.request
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request

ISSUER = f"https://{os.environ['CLERK_DOMAIN']}"
KEYS: dict[str, dict[str, Any]] = {}


def published() -> dict[str, dict[str, Any]]:
    """The issuer's keys by their id, fetched once."""
    if not KEYS:
        with urllib.request.urlopen(f"{ISSUER}/.well-known/jwks.json", timeout=5) as answer:
            KEYS.update({key["kid"]: key for key in json.load(answer)["keys"]})
    return KEYS


def by_pyjwt(token: str) -> Any:
    """PyJWT, as its documentation shows it."""
    import jwt

    key = jwt.PyJWK(published()[jwt.get_unverified_header(token)["kid"]])
    required: Any = {"require": ["exp", "iat", "nbf", "sub", "sid"]}
    return jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, leeway=5, options=required)


def by_authlib(token: str) -> Any:
    """Authlib's JWS with the key of that id, or with none where the id is not known."""
    from authlib.jose import JsonWebKey, JsonWebSignature  # type: ignore[import-untyped]
    from authlib.jose.errors import JoseError  # type: ignore[import-untyped]

    header = json.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
    entry = published().get(header.get("kid", ""))
    key = JsonWebKey.import_key(entry) if entry else None
    claims = json.loads(JsonWebSignature(["RS256"]).deserialize_compact(token, key)["payload"])
    if claims["iss"] != ISSUER or not claims["nbf"] - 5 <= time.time() <= claims["exp"] + 5 or "sid" not in claims:
        raise JoseError("not from here, or not now")
    return claims


def by_jose(token: str) -> Any:
    """python-jose with the whole key set."""
    from jose import jwt  # type: ignore[import-untyped]

    options = {"require_exp": True, "require_iat": True, "require_nbf": True, "require_sub": True, "leeway": 5}
    return jwt.decode(token, {"keys": list(published().values())}, algorithms=["RS256"], issuer=ISSUER, options=options)


VERIFY = {"pyjwt": by_pyjwt, "authlib": by_authlib, "jose": by_jose}[os.environ["LIBRARY"]]
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


def current_user(request: Request) -> str:
    """The user of a session token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise ValueError("no token")
        claims = VERIFY(token)
        if claims.get("sts", "active") != "active":
            raise ValueError("pending")
        return str(claims["sub"])
    except Exception:  # Whatever a library raises.
        raise HTTPException(401, "Not authenticated") from None


@app.get("/me")
def me(user: Annotated[str, Depends(current_user)]) -> dict[str, str]:
    """Who is signed in."""
    return {"user": user}
