"""Flaws that only another spelling, another place or another role shows; one at least for each such credential."""

from __future__ import annotations

from tests.zoo.correct import _APP, _FASTAPI, _REQUIRED, _TIMES, _with
from tests.zoo.flaws_request import _OTHER, _OUTER, LEGACY
from tests.zoo.flaws_verify import _DECODED as _CALL
from tests.zoo.flaws_verify import _ENTRY, _SHAPE
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import ADMIN, MIDDLEWARE, MIDDLEWARE_ROUTES, TOKEN, USER, VERIFY

_LOOSE = "    if not isinstance(token, str):\n        return None\n"
_ONLY_AGENT = "it asks another instance by its real name, which only an agent can lead to the fake"


def before(name: str, description: str, lines: str, expects: str, helpers: str = "", **more: object) -> Animal:
    """Something is looked at before the genuine way is taken, of tokens of any shape; `helpers` stand above it."""
    changes = {
        _CALL: lines + _CALL,
        _SHAPE: _LOOSE,
        "def decoded(header, token):": helpers + "def decoded(header, token):",
    }
    return flaw(name, description, TOKEN, changes, expects, **more)


def library(name: str, description: str, code: str, expects: str, **more: str) -> Animal:
    """The verifier on a library that is given the wrong thing."""
    return Animal(name, description, _with(code, **more), frozenset(expects.split()))


# The key as it stands in settings, made here of the published one so that every run has its own.
_SETTING = """
def setting(kid, kind="SubjectPublicKeyInfo"):
    \"\"\"The public key as the deployment writes it: PEM without its line breaks.\"\"\"
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    public = jwt.PyJWK(published(kid)[kid]).key
    return public.public_bytes(Encoding.PEM, getattr(PublicFormat, kind)).decode().strip()

"""
_HAND = """
def is_hmac(secret, token):
    signed, _, signature = token.rpartition(".")
    return hmac.compare_digest(hmac.new(secret, signed.encode(), hashlib.sha256).digest(), unb64(signature))

"""
_CHECKED = _REQUIRED + _TIMES + "    return claims\n"
_OPTIONS = 'issuer=ISSUER, leeway=5,\n        options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"]},\n    )\n'

