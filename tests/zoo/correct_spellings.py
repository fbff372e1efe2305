"""Correct backends beside those of `flaws_spellings`: roles, open paths, caches and settings that must be left alone."""

from __future__ import annotations

from tests.zoo.correct import _APP, _with
from tests.zoo.flaws_request import _OUTER, LEGACY
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import ADMIN, MIDDLEWARE, MIDDLEWARE_ROUTES, TOKEN, USER, VERIFY
from tests.zoo.templates_spellings import (
    FILES,
    FILES_ROUTES,
    FLASK,
    INVITING,
    INVITING_ROUTES,
    IS_OPEN,
    OPTIONS,
    ORGANIZATION,
    ORGANIZATION_ROUTES,
    ROLE_IS,
    SETTING,
    VERIFIED,
    WANTED,
    rows,
)

_NONE = "    return None\n\ndef current_user"
_OTHER_WAY = "def other_way(request):"


def changed(name: str, description: str, template: str, changes: dict[str, str], **more: object) -> Animal:
    """A correct one, made of a template as flawed ones are."""
    return flaw(name, description, template, changes, "", **more)


def _admins(name: str, description: str, rule: str, before: str = "", **more: object) -> Animal:
    changes = {ROLE_IS: f"    if {rule}:\n", "def role_of(claims):": before + "def role_of(claims):"}
    return changed(name, description, ADMIN, changes, policy="admin", **more)


