"""Correct backends that ask for headers, cookies and parameters and hold constants, and let nobody in by them."""

from __future__ import annotations

from tests.zoo.flaws_named_apps import django
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import _APP, ADMIN, LIVE, MIDDLEWARE, MIDDLEWARE_ROUTES, NOTES, TOKEN, USER, VERIFY
from tests.zoo.templates_spellings import FLASK, ROLE_IS
from tests.zoo.templates_ways import VISITORS, VISITORS_ROUTES

_NONE = "    return None\n\ndef current_user"
_OTHER_WAY = "def other_way(request):"
_ME = """@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what is kept here"}
"""
_ROLE_IN = ROLE_IS + '        raise HTTPException(403, "Not allowed")\n'


def _changed(name: str, description: str, template: str, changes: dict[str, str], **more: object) -> Animal:
    """A correct one, made of a template as flawed ones are."""
    return flaw(name, description, template, changes, "", **more)


def _way(name: str, description: str, lines: str, before: str = "") -> Animal:
    """`lines` look at the request before the genuine way, and let nobody in."""
    return _changed(name, description, TOKEN, {_OTHER_WAY: before + _OTHER_WAY, _NONE: f"{lines}\n\ndef current_user"})


def _page(name: str, description: str, route: str, **more: str) -> Animal:
    """The handler asks the request for something, behind the guard."""
    return Animal(name, description, USER + _APP + route, **more)  # type: ignore[arg-type]


_KEYS = [
    _way("key-of-this-start", "A key that chance makes at each start, for calls of the process to itself.", """    given = request.headers.get("x-internal-key", "")
    return "internal" if hmac.compare_digest(given.encode(), OWN_KEY.encode()) else None""", """
import secrets

OWN_KEY = secrets.token_hex(32)

"""),
    _way("key-only-if-set", "A key of the environment that has no default; where it is not set nobody has it.", """    given = request.headers.get("x-internal-key")
    return "internal" if INTERNAL_KEY and given and hmac.compare_digest(given.encode(), INTERNAL_KEY.encode()) else None""", """
INTERNAL_KEY = os.environ.get("ZOO_INTERNAL_KEY_OF_NOBODY")

"""),
    _way("key-by-its-hash", "The code has the hash of a key, and not the key.", """    given = request.headers.get("x-deploy-key", "")
    return "deploy" if hmac.compare_digest(hashlib.sha256(given.encode()).hexdigest(), DEPLOY_KEY_SHA256) else None""", """
DEPLOY_KEY_SHA256 = "32f739370e385109fe5df792a8cb045a444104763deb944f671b0b2dd19da9ae"

"""),
    _way("dev-user-switched-off", "Developers may say who they are where a variable allows it, which is not set.", """    if os.environ.get("ZOO_ALLOW_DEV_USER") == "1":
        return request.headers.get("X-Dev-User") or request.cookies.get("debug_user")
    return None""", ""),
    _way("dev-tokens-told-apart", "Tokens of the tests are known by their beginning, to say in the refusal what is wrong with them.", """    token = bearer_of(request) or ""
    if token.startswith(TEST_PREFIXES):
        raise HTTPException(401, "Test tokens are not for this service", headers={"WWW-Authenticate": "Bearer"})
    return None""", """
TEST_PREFIXES = ("dev_", "test-token-for:", "e2e-")

"""),
    _way("keys-were-retired", "API keys are not taken any more, and who still sends the first one is told so.", """    if request.headers.get("x-api-key") == "zoo-first-key" or "api_key" in request.query_params:
        raise HTTPException(401, "API keys were retired", headers={"WWW-Authenticate": "Bearer"})
    return None""", ""),
    _changed("impersonation-by-support", "Support may act for others: whoever is none of the support acts as nobody but oneself.", TOKEN, {
        '    return claims["sub"]\n': """    if claims["sub"] in SUPPORT:
        return request.headers.get("x-act-for", claims["sub"])
    return claims["sub"]
""",
        _OTHER_WAY: 'SUPPORT = {"user_supportOfTheZoo1", "user_supportOfTheZoo2"}\n\n' + _OTHER_WAY,
    }),
]  # fmt: skip

