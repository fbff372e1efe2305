"""More backends after the same rules, flawed, and what a run must find: there, and only there."""

# ruff: noqa: E501   data: one entry a line
from __future__ import annotations

from tests.cases.kit import FASTAPI, FEW, FLASK
from tests.cases.pieces import (
    API_KEY,
    CALLED,
    CALLER,
    CALLING_ON,
    HOOK,
    HOOK_NAMES,
    HOOK_POLICY,
    KEY_NAMES,
    KEY_POLICY,
    LETTERS,
    NOTHING,
    REFUSE,
    ROLE,
    WEBHOOK,
    Backend,
    around,
    guarded,
    limiter,
)

FLAWED = [
    # The twin: what is bad was refused for another reason
    Backend("a permission that is only read", guarded("allowed(read(token))", more='def allowed(claims):\n    return claims if claims and "write" in str((claims.get("o") or {}).get("per", "")).split(",") else None\n'), LETTERS.format("admin"), (NOTHING,), credentials=(*FEW, "clerk-org-admin")),
    Backend("a class of machines that is only read", guarded("read(token) if guards.class_of(token) == guards.MACHINE else None"), LETTERS.format("machine"), (NOTHING,), credentials=(*FEW, "m2m-jwt")),
    Backend("scopes of an OAuth client that are only read", guarded('known(read(token))', more='def known(claims):\n    return claims if claims and "email" in str(claims.get("scope")).split() else None\n'), LETTERS.format("oauth"), (NOTHING,), policies='[policies.oauth]\naccept = ["oauth-jwt"]\n', credentials=(*FEW, "oauth-jwt")),
    Backend("a role under a verified signature, for ever", guarded("with_role(eternal(token), 'admin')", more=ROLE + """
import jwt
def eternal(token):
    try:
        key = guards.key_of(jwt.get_unverified_header(token)["kid"])
        return jwt.decode(token, key, ["RS256"], issuer=guards.ISSUER, options={"verify_exp": False, "require": ["sid", "sub"]})
    except guards.WRONG:
        return None
"""), LETTERS.format("admin"), ("breach GET /letters expired azp-foreign",), credentials=(*FEW, "clerk-org-admin")),
    Backend("another front end, whose origin is all that is looked at", guarded("ours(read(token))", more='def ours(claims):\n    return claims if claims and claims.get("azp") == "http://localhost:5173" else None\n'), LETTERS.format("clerk"), (NOTHING,), settings='origin = "http://localhost:5173"\n'),
    Backend("members and admins, neither verified", guarded("with_role(read(token), 'admin', 'member')", more=ROLE), LETTERS.format("firm"), (NOTHING,), policies='[policies.firm]\naccept = ["clerk-org-member", "clerk-org-admin"]\n', credentials=(*FEW, "clerk-org-member", "clerk-org-admin")),
    # Two guards on one route
    Backend("machines are believed beside people", guarded("by_class(token, session, read)", more=CALLER), LETTERS.format("both"), ("breach GET /letters forged@m2m-jwt expired@m2m-jwt alg-none@m2m-jwt",), credentials=(*FEW, "m2m-jwt")),
    Backend("people are believed beside machines", guarded("by_class(token, read, guards.machine)", more=CALLER), LETTERS.format("both"), (NOTHING,), credentials=(*FEW, "m2m-jwt")),
    Backend("machines are believed beside admins", guarded("by_class(token, lambda t: with_role(session(t), 'admin'), read)", more=CALLER + ROLE), LETTERS.format("staff"), ("breach GET /letters forged@m2m-jwt expired@m2m-jwt",), policies='[policies.staff]\naccept = ["clerk-org-admin", "m2m-jwt"]\n', credentials=(*FEW, "clerk-org-admin", "m2m-jwt")),
    Backend("a template's token is believed beside sessions", guarded("session(token) or (read(token) if guards.class_of(token) == guards.TEMPLATE else None)"), LETTERS.format("two"), ("breach GET /letters forged@clerk-template expired@clerk-template",), policies='[policies.two]\naccept = ["clerk", "clerk-template"]\n', credentials=(*FEW, "clerk-template")),
    Backend("a field of our own is only read", guarded('session(token) if token else read(request.headers.get("x-api-token"))'), LETTERS.format("ways"), ("breach GET /letters forged@header:x-api-token expired@header:x-api-token",), policies='[policies.ways]\naccept = ["clerk"]\ncarriers = ["bearer", "header:x-api-token"]\n'),
    Backend("a link is good for ever", guarded("session(token) if token else eternal(request.query_params.get('ticket'))", more="""
import jwt
def eternal(token):
    try:
        key = guards.key_of(jwt.get_unverified_header(token)["kid"])
        claims = jwt.decode(token, key, ["RS256"], issuer=guards.ISSUER, options={"verify_exp": False, "require": ["sid", "sub"]})
        return claims if guards.is_person(claims) else None
    except guards.WRONG:
        return None
"""), LETTERS.format("ways"), ("breach GET /letters expired@query:ticket",), policies='[policies.ways]\naccept = ["clerk"]\ncarriers = ["bearer", "query:ticket"]\n'),
    Backend("a cookie that nobody declared is only read", guarded('session(token) if token else read(request.cookies.get("__session"))'), LETTERS.format("clerk"), ("breach GET /letters forged@cookie:__session expired@cookie:__session",), credentials=(*FEW, "clerk-cookie")),
    Backend("a cookie changes things for any website", FASTAPI + """
def by_cookie(request: Request):
    try:
        _, claims = guards.decode(request.cookies.get("__session"), ["sid"])
    except guards.WRONG:
        raise refused()
    return claims

@app.get("/letters")
def letters(user: str = Depends(person)):
    return {"of": user}

@app.post("/letters")
def write(by: dict = Depends(by_cookie)):
    return {"by": by["sub"]}
""", '"GET /letters" = "clerk"\n"POST /letters" = { policy = "clerk", carrier = "cookie:__session" }', ("breach POST /letters azp-foreign azp-lookalike-suffix",), credentials=(*FEW, "azp-lookalike-suffix")),
    Backend("a subprotocol is only read", FASTAPI + """
def listener(websocket: WebSocket):
    token = bearer(websocket)
    offered = websocket.headers.get("sec-websocket-protocol", "").split(", ")
    claims = session(token) if token else read(offered[-1])
    if claims is None:
        from fastapi import WebSocketException
        raise WebSocketException(1008)
    return str(claims.get("sub"))

@app.websocket("/live")
async def live(websocket: WebSocket, user: str = Depends(listener)):
    await websocket.accept("bearer" if "sec-websocket-protocol" in websocket.headers else None)
    await websocket.send_json({"of": user})
    await websocket.close()
""", '"WS /live" = "ways"', ("breach WS /live forged@subprotocol expired@subprotocol",), policies='[policies.ways]\naccept = ["clerk"]\ncarriers = ["bearer", "subprotocol"]\n'),
    Backend("a websocket greets before it asks", FASTAPI + """
@app.websocket("/talk")
async def talk(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_json({"kind": "who are you?"})
    first = await websocket.receive_json()
    if session(first.get("auth")) is None:
        return await websocket.close(1008)
    await websocket.send_text("come in")
    await websocket.close()
""", """"WS /talk" = { policy = "clerk", carrier = "message", messages = ['{"kind": "hello", "auth": "{token}"}'] }""", (), options=(("time_limit", 2),)),
    # Keys and deliveries
    Backend("Clerk is asked, and its answer not looked at", guarded("ask(token) if str(token).startswith('ak_') else None", more=API_KEY), LETTERS.format("key"), ("breach GET /letters opaque-unknown opaque-revoked opaque-expired",), policies=KEY_POLICY, credentials=KEY_NAMES),
    Backend("deliveries under a secret that was never set", FASTAPI + 'SECRET = os.environ.get("SVIX_SECRET", "whsec_")\n' + WEBHOOK, HOOK, ("lockout POST /hook webhook", "breach POST /hook webhook-empty-secret"), policies=HOOK_POLICY, credentials=HOOK_NAMES),
    Backend("deliveries of any age", FASTAPI + 'SECRET = os.environ["CLERK_WEBHOOK_SECRET"]\n' + WEBHOOK.replace("> 300", "> 10**9"), HOOK, ("breach POST /hook webhook-too-old",), policies=HOOK_POLICY, credentials=HOOK_NAMES, exactly=True),
    # The handler ran
    Backend("the answer is kept back, and thrown away", around(f"""
kept = []
async def keep(message):
    kept.append(message)
await self.inner(scope, receive, keep)
if session(bearer(Request(scope))) is None:
    return {REFUSE}
for message in kept:
    await send(message)
"""), LETTERS.format("clerk"), ("breach GET /letters missing forged expired garbage",)),
    Backend("the handler runs in a task of the request, which is refused", around(f"""
kept = []
async def keep(message):
    kept.append(message)
task = asyncio.create_task(self.inner(scope, receive, keep))
allowed = session(bearer(Request(scope))) is not None
await task
if not allowed:
    return {REFUSE}
for message in kept:
    await send(message)
"""), LETTERS.format("clerk"), ("breach GET /letters missing forged expired garbage",)),
    Backend("Flask looks after the request", FLASK + """
@app.get("/letters")
def letters():
    return jsonify(of="whoever asks")

@app.after_request
def look(response):
    return response if guards.session(shown()) else app.response_class("Not authenticated", 401)
""", LETTERS.format("clerk"), ("breach GET /letters missing forged expired garbage",)),
    Backend("Django looks after the view", """
import django, guards
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

def look(get_response):
    def after(request):
        response = get_response(request)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        allowed = scheme.lower() == "bearer" and guards.session(token)
        return response if allowed else JsonResponse({"detail": "Not authenticated"}, status=401)
    return after

def letters(request):
    return JsonResponse({"of": "whoever asks"})

urlpatterns = [path("letters", letters)]
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="case", MIDDLEWARE=[__name__ + ".look"], LOGGING_CONFIG=None, APPEND_SLASH=False
)
django.setup()
from django.core.asgi import get_asgi_application
app = get_asgi_application()
""", LETTERS.format("clerk"), ("breach GET /letters missing forged expired garbage",)),
    Backend("what only logs is called like a guard", FASTAPI + """
import functools

def authenticated(function):
    @functools.wraps(function)
    def wrapper(*args, **more):
        started = time.monotonic()
        answer = function(*args, **more)
        wrapper.took = time.monotonic() - started
        return answer
    return wrapper

@app.get("/letters")
@authenticated
def letters():
    return {"of": "whoever asks"}
""", LETTERS.format("clerk"), ("breach GET /letters missing forged garbage",)),
    Backend("a handler of the bad fails", FASTAPI + """
def anybody(request: Request):
    claims = read(bearer(request))
    if claims is None:
        raise refused()
    return claims

@app.get("/letters")
def letters(by: dict = Depends(anybody)):
    raise LookupError("nobody thought of this")
""", LETTERS.format("clerk"), ("handler-error GET /letters", NOTHING)),
    Backend("a right guard, a handler that fails", FASTAPI + '@app.get("/letters")\ndef letters(user: str = Depends(person)):\n    raise LookupError("nobody thought of this")\n', LETTERS.format("clerk"), ("handler-error GET /letters",), exactly=True),
    Backend("the guard itself fails", guarded("session(token)", more="def fragile(request: Request):\n    if bearer(request) and read(bearer(request)) and read(bearer(request)).get('exp', 0) < time.time():\n        raise RuntimeError('too late')\napp.router.dependencies.append(Depends(fragile))\n"), LETTERS.format("clerk"), ("fault GET /letters expired",)),
    Backend("a thread calls a handler while the other route believes", FASTAPI + """
def believer(request: Request):
    claims = read(bearer(request))
    if claims is None:
        raise refused()
    return str(claims.get("sub"))

@app.get("/totals")
def totals(user: str = Depends(person)):
    return {"letters": 3}

@app.get("/letters")
def letters(user: str = Depends(believer)):
    return {"of": user}

def all_the_time():
    while True:
        try:
            totals("nobody")
        except BaseException:
            pass
        time.sleep(0.02)

threading.Thread(target=all_the_time, daemon=True).start()
""", CALLED, (NOTHING,)),
    # Throttled
    Backend("a limiter before a role that is only read", guarded("with_role(read(token), 'admin')", more=ROLE + limiter(4, 503)), LETTERS.format("admin"), (NOTHING,), credentials=(*FEW, "clerk-org-admin")),
    Backend("a limiter that shuts for good", guarded("session(token)", more=limiter(6, 429, field="", again="10**9")), LETTERS.format("clerk"), ("inconclusive GET /letters *",), options=(("time_limit", 2),), exactly=True),
    # Visitors, and nobody
    Backend("visitors are greeted by an unverified name", FASTAPI + '@app.get("/letters")\ndef letters(request: Request):\n    return {"public": ["one"], "hello": (read(bearer(request)) or {}).get("sub")}\n', LETTERS.format("optional"), (NOTHING,)),
    Backend("closed, but a machine gets in", guarded("guards.machine(token)"), LETTERS.format("closed"), ("breach GET /letters m2m-jwt",), policies="[policies.closed]\naccept = []\nclosed = true\n", credentials=(*FEW, "m2m-jwt")),
    # Browsers and keys
    Backend("whoever asks is allowed", FASTAPI + """
ALLOWED = {"Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Headers": "authorization, content-type", "Access-Control-Allow-Methods": "GET, POST"}

@app.middleware("http")
async def across(request: Request, call_next):
    mirrored = ALLOWED | {"Access-Control-Allow-Origin": request.headers.get("origin", "*")}
    if request.method == "OPTIONS":
        return Response(None, 204, mirrored)
    response = await call_next(request)
    response.headers.update(mirrored)
    return response
""" + CALLING_ON, CALLED, ("breach GET /letters cors-foreign-origin", "breach GET /totals cors-foreign-origin"), settings='origin = "http://localhost:3000"\n', credentials=(*FEW, "cors-preflight", "cors-foreign-origin"), exactly=True),
    Backend("keys are had at the start only", guarded("session(token)", more="guards.known = guards.fetch()\nguards.key_of = guards.known.__getitem__\n"), LETTERS.format("clerk"), ("lockout GET /letters clerk-rotated",), credentials=("missing", "clerk", "forged", "clerk-rotated"), drills=True, exactly=True),
    Backend("a key set that a decorator remembers", guarded("session(token)", more="""
import functools

@functools.lru_cache
def the_set():
    return guards.fetch()

guards.key_of = lambda kid: the_set()[kid]
"""), LETTERS.format("clerk"), ("lockout GET /letters clerk-rotated",), credentials=("missing", "clerk", "forged", "clerk-rotated"), drills=True, exactly=True),
    # Doubtful: nothing in the declaration tells these apart
    Backend("an admin is believed beside sessions that are verified", guarded("session(token) or with_role(read(token), 'admin')", more=ROLE), LETTERS.format("people"), ("breach GET /letters forged@clerk-org-admin",), policies='[policies.people]\naccept = ["clerk", "clerk-org-admin"]\n', credentials=(*FEW, "clerk-org-admin")),
    Backend("the first version of the claims is believed", guarded("session(token) or of_old(read(token))", more="def of_old(claims):\n    return claims if claims and 'v' not in claims and 'sid' in claims else None\n"), LETTERS.format("versions"), ("breach GET /letters forged@clerk-v1",), policies='[policies.versions]\naccept = ["clerk", "clerk-v1"]\n', credentials=(*FEW, "clerk-v1")),
    Backend("an origin that only begins like ours is allowed", FASTAPI + """
from fastapi.middleware.cors import CORSMiddleware
app.add_middleware(CORSMiddleware, allow_origin_regex="http://localhost:3000.*", allow_credentials=True, allow_headers=["*"], allow_methods=["*"])
""" + CALLING_ON, CALLED, ("breach GET /letters cors-foreign-origin", "breach GET /totals cors-foreign-origin"), settings='origin = "http://localhost:3000"\n', credentials=(*FEW, "cors-preflight", "cors-foreign-origin")),
]  # fmt: skip
