"""Flaws that whoever reads the source can use: names that the code asks a request for, and words and tokens that stand in it."""

from __future__ import annotations

from dataclasses import replace

from tests.zoo import flaws_named_apps
from tests.zoo.flaws_request import LEGACY
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import _APP, LIVE, TOKEN, VERIFY

_NONE = "    return None\n\ndef current_user"
_OTHER_WAY = "def other_way(request):"
_CLERK = """    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
_ME = """
@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what is kept here"}
"""
_NOTES = """
@app.post("/notes")
def add_note(text: Annotated[str, Body(embed=True)], user: str = Depends(current_user)):
    return {"note": text, "by": user}
"""
_NOTES_ROUTES = '"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'


def _way(name: str, description: str, lines: str, expects: str, before: str = "") -> Animal:
    """`lines` are run before the genuine way; `before` stands above them."""
    changes = {_OTHER_WAY: before + _OTHER_WAY, _NONE: f"{lines}\n\ndef current_user"}
    return flaw(name, description, TOKEN, changes, expects)


def _guarded(name: str, description: str, guard: str, expects: str, route: str = _ME, **more: str) -> Animal:
    """A guard of its own, of which the last lines are the genuine way."""
    return Animal(name, description, VERIFY + guard + _CLERK + _APP + route, frozenset(expects.split()), **more)  # type: ignore[arg-type]


_PEOPLE = [
    _way("dev-user-by-mail", "Developers say in a header who they are, by an e-mail address.", """    person = request.headers.get("X-Dev-User")
    return person if person and "@" in person else None""", "named-field"),
    _guarded("dev-user-by-id", "FastAPI's Header with an alias takes a user's id, for the tests of the front end.", """
def current_user(request: Request, dev_user: Annotated[str | None, Header(alias="X-Zoo-Dev-Id")] = None):
    if dev_user is not None and re.fullmatch("user_[A-Za-z0-9]+", dev_user):
        return dev_user
""", "named-field"),
    _guarded("debug-user-cookie", "FastAPI's Cookie takes the name of the user whom a developer wants to be.", """
def current_user(request: Request, debug_user: str | None = Cookie(default=None)):
    if debug_user:
        return debug_user
""", "named-field"),
    _way("seeded-people-in-a-header", "A header names one of the people whom the seed script makes.", '    return SEEDED.get(request.headers.get("x-seed-login", ""))', "named-field", """
SEEDED = {"qa-buyer": "user_qaBuyer1", "qa-seller": "user_qaSeller1"}

"""),
    _way("name-joined-at-run-time", "The header's name is put together from parts.", """    name = "-".join(["X", *WORDS])
    return request.headers.get(name) or None""", "named-field", """
WORDS = ("Local", "Person")

"""),
    _way("name-of-a-settings-object", "The header's name is a setting, with a prefix before it.", """    person = request.headers.get(f"{SETTINGS.prefix}-{SETTINGS.person}".lower(), "")
    return person if person.startswith("user_") else None""", "named-field", """
class SETTINGS:
    prefix = "X-Zoo"
    person = "Act-As"

"""),
    _way("pairs-of-the-scope", "The list of raw header fields is walked through.", """    for field, value in request.scope["headers"]:
        if field == b"x-e2e-person":
            return value.decode("latin-1") or None
    return None""", "named-field"),
    _way("all-fields-as-a-dict", "All fields are made a dict first, with underscores in their names.", """    fields = {key.lower().replace("-", "_"): value for key, value in request.headers.items()}
    return fields.get("x_fixture_user") or None""", "named-field"),
    _guarded("impersonates-by-the-body", "A field of the JSON body names who is meant, for the scripts of the support.", """
async def current_user(request: Request):
    body = await request.json()
    if isinstance(body, dict) and body.get("impersonate"):
        return str(body["impersonate"])
""", "named-field", _NOTES, routes=_NOTES_ROUTES),
    _guarded("optional-field-of-a-model", "The model of the body has a field that only the importer is to send.", """
