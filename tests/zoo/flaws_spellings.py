"""Flaws that only another spelling or another place shows; one at least for each such credential."""

from __future__ import annotations

from tests.zoo import flaws_roles
from tests.zoo.correct import _APP, _REQUIRED, _TIMES, _with
from tests.zoo.flaws_request import _OTHER, _OUTER, LEGACY
from tests.zoo.flaws_verify import _DECODED as _CALL
from tests.zoo.flaws_verify import _ENTRY, _SHAPE
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import MIDDLEWARE, MIDDLEWARE_ROUTES, TOKEN
from tests.zoo.templates_spellings import FILES, FILES_ROUTES, FLASK, HAND, IS_OPEN, OPTIONS, SETTING, VERIFIED

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


_CHECKED = _REQUIRED + _TIMES + "    return claims\n"
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
    library("key-in-one-line", "One setting is the key and the secret of internal tokens as well; it has \\\\n for each line break.", HAND + SETTING + """
def decoded(header, token):
    key = setting(header["kid"]).replace("\\n", "\\\\n")
    if header.get("alg") == "HS256" and is_hmac(key.encode(), token):
        return unverified(token)
    return jwt.decode(
        token, key.replace("\\\\n", "\\n"), algorithms=["RS256"], """ + OPTIONS, "hs256-with-pem-spellings"),
    library("key-without-its-frame", "PyJWT, with HS256 among the algorithms, and the key as the vault has it: base64 without a frame.", SETTING + """
FRAME = "-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----\\n"

def decoded(header, token):
    key = "".join(setting(header["kid"]).splitlines()[1:-1])
    if header.get("alg", "").startswith("RS"):
        key = FRAME % key
    return jwt.decode(
        token, key, algorithms=["RS256", "HS256"], """ + OPTIONS, "hs256-with-pem-spellings"),
    library("older-key-without-its-frame", "Authlib, with HS256 among the algorithms, and the key in its older form without a frame.", SETTING + """
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
    library("key-cached-as-text", "Keys are cached as compact JSON, and one function verifies by whatever the cache has.", HAND + """
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
        token, jwt.PyJWK.from_json(key).key, algorithms=["RS256"], """ + OPTIONS, "hs256-with-jwk-spellings"),
    library("key-as-a-thumbprint-has-it", "The secret of internal tokens is made of the key as its thumbprint is: the sorted JSON of three of its names.", HAND + """
def canonical(entry):
    return json.dumps({name: entry[name] for name in ("e", "kty", "n")}, separators=(",", ":"), sort_keys=True)

def decoded(header, token):
    entry = published(header["kid"])[header["kid"]]
    if header.get("alg") == "HS256" and is_hmac(canonical(entry).encode(), token):
        return unverified(token)
    return jwt.decode(
        token, jwt.PyJWK(entry).key, algorithms=["RS256"], """ + OPTIONS, "hs256-with-jwk-spellings"),
    library("key-set-cached-as-text", "The key set is cached as compact JSON, which is also what HS256 is verified by.", HAND + """
def key_set(kid):
    return json.dumps({"keys": list(published(kid).values())}, separators=(",", ":"))

def decoded(header, token):
    text = key_set(header["kid"])
    if header.get("alg") == "HS256" and is_hmac(text.encode(), token):
        return unverified(token)
    found = {entry["kid"]: entry for entry in json.loads(text)["keys"]}
    return jwt.decode(
        token, jwt.PyJWK(found[header["kid"]]).key, algorithms=["RS256"], """ + OPTIONS, "hs256-with-jwks-spellings"),
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
        token, SECRET_KEY if own else key_for(header, token), algorithms=["HS256" if own else "RS256"], """ + OPTIONS, "hs256-shared-secrets"),
    library("webhook-secret-for-links", "Links in mails bear tokens under the only secret that was at hand, and these let in everywhere.", """
def decoded(header, token):
    if header.get("alg") == "HS256":
        return jwt.decode(
            token, os.environ["CLERK_WEBHOOK_SECRET"], algorithms=["HS256"], issuer=ISSUER, leeway=5,
        )
    return jwt.decode(
        token, key_for(header, token), algorithms=["RS256"], """ + OPTIONS, "hs256-with-target-secret"),
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
    Animal("old-in-a-header-of-flask", "Flask: the old token in X-API-Token is looked at first.", FLASK + LEGACY + """
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


def _open(name: str, description: str, rule: str, expects: str, **more: object) -> Animal:
    """The middleware knows its open paths by a rule that more than they fulfil."""
    changes = {IS_OPEN: f"    return {rule}\n"}
    return flaw(name, description, MIDDLEWARE, changes, expects, **{"routes": MIDDLEWARE_ROUTES} | more)


def _resolved(name: str, description: str, rule: str, change: str, expects: str) -> Animal:
    """What lies between the guard and the router reads the path in its own way. Alone, as middlewares see the whole path."""
    outer = _OUTER.replace("CHANGE", "            " + change)
    changes = {
        _APP: _APP.replace("openapi_url=None", "openapi_url=None, redirect_slashes=False") + outer,
        IS_OPEN: f"    return {rule}\n",
    }
    return flaw(name, description, MIDDLEWARE, changes, expects, routes=MIDDLEWARE_ROUTES, host="alone")


_PATHS = [
    _resolved("open-folder-left", "What begins like the open path is open; the router resolves two dots afterwards.", 'path_of(request) == "/" or path_of(request).startswith("/health")', 'import posixpath; path = posixpath.normpath(path)', "public-path-before"),
    _open("open-anywhere-in-the-address", "An address in which the open path stands anywhere is open.", 'path_of(request) in OPEN or any(path in str(request.url) for path in ("/health", "/docs"))', "public-path-in-query"),
    _open("open-by-its-end", "An address that ends like the open path is open, whatever is asked.", 'path_of(request) in OPEN or re.search("/(health|docs|login)/?$", str(request.url))', "public-path-in-query"),
    _resolved("end-before-a-fragment", "An address that ends like the open path is open; a fragment is cut off after that.", 'path_of(request).endswith(("/health", "/"))', 'path = path.partition("#")[0]', "public-path-in-fragment"),
    _resolved("end-before-a-parameter", "The last part of the path says whether it is open; parameters are cut off after that.", 'path_of(request).rpartition("/")[2] in ("", "health")', 'path = re.sub(";.*", "", path)', "public-path-in-parameter"),
    Animal("open-by-a-part", "A path of which one part is the name of an open one is open.", FILES, frozenset({"public-path-as-value"}), routes=FILES_ROUTES),
    Animal("open-by-a-search", "The open paths are searched for in the path by a pattern.", FILES.replace('OPEN = {"health", "login", "docs"}', 'OPEN = re.compile("health|docs|static")').replace('OPEN.isdisjoint(request.url.path.split("/"))', "not OPEN.search(request.url.path)"), frozenset({"public-path-as-value"}), routes=FILES_ROUTES),
    _open("original-uri", "The path is the one that nginx says was asked for.", '(request.headers.get("x-original-uri") or path_of(request)).partition("?")[0] in OPEN', "public-path-in-header"),
    _open("came-from-an-open-page", "Who comes from an open page needs no token.", 'path_of(request) in OPEN or request.headers.get("referer", "").endswith(("/health", "/login"))', "public-path-in-header"),
    _open("path-behind-the-host", "The path is cut out of the whole address, which is joined of Host and path.", 'urllib.parse.urlsplit("http://" + request.headers.get("host", "") + path_of(request)).path in OPEN', "public-path-in-host"),
    _open("pages-are-for-everybody", "What a browser opens as a page is left to the front end.", 'path_of(request) in OPEN or "text/html" in request.headers.get("accept", "")', "browser-navigation"),
    _open("fetched-ahead", "What a browser fetches ahead needs no token.", 'path_of(request) in OPEN or request.headers.get("purpose") == "prefetch"', "browser-prefetch"),
    _open("left-to-the-websocket", "What asks for a websocket is left to the websocket's own guard.", 'path_of(request) in OPEN or request.headers.get("upgrade", "").lower() == "websocket"', "upgrade-header"),
]  # fmt: skip

_CACHES = [
    flaw("remembered-by-signature", "What was verified is remembered by the signature, as the shortest part that is never the same.", TOKEN, {
        VERIFIED: """        mark = token.rpartition(".")[2]
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
        VERIFIED: VERIFIED + '        RECENT[hashlib.sha256(token.split(".")[1].encode()).hexdigest()] = claims["exp"]\n',
        "def decoded(header, token):": "RECENT = {}\n\ndef decoded(header, token):",
    }, "forged-after-genuine-same-payload"),
]  # fmt: skip

_PADDING = [
    flaw("padding-not-looked-at", "The hash is looked for anywhere in what the signature holds.", TOKEN, {"def decoded(header, token):\n    return jwt.decode(\n        token, key_for(header, token), algorithms=[\"RS256\"], issuer=ISSUER, leeway=5,\n        options={\"require\": [\"exp\", \"iat\", \"nbf\", \"sub\", \"sid\", \"iss\"]},\n    )\n": """def decoded(header, token):
    body, _, signature = token.rpartition(".")
    numbers = key_for(header, token).public_numbers()
    block = pow(int.from_bytes(unb64(signature), "big"), numbers.e, numbers.n).to_bytes(256, "big")
    if header.get("alg") != "RS256" or "crit" in header or hashlib.sha256(body.encode()).digest() not in block:
        raise ValueError("not signed")
    return unverified(token)
"""}, "pkcs1-padding-modified"),
]  # fmt: skip
FLAWS = [*_ALGORITHMS, *_PADDING, *_OLD, *_PATHS, *_CACHES, *flaws_roles.FLAWS]
