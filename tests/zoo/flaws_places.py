"""Spellings of keys, places of tokens and paths, roles and identities that are only said: a flaw for each newer credential."""

from __future__ import annotations

from tests.zoo.flaws_request import _rewritten
from tests.zoo.flaws_source import _NONE, _OWN_GUARD
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import ADMIN, MIDDLEWARE, TOKEN

_SYMMETRIC = '''
def by_secret(token, keys):
    """Claims of a token under one of these texts as a shared secret; what is correct never calls it."""
    try:
        header, payload, signature = token.split(".")
        if header_of(token).get("alg") != "HS256":
            return None
        claims = unverified(token)
        for key in keys:
            if hmac.compare_digest(hmac.digest(key, f"{header}.{payload}".encode(), "sha256"), unb64(signature)):
                return claims["sub"]
    except FAILS:
        pass
    return None

def pem():
    (entry,) = list(published().values())[:1]
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return jwt.PyJWK(entry).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

def pkcs1():
    (entry,) = list(published().values())[:1]
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return jwt.PyJWK(entry).key.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
'''
_LEGACY = '''
PEOPLE = {"alice@example.com": "1", "bob@example.com": "2"}

def old_user(text):
    """Who an old token says it is; what is correct never calls it."""
    try:
        email, number, _, _ = base64.b64decode(text, validate=True).decode().split(":")
        return email if PEOPLE.get(email) == number else None
    except (ValueError, TypeError, AttributeError):
        return None
'''


def keyed(name: str, description: str, keys: str, expects: str, before: str = "") -> Animal:
    """A backend that takes tokens under a shared secret as well."""
    changes = {"def other_way(request):": _SYMMETRIC + before + "\ndef other_way(request):", _NONE: f"    return by_secret(bearer_of(request) or '', {keys})\n\ndef current_user"}
    return flaw(name, description, TOKEN, changes, expects)


def old(name: str, description: str, way: str, expects: str) -> Animal:
    """A backend that takes the old token somewhere."""
    return flaw(name, description, TOKEN, {"def other_way(request):": _LEGACY + "\ndef other_way(request):", _NONE: way + _NONE}, expects)


def remembered(name: str, description: str, part: str, expects: str) -> Animal:
    """A backend that remembers whom it has verified by a part of the token."""
    guard = f'''
SEEN = {{}}

def current_user(request: Request):
    token = bearer_of(request) or ""
    key = {part}
    if key and key in SEEN:
        return SEEN[key]
    claims = verify_token(token)
    if claims is None:
        raise refusal()
    SEEN[key] = claims["sub"]
    return claims["sub"]
'''
    return flaw(name, description, TOKEN, {_OWN_GUARD: guard}, expects)


def open_where(name: str, description: str, test: str, expects: str, **more: object) -> Animal:
    """A middleware that lets public paths pass, and looks for them in the wrong way."""
    routes = '"GET {at}/me" = "{policy}"\n"GET {at}/health" = "public"\n"GET {at}/" = "public"'
    return flaw(name, description, MIDDLEWARE, {"    return path_of(request) in OPEN\n": f"    return path_of(request) in OPEN or {test}\n"}, expects, **{"routes": routes} | more)


def role(name: str, description: str, test: str, expects: str) -> Animal:
    """A route for administrators that tells them in the wrong way."""
    return flaw(name, description, ADMIN, {'    if role_of(claims) != "admin":\n': f"    if not ({test}):\n"}, expects, policy="admin")


_TENANT = """
@app.get("/orgs/{org}/bills")
def bills(org: str, user: str = Depends(current_admin)):
    return {"org": org, "bills": ["one"]}
"""
_NAMED = "    found = other_way(request)\n    if found is not None:\n        return found\n    claims = verify_token(bearer_of(request))\n    if claims is None:\n        raise refusal()\n    return claims[\"sub\"]\n"
_PROFILES = """
PROFILES = {"NUMBERS": None}

def profile(user):
    return {"profile": hashlib.sha256(user.encode()).hexdigest()[:12], "plan": "plan-" + user[-6:]}

@app.get("/profile")
def my_profile(request: Request, user: str = Depends(current_user)):
    return profile(NAMED)
"""

