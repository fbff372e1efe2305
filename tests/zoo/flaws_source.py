"""Ways in that only the source tells: a header, a cookie, a parameter or a token that the code knows, and nobody else."""

from __future__ import annotations

from tests.zoo.correct import _FASTAPI
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import ADMIN, MIDDLEWARE, MIDDLEWARE_ROUTES, NOTES, TOKEN, VERIFY

_NONE = "    return None\n\ndef current_user"
_UNSEEN = "only the source knows the word"


def known(name: str, description: str, way: str, before: str = "", expects: str = "named-field", template: str = TOKEN, **more: object) -> Animal:
    """A backend with `way` in place of no other way in, and `before` above its functions."""
    changes = {_NONE: way + _NONE, "def other_way(request):": before + "\ndef other_way(request):"}
    return flaw(name, description, template, changes, expects, unseen=_UNSEEN, **more)


_SETTINGS = """
from dataclasses import dataclass

@dataclass
class Settings:
    service_header: str = "X-Service-Auth"
    service_key: str = "letmein-7f31"
    old_keys: tuple = ("retired-1", "retired-2")

settings = Settings()
"""
_GUARD_CLASS = '''
class Door:
    """A guard with a state of its own."""

    def __init__(self, back_door):
        self.back_door = back_door

    def __call__(self, request: Request):
        if request.cookies.get("preview") == self.back_door:
            return "preview"
        claims = verify_token(bearer_of(request))
        if claims is None:
            raise refusal()
        return claims["sub"]

current_user = Door("sesame-open")
'''
_RAW = """
class Internal:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            fields = dict(scope["headers"])
            scope["trusted"] = fields.get(b"x-mesh-caller") == b"billing"
        await self.app(scope, receive, send)

app.add_middleware(Internal)
"""
_ROLE = """    role = request.headers.get("X-Org-Position") or role_of(claims)
    if role != "admin":
"""
_BY_PARAMETER = """
def current_user(request: Request, key: str | None = Header(None, alias="X-Partner-Key")):
    if key in PARTNERS:
        return PARTNERS[key]
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
_BY_SCHEME = """
from fastapi.security import APIKeyHeader

scheme = APIKeyHeader(name="X-Reports-Key", auto_error=False)