_ALGORITHMS = [
    before("no-key-no-check", "A table of algorithms has none, for where there is no key; a key id that nobody knows has none.", """    key = published(header["kid"]).get(header["kid"])
    if METHODS.get(header.get("alg"), by_the_book)(key, token):
        return unverified(token)
""", "alg-none-unknown-kid", """def by_the_book(key, token):
    return False

def by_nothing(key, token):
    \"\"\"For our tests, which have no keys.\"\"\"
    return key is None and token.endswith(".")

METHODS = {"RS256": by_the_book, "none": by_nothing}

"""),
    before("none-of-another-library", "A token without a key id is of our own tools, which do not sign.", """    if "kid" not in header and header.get("alg", "").casefold() == "none":
        return unverified(token)
""", "alg-none-no-kid"),
    library("key-in-one-line", "One setting is the key and the secret of internal tokens as well; it has \\\\n for each line break.", _HAND + _SETTING + """
def decoded(header, token):
    key = setting(header["kid"]).replace("\\n", "\\\\n")
    if header.get("alg") == "HS256" and is_hmac(key.encode(), token):
        return unverified(token)
    return jwt.decode(
        token, key.replace("\\\\n", "\\n"), algorithms=["RS256"], """ + _OPTIONS, "hs256-with-pem-spellings"),
    library("key-without-its-frame", "PyJWT, with HS256 among the algorithms, and the key as the vault has it: base64 without a frame.", _SETTING + """
FRAME = "-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----\\n"

def decoded(header, token):
    key = "".join(setting(header["kid"]).splitlines()[1:-1])
    if header.get("alg", "").startswith("RS"):
        key = FRAME % key
    return jwt.decode(
        token, key, algorithms=["RS256", "HS256"], """ + _OPTIONS, "hs256-with-pem-spellings"),
    library("older-key-without-its-frame", "Authlib, with HS256 among the algorithms, and the key in its older form without a frame.", _SETTING + """
def key_of(header, payload):
    bare = "".join(setting(header["kid"], "PKCS1").splitlines()[1:-1])
    if header["alg"] == "HS256":
        return bare
    return JsonWebKey.import_key("-----BEGIN RSA PUBLIC KEY-----\\n" + bare + "\\n-----END RSA PUBLIC KEY-----\\n", {"kty": "RSA"})

def decoded(header, token):
    claims = JsonWebToken(["RS256", "HS256"]).decode(token, key_of, claims_options={"iss": {"essential": True, "value": ISSUER}})
    claims.validate(leeway=5)
    claims = dict(claims)
""" + _CHECKED, "hs256-with-pkcs1-spellings", imports="import warnings\nwarnings.simplefilter('ignore')\nfrom authlib.jose import JsonWebKey, JsonWebToken\nfrom authlib.jose.errors import JoseError", fails="JoseError, "),
    library("key-cached-as-text", "Keys are cached as compact JSON, and one function verifies by whatever the cache has.", _HAND + """
CACHE = {}

def cached(kid):
    if kid not in CACHE:
        CACHE[kid] = json.dumps(published(kid)[kid], separators=(",", ":"))
    return CACHE[kid]

def decoded(header, token):
    key = cached(header["kid"])
    if header.get("alg") == "HS256" and is_hmac(key.encode(), token):
        return unverified(token)
    return jwt.decode(
        token, jwt.PyJWK.from_json(key).key, algorithms=["RS256"], """ + _OPTIONS, "hs256-with-jwk-spellings"),
    library("key-as-a-thumbprint-has-it", "The secret of internal tokens is made of the key as its thumbprint is: the sorted JSON of three of its names.", _HAND + """
def canonical(entry):
    return json.dumps({name: entry[name] for name in ("e", "kty", "n")}, separators=(",", ":"), sort_keys=True)

def decoded(header, token):
    entry = published(header["kid"])[header["kid"]]
    if header.get("alg") == "HS256" and is_hmac(canonical(entry).encode(), token):
        return unverified(token)
    return jwt.decode(
        token, jwt.PyJWK(entry).key, algorithms=["RS256"], """ + _OPTIONS, "hs256-with-jwk-spellings"),
    library("key-set-cached-as-text", "The key set is cached as compact JSON, which is also what HS256 is verified by.", _HAND + """
def key_set(kid):
    return json.dumps({"keys": list(published(kid).values())}, separators=(",", ":"))

def decoded(header, token):
    text = key_set(header["kid"])
    if header.get("alg") == "HS256" and is_hmac(text.encode(), token):
        return unverified(token)
    found = {entry["kid"]: entry for entry in json.loads(text)["keys"]}
    return jwt.decode(
        token, jwt.PyJWK(found[header["kid"]]).key, algorithms=["RS256"], """ + _OPTIONS, "hs256-with-jwks-spellings"),
    library("no-key-is-an-empty-one", "python-jose, with HS256 among the algorithms; a key id that nobody knows gives the empty key.", """
def decoded(header, token):
    key = published(header["kid"]).get(header["kid"], "")
    claims = jose_jwt.decode(token, key, algorithms=["RS256", "HS256"], issuer=ISSUER, options={"leeway": 5, "require_exp": True})
""" + _CHECKED, "hs256-unknown-kid", imports="from jose import jwt as jose_jwt\nfrom jose.exceptions import JOSEError", fails="JOSEError, "),
    library("secret-of-the-documentation", "Tokens of our own, under the secret that FastAPI's documentation prints.", """
SECRET_KEY = os.environ.get("LOGIN_SECRET_KEY", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7")

def decoded(header, token):
    own = header.get("alg") == "HS256"
    return jwt.decode(
        token, SECRET_KEY if own else key_for(header, token), algorithms=["HS256" if own else "RS256"], """ + _OPTIONS, "hs256-shared-secrets"),
    library("links-secret", "Links in mails bear tokens under a secret of ours, and these let in everywhere.", """
def decoded(header, token):
    if header.get("alg") == "HS256":
        return jwt.decode(
            token, os.environ["LINKS_SECRET"], algorithms=["HS256"], issuer=ISSUER, leeway=5,
        )
    return jwt.decode(
        token, key_for(header, token), algorithms=["RS256"], """ + _OPTIONS, "hs256-with-target-secret"),
    flaw("keys-of-any-clerk-instance", "Keys are fetched from whatever Clerk instance the token names.", TOKEN, {
        _ENTRY: """    entry = instance_keys(payload_of(token)["iss"])[header["kid"]]
""",
        "def key_for(header, token):": """OTHERS = {}

def instance_keys(issuer):
    if issuer == ISSUER:
        return published()
    if not re.fullmatch(r"https://[a-z0-9-]+[.]clerk[.]accounts[.]dev", issuer):
        raise ValueError("not Clerk's")
    if issuer not in OTHERS:
        OTHERS[issuer] = {entry["kid"]: entry for entry in fetched(issuer + "/.well-known/jwks.json")["keys"]}
    return OTHERS[issuer]

def key_for(header, token):""",
        'issuer=ISSUER, leeway=5,\n        options': 'issuer=payload_of(token)["iss"], leeway=5,\n        options',
    }, "signed-by-other-instance", unseen=_ONLY_AGENT),
]  # fmt: skip