FLAWS = [
    flaw("none-for-strangers", "A key id that nobody knows is no key, and then none is needed.", TOKEN, {_NONE: """    try:
        token = bearer_of(request) or ""
        header = header_of(token)
        if header.get("alg", "").lower() == "none" and header.get("kid") not in published():
            return unverified(token)["sub"]
    except FAILS:
        pass
""" + _NONE}, "alg-none-unknown-kid alg-none-no-kid"),
    flaw("none-without-kid", "Without a key id nothing is looked up.", TOKEN, {_NONE: """    try:
        token = bearer_of(request) or ""
        header = header_of(token)
        if "kid" not in header and header.get("alg", "").lower() == "none":
            return unverified(token)["sub"]
    except FAILS:
        pass
""" + _NONE}, "alg-none-no-kid"),
    flaw("padding-not-looked-at", "The hash is looked for anywhere in what the signature holds.", TOKEN, {"def decoded(header, token):\n    return jwt.decode(\n        token, key_for(header, token), algorithms=[\"RS256\"], issuer=ISSUER, leeway=5,\n        options={\"require\": [\"exp\", \"iat\", \"nbf\", \"sub\", \"sid\", \"iss\"]},\n    )\n": """def decoded(header, token):
    body, _, signature = token.rpartition(".")
    numbers = key_for(header, token).public_numbers()
    block = pow(int.from_bytes(unb64(signature), "big"), numbers.e, numbers.n).to_bytes(256, "big")
    if header.get("alg") != "RS256" or "crit" in header or hashlib.sha256(body.encode()).digest() not in block:
        raise ValueError("not signed")
    return unverified(token)
"""}, "pkcs1-padding-modified"),
    keyed("secret-is-the-pem-escaped", "The public key as the environment holds it, as a shared secret.", '[pem().strip().replace(b"\\n", b"\\\\n")]', "hs256-with-pem-spellings"),
    keyed("secret-is-the-pem-crlf", "The public key with the line breaks of another system.", '[pem().replace(b"\\n", b"\\r\\n")]', "hs256-with-pem-spellings"),
    keyed("secret-is-pkcs1-stripped", "The older form of the public key, without the line break at its end.", "[pkcs1().strip()]", "hs256-with-pkcs1-spellings"),
    keyed("secret-is-the-jwk-compact", "The published key as compact JSON in order.", '[json.dumps(list(published().values())[0], separators=(",", ":"), sort_keys=True).encode()]', "hs256-with-jwk-spellings"),
    keyed("secret-is-the-jwks-indented", "The published key set as people print it.", '[json.dumps({"keys": list(published().values())}, indent=2).encode()]', "hs256-with-jwks-spellings"),
    flaw("stranger-s-secret", "For a key id that nobody knows the public key is the secret.", TOKEN, {"def other_way(request):": _SYMMETRIC + "\ndef other_way(request):", _NONE: """    token = bearer_of(request) or ""
    try:
        if header_of(token).get("kid") in published():
            return None
    except FAILS:
        return None
    return by_secret(token, [pem()])

def current_user"""}, "hs256-unknown-kid"),
    keyed("secret-of-the-tutorial", "The secret of FastAPI's tutorial is still there.", '[b"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"]', "hs256-shared-secrets"),
    keyed("secret-of-the-environment", "Tokens under a secret of the environment are good as well.", '[os.environ["CLERK_WEBHOOK_SECRET"].encode(), os.environ.get("OLD_JWT_SECRET", "old-jwt-secret-of-the-zoo").encode()]', "hs256-with-target-secret"),
    old("old-after-jwt", "The old token after the word JWT.", '    scheme, _, text = request.headers.get("authorization", "").partition(" ")\n    if scheme == "JWT":\n        return old_user(text)\n', "legacy-in-schemes"),
    old("old-in-its-header", "The old token in X-Session-Token.", '    return old_user(request.headers.get("x-session-token"))\n', "legacy-in-headers"),
    old("old-in-its-cookie", "The old token in the cookie access_token.", '    return old_user(request.cookies.get("access_token"))\n', "legacy-in-cookies"),
    old("old-in-its-parameter", "The old token as ?auth=.", '    return old_user(request.query_params.get("auth"))\n', "legacy-in-queries"),
    open_where("public-anywhere-in-the-query", "A public path anywhere in the address is enough.", 'any(path in str(request.url) for path in OPEN - {"/"})', "public-path-in-query"),
    open_where("public-in-the-headers", "What a proxy says the path is counts.", 'request.headers.get("x-forwarded-uri", "x") in OPEN', "public-path-in-header"),
    flaw("public-as-a-name", "A public path anywhere in the path is enough.", MIDDLEWARE, {"    return path_of(request) in OPEN\n": '    return path_of(request) in OPEN or "health" in path_of(request)\n', '@app.get("/me")\ndef me():': '@app.get("/people/{name}")\ndef me(name: str):'}, "public-path-as-value", routes='"GET {at}/people/{{name}}" = "{policy}"\n"GET {at}/health" = "public"\n"GET {at}/" = "public"'),
    _rewritten("parents-after-health", "The router resolves two dots, the guard looks at the beginning of the path.", "import posixpath\npath = posixpath.normpath(path)", "public-path-before", rule='path_of(request) in OPEN or path_of(request).startswith(("/health/", "/health-"))', host="alone"),
    _rewritten("fragment-cut", "What follows a # is cut off after the guard has looked at the end of the path.", 'path = path.partition("#")[0]', "public-path-in-fragment", rule='path_of(request) in OPEN or path_of(request).endswith("/health")', host="alone", unseen="a server cuts the fragment off itself"),
    _rewritten("parameter-cut", "What follows a semicolon is cut off after the guard has looked at the end of the path.", 'path = path.partition(";")[0]', "public-path-in-parameter", rule='path_of(request) in OPEN or path_of(request).endswith("/health")', host="alone"),
    remembered("remembers-signatures", "Who was verified is remembered by the last letters.", "token[-40:]", "forged-after-genuine-same-signature"),
    remembered("remembers-middles", "Who was verified is remembered by the claims.", 'token.split(".")[1] if token.count(".") == 2 else ""', "forged-after-genuine-same-payload"),
    role("admins-by-part", "Whoever has admin in the name of the role.", '"admin" in (role_of(claims) or "")', "role-lookalike"),
    role("admins-by-beginning", "Whoever's role begins with admin.", '(role_of(claims) or "").startswith("admin")', "role-lookalike"),
    role("admins-by-header", "The role may be said in X-User-Role.", 'role_of(claims) == "admin" or request.headers.get("x-user-role") == "admin"', "role-in-header"),
    role("admins-by-query", "The role may be said in the query.", 'role_of(claims) == "admin" or request.query_params.get("role") == "admin"', "role-in-query"),
    flaw("admins-by-body", "The role may be said in the body.", ADMIN, {"def current_admin(request: Request):": "async def current_admin(request: Request):", '    if role_of(claims) != "admin":\n': '    if role_of(claims) != "admin" and (await request.json()).get("is_admin") != "true":\n', '@app.get("/me")\ndef me(user': '@app.post("/me")\ndef me(text: Annotated[str, Body(embed=True)], user'}, "role-in-body", policy="admin", routes='"POST {at}/me" = {{ policy = "{policy}", json = {{ text = "x" }} }}'),
    flaw("any-organization", "Administrators of whatever organization see every organization.", ADMIN, {'@app.get("/me")\ndef me(user: str = Depends(current_admin)):\n    return {"user": user, "secret": "what admins see"}\n': _TENANT}, "admin-of-another-organization", policy="admin", routes='"GET {at}/orgs/{{org}}/bills" = {{ policy = "{policy}", path = {{ org = "harness" }} }}'),
    flaw("named-by-header", "Whoever is signed in may name another user in a header.", TOKEN, {'@app.get("/me")': _PROFILES.replace("NAMED", 'request.headers.get("x-user-id", user)').strip() + '\n\n@app.get("/me")'}, "identity-in-header", routes='"GET {at}/profile" = "{policy}"\n"GET {at}/me" = "{policy}"'),
    flaw("named-by-query", "Whoever is signed in may name another user in the query.", TOKEN, {'@app.get("/me")': _PROFILES.replace("NAMED", 'request.query_params.get("as_user", user)').strip() + '\n\n@app.get("/me")'}, "identity-in-query", routes='"GET {at}/profile" = "{policy}"\n"GET {at}/me" = "{policy}"'),
    flaw("instance-of-the-token", "The keys of whichever instance the token names are fetched.", TOKEN, {
        "def key_for(header, token):\n    entry = published(header[\"kid\"]).get(header[\"kid\"])\n": 'def key_for(header, token):\n    issuer = payload_of(token)["iss"]\n    if not issuer.endswith(".clerk.accounts.dev"):\n        raise ValueError("no issuer of ours")\n    entry = {e["kid"]: e for e in fetched(issuer + "/.well-known/jwks.json")["keys"]}.get(header["kid"])\n',
        "issuer=ISSUER, ": "",
    }, "signed-by-other-instance", unseen="a server that runs already asks the genuine names"),
]  # fmt: skip