from pydantic import BaseModel

class Note(BaseModel):
    text: str
    importer_key: str | None = None

def current_user(request: Request, note: Note):
    if note.importer_key == "import-2023":
        return "importer"
""", "named-field", """
@app.post("/notes")
def add_note(note: Note, user: str = Depends(current_user)):
    return {"note": note.text, "by": user}
""", routes=_NOTES_ROUTES),
]  # fmt: skip

_KEYS = [
    _guarded("default-api-key", "FastAPI's APIKeyHeader, and the key is a constant.", """
from fastapi.security import APIKeyHeader

API_KEY = "zoo-internal-4711"
api_key = APIKeyHeader(name="X-API-Key", auto_error=False)

def current_user(request: Request, key: Annotated[str | None, Depends(api_key)] = None):
    if key == API_KEY:
        return "service"
""", "named-field"),
    _guarded("default-of-the-environment", "The key of the environment has a default, and is compared in constant time.", """
INTERNAL_KEY = os.environ.get("ZOO_INTERNAL_KEY", "changeme-internal")

def current_user(request: Request, x_internal_key: str = Header(default="")):
    if hmac.compare_digest(x_internal_key.encode(), INTERNAL_KEY.encode()):
        return "internal"
""", "named-field"),
    _way("key-that-is-not-set", "The key of the environment is empty where nobody has set it, and an empty header is one.", """    given = request.headers.get("x-batch-key")
    return "batch" if given is not None and hmac.compare_digest(given, os.environ.get("ZOO_BATCH_KEY", "")) else None""", "named-field"),
    _way("key-that-is-none", "A key that is not set is made a text, which is None.", """    return "sync" if request.headers.get("x-sync-key") == SYNC_KEY else None""", "named-field", """
SYNC_KEY = str(os.environ.get("ZOO_SYNC_KEY"))

"""),
    _way("default-of-a-model", "Settings are a model, with a key as its default.", """    given = request.headers.get(settings.service_header)
    return "service" if given == settings.service_key else None""", "named-field", """
from pydantic import BaseModel

class Settings(BaseModel):
    service_header: str = "X-Service-Key"
    service_key: str = "svc-local-2024"

settings = Settings()

"""),
    _way("default-of-a-dataclass", "Settings are a dataclass; the timer's secret comes in the query.", """    given = request.query_params.get("cron")
    return "timer" if given and hmac.compare_digest(given, CONFIG.timer.secret) else None""", "named-field", """
from dataclasses import dataclass, field

@dataclass(frozen=True)
class Timer:
    secret: str = "tick-tock-zoo"

@dataclass(frozen=True)
class Config:
    timer: Timer = field(default_factory=Timer)

CONFIG = Config()

"""),
    _way("keys-of-partners", "A dict has the partners' keys.", '    return PARTNERS.get(request.headers.get("x-partner-token"))', "named-field", """
PARTNERS = {"pk-acme-90817": "acme", "pk-globex-55121": "globex"}

"""),
    _way("keys-in-a-set", "A set has the keys that are good.", '    return "sensor" if request.query_params.get("device_key") in DEVICES else None', "named-field", """
DEVICES = frozenset({"dev-key-1", "dev-key-2"})

"""),
    _way("keys-in-one-text", "The keys are a list in one text, as the environment would have it.", """    given = request.headers.get("x-agent-key", "")
    return "agent" if any(hmac.compare_digest(given, key) for key in AGENT_KEYS) else None""", "named-field", """
AGENT_KEYS = tuple(part.strip() for part in os.getenv("ZOO_AGENT_KEYS", "alpha-agent, beta-agent").split(","))

"""),
    Animal("guard-of-a-class", "A guard is an object that is called; the field's name and its value are given when it is made.", VERIFY + """
class Guard:
    def __init__(self, field, value):
        self.field, self.value = field, value

    def is_worker(self, request):
        return request.headers.get(self.field) == self.value

    def __call__(self, request: Request):
        if self.is_worker(request):
            return "worker"
        claims = verify_token(bearer_of(request))
        if claims is None:
            raise refusal()
        return claims["sub"]