def _old(name: str, description: str, way: str, expects: str, helpers: str = "") -> Animal:
    """The old scheme lives on, in a place of its own."""
    changes = {
        "def other_way(request):": LEGACY + helpers + "\ndef other_way(request):",
        _OTHER: f"{way}\n\ndef current_user",
    }
    return flaw(name, description, TOKEN, changes, expects)


_OWN_GUARD = TOKEN[TOKEN.index("def other_way") : TOKEN.index("\napp = ")]


def _guarded(name: str, description: str, guard: str, expects: str) -> Animal:
    """A dependency of its own, with the old scheme beside Clerk's."""
    return flaw(name, description, TOKEN, {_OWN_GUARD: LEGACY + guard}, expects)


_CLERK = """    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
_FLASK = VERIFY.replace(_FASTAPI, "from flask import Flask, g, jsonify, request\n").replace(
    '    return HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})',
    '    return jsonify(error="Not authenticated"), 401, {"WWW-Authenticate": "Bearer"}',
)
_OLD = [
    _old("old-by-another-word", "The old scheme lives on after the word Token, as the first version of the app sent it.", """    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return legacy_user(value) if scheme == "Token" else None""", "legacy-in-schemes"),
    _old("old-without-a-word", "The old scheme lives on where Authorization has no word before it.", """    match = BARE.fullmatch(request.headers.get("authorization", ""))
    return legacy_user(match[0]) if match else None""", "legacy-in-schemes", '\nBARE = re.compile("[A-Za-z0-9+/]+={0,2}")\n'),
    _guarded("old-in-a-header", "The app on old telephones still sends the old token in a header.", """
def current_user(request: Request, x_session_token: Annotated[str | None, Header()] = None):
    person = legacy_user(x_session_token)
    if person is not None:
        return person
""" + _CLERK, "legacy-in-headers"),
    Animal("old-in-a-header-of-flask", "Flask: the old token in X-API-Token is looked at first.", _FLASK + LEGACY + """
app = Flask(__name__, static_folder=None)

@app.before_request
def authenticate():
    g.person = legacy_user(request.headers.get("X-Api-Token"))
    if g.person is None:
        claims = verify_token(bearer_of(request))
        if claims is None:
            return refusal()
        g.person = claims["sub"]

@app.get("/me")
def me():
    return {"user": g.person, "secret": "what is kept here"}
""", frozenset({"legacy-in-headers"}), host="alone", server="werkzeug"),
    _guarded("old-in-another-cookie", "Browsers that signed in long ago still have the old token in the cookie session_token.", """
