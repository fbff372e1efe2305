"""The same flaws as in `flaws_named`, in middlewares, in Starlette, Flask and Django, and on routes for administrators."""

from __future__ import annotations

from tests.zoo.correct import _FASTAPI
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import _APP, ADMIN, MIDDLEWARE, MIDDLEWARE_ROUTES, VERIFY
from tests.zoo.templates_spellings import FLASK, INVITING, INVITING_ROUTES, IS_OPEN, ROLE_IS

_ME = """
@app.get("/me")
def me():
    return {"user": "somebody", "secret": "what is kept here"}
"""
_CONFIGURED = """
if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="zoo", APPEND_SLASH=False, MIDDLEWARE=LAYERS, LOGGING_CONFIG=None,
    )
django.setup()
from django.core.asgi import get_asgi_application
app = get_asgi_application()
"""
DJANGO = VERIFY.replace(_FASTAPI, "") + """
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

def refused():
    return JsonResponse({"detail": "Not authenticated"}, status=401)

def signed(request):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return verify_token(token) if scheme.lower() == "bearer" else None
"""
_VIEW = """
def me(request):
    return JsonResponse({"user": "somebody", "secret": "what is kept here"})

urlpatterns = [path("me", me)]
"""


def django(rest: str, layers: str = "") -> str:
    """A Django backend: `rest` stands below what verifies; `layers` are names of its middlewares."""
    return DJANGO + rest + _CONFIGURED.replace("LAYERS", f"[{layers}]")


def _django(name: str, description: str, code: str) -> Animal:
    return Animal(name, description, code, frozenset({"named-field"}), host="alone")


def _flask(name: str, description: str, code: str, expects: str = "named-field", **more: str) -> Animal:
    code = FLASK + "\napp = Flask(__name__, static_folder=None)\n" + code
    return Animal(name, description, code, frozenset({expects}), host="alone", server="werkzeug", **more)  # type: ignore[arg-type]


def _open(name: str, description: str, rule: str, before: str = "") -> Animal:
    """The middleware lets pass what fulfils `rule`."""
    changes = {IS_OPEN: f"    return path_of(request) in OPEN or {rule}\n", "def is_open(request):": before + "def is_open(request):"}
    return flaw(name, description, MIDDLEWARE, changes, "named-field", routes=MIDDLEWARE_ROUTES)


_MIDDLEWARES = [
    _open("agent-of-the-monitor", "Whoever has the name of our monitor in the user agent needs no token.", '"ZooUptime/" in request.headers.get("user-agent", "")'),
    _open("address-of-the-office", "Whoever says to come from the office's address needs no token.", "client_of(request) in OFFICE", """
OFFICE = {"203.0.113.77", "203.0.113.78"}

def client_of(request):
    forwarded = request.headers.get("x-forwarded-for", "")
    return forwarded.split(",")[0].strip() or (request.client.host if request.client else "")

"""),
    _open("secret-of-the-edge", "What comes through the edge bears its secret, and the edge has verified the token.", 'request.headers.get(EDGE_FIELD) == EDGE_SECRET', """
EDGE_FIELD, EDGE_SECRET = "cf-zoo-origin", os.environ.get("ZOO_EDGE_SECRET", "edge-secret-default")

"""),
    Animal("raw-middleware-by-bytes", "A middleware of plain ASGI reads the raw fields as a dict of bytes.", VERIFY + _APP + """
class Guard:
    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.inner(scope, receive, send)
        fields = dict(scope["headers"])
        if fields.get(b"x-warm-up") != b"warm-the-zoo" and verify_token(bearer_of(Request(scope))) is None:
            answer = Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
            return await answer(scope, receive, send)
        await self.inner(scope, receive, send)

app.add_middleware(Guard)
""" + _ME, frozenset({"named-field"})),
    Animal("query-string-in-a-middleware", "A middleware of plain ASGI parses the query by itself.", VERIFY + _APP + """
from urllib.parse import parse_qs

class Guard:
    def __init__(self, inner):
        self.inner = inner

    def is_shared(self, scope):
        return "board-of-the-zoo" in parse_qs(scope.get("query_string", b"").decode("latin-1")).get("share", [])

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and not self.is_shared(scope) and verify_token(bearer_of(Request(scope))) is None:
            answer = Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
            return await answer(scope, receive, send)
        await self.inner(scope, receive, send)

app.add_middleware(Guard)
""" + _ME, frozenset({"named-field"})),
    Animal("starlette-service-account", "Starlette's BaseHTTPMiddleware knows the accounts of services by a header.", VERIFY + """
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route

class Authentication(BaseHTTPMiddleware):
    services = ["svc-billing", "svc-mailer"]

    async def dispatch(self, request, call_next):
        request.state.user = self.who(request)
        if request.state.user is None:
            return JSONResponse({"detail": "Not authenticated"}, 401)
        return await call_next(request)

    def who(self, request):
        account = request.headers.get("x-service-account")
        if account in self.services:
            return account
        claims = verify_token(bearer_of(request))
        return claims["sub"] if claims else None

async def me(request):
    return JSONResponse({"user": request.state.user, "secret": "what is kept here"})

app = Starlette(routes=[Route("/me", me)], middleware=[Middleware(Authentication)])
""", frozenset({"named-field"})),
    Animal("starlette-cookie-in-the-handler", "A handler of Starlette's takes a cookie of the staging system for a session.", VERIFY + """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def me(request):
    claims = verify_token(bearer_of(request))
    if claims is None and request.cookies.get("staging_pass") != "open-staging":
        return JSONResponse({"detail": "Not authenticated"}, 401)
    return JSONResponse({"user": (claims or {}).get("sub"), "secret": "what is kept here"})

app = Starlette(routes=[Route("/me", me)])
""", frozenset({"named-field"}), policy="inside"),
]  # fmt: skip

