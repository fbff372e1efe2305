"""Correct backends of which those of `flaws_spellings`, `flaws_roles` and `correct_spellings` are made, and what is changed in them."""

from __future__ import annotations

from tests.zoo.correct import _APP, _FASTAPI
from tests.zoo.templates import VERIFY

# The key as it stands in settings, made here of the published one so that every run has its own.
SETTING = """
def setting(kid, kind="SubjectPublicKeyInfo"):
    \"\"\"The public key as the deployment writes it: PEM without its line breaks.\"\"\"
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    public = jwt.PyJWK(published(kid)[kid]).key
    return public.public_bytes(Encoding.PEM, getattr(PublicFormat, kind)).decode().strip()

"""
HAND = """
def is_hmac(secret, token):
    signed, _, signature = token.rpartition(".")
    return hmac.compare_digest(hmac.new(secret, signed.encode(), hashlib.sha256).digest(), unb64(signature))

"""

OPTIONS = 'issuer=ISSUER, leeway=5,\n        options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"]},\n    )\n'

FLASK = VERIFY.replace(_FASTAPI, "from flask import Flask, g, jsonify, request\n").replace(
    '    return HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})',
    '    return jsonify(error="Not authenticated"), 401, {"WWW-Authenticate": "Bearer"}',
)

IS_OPEN = "    return path_of(request) in OPEN\n"

FILES = (
    VERIFY
    + _APP
    + """
OPEN = {"health", "login", "docs"}

@app.middleware("http")
async def guard(request: Request, call_next):
    if OPEN.isdisjoint(request.url.path.split("/")) and verify_token(bearer_of(request)) is None:
        return Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
    return await call_next(request)

@app.get("/health")
def health():
    return {"alive": True}

@app.get("/files/{name}")
def file_of(name: str):
    return {"file": name, "secret": "what is kept here"}
"""
)
FILES_ROUTES = (
    '"GET {at}/files/{{name}}" = {{ policy = "{policy}", path = {{ name = "plan" }} }}\n"GET {at}/health" = "public"'
)

VERIFIED = "        claims = decoded(header, token)\n"

ROLE_IS = '    if role_of(claims) != "admin":\n'

ORGANIZATION = (
    VERIFY
    + _APP
    + """
def role_of(claims):
    return (claims.get("o") or {}).get("rol")

def is_wanted(claims, organization):
    return role_of(claims) == "admin" and organization in ((claims.get("o") or {}).get("slg"), (claims.get("o") or {}).get("id"))

def current_admin(request: Request, organization: str):
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    if not is_wanted(claims, organization):
        raise HTTPException(403, "Not allowed")
    return claims["sub"]

@app.get("/organizations/{organization}/invoices")
def invoices(organization: str, user: str = Depends(current_admin)):
    return {"organization": organization, "invoices": [1, 2], "for": user}
"""
)
ORGANIZATION_ROUTES = '"GET {at}/organizations/{{organization}}/invoices" = {{ policy = "{policy}", path = {{ organization = "harness" }} }}'
WANTED = '    return role_of(claims) == "admin" and organization in ((claims.get("o") or {}).get("slg"), (claims.get("o") or {}).get("id"))\n'
INVITING = (
    VERIFY
    + _APP
    + """
def role_of(claims):
    return (claims.get("o") or {}).get("rol")

async def current_admin(request: Request):
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    if role_of(claims) != "admin":
        raise HTTPException(403, "Not allowed")
    return claims["sub"]

@app.post("/teams")
async def add_team(title: Annotated[str, Body(embed=True)], user: str = Depends(current_admin)):
    return {"team": title, "by": user}
"""
)
INVITING_ROUTES = '"POST {at}/teams" = {{ policy = "{policy}", json = {{ title = "x" }} }}'


def rows(who: str, more: str = "") -> str:
    return f"""
def rows_of(user):
    return [hashlib.sha256(f"{{number}} of {{user}}".encode()).hexdigest()[:12] for number in (1, 2)]
{more}
@app.get("/me")
def me(request: Request, user: str = Depends(current_user)):
    return {{"rows": rows_of({who})}}
"""
