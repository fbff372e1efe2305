"""Correct backends beside those of `flaws_places`: the same things are looked at, and rightly."""

from __future__ import annotations

from tests.zoo.flaws_places import _PROFILES
from tests.zoo.flaws_source import _OWN_GUARD
from tests.zoo.model import Animal
from tests.zoo.templates import ADMIN, MIDDLEWARE, MIDDLEWARE_ROUTES, TOKEN

_REMEMBERS = '''
SEEN = {}

def current_user(request: Request):
    token = bearer_of(request) or ""
    key = hashlib.sha256(token.encode()).digest()
    if key in SEEN and SEEN[key][1] > time.time():
        return SEEN[key][0]
    claims = verify_token(token)
    if claims is None:
        raise refusal()
    SEEN[key] = claims["sub"], claims["exp"]
    return claims["sub"]
'''
_TENANTS = """
@app.get("/orgs/{org}/bills")
def bills(org: str, claims: dict = Depends(current_admin)):
    if (claims.get("o") or {}).get("slg") != org:
        raise HTTPException(403, "Not allowed")
    return {"org": org, "bills": ["one"]}
"""
_ADMIN_ME = ADMIN[ADMIN.index('@app.get("/me")') :]
_CHECK = '    if role_of(claims) != "admin":\n'


def admins(name: str, description: str, changes: dict[str, str], **more: object) -> Animal:
    """A route for administrators."""
    code = ADMIN
    for old, new in changes.items():
        assert old in code, (name, old)
        code = code.replace(old, new)
    return Animal(name, description, code, policy="admin", **more)  # type: ignore[arg-type]


CORRECT = [
    Animal("remembers-hashes", "Who was verified is remembered by the hash of the whole token, as long as it lives.", TOKEN.replace(_OWN_GUARD, _REMEMBERS)),
    admins("admins-of-a-set", "Roles are looked up in a set.", {_CHECK: '    if role_of(claims) not in {"admin", "owner"}:\n'}),
    admins("admins-by-rank", "Roles have a rank, and unknown ones none.", {_CHECK: '    if {"owner": 3, "admin": 2, "member": 1}.get(role_of(claims), 0) < 2:\n'}),
    admins("admins-of-every-tenant", "Each organization's administrators see what is theirs: the path names none.", {}),
    admins("admins-of-the-named", "The organization in the path must be that of the token.", {_ADMIN_ME: _TENANTS.strip() + "\n", '    return claims["sub"]\n\n': "    return claims\n\n"}, routes='"GET {at}/orgs/{{org}}/bills" = {{ policy = "{policy}", path = {{ org = "harness" }} }}'),
    admins("admins-who-promote", "The body names a role for somebody else.", {'@app.get("/me")\ndef me(user': '@app.post("/me")\ndef me(role: Annotated[str, Body(embed=True)], user'}, routes='"POST {at}/me" = {{ policy = "{policy}", json = {{ role = "member" }} }}'),
    Animal("public-exactly", "Public paths are compared as a whole.", MIDDLEWARE.replace('OPEN = {"/health", "/"}', 'OPEN = frozenset(("/health", "/"))'), routes=MIDDLEWARE_ROUTES),
    Animal("public-below", "What lies below a public path is public; there is nothing else there.", MIDDLEWARE.replace("    return path_of(request) in OPEN\n", '    return path_of(request) in OPEN or path_of(request).startswith("/health/")\n'), routes=MIDDLEWARE_ROUTES),
    Animal("own-profile", "The profile is that of the token, whatever the query says.", TOKEN.replace('@app.get("/me")', _PROFILES.replace("NAMED", "user").strip() + '\n\n@app.get("/me")'), routes='"GET {at}/profile" = "{policy}"\n"GET {at}/me" = "{policy}"'),
    Animal("echoes-the-query", "The answer repeats what was asked.", TOKEN.replace('@app.get("/me")\ndef me(user', '@app.get("/me")\ndef me(request: Request, user').replace('return {"user": user, ', 'return {"user": user, "asked": str(request.query_params), "agent": request.headers.get("x-user-id"), ')),
    Animal("everybody-s-notes", "Anybody who is signed in may read anybody's notes, by a filter that the route declares.", TOKEN.replace('@app.get("/me")', '@app.get("/notes")\ndef notes(user_id: str = "1", user: str = Depends(current_user)):\n    return {"of": user_id, "notes": ["note-of-" + user_id]}\n\n@app.get("/me")'), routes='"GET {at}/notes" = "{policy}"\n"GET {at}/me" = "{policy}"'),
    Animal("known-issuers", "The keys are those of the issuer in a list, never of the one that a token names.", TOKEN.replace("def key_for(header, token):\n", 'ISSUERS = {ISSUER: JWKS}\n\ndef key_for(header, token):\n    if payload_of(token)["iss"] not in ISSUERS:\n        raise ValueError("another issuer")\n')),
    Animal("cookies-of-other-purposes", "Cookies and headers with usual names that are something else.", TOKEN.replace("    return None\n\ndef current_user", '    request.state.theme = request.cookies.get("session", "light")\n    request.state.key = len(request.headers.get("x-api-key", ""))\n    return None\n\ndef current_user')),
]  # fmt: skip