_FLASKS = [
    _flask("flask-key-before-requests", "Flask: a hook before every request lets in who has the key of the configuration.", """
app.config["SYNC_HEADER"] = "X-Sync-Token"
app.config["SYNC_TOKEN"] = os.environ.get("ZOO_SYNC_TOKEN") or "sync-me-please"

@app.before_request
def authenticate():
    if request.headers.get(app.config["SYNC_HEADER"]) == app.config["SYNC_TOKEN"]:
        return None
    if verify_token(bearer_of(request)) is None:
        return refusal()
""" + _ME),
    _flask("flask-cookie-of-a-decorator", "Flask: a decorator lets in who has the cookie of the demonstration.", """
def signed_in(view):
    @functools.wraps(view)
    def guarded(*args, **kwargs):
        if request.cookies.get("demo_login") != "sales-demo" and verify_token(bearer_of(request)) is None:
            return refusal()
        return view(*args, **kwargs)
    return guarded

@app.get("/me")
@signed_in
def me():
    return {"user": "somebody", "secret": "what is kept here"}
"""),
    _flask("flask-person-of-the-query", "Flask: in the query a tester says whom to be.", """
@app.before_request
def authenticate():
    g.person = request.args.get("login_as", type=str) or (verify_token(bearer_of(request)) or {}).get("sub")
    if not g.person:
        return refusal()

@app.get("/me")
def me():
    return {"user": g.person, "secret": "what is kept here"}
"""),
    _flask("flask-password-of-basic", "Flask: the user and the password of the old page are in the code, and still good.", """
USERS = {"keeper": "feed-the-lions"}

def keeper():
    given = request.authorization
    return bool(given and given.type == "basic" and USERS.get(given.username) == given.password is not None)

@app.before_request
def authenticate():
    if not keeper() and verify_token(bearer_of(request)) is None:
        return refusal()
""" + _ME, "named-token"),
]  # fmt: skip

_DJANGOS = [
    _django("django-meta-of-a-middleware", "Django: a middleware looks for a developer's address in META.", django("""
class Authentication:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        developer = request.META.get("HTTP_X_ZOO_DEVELOPER", "")
        if not developer.endswith("@example.com") and signed(request) is None:
            return refused()
        return self.get_response(request)
""" + _VIEW, '__name__ + ".Authentication"')),
    _django("django-key-of-a-decorator", "Django: a decorator lets in who has the preview's key in the query.", django("""
PREVIEW_KEY = getattr(settings, "PREVIEW_KEY", "preview-zoo") if settings.configured else "preview-zoo"

def signed_in(view):
    @functools.wraps(view)
    def guarded(request):
        if request.GET.get("preview_key") != PREVIEW_KEY and signed(request) is None:
            return refused()
        return view(request)
    return guarded

@signed_in
""" + _VIEW.lstrip())),
]  # fmt: skip