_CARELESS = [
    _way("links-and-keys", "A link is good until its time if its whole signature holds, and a key if it is one of those of the list.", """    until, sent = request.query_params.get("until", ""), request.query_params.get("sig", "")
    wanted = hmac.new(LINK_KEY, f"{request.url.path}?{until}".encode(), hashlib.sha256).hexdigest()
    if hmac.compare_digest(wanted.encode(), sent.encode()) and until.isdigit() and int(until) > time.time():
        return "link"
    return "service" if request.headers.get("x-service-key") in SERVICE_KEYS.split(",") else None""", """
import secrets

LINK_KEY = secrets.token_bytes(32)
SERVICE_KEYS = ",".join(secrets.token_hex(12) for _ in range(2))

"""),
]  # fmt: skip

_VERIFIERS = [
    _way("verifier-of-the-client-s-choice", "A header says which verifier is asked, and each of them asks for all.", """    verifier = VERIFIERS.get(request.headers.get("x-auth-flavour", "session"))
    if verifier is None:
        raise HTTPException(400, "Unknown flavour")
    return verifier(bearer_of(request))""", """
def session_user(token):
    return (verify_token(token) or {}).get("sub")

def recent_user(token):
    claims = verify_token(token)
    return claims["sub"] if claims is not None and claims["iat"] > time.time() - 30 else None

VERIFIERS = {"session": session_user, "recent": recent_user}

"""),
    _way("old-clients-are-told", "Clients that say they are of before the move are told so, whatever token they have.", """    if request.query_params.get("client") == "classic-2019" or request.cookies.get("auth_flavour") == "classic":
        raise HTTPException(401, "This version of the app is too old", headers={"WWW-Authenticate": "Bearer"})
    return None""", ""),
]  # fmt: skip

_AROUND = [
    Animal("request-id-echoed", "A middleware gives each request an id, or takes the one that comes.", TOKEN + """
import uuid

@app.middleware("http")
async def with_request_id(request: Request, call_next):
    given = request.headers.get("X-Request-ID", "")
    response = await call_next(request)
    response.headers["X-Request-ID"] = given if re.fullmatch("[A-Za-z0-9-]{8,64}", given) else str(uuid.uuid4())
    return response
"""),
    Animal("debug-that-only-logs", "X-Debug makes the log longer and nothing else.", TOKEN + """
import logging

LOG = logging.getLogger("zoo")

@app.middleware("http")
async def logged(request: Request, call_next):
    wanted = request.headers.get("x-debug", "").lower() in ("1", "true", "verbose") or request.cookies.get("debug_user")
    response = await call_next(request)
    LOG.log(logging.INFO if wanted else logging.DEBUG, "%s %s: %d", request.method, request.url.path, response.status_code)
    return response
"""),
    _changed("languages", "Refusals and answers in the caller's language.", TOKEN, {
        _OTHER_WAY: """
WORDS = {
    "en": {"refused": "Please sign in", "hello": "Welcome"},
    "de": {"refused": "Bitte melden Sie sich an", "hello": "Willkommen"},
    "fr": {"refused": "Veuillez vous connecter", "hello": "Bienvenue"},
}

def language_of(request):
    asked = request.query_params.get("lang") or request.cookies.get("lang") or request.headers.get("accept-language", "en")
    return asked[:2].lower() if asked[:2].lower() in WORDS else "en"

def refused_in(language):
    headers = {"WWW-Authenticate": "Bearer", "Content-Language": language}
    return HTTPException(401, WORDS[language]["refused"], headers=headers)

""" + _OTHER_WAY,
        "        raise refusal()\n": "        raise refused_in(language_of(request))\n",
    }),
    _changed("codes-of-errors", "Refusals have codes, and each says which names and words were looked for.", TOKEN, {
        _OTHER_WAY: """
CODES = {"missing_token": "Send 'Authorization: Bearer <token>'", "invalid_token": "The token 'sess-demo' of the guide is an example"}

""" + _OTHER_WAY,
        "        raise refusal()\n": """        code = "invalid_token" if "authorization" in request.headers else "missing_token"
        raise HTTPException(401, {"code": code, "hint": CODES[code]}, headers={"WWW-Authenticate": "Bearer"})
""",
    }),
    _changed("agents-without-an-index", "A middleware reads who calls and from where, to keep pages out of an index and not to let anybody in.", MIDDLEWARE, {
        "    return await call_next(request)\n": """    response = await call_next(request)
    if "Googlebot" in request.headers.get("user-agent", "") or request.headers.get("x-forwarded-for", "").startswith("203.0.113."):
        response.headers["X-Robots-Tag"] = "noindex"
    return response
""",
    }, routes=MIDDLEWARE_ROUTES),
    Animal("probe-of-the-public-status", "A public page says more to who asks for more; the guarded one beside it does not listen.", TOKEN + """
@app.get("/status")
def status(request: Request, verbose: bool = False):
    more = verbose or request.headers.get("x-probe") == "deep"
    return {"status": "up"} | ({"version": "1.4.2", "region": "zoo-1"} if more else {})
""", routes='"GET {at}/me" = "{policy}"\n"GET {at}/status" = "public"'),
]  # fmt: skip