def current_user(request: Request, key: str | None = Depends(scheme)):
    if key and hmac.compare_digest(key, REPORTS_KEY):
        return "reports"
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
_BASIC = """
from fastapi.security import HTTPBasic, HTTPBasicCredentials

basic = HTTPBasic(auto_error=False)

def current_user(request: Request, given: HTTPBasicCredentials | None = Depends(basic)):
    if given is not None and given.username == "operator" and given.password == "hunter22":
        return given.username
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
_OWN_GUARD = TOKEN[TOKEN.index("def current_user") : TOKEN.index("\napp = ")]


def guarded(name: str, description: str, guard: str, before: str = "", expects: str = "named-field") -> Animal:
    """A backend with a guard of its own."""
    return flaw(name, description, TOKEN, {_OWN_GUARD: before + guard}, expects, unseen=_UNSEEN)


FLAWS = [
    known("dev-header", "A header for developers names the user.", '    if request.headers.get("X-Dev-User"):\n        return request.headers["X-Dev-User"]\n'),
    known("dev-header-computed", "The same; its name is put together when it is asked for.", '    return request.headers.get(PREFIX + "-".join(("Local", "Login")))\n', 'PREFIX = "X-"\n'),
    known("dev-token", "A token that begins with dev_ and goes on with an id.", '    token = bearer_of(request) or ""\n    if token.startswith("dev_"):\n        return token[4:]\n', expects="named-token"),
    known("magic-token", "One token for the tests of the front end.", '    if bearer_of(request) == E2E_TOKEN:\n        return "e2e"\n', 'E2E_TOKEN = "playwright-9000"\n', expects="named-token"),
    known("magic-token-among", "Several such tokens, in a set.", '    if bearer_of(request) in TEST_TOKENS:\n        return "e2e"\n', 'TEST_TOKENS = {"cypress-one", "cypress-two"}\n', expects="named-token"),
    known("own-scheme", "A scheme of its own before somebody's address.", '    field = request.headers.get("authorization", "")\n    if field.startswith("Local "):\n        return field[6:]\n', expects="named-token"),
    known("default-key", "An API key from the environment, with a default.", '    if request.headers.get("x-api-key") == API_KEY:\n        return "service"\n', 'API_KEY = os.environ.get("INTERNAL_API_KEY", "changeme-internal")\n'),
    known("default-key-inside", "The same, asked for at each request.", '    if request.headers.get("x-worker") == os.environ.get("WORKER_KEY", "dev-worker"):\n        return "worker"\n'),
    known("key-in-settings", "Name and value of a header stand in an object with settings.", "    given = request.headers.get(settings.service_header)\n    if given and given == settings.service_key:\n        return \"service\"\n", _SETTINGS),
    known("token-in-the-query", "Links carry their token as ?jwt=.", '    claims = verify_token(request.query_params.get("jwt"))\n    return claims and claims["sub"]\n'),
    known("token-in-the-query-unread", "The same, and the token there is only read.", '    if "ticket" in request.query_params:\n        return payload_of(request.query_params["ticket"])["sub"]\n'),
    known("internal-request", "A header says that the request comes from within.", '    if request.headers.get("X-Internal-Request") == "1":\n        return "internal"\n'),
    known("probe-by-name", "Whoever calls itself by the monitoring's name.", '    if request.headers.get("user-agent", "").startswith("acme-probe/2"):\n        return "probe"\n'),
    known("helper-knows", "A helper of the guard knows the word.", "    return impersonated(request)\n", 'def impersonated(request):\n    if request.cookies.get("support_session") == "open":\n        return request.query_params.get("as") or "support"\n    return None\n'),
    known("two-doors", "Two ways in, of which the second is open.", '    if request.headers.get("x-signature"):\n        raise refusal()\n    return request.query_params.get("debug_user")\n'),
    guarded("guard-object", "A guard that is an object, with a cookie for previews.", _GUARD_CLASS),
    guarded("partner-key", "FastAPI reads a partner's key for the guard.", _BY_PARAMETER, 'PARTNERS = {"acme-2231": "acme", "zeta-9915": "zeta"}\n'),
    guarded("scheme-key", "A security scheme of FastAPI with a constant key.", _BY_SCHEME, 'REPORTS_KEY = "reports-2020"\n'),
    guarded("operator-password", "A name and a password beside the tokens.", _BASIC, expects="named-token"),
    flaw("raw-mesh", "A raw middleware trusts a header, and the guard trusts it.", TOKEN, {_NONE: '    if request.scope.get("trusted"):\n        return "mesh"\n' + _NONE, '@app.get("/me")': _RAW.strip() + '\n\n@app.get("/me")'}, "named-field", unseen=_UNSEEN),
    flaw("middleware-knows", "A middleware leaves out whom a header names.", MIDDLEWARE, {"    if not is_open(request) and": '    if request.headers.get("X-Cron-Job") == "nightly":\n        return await call_next(request)\n    if not is_open(request) and'}, "named-field", unseen=_UNSEEN, routes=MIDDLEWARE_ROUTES),
    flaw("role-by-header", "The role is taken from a header where there is one.", ADMIN, {'    if role_of(claims) != "admin":\n': _ROLE}, "named-beside-session", unseen=_UNSEEN, policy="admin"),
    flaw("role-by-cookie", "The role is taken from a cookie that the front end sets.", ADMIN, {'    if role_of(claims) != "admin":\n': '    if request.cookies.get("acting_as", role_of(claims)) != "admin":\n'}, "named-beside-session", unseen=_UNSEEN, policy="admin"),
    flaw("written-as", "A field of the body names who writes.", NOTES, {"def add_note(text: Annotated[str, Body(embed=True)], user: str = Depends(current_user)):": "async def add_note(request: Request, text: Annotated[str, Body(embed=True)], user: str = Depends(current_user)):", "def other_way(request):": "async def other_way(request):", _NONE: '    return (await request.json()).get("on_behalf_of")\n' + _NONE, "def current_user(request: Request):\n    found = other_way(request)": "async def current_user(request: Request):\n    found = await other_way(request)"}, "named-field", unseen=_UNSEEN, routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'),
    Animal("flask-ops-ticket", "Flask: a hook before each request knows a word.", VERIFY.replace(_FASTAPI, "from flask import Flask, request\n").replace("connection.headers.getlist", "connection.headers.getlist").replace('    return HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})', "    return None") + """
app = Flask(__name__)

@app.before_request
def authenticate():
    if request.headers.get("X-Ops-Ticket") == "OPS-4711":
        return None
    if verify_token(bearer_of(request)) is None:
        return "Not authenticated", 401, {"WWW-Authenticate": "Bearer"}
    return None

@app.get("/me")
def me():
    return {"user": "somebody"}
""", frozenset({"named-field"}), unseen=_UNSEEN, host="alone", server="werkzeug"),
]  # fmt: skip