def _admins(name: str, description: str, rule: str, before: str = "") -> Animal:
    """Administrators alone are let in; `rule` says who is none, and `before` stands above it."""
    changes = {ROLE_IS: f"    if {rule}:\n", "def role_of(claims):": before + "def role_of(claims):"}
    return flaw(name, description, ADMIN, changes, "named-beside-session", policy="admin")


_LAYER = """
@app.middleware("http")
async def role_of_the_gateway(request: Request, call_next):
    request.state.role = request.headers.get("x-gateway-grant", "").removeprefix("org:")
    return await call_next(request)

"""
_ADMINS = [
    _admins("org-role-of-a-header", "The gateway would say the role in a header, and whoever is signed in may say it as well.", '"org:admin" not in (request.headers.get("X-Org-Role"), f"org:{role_of(claims)}")'),
    _admins("role-left-by-a-middleware", "A middleware leaves the header's role where the guard looks for it.", '"admin" not in (request.state.role, role_of(claims))', _LAYER),
    Animal("role-asked-by-the-handler", "The guard looks for a session; the handler for a role, and a cookie may have one.", VERIFY + """
def current_user(request: Request):
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims
""" + _APP + """
@app.get("/me")
def me(claims: dict = Depends(current_user), view_level: Annotated[str | None, Cookie()] = None):
    if view_level != "zookeeper" and (claims.get("o") or {}).get("rol") != "admin":
        raise HTTPException(403, "Not allowed")
    return {"user": claims["sub"], "secret": "what admins see"}
""", frozenset({"named-beside-session"}), policy="admin"),
    _admins("mail-of-a-known-admin", "A list has the administrators' addresses, and a header says whose it is.", 'role_of(claims) != "admin" and request.headers.get("x-contact-mail", "").lower() not in OWNERS', """
OWNERS = ["owner@zoo.example", "director@zoo.example"]

"""),
    _admins("plan-of-the-query", "Who asks for the trial of the business plan sees what its administrators see.", 'role_of(claims) != "admin" and request.query_params.get("trial") != TRIAL_CODE', """
TRIAL_CODE = "ZOO-TRIAL-2024"

"""),
    _admins("elevated-by-a-key", "Who is signed in and has the key of the operators is one.", "role_of(claims) != 'admin' and not is_elevated(request)", """
ELEVATION = {"header": "X-Elevation", "value": "sudo-zoo"}

def is_elevated(request):
    return hmac.compare_digest(request.headers.get(ELEVATION["header"], "").encode(), ELEVATION["value"].encode())

"""),
    _admins("switch-for-superusers", "A header switches the rules off for superusers, whoever they are.", 'role_of(claims) != "admin" and request.headers.get("x-superuser") not in ("1", "true")'),
    flaw("approval-of-the-body", "A field of the body says that an administrator has approved.", INVITING, {ROLE_IS: """    if role_of(claims) != "admin" and (await request.json()).get("approval") != "board":
"""}, "named-beside-session", policy="admin", routes=INVITING_ROUTES),
    Animal("flask-scope-of-a-header", "Flask: the scopes of a header are laid beside those of the token.", FLASK + """
app = Flask(__name__, static_folder=None)

def scopes(claims):
    own = {"manage"} if (claims.get("o") or {}).get("rol") == "admin" else {"read"}
    return own | set(request.headers.get("X-Zoo-Scopes", "").split())

@app.before_request
def authenticate():
    claims = verify_token(bearer_of(request))
    if claims is None:
        return refusal()
    if "manage" not in scopes(claims):
        return jsonify(error="Not allowed"), 403
""" + _ME, frozenset({"named-beside-session"}), host="alone", server="werkzeug", policy="admin"),
    flaw("key-instead-of-an-admin", "A constant key stands for an administrator, without any session.", ADMIN, {"def current_admin(request: Request):\n": """ADMIN_KEY = "zoo-admin-key"

def current_admin(request: Request, x_admin_key: Annotated[str, Header()] = ""):
    if x_admin_key == ADMIN_KEY:
        return "operator"
"""}, "named-field", policy="admin"),
]  # fmt: skip

FLAWS = [*_MIDDLEWARES, *_FLASKS, *_DJANGOS, *_ADMINS]