current_user = Guard("X-Worker-Auth", "worker-of-the-zoo")
""" + _APP + _ME, frozenset({"named-field"})),
    _way("helpers-of-helpers", "The guard asks a function that asks another one, where the word stands.", '    return "probe" if is_ours(request) else None', "named-field", """
def expected():
    return "probe-me-2022"

def is_good(given):
    return given.strip() == expected()

def is_ours(request):
    return is_good(request.headers.get("x-probe-secret", ""))

"""),
]  # fmt: skip

_SWITCHES = [
    _way("request-from-inside", "Requests from inside say so.", '    return "internal" if request.headers.get("X-Internal-Request") == "1" else None', "named-field"),
    _way("skips-in-development", "It is development where nobody says otherwise, and a header skips the guard then.", """    return "developer" if DEVELOPMENT and request.headers.get("x-skip-auth", "").lower() in YES else None""", "named-field", """
DEVELOPMENT = os.environ.get("ZOO_STAGE", "development") != "production"
YES = ("1", "true", "yes", "on")

"""),
    _way("mode-of-a-match", "A header names the mode, and one of the modes is for testers.", """    match request.headers.get("x-client-mode"):
        case "kiosk" | "embedded":
            return None
        case "qa-lab":
            return "tester"
    return None""", "named-field"),
    _guarded("preview-of-a-page", "FastAPI's Query: a preview of the page needs nobody.", """
def current_user(request: Request, preview: Annotated[bool, Query(alias="site_preview")] = False):
    if preview:
        return "editor"
""", "named-field"),
    _way("field-that-is-there", "It is enough that the field is there.", '    return "load-test" if "x-load-run" in request.headers else None', "named-field"),
]  # fmt: skip

_TOKENS = [
    _way("genuine-in-jwt-query", "A genuine token is taken from the query as well, though the policy says headers only.", '    return (verify_token(request.query_params.get("jwt")) or {}).get("sub")', "named-field"),
    _way("unverified-in-a-ticket", "A token in the query is read, and nobody verifies it.", """    try:
        return unverified(request.query_params["ticket"])["sub"]
    except FAILS:
        return None""", "named-field"),
    _way("unverified-from-the-gateway", "The token that a gateway has verified comes in its header, from whomever.", """    try:
        return unverified(request.headers["x-gateway-assertion"])["sub"]
    except FAILS:
        return None""", "named-field"),
    _way("token-of-a-robot", "One token is good for ever.", '    return "robot" if bearer_of(request) == ROBOT_TOKEN else None', "named-token", """
ROBOT_TOKEN = "zoo-robot-do-not-share"

"""),
    _way("tokens-of-tests", "A dict has tokens of the end-to-end tests.", '    return E2E.get(bearer_of(request))', "named-token", """
E2E = {"e2e-token-buyer": "user_e2eBuyer", "e2e-token-seller": "user_e2eSeller"}

"""),
    _way("dev-tokens", "A token is dev_ and the user's id.", """    token = bearer_of(request) or ""
    if token.startswith("dev_"):
        return token.removeprefix("dev_") or None
    return None""", "named-token"),
    _way("test-tokens-by-mail", "A token is a constant and an e-mail address.", """    prefix, _, person = (bearer_of(request) or "").partition(":")
    return person if prefix == TEST_PREFIX and "@" in person else None""", "named-token", """
TEST_PREFIX = "test-token-for"

"""),
    _way("mock-tokens-by-a-pattern", "A pattern says what a token of the tests is.", """    found = MOCK.fullmatch(bearer_of(request) or "")
    return found["person"] if found else None""", "named-token", """
MOCK = re.compile(r"mock-(?P<person>user_[A-Za-z0-9]+)")

"""),
    _guarded("basic-of-the-operators", "FastAPI's HTTPBasic with a constant user and password.", """