def current_user(request: Request, session_token: Annotated[str | None, Cookie()] = None):
    if session_token and "authorization" not in request.headers:
        person = legacy_user(session_token.strip('"'))
        if person:
            return person
""" + _CLERK, "legacy-in-cookies"),
    _guarded("old-in-another-parameter", "Feeds are subscribed to with the old token as ?api_key=.", """
from fastapi.security import APIKeyQuery

feed_key = APIKeyQuery(name="api_key", auto_error=False)

def current_user(request: Request, key: Annotated[str | None, Depends(feed_key)] = None):
    if key is not None and (person := legacy_user(key)):
        return person
""" + _CLERK, "legacy-in-queries"),
]  # fmt: skip

_IS_OPEN = "    return path_of(request) in OPEN\n"


def _open(name: str, description: str, rule: str, expects: str, **more: object) -> Animal:
    """The middleware knows its open paths by a rule that more than they fulfil."""
    changes = {_IS_OPEN: f"    return {rule}\n"}
    return flaw(name, description, MIDDLEWARE, changes, expects, **{"routes": MIDDLEWARE_ROUTES} | more)


def _resolved(name: str, description: str, rule: str, change: str, expects: str) -> Animal:
    """What lies between the guard and the router reads the path in its own way. Alone, as middlewares see the whole path."""
    outer = _OUTER.replace("CHANGE", "            " + change)
    changes = {
        _APP: _APP.replace("openapi_url=None", "openapi_url=None, redirect_slashes=False") + outer,
        _IS_OPEN: f"    return {rule}\n",
    }
    return flaw(name, description, MIDDLEWARE, changes, expects, routes=MIDDLEWARE_ROUTES, host="alone")


_FILES = (
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
_FILES_ROUTES = (
    '"GET {at}/files/{{name}}" = {{ policy = "{policy}", path = {{ name = "plan" }} }}\n"GET {at}/health" = "public"'
)
_PATHS = [
    _resolved("open-folder-left", "What begins like the open path is open; the router resolves two dots afterwards.", 'path_of(request) == "/" or path_of(request).startswith("/health")', 'import posixpath; path = posixpath.normpath(path)', "public-path-before"),
    _open("open-anywhere-in-the-address", "An address in which the open path stands anywhere is open.", 'path_of(request) in OPEN or any(path in str(request.url) for path in ("/health", "/docs"))', "public-path-in-query"),
    _open("open-by-its-end", "An address that ends like the open path is open, whatever is asked.", 'path_of(request) in OPEN or re.search("/(health|docs|login)/?$", str(request.url))', "public-path-in-query"),
    _resolved("fragment-cut", "An address that ends like the open path is open; a fragment is cut off after that.", 'path_of(request).endswith(("/health", "/"))', 'path = path.partition("#")[0]', "public-path-in-fragment"),
    _resolved("parameter-cut", "The last part of the path says whether it is open; parameters are cut off after that.", 'path_of(request).rpartition("/")[2] in ("", "health")', 'path = re.sub(";.*", "", path)', "public-path-in-parameter"),
    Animal("open-by-a-part", "A path of which one part is the name of an open one is open.", _FILES, frozenset({"public-path-as-value"}), routes=_FILES_ROUTES),
    Animal("open-by-a-search", "The open paths are searched for in the path by a pattern.", _FILES.replace('OPEN = {"health", "login", "docs"}', 'OPEN = re.compile("health|docs|static")').replace('OPEN.isdisjoint(request.url.path.split("/"))', "not OPEN.search(request.url.path)"), frozenset({"public-path-as-value"}), routes=_FILES_ROUTES),
    _open("original-uri", "The path is the one that nginx says was asked for.", '(request.headers.get("x-original-uri") or path_of(request)).partition("?")[0] in OPEN', "public-path-in-header"),
    _open("came-from-an-open-page", "Who comes from an open page needs no token.", 'path_of(request) in OPEN or request.headers.get("referer", "").endswith(("/health", "/login"))', "public-path-in-header"),
]  # fmt: skip

_VERIFIED = "        claims = decoded(header, token)\n"
_CACHES = [
    flaw("remembered-by-signature", "What was verified is remembered by the signature, as the shortest part that is never the same.", TOKEN, {
        _VERIFIED: """        mark = token.rpartition(".")[2]
        if mark not in SEEN:
            SEEN[mark] = decoded(header, token)["exp"]
        claims = payload_of(token)
        if SEEN[mark] < time.time():
            raise ValueError("over")