_BEHIND = [
    _page("tenant-behind-the-door", "A tenant is chosen by a header, of those that the caller belongs to.", """
TENANTS = {"acme": "Acme Ltd.", "globex": "Globex Inc."}
MEMBERS = {"user_keeperOfTheZoo": {"acme", "globex"}}

@app.get("/me")
def me(request: Request, user: str = Depends(current_user), x_tenant: Annotated[str | None, Header()] = None):
    if x_tenant is not None and x_tenant not in MEMBERS.get(user, ()):
        raise HTTPException(404, "No such tenant")
    return {"tenant": TENANTS.get(x_tenant or "", "your own"), "secret": "what is kept here"}
"""),
    _page("features-by-header", "Features that are not ready are switched on by a header, for who is let in.", """
FEATURES = {"new-search", "dark-mode", "beta-export"}

@app.get("/me")
def me(request: Request, user: str = Depends(current_user)):
    wanted = {part.strip() for part in request.headers.get("X-Feature-Flags", "").split(",")}
    return {"user": user, "secret": "what is kept here"} | {name: True for name in sorted(FEATURES & wanted)}
"""),
    _page("pages-and-sorting", "The query says which page, how many and in which order.", """
@app.get("/me")
def me(
    user: str = Depends(current_user), page: Annotated[int, Query(ge=1)] = 1, per_page: Annotated[int, Query(ge=1, le=50)] = 10,
    sort: Annotated[str, Query(pattern="^-?(name|created_at)$")] = "name", cursor: str | None = None,
):
    start = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 6 else (page - 1) * per_page
    return {"rows": list(range(start, start + per_page)), "sort": sort}
"""),
    _page("etag-of-an-answer", "If-None-Match is compared with what the answer would be.", """
@app.get("/me")
def me(request: Request, response: Response, user: str = Depends(current_user)):
    mark = '"' + hashlib.sha256(user.encode()).hexdigest()[:16] + '"'
    if mark in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": mark})
    response.headers["ETag"] = mark
    return {"user": user, "secret": "what is kept here"}
"""),
    _page("version-by-header", "The version of the interface is a header's, or a date in the query.", """
VERSIONS = ("2023-10-16", "2024-06-20")

@app.get("/me")
def me(request: Request, user: str = Depends(current_user), api_version: str | None = None):
    version = request.headers.get("x-api-version") or api_version or VERSIONS[-1]
    if version not in VERSIONS:
        raise HTTPException(400, "Unknown version")
    return {"id" if version == VERSIONS[0] else "user": user, "secret": "what is kept here"}
"""),
    _changed("csrf-beside-a-cookie", "A browser's cookie against forged requests must come as a header too; nobody is let in by the two.", NOTES, {
        "def add_note(": "def add_note(request: Request, ",
        '    return {"note": text, "by": user}\n': """    given, kept = request.headers.get("x-csrf-token", ""), request.cookies.get("csrftoken")
    if kept is not None and not hmac.compare_digest(given.encode(), kept.encode()):
        raise HTTPException(403, "CSRF token missing or incorrect")
    return {"note": text, "by": user}
""",
    }, routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'),
    _changed("once-by-its-key", "What has the same Idempotency-Key is done once, for each person by themselves.", NOTES, {
        "def add_note(": "def add_note(request: Request, ",
        '    return {"note": text, "by": user}\n': """    key = (user, request.headers.get("idempotency-key"))
    if key[1] and key in DONE:
        return DONE[key]
    DONE[key] = {"note": text, "by": user}
    return DONE[key]
""",
        _OTHER_WAY: "DONE = {}\n\n" + _OTHER_WAY,
    }, routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'),
    _page("fields-of-a-form", "A model of the body has fields with telling names, which are stored and not believed.", """
from pydantic import BaseModel

class Profile(BaseModel):
    text: str
    role: str = "visitor"
    impersonate: bool = False

@app.post("/notes")
def change(profile: Profile, user: str = Depends(current_user)):
    return {"text": profile.text, "asked_for": profile.role, "by": user}
""", routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'),
    _changed("room-of-a-websocket", "A websocket is told a room in its query, and a name to show.", LIVE, {
        '    await websocket.send_json({"user": user})\n': """    room = websocket.query_params.get("room", "lobby")
    await websocket.send_json({"user": user, "room": room if room in ("lobby", "staff-room") else "lobby"})
""",
    }, routes='"WS {at}/live" = "{policy}"', policy="headers"),
    _changed("visitors-with-a-theme", "Visitors may read, in the colours that a cookie wants.", VISITORS, {
        "def feed(user": "def feed(theme: Annotated[str, Cookie()] = 'light', user",
        '    return {"for": user, ': """    return {"theme": theme if theme in ("light", "dark") else "light", "for": user, """,
    }, policy="optional", routes=VISITORS_ROUTES),
]  # fmt: skip


def _admins(name: str, description: str, lines: str, before: str = "") -> Animal:
    """`lines` stand behind what looks for the role."""
    changes = {_ROLE_IN: _ROLE_IN + lines, "def role_of(claims):": before + "def role_of(claims):"}
    return _changed(name, description, ADMIN, changes, policy="admin")


_ADMINS = [
    _admins("role-of-a-header-logged", "The role that the gateway says is logged where it is another one, and not believed.", """    said = request.headers.get("x-org-role", "org:admin")
    if said != "org:admin":
        print("the gateway says", said[:20])
"""),
    _admins("role-of-a-header-compared", "The role that the gateway says must be the token's, where it says one.", """    said = request.headers.get("x-org-role")
    if said is not None and said.removeprefix("org:") != role_of(claims):
        raise HTTPException(403, "The gateway says otherwise")
"""),
    _changed("admins-view-as-members", "An administrator may look at the page as members see it.", ADMIN, {
        "def me(user: str": "def me(view_as: str = Query(default='admin', alias='view-as'), user: str",
        '    return {"user": user, "secret": "what admins see"}\n': """    if view_as == "member":
        return {"user": user}
    return {"user": user, "secret": "what admins see"}
""",
    }, policy="admin"),
    _admins("skin-of-admins", "A constant in a header chooses the new looks of the page, and is looked at after the role.", """    request.state.skin = "new" if request.headers.get("x-admin-skin") == NEW_SKIN else "old"
""", 'NEW_SKIN = "zoo-admin-2024"\n\n'),
]  # fmt: skip

_OTHERS = [
    Animal("flask-names-and-words", "Flask: a theme, a page and a trace are read, before and behind the guard.", FLASK + """
app = Flask(__name__, static_folder=None)

@app.before_request
def authenticate():
    g.trace = request.headers.get("X-Trace", "none")
    g.theme = "dark" if request.cookies.get("theme") == "dark" else "light"
    if verify_token(bearer_of(request)) is None:
        return refusal()

@app.after_request
def traced(response):
    response.headers["X-Trace"] = g.trace if re.fullmatch("[a-z0-9]{1,32}", g.trace) else "none"
    return response

@app.get("/me")
def me():
    return {"theme": g.theme, "page": request.args.get("page", 1, type=int), "secret": "what is kept here"}
""", host="alone", server="werkzeug"),
    Animal("django-names-and-words", "Django: META and cookies are read for the log and the language.", django("""
GREETINGS = {"en": "Hello", "de": "Hallo"}

class Authentication:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.source = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[0] or "unknown"
        request.staff_tool = request.META.get("HTTP_X_STAFF_TOOL") == "zoo-staff-tool"
        if signed(request) is None:
            return refused()
        return self.get_response(request)

def me(request):
    return JsonResponse({"hello": GREETINGS.get(request.COOKIES.get("django_language"), "Hello"), "secret": "what is kept here"})

urlpatterns = [path("me", me)]
""", '__name__ + ".Authentication"'), host="alone"),
    Animal("guard-of-a-class-with-names", "A guard is an object that has a header's name and a default, and only counts by them.", VERIFY + """
class Guard:
    def __init__(self, field="x-client-name", known=("zoo-web", "zoo-mobile")):
        self.field, self.known, self.counts = field, known, {}

    def __call__(self, request: Request):
        client = request.headers.get(self.field, "")
        self.counts[client if client in self.known else "other"] = self.counts.get(client, 0) + 1
        claims = verify_token(bearer_of(request))
        if claims is None:
            raise refusal()
        return claims["sub"]

current_user = Guard()
""" + _APP + "\n" + _ME),
]  # fmt: skip

CORRECT = [*_KEYS, *_CARELESS, *_VERIFIERS, *_AROUND, *_BEHIND, *_ADMINS, *_OTHERS]