from fastapi.security import HTTPBasic

OPERATORS = ("operator", "zoo-operator-1")
basic = HTTPBasic(auto_error=False)

async def operator_of(request):
    try:
        found = await basic(request)
    except HTTPException:
        return None
    return found.username if found and (found.username, found.password) == OPERATORS else None

async def current_user(request: Request):
    operator = await operator_of(request)
    if operator is not None:
        return operator
""", "named-token"),
    _way("basic-by-hand", "The user and the password of the metrics are one constant, decoded by hand.", """    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() == "basic" and base64.b64decode(value).decode() == METRICS:
            return "metrics"
    except ValueError:
        pass
    return None""", "named-token", """
METRICS = "prometheus:scrape-the-zoo"

"""),
    _way("key-after-its-own-word", "Authorization has a word of our own, and a constant after it.", """    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return "service" if scheme == "ApiKey" and hmac.compare_digest(value.encode(), SERVICE_KEY) else None""", "named-token", """
SERVICE_KEY = b"zoo-service-key-3"

"""),
]  # fmt: skip

_CARELESS = [
    _way("link-of-which-the-beginning-counts", "A link is good until its time, and of its signature as much counts as was sent: none at all will do.", """    until, sent = request.query_params.get("until", ""), request.query_params.get("sig", "")
    wanted = hmac.new(LINK_KEY, f"{request.url.path}?{until}".encode(), hashlib.sha256).hexdigest()
    return "link" if until.isdigit() and int(until) > time.time() and wanted.startswith(sent) else None""", "named-field", """
import secrets

LINK_KEY = secrets.token_bytes(32)

"""),
    _way("key-in-one-text", "The keys of services are one text, and a key is good that stands anywhere in it.", """    given = request.headers.get("x-service-key")
    return "service" if given and given in SERVICE_KEYS else None""", "named-field", """
import secrets

SERVICE_KEYS = ",".join("".join(secrets.choice("bcdfghkm") for _ in range(24)) for _ in range(2))

"""),
]  # fmt: skip

_VERIFIERS = [
    _way("verifier-of-a-header", "A header says which verifier is asked, of a table that still has the one of the old tokens.", """    verifier = VERIFIERS.get(request.headers.get("x-auth-flavour", "clerk"))
    return verifier(bearer_of(request)) if verifier is not None else None""", "named-beside-token", LEGACY + """
def session_user(token):
    return (verify_token(token) or {}).get("sub")

VERIFIERS = {"clerk": session_user, "classic-2019": legacy_user}

"""),
    _way("clock-of-the-query", "Who says so in the query is verified without regard to time, for scripts that run long.", """    if request.query_params.get("clock") != "lenient":
        return None
    try:
        token = bearer_of(request)
        return jwt.decode(token, key_for(header_of(token), token), algorithms=["RS256"], options={"verify_exp": False})["sub"]
    except FAILS:
        return None""", "named-beside-token"),
    _way("verified-by-the-edge", "Who says that the edge has verified the token has it read and no more.", """    if request.cookies.get("edge_verified") != "1":
        return None
    try:
        return unverified(bearer_of(request))["sub"]
    except FAILS:
        return None""", "named-beside-token"),
]  # fmt: skip

_PLACES = [
    flaw("live-for-developers", "A websocket takes the developer's name from its query.", LIVE, {"def current_listener(websocket: WebSocket):\n": """def current_listener(websocket: WebSocket):
    if developer := websocket.query_params.get("as_developer"):
        return developer
"""}, "named-field", routes='"WS {at}/live" = "{policy}"'),
]  # fmt: skip

_UNSEEN = "nobody outside knows which names and words stand in the source"
_ALL = [*_PEOPLE, *_KEYS, *_SWITCHES, *_TOKENS, *_CARELESS, *_VERIFIERS, *_PLACES, *flaws_named_apps.FLAWS]
FLAWS = [replace(animal, unseen=_UNSEEN) for animal in _ALL]