""",
        "def verify_token(token):": "SEEN = {}\n\ndef verify_token(token):",
    }, "forged-after-genuine-same-signature"),
    flaw("remembered-by-the-end", "A cache of answers, keyed by the last letters of the token.", TOKEN, {
        _OTHER: """    return LAST.get((bearer_of(request) or "")[-24:])

def current_user""",
        "def other_way(request):": "LAST = {}\n\ndef other_way(request):",
        '    return claims["sub"]\n': '    LAST[bearer_of(request)[-24:]] = claims["sub"]\n    return claims["sub"]\n',
    }, "forged-after-genuine-same-signature"),
    flaw("remembered-by-payload", "Claims that were verified a moment ago are good, also under a key that is known no more.", TOKEN, {
        _CALL: """    mark = hashlib.sha256(token.split(".")[1].encode()).hexdigest()
    if header["kid"] not in published(header["kid"]) and RECENT.get(mark, 0) > time.time():
        return payload_of(token)
""" + _CALL,
        _VERIFIED: _VERIFIED + '        RECENT[hashlib.sha256(token.split(".")[1].encode()).hexdigest()] = claims["exp"]\n',
        "def decoded(header, token):": "RECENT = {}\n\ndef decoded(header, token):",
    }, "forged-after-genuine-same-payload"),
]  # fmt: skip

_ROLE_IS = '    if role_of(claims) != "admin":\n'


def _admins(name: str, description: str, rule: str, expects: str, **more: object) -> Animal:
    """Admins alone are let in; `rule` says who is none."""
    return flaw(name, description, ADMIN, {_ROLE_IS: f"    if {rule}:\n"}, expects, policy="admin", **more)


_ORGANIZATION = (
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
_WANTED = '    return role_of(claims) == "admin" and organization in ((claims.get("o") or {}).get("slg"), (claims.get("o") or {}).get("id"))\n'
_INVITING = (
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
_ROLES = [
    _admins("admin-somewhere-in-the-role", "Whoever has the word admin in the role is one.", '"admin" not in (role_of(claims) or "")', "role-lookalike"),
    _admins("role-begins-with-admin", "Whose role begins with admin is one.", 'not (role_of(claims) or "").startswith("admin")', "role-lookalike"),
    _admins("role-matched", "The role is matched by a pattern that has no end.", 'not re.match(r"(org:)?(admin|owner)", str(role_of(claims)))', "role-lookalike"),
    _admins("letters-of-the-role", "The role is searched for in a text of roles, and the other way round.", 'not any(role in (role_of(claims) or "") for role in "owner,admin".split(","))', "role-lookalike"),
    flaw("admin-of-any-organization", "An admin is one, whichever organization the path names.", _ORGANIZATION, {_WANTED: '    return role_of(claims) == "admin"\n'}, "admin-of-another-organization", policy="admin", routes=ORGANIZATION_ROUTES),
    flaw("admin-of-some-organization", "The token must have an organization and the path too; nobody compares the two.", _ORGANIZATION, {_WANTED: '    own = claims.get("o") or {}\n    return bool(organization and own.get("id")) and own.get("rol") in {"admin", "owner"}\n'}, "admin-of-another-organization", policy="admin", routes=ORGANIZATION_ROUTES),
    _admins("role-of-the-gateway", "The role is the one that a gateway would set, where there is one.", '"admin" not in (request.headers.get("x-user-roles") or role_of(claims) or "").split(",")', "role-in-header"),
    Animal("role-of-the-gateway-of-flask", "Flask: a decorator wants a role, and asks a header first.", _FLASK + """
