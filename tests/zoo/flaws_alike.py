"""What looks alike: websites, issuers and organizations whose names begin or end like the right ones, roles of old claims."""

from __future__ import annotations

from tests.zoo.correct import _APP
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import ADMIN, TOKEN, USER
from tests.zoo.templates_spellings import ORGANIZATION, ORGANIZATION_ROUTES, WANTED

_PARTY = '    if "azp" in claims and claims["azp"] != PARTY:\n'
_WAY = '    """Where a flaw lets somebody in."""\n    return None\n'
_ROLE = '    return (claims.get("o") or {}).get("rol")\n'
_DECODED = "def decoded(header, token):\n"
_OPTIONS = 'algorithms=["RS256"], issuer=issuer, leeway=5, options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"]}'
_ME = """
@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what is kept here"}
"""
_RUNNING = "a server that runs already is no client of the trap's certificate"


def _by_origin(rule: str) -> str:
    """The website is compared where the request is at hand; `rule` says which is refused."""
    party = USER.replace("        check_party(claims)\n        check_people", "        check_people")
    refused = "    if claims is None:\n        raise refusal()\n"
    assert party != USER
    assert refused in party
    return party.replace(refused, f"    if claims is None or {rule}:\n        raise refusal()\n") + _APP + _ME


def _keys_of(rule: str) -> dict[str, str]:
    """Keys are fetched from the issuer that the token names; `rule` says which may be named."""
    return {_DECODED: f"""ISSUERS = {{ISSUER: JWKS}}

def decoded(header, token):
    issuer = payload_of(token)["iss"]
    if not {rule}:
        raise ValueError("another issuer")
    keys = {{entry["kid"]: entry for entry in fetched(ISSUERS.get(issuer, issuer + "/.well-known/jwks.json"))["keys"]}}
    return jwt.decode(token, jwt.PyJWK(keys[header["kid"]]).key, {_OPTIONS})

def decoded_once(header, token):
"""}  # fmt: skip


def _organization(name: str, description: str, rule: str) -> Animal:
    wanted = f'    own = (claims.get("o") or {{}}).get("slg") or "-"\n    return role_of(claims) == "admin" and {rule}\n'
    return flaw(name, description, ORGANIZATION, {WANTED: wanted}, "admin-of-another-organization", policy="admin", routes=ORGANIZATION_ROUTES)


FLAWS = [
    flaw("website-by-its-end", "The website must only end like ours.", TOKEN, {_PARTY: '    if "azp" in claims and not claims["azp"].endswith("localhost:3000"):\n'}, "azp-lookalike-prefix"),
    Animal("website-of-the-origin", "The website must be the one that the request says it comes from.", _by_origin('claims.get("azp", PARTY) != request.headers.get("origin", PARTY)'), frozenset({"azp-foreign-with-origin"})),
    flaw("keys-of-an-issuer-like-ours", "Keys are fetched from whatever issuer begins like ours.", TOKEN, _keys_of("issuer.startswith(ISSUER)"), "iss-driven-jwks", unseen=_RUNNING),
    flaw("any-role-of-old-claims", "In the first version of the claims whoever has a role is an admin.", ADMIN, {_ROLE: '    return (claims.get("o") or {}).get("rol") if claims.get("v") == 2 else claims.get("org_role") and "admin"\n'}, "role-lookalike", policy="admin"),
    flaw("end-of-the-role-of-old-claims", "In the first version of the claims the role must only end like the right one.", ADMIN, {_ROLE: '    own = claims.get("o") or {}\n    return own.get("rol") if claims.get("v") == 2 else str(claims.get("org_role")).endswith("admin") and "admin"\n'}, "role-lookalike", policy="admin"),
    _organization("organization-begins-alike", "The organization of the path must only begin like one's own.", "organization.startswith(own)"),
    _organization("organization-found-within", "One's own organization must have the name of the path's in it.", "organization in own"),
    flaw("old-tokens-in-an-outage", "While the issuer's keys cannot be had, old tokens are good again.", TOKEN, {_WAY: """    try:
        published()
    except (OSError, ValueError):
        return legacy_user(bearer_of(request))

def legacy_user(token):
    try:
        email, number, *_ = base64.b64decode(token or "").decode().split(":")
        return email if "@" in email else None
    except ValueError:
        return None
"""}, "jwks-outage", unseen="a running server cannot be started anew without its keys"),
]  # fmt: skip
CORRECT = [
    Animal("website-and-origin", "The website is one of a list, and the same as the Origin where there is one.", _by_origin('claims.get("azp", PARTY) != PARTY or request.headers.get("origin", PARTY) != PARTY')),
    Animal("keys-of-listed-issuers", "Keys are fetched from the issuer that the token names, if it is on the list.", flaw("", "", TOKEN, _keys_of("issuer in ISSUERS"), "").code),
    Animal("roles-of-both-versions", "The role is read from both versions of the claims, and compared as a whole.", ADMIN.replace(_ROLE, '    return (claims.get("o") or {}).get("rol") or claims.get("org_role", "").removeprefix("org:")\n'), policy="admin"),
    Animal("organization-of-both-versions", "The organization of the path must be the one of the session, in either version of the claims.", ORGANIZATION.replace(WANTED, """    own = claims.get("o") or {"id": claims.get("org_id"), "slg": claims.get("org_slug"), "rol": claims.get("org_role")}
    return own["rol"] in ("admin", "org:admin") and organization in (own["id"], own["slg"])
"""), policy="admin", routes=ORGANIZATION_ROUTES),
]  # fmt: skip
