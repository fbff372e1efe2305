"""Tokens that say where their key is: whoever follows is found, by the listener where there is nothing else to see."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import MATRIX, Judged

JudgeApp = Callable[..., Judged]
# A verifier that finds the key as the flaw says, and is strict in everything else.
CODE = """
import base64, json, os, urllib.request
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from verifier import DOMAIN, keys

def fetched(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read()

def from_set(document, kid):
    found = {entry.get("kid"): entry for entry in document["keys"]}
    return jwt.PyJWK(found[kid]).key

def key_for(header, token):
FLAW
    return keys()[header["kid"]]

def current_user(request: Request):
    try:
        scheme, token = request.headers.get("authorization", "").split(" ")
        header = jwt.get_unverified_header(token)
        if header.get("cat", "cl_B7d4PD111AAA") != "cl_B7d4PD111AAA" or scheme.lower() != "bearer":
            raise ValueError
        claims = jwt.decode(
            token, key_for(header, token), algorithms=["RS256"], leeway=5,
            options={"require": ["exp", "iat", "nbf", "sub", "sid"]},
        )
        if claims.get("azp", "http://localhost:3000") != "http://localhost:3000" or not claims["sub"].startswith("user_"):
            raise ValueError
        if any(type(claims[name]) is not int for name in ("exp", "iat", "nbf")) or claims.get("sts", "active") != "active":
            raise ValueError
        if claims["iss"] != f"https://{DOMAIN}" and not claims["iss"].startswith("https://127.0.0.1"):
            raise ValueError
    except Exception:
        raise HTTPException(401, "Not authenticated")
    return claims["sub"]

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

@app.get("/me")
def me(user: str = Depends(current_user)): return {}
"""
FOLLOWS_JKU = """
    if "jku" in header:
        return from_set(json.loads(fetched(header["jku"])), header["kid"])
"""
FLAWS = {
    "it follows jku": (FOLLOWS_JKU, {"jku-remote"}),
    "it asks whether jku contains the genuine name": (
        FOLLOWS_JKU.replace('if "jku" in header', 'if DOMAIN in header.get("jku", "")').replace(
            'fetched(header["jku"])', 'fetched("https://" + header["jku"].partition("@")[2])'
        ),
        {"jku-userinfo"},
    ),
    "it follows x5u": (
        """
    if "x5u" in header:
        from cryptography.x509 import load_pem_x509_certificate
        return load_pem_x509_certificate(fetched(header["x5u"])).public_key()
""",
        {"x5u-remote"},
    ),
    "it takes a key id for an address": (
        """
    if str(header["kid"]).startswith("http"):
        return jwt.PyJWK(json.loads(fetched(header["kid"]))["keys"][0]).key
""",
        {"kid-url"},
    ),
    "it fetches the keys of any issuer": (
        """
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    return from_set(json.loads(fetched(issuer + "/.well-known/jwks.json")), header["kid"])
""",
        {"iss-driven-jwks"},
    ),
}
INSIDE = {
    "it takes the key that the token brings": (
        '    if "jwk" in header: return jwt.PyJWK(header["jwk"]).key\n',
        {"jwk-embedded", "jwk-embedded-genuine-kid"},
    ),
    "it takes the certificate that the token brings": (
        "    from cryptography.x509 import load_der_x509_certificate\n"
        '    if "x5c" in header: return load_der_x509_certificate(base64.b64decode(header["x5c"][0])).public_key()\n',
        {"x5c-self-signed"},
    ),
}
REFUSED_AFTERWARDS = '    if "jku" in header:\n        fetched(header["jku"])\n        raise ValueError\n'
ROUTES = '"GET /me" = "clerk"'


def run(judge_app: JudgeApp, flaw: str) -> Judged:
    return judge_app(CODE.replace("FLAW", flaw), ROUTES, whole=True, matrix=MATRIX)


@pytest.mark.parametrize("name", FLAWS)
def test_a_fetch_is_a_finding_in_itself(judge_app: JudgeApp, name: str) -> None:
    flaw, expected = FLAWS[name]
    result = run(judge_app, flaw)
    canary_fetched = {v.credential for v in result.record.verdicts if v.evidence == "listener"}
    assert canary_fetched >= expected
    assert {("breach", "GET /me", credential) for credential in canary_fetched} <= result.failed
    assert all("SSRF" in v.detail for v in result.record.verdicts if v.evidence == "listener")


def test_a_fetch_is_a_finding_even_where_the_token_is_refused(judge_app: JudgeApp) -> None:
    result = run(judge_app, REFUSED_AFTERWARDS)
    assert result.failed == {("breach", "GET /me", "jku-remote")}  # urllib does not understand the other address.
    assert result.verdicts["GET /me", "jku-remote"].status == 401


@pytest.mark.parametrize("name", INSIDE)
def test_a_key_that_the_token_brings_is_found_out(judge_app: JudgeApp, name: str) -> None:
    flaw, expected = INSIDE[name]
    result = run(judge_app, flaw)
    assert {c for verdict, _, c in result.failed if verdict == "breach"} == expected


def test_a_strict_verifier_has_no_finding(judge_app: JudgeApp) -> None:
    assert run(judge_app, "").failed == set()