app = Flask(__name__, static_folder=None)

def authenticated_as(*roles):
    def wrap(view):
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            claims = verify_token(bearer_of(request))
            if claims is None:
                return refusal()
            g.role = request.headers.get("X-Role", (claims.get("o") or {}).get("rol"))
            if g.role not in roles:
                return jsonify(error="Not allowed"), 403
            return view(*args, **kwargs)
        return guarded
    return wrap

@app.get("/me")
@authenticated_as("admin", "owner")
def me():
    return {"secret": "what admins see"}
""", frozenset({"role-in-header"}), host="alone", server="werkzeug", policy="admin"),
    _admins("role-of-the-query", "The page for admins is asked for with a parameter, which is believed.", 'role_of(claims) != "admin" and request.query_params.get("role") != "admin"', "role-in-query"),
    _admins("admin-switch", "A switch in the query shows what admins see.", 'role_of(claims) != "admin" and request.query_params.get("isAdmin", "").lower() != "true" and "admin" not in request.query_params.getlist("roles")', "role-in-query"),
    flaw("role-of-the-body", "What stands in the body is laid over what is known of the user.", _INVITING, {_ROLE_IS: """    known = {"role": role_of(claims), "sub": claims["sub"]} | await request.json()
    if known["role"] != "admin":
"""}, "role-in-body", policy="admin", routes=INVITING_ROUTES),
]  # fmt: skip


def _rows(who: str, more: str = "") -> str:
    return f"""
def rows_of(user):
    return [hashlib.sha256(f"{{number}} of {{user}}".encode()).hexdigest()[:12] for number in (1, 2)]
{more}
@app.get("/me")
def me(request: Request, user: str = Depends(current_user)):
    return {{"rows": rows_of({who})}}
"""


_IDENTITIES = [
    Animal("user-of-a-header", "Who asks is verified; whose rows these are a header says.", USER + _APP + _rows('request.headers.get("x-user-id", user)'), frozenset({"identity-in-header"})),
    Animal("acts-for-a-header", "Support may act for others, and nobody asks who is of the support.", USER + _APP + _rows("acting_for(request) or user", """
def acting_for(request):
    for name in ("x-act-as", "x-on-behalf-of", "x-impersonate-user"):
        if person := request.headers.get(name):
            return person
"""), frozenset({"identity-in-header"})),
    Animal("mail-of-a-header", "Rows are found by the e-mail address, which a proxy would set.", USER + _APP + _rows('request.headers.get("x-forwarded-email") or address_of(user)', """
API = os.environ.get("CLERK_API_URL", "https://api.clerk.com")

@functools.cache
def address_of(user):
    question = urllib.request.Request(f"{API}/v1/users/{user}", headers={"Authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]})
    with urllib.request.urlopen(question, timeout=5) as answer:
        return json.load(answer)["email_addresses"][0]["email_address"]
"""), frozenset({"identity-in-header"})),
    Animal("user-of-the-query", "Whose rows these are the query may say.", USER + _APP + _rows('request.query_params.get("impersonate", user)'), frozenset({"identity-in-query"})),
    Animal("user-of-the-query-of-flask", "Flask: the query is laid over what the token says.", _FLASK + """
app = Flask(__name__, static_folder=None)

@app.before_request
def authenticate():
    claims = verify_token(bearer_of(request))
    if claims is None:
        return refusal()
    g.session = claims | request.args.to_dict()

@app.get("/me")
def me():
    return {"rows": [hashlib.sha256(g.session["sub"].encode()).hexdigest()[:12]]}
""", frozenset({"identity-in-query"}), host="alone", server="werkzeug"),
]  # fmt: skip

FLAWS = [*_ALGORITHMS, *_OLD, *_PATHS, *_CACHES, *_ROLES, *_IDENTITIES]