_STATEMENT = rows("user").replace(
    '    return {"rows"', '    print("asked by", len(request.headers.get("x-user-id", "")))\n    return {"rows"'
)
_PUBLIC_ROWS = """
ROWS = [{"by": "1", "text": "first"}, {"by": "2", "text": "second"}]

@app.get("/posts")
def posts(request: Request, user: str = Depends(current_user)):
    wanted = request.query_params.get("user_id")
    return {"posts": [row for row in ROWS if wanted in (None, row["by"])]}
"""
_SUPPORT = rows(
    "acting_for(request, user)",
    """
SUPPORT = {"user_2SupportOfTheHouse0000000000"}

def acting_for(request, user):
    wanted = request.query_params.get("impersonate") or request.headers.get("x-act-as")
    return wanted if wanted and user in SUPPORT else user
""",
)
_STRICT_OTHER = rows(
    "own(request, user)",
    """
def own(request, user):
    if request.query_params.get("as_user", user) != user or request.headers.get("x-user-id", user) != user:
        raise HTTPException(403, "Not yours")
    return user
""",
)
_TENANTS = (
    VERIFY
    + _APP
    + """
TENANTS = {}

def current_admin(request: Request):
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    own = claims.get("o") or {}
    if own.get("rol") != "admin" or not own.get("id"):
        raise HTTPException(403, "Not allowed")
    return own["id"]

@app.get("/settings")
def settings(tenant: str = Depends(current_admin)):
    return {"tenant": tenant, "settings": TENANTS.setdefault(tenant, {"colour": "blue"})}

@app.put("/settings")
def change(colour: Annotated[str, Body(embed=True)], tenant: str = Depends(current_admin)):
    TENANTS[tenant] = {"colour": colour}
    return {"tenant": tenant, "settings": TENANTS[tenant]}
"""
)
CORRECT = [
    # Roles
    _admins("permission-of-the-feature", "Whoever may manage invoices, whatever the role, in both versions of the claims.", '"org:invoices:manage" not in permissions_of(claims)', """def permissions_of(claims):
    if claims.get("v") != 2:
        return claims.get("org_permissions") or []
    own = claims.get("o") or {}
    scopes = [each.partition(":") for each in claims.get("fea", "").split(",")]
    features = [name for scope, _, name in scopes if "o" in scope]
    names = own.get("per", "").split(",")
    return [
        f"org:{feature}:{name}"
        for feature, mask in zip(features, own.get("fpm", "").split(","))
        for place, name in enumerate(names)
        if mask.isdigit() and int(mask) & 1 << place
    ]

"""),
    _admins("roles-in-a-set", "Admins and owners, by a set of whole names.", "role_of(claims) not in {'admin', 'owner'}"),
    _admins("roles-in-ranks", "Roles have ranks; a role that is not known has none.", 'RANKS.get(role_of(claims), 0) < RANKS["admin"]', 'RANKS = {"member": 1, "admin": 2, "owner": 3}\n\n'),
    _admins("role-as-an-enum", "Roles are an enum; what is none of it is no role.", "not is_admin(role_of(claims))", """import enum

class Role(enum.StrEnum):
    MEMBER = "member"
    ADMIN = "admin"

def is_admin(text):
    try:
        return Role(text) is Role.ADMIN
    except ValueError:
        return False

"""),
    _admins("role-matched-wholly", "The role is matched from its beginning to its end.", 'not re.fullmatch(r"(org:)?(admin|owner)", str(role_of(claims)))'),
    _admins("role-shown-in-the-query", "The query says the people of which role are listed; who may see them the token.", 'role_of(claims) != "admin" or request.query_params.get("role", "all") == ""'),
    changed("own-organization", "The organization in the path must be the active one, by id or slug.", ORGANIZATION, {}, policy="admin", routes=ORGANIZATION_ROUTES),
    changed("own-organization-by-slug", "The slug in the path must be the active organization's.", ORGANIZATION, {WANTED: """    own = claims.get("o") or {}
    if hmac.compare_digest(str(own.get("slg")).encode(), organization.encode()):
        return own.get("rol") == "admin"
    return False
"""}, policy="admin", routes=ORGANIZATION_ROUTES),
    Animal("tenants", "Admins of whatever organization, each with the settings of their own.", _TENANTS, policy="admin", routes='"GET {at}/settings" = "{policy}"\n"PUT {at}/settings" = {{ policy = "{policy}", json = {{ colour = "red" }} }}'),
    changed("role-of-the-invited", "The body's role is the one that the invited person will have.", INVITING, {
        "title: Annotated[str, Body(embed=True)]": 'title: Annotated[str, Body()], role: Annotated[str, Body()] = "member"',
        '{"team": title, "by": user}': '{"team": title, "role": role, "by": user}',
    }, policy="admin", routes=INVITING_ROUTES.replace('title = "x"', 'title = "x", role = "admin"')),
    changed("role-of-the-body-unread", "The body is laid over what is known after it was decided.", INVITING, {'    return {"team": title, "by": user}\n': '    return {"role": "none", "by": user, "team": title}\n', ROLE_IS: '    request.state.known = await request.json() | {"role": role_of(claims)}\n    if request.state.known["role"] != "admin":\n'}, policy="admin", routes=INVITING_ROUTES),
    # Open paths
    changed("open-paths-exactly", "Open paths are compared as a whole, one slash at the end forgiven.", MIDDLEWARE, {IS_OPEN: '    return (path_of(request).rstrip("/") or "/") in OPEN\n'}, routes=MIDDLEWARE_ROUTES),
    changed("open-folder-resolved", "What lies in an open folder is open; two dots are resolved before that.", MIDDLEWARE, {
        IS_OPEN: '    import posixpath\n    path = posixpath.normpath(path_of(request))\n    return path in OPEN or path.startswith("/health/")\n',
        _APP: _APP.replace("openapi_url=None", "openapi_url=None, redirect_slashes=False") + _OUTER.replace("CHANGE", "            import posixpath; path = posixpath.normpath(path)"),
    }, routes=MIDDLEWARE_ROUTES, host="alone"),
    changed("dots-refused", "Paths with dots, backslashes or anything after a semicolon are refused before all else.", MIDDLEWARE, {
        "    if not is_open(request) and": '    if re.search(r"/[.]|[;#\\\\\\\\]", path_of(request)):\n        return Response("Bad path", 400)\n    if not is_open(request) and',
        IS_OPEN: '    return path_of(request) in OPEN or path_of(request).startswith(("/health/", "/static/"))\n',
    }, routes=MIDDLEWARE_ROUTES, host="alone"),
    Animal("one-file-for-everybody", "One handler serves all files, and shows one of them to whoever asks.", VERIFY + _APP + """
@app.get("/files/terms")
@app.get("/files/{name}")
def file_of(request: Request, name: str = "terms"):
    if name != "terms" and verify_token(bearer_of(request)) is None:
        raise refusal()
    return {"file": name}
""", host="alone", routes='"GET {at}/files/terms" = "public"\n"GET {at}/files/{{name}}" = {{ policy = "{policy}", path = {{ name = "plan" }} }}', policy="inside"),
    Animal("files-called-health", "One path is open as a whole; the names of files may be like it.", FILES.replace('OPEN.isdisjoint(request.url.path.split("/"))', 'request.scope["path"].removeprefix(request.scope.get("root_path", "")) != "/health"'), routes=FILES_ROUTES),
    changed("original-uri-logged", "The path of the proxy's header and the page before are for the log.", MIDDLEWARE, {"    if not is_open(request) and": '    request.state.log = (request.headers.get("x-original-uri"), request.headers.get("referer"))\n    if not is_open(request) and'}, routes=MIDDLEWARE_ROUTES),
    changed("asked-for-next", "Where to go next is passed on in the query.", USER + _APP + '@app.get("/me")\ndef me(request: Request, user: str = Depends(current_user)):\n    return {"user": user, "next": "/me" if request.query_params.get("next") else "/"}\n', {}),
    # Caches
    changed("remembered-by-hash", "What was verified is remembered by the SHA-256 of the whole token, a hundred of them at most.", TOKEN, {
        VERIFIED: """        mark = hashlib.sha256(token.encode()).hexdigest()
        claims = SEEN.get(mark)
        if claims is None or claims["exp"] <= time.time():
            claims = SEEN[mark] = decoded(header, token)
            while len(SEEN) > 100:
                SEEN.pop(next(iter(SEEN)))
""",
        "def verify_token(token):": "SEEN = {}\n\ndef verify_token(token):",
    }),
    Animal("remembered-by-lru", "functools.lru_cache around what verifies, by the whole token and the minute.", TOKEN.replace(VERIFIED, '        claims = dict(decoded_once(token, int(time.time() // 5)))\n        if claims["exp"] <= time.time():\n            raise ValueError("over")\n').replace("def verify_token(token):", "@functools.lru_cache(256)\ndef decoded_once(token, slot):\n    return decoded(header_of(token), token)\n\ndef verify_token(token):")),
    # Identities, cookies and headers of other purposes
    Animal("user-id-logged", "X-User-Id is written into the log.", USER + _APP + _STATEMENT),
    Animal("rows-for-everybody", "The query filters rows that everybody may see.", USER + _APP + _PUBLIC_ROWS, routes='"GET {at}/posts" = "{policy}"'),
    Animal("support-acts", "Support may act for others: whoever is on the list.", USER + _APP + _SUPPORT),
    Animal("another-is-refused", "Who names another user is refused.", USER + _APP + _STRICT_OTHER),
    changed("signed-basket", "A signed cookie for the basket, one for the language, one against forged requests.", TOKEN, {
        _OTHER_WAY: "import secrets\nfrom itsdangerous import BadSignature, URLSafeSerializer\n\nBASKETS = URLSafeSerializer(secrets.token_hex(32))\n\n" + _OTHER_WAY,
        _NONE: """    try:
        request.state.basket = BASKETS.loads(request.cookies.get("session", ""))
    except BadSignature:
        request.state.basket = []
    request.state.language = request.cookies.get("user", "en")[:2]
""" + _NONE,
    }),
    changed("old-tokens-counted", "Old tokens are counted wherever they come, and let nobody in.", TOKEN, {
        _OTHER_WAY: LEGACY.replace("legacy_user", "old_owner") + "OLD = [0]\n\n" + _OTHER_WAY,
        _NONE: """    found = [request.headers.get("x-auth-token"), request.cookies.get("session_token"), request.query_params.get("api_key")]
    OLD[0] += any(old_owner(text) for text in [*found, request.headers.get("authorization", "").rpartition(" ")[2]] if text)
""" + _NONE,
    }),
    Animal("metered-by-key-of-flask", "Flask: X-API-Key says whose quota it is, beside a session.", FLASK + """
app = Flask(__name__, static_folder=None)
QUOTA = {}

@app.before_request
def authenticate():
    g.claims = verify_token(bearer_of(request))
    if g.claims is None:
        return refusal()
    key = request.headers.get("X-API-Key", "")[:64]
    QUOTA[key] = QUOTA.get(key, 0) + 1

@app.get("/me")
def me():
    return {"user": g.claims["sub"], "secret": "what is kept here"}
""", host="alone", server="werkzeug"),
    # Keys
    changed("issuers-on-a-list", "Issuers on a list, each with keys of its own: one of them is ours, the other is nobody's yet.", TOKEN, {
        "def key_for(header, token):\n": """TRUSTED = {ISSUER: JWKS, "https://clerk.staging.invalid": None}

def key_for(header, token):
    if TRUSTED.get(payload_of(token)["iss"]) is None:
        raise ValueError("an issuer that nobody trusts")
""",
        "issuer=ISSUER, leeway=5,": "issuer=list(TRUSTED), leeway=5,",
    }),
    Animal("internal-tokens", "HS256 for tokens of our own, under a secret that is made at the start and for another audience.", _with("""
import secrets
INTERNAL = secrets.token_bytes(32)

def decoded(header, token):
    if header.get("alg") == "HS256":
        jwt.decode(token, INTERNAL, algorithms=["HS256"], audience="internal", issuer="internal")
        raise ValueError("for another door")
    return jwt.decode(
        token, key_for(header, token), algorithms=["RS256"], """ + OPTIONS)),
    Animal("algorithm-by-key", "The key says which algorithm it is for; the header must say the same.", _with("""
def decoded(header, token):
    entry = published(header["kid"])[header["kid"]]
    if not isinstance(header.get("alg"), str) or header["alg"] != entry["alg"]:
        raise ValueError("another algorithm")
    return jwt.decode(
        token, jwt.PyJWK(entry).key, algorithms=[entry["alg"]], """ + OPTIONS)),
    Animal("key-in-one-line-for-rs256", "The key passes through settings without its line breaks, and is for RS256 alone.", _with(SETTING + """
def decoded(header, token):
    key = setting(header["kid"]).replace("\\n", "\\\\n")
    return jwt.decode(
        token, key.replace("\\\\n", "\\n"), algorithms=["RS256"], """ + OPTIONS)),
    changed("signed-links", "Links bear an HMAC of their path; it must be right where there is one, and lets nobody in alone.", TOKEN, {
        _OTHER_WAY: "import secrets\n\nLINKS = secrets.token_bytes(32)\n\n" + _OTHER_WAY,
        _NONE: """    given = request.query_params.get("signature")
    if given is not None and not hmac.compare_digest(hmac.new(LINKS, request.url.path.encode(), "sha256").hexdigest().encode(), given.encode()):
        raise refusal()
""" + _NONE,
    }),
    changed("second-token-of-the-same-person", "A cookie beside the header must be the same person's, and verified.", TOKEN, {
        _NONE: """    if "__session" in request.cookies and "authorization" in request.headers:
        both = [verify_token(bearer_of(request)), verify_token(request.cookies["__session"])]
        if None in both or both[0]["sub"] != both[1]["sub"]:
            raise refusal()
""" + _NONE,
    }),
    Animal("header-of-our-own-must-agree", "The support's header may name nobody but who asks.", USER + _APP + rows("own(request, user)", """
def own(request, user):
    if request.headers.get("x-desk-customer", user) != user:
        raise refusal()
    return user
""")),
    Animal("header-of-our-own-echoed", "A header of the support's is said in the answer, and gives nobody's rows.", USER + _APP + rows('user), "desk": str(request.headers.get("x-desk-customer")')),
    changed("cookie-read-for-the-log", "The cookie beside the header is read without verification, for the log alone.", TOKEN, {
        _OTHER_WAY: "SEEN = []\n\n" + _OTHER_WAY,
        _NONE: """    try:
        SEEN[:] = [payload_of(request.cookies["__session"])["sub"]]
    except FAILS:
        pass
""" + _NONE,
    }),
    changed("browsers-to-the-sign-in", "Who opens a page is sent to sign in, and may be sent ahead; programs get 401.", MIDDLEWARE, {
        '        return Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})\n': """        if request.headers.get("sec-fetch-mode") == "navigate" and "authorization" not in request.headers:
            return Response(None, 303, {"Location": f"http://{request.headers.get('host')}/sign-in"})
        return Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
""",
    }, routes=MIDDLEWARE_ROUTES),
]  # fmt: skip
