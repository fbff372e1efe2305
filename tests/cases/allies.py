"""Right backends after the same rules, in styles of their own: nothing is found of them."""

# ruff: noqa: E501   data: one entry a line
from __future__ import annotations

from tests.cases.kit import FASTAPI, FEW
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
    MORE,
    ROLE,
    WEBHOOK,
    Backend,
    guarded,
    limiter,
)

INSIDE = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
import guards

async def letters(request):
    claims = guards.session(guards.bearer(request))
    if claims is None:
        return JSONResponse({"detail": "Not authenticated"}, 401)
    return JSONResponse({"of": claims["sub"]})

app = Starlette(routes=[Route("/letters", letters)])
"""
RIGHT = [
    Backend("a role, verified", guarded("with_role(session(token), 'admin')", more=ROLE), LETTERS.format("admin"), credentials=(*FEW, *MORE, "clerk-org-admin", "clerk-org-member")),
    Backend("a role, and 404 for all others", guarded("with_role(session(token), 'admin')", more=ROLE).replace("raise refused()", 'raise HTTPException(404, "Not Found")'), LETTERS.format("masked"), policies='[policies.masked]\naccept = ["clerk-org-admin"]\nrefuse = 404\n', credentials=(*FEW, *MORE, "clerk-org-admin", "clerk-org-member")),
    Backend("people and machines, verified", guarded("by_class(token, session, guards.machine)", more=CALLER), LETTERS.format("both"), credentials=(*FEW, *MORE, "m2m-jwt", "machine-for-session", "session-for-machine")),
    Backend("sessions and templates, verified", guarded("session(token) or guards.template(token)"), LETTERS.format("two"), policies='[policies.two]\naccept = ["clerk", "clerk-template"]\n', credentials=(*FEW, *MORE, "clerk-template", "aud-foreign", "template-for-session", "id-token")),
    Backend("a cookie, and the page to sign in on for all others", guarded('ours(session(request.cookies.get("__session")))', more='def ours(claims):\n    return claims if claims and claims.get("azp") == guards.SITE else None\n').replace("raise refused()", 'raise HTTPException(303, headers={"Location": "/sign-in"})'), LETTERS.format("pages"), policies='[policies.pages]\naccept = ["clerk"]\ncarriers = ["cookie:__session"]\n'),
    Backend("a key that came in a variable", guarded("by_pem(token)", more="guards.key_of = lambda kid: os.environ['CLERK_JWT_KEY']\nby_pem = session\n"), LETTERS.format("clerk"), credentials=("missing", "clerk", "forged", "expired", "clerk-rotated"), drills=True),
    Backend("keys remembered by their ids", guarded("session(token)", more="""
import functools

@functools.lru_cache
def key_of(kid):
    return guards.fetch()[kid]  # What is not there is not remembered.

guards.key_of = key_of
"""), LETTERS.format("clerk"), credentials=("missing", "clerk", "forged", "expired", "clerk-rotated"), drills=True),
    Backend("API keys, asked about", guarded("good(ask(token)) if str(token).startswith('ak_') else None", more=API_KEY + "\ndef good(found):\n    right = found.get('object') == 'api_key' and not found['revoked'] and not found['expired']\n    return {'sub': found['subject']} if right else None\n"), LETTERS.format("key"), policies=KEY_POLICY, credentials=KEY_NAMES),
    Backend("deliveries, verified", FASTAPI + 'SECRET = os.environ["CLERK_WEBHOOK_SECRET"]\n' + WEBHOOK, HOOK, policies=HOOK_POLICY, credentials=HOOK_NAMES),
    Backend("visitors, and an answer that changes", FASTAPI + '@app.get("/letters")\ndef letters(request: Request):\n    claims = session(bearer(request))\n    return {"at": time.time_ns(), "mark": os.urandom(6).hex(), "for": claims and claims["sub"]}\n', LETTERS.format("optional"), credentials=()),
    Backend("a limiter that lets those in who wait", guarded("session(token)", more=limiter(12, 429)), LETTERS.format("clerk")),
    Backend("a limiter that says 503, and a cookie way beside it", guarded('session(token) if "authorization" in request.headers else ours(session(request.cookies.get("__session")))', more='def ours(claims):\n    return claims if claims and claims.get("azp") == guards.SITE else None\n' + limiter(20, 503)), LETTERS.format("ways"), policies='[policies.ways]\naccept = ["clerk"]\ncarriers = ["bearer", "cookie:__session"]\n'),
    Backend("a task that calls a guard and a handler", FASTAPI.replace("app = FastAPI(", """
from contextlib import asynccontextmanager

@asynccontextmanager
async def lifespan(app):
    letters("at the start")
    async def all_the_time():
        while True:
            try:
                session("no token")
                letters("nobody")
            except BaseException:
                pass
            await asyncio.sleep(0.02)
    task = asyncio.create_task(all_the_time())
    yield
    task.cancel()

app = FastAPI(lifespan=lifespan, """) + CALLING_ON, CALLED),
    Backend("a request whose task calls another's handler", FASTAPI + CALLING_ON + """
@app.post("/refresh")
def refresh(tasks: BackgroundTasks, user: str = Depends(person)):
    tasks.add_task(totals, user)
    return {}
""", CALLED + '\n"POST /refresh" = "clerk"'),
    Backend("an open route whose handler calls a guarded one", FASTAPI + CALLING_ON + """
@app.get("/sample")
def sample():
    return {"like": letters("nobody")}
""", CALLED + '\n"GET /sample" = "public"'),
    Backend("a middleware that is called like a guard and measures", FASTAPI + """
@app.middleware("http")
async def authenticate_and_log(request: Request, call_next):
    response = await call_next(request)
    response.headers["X-Took"] = "1"
    return response

@app.get("/open")
def open_to_all():
    return {}
""" + CALLING_ON, CALLED + '\n"GET /open" = "public"'),
    Backend("a handler that answers 401 itself", INSIDE, LETTERS.format("inside"), credentials=()),
    Backend("nobody, by declaration", guarded("None"), LETTERS.format("closed"), policies="[policies.closed]\naccept = []\nclosed = true\n"),
    Backend("a first message in another form", FASTAPI + """
@app.websocket("/talk")
async def talk(websocket: WebSocket):
    await websocket.accept()
    first = await websocket.receive_json()
    if first.get("kind") != "hello" or session(first.get("auth")) is None:
        return await websocket.close(4401)
    await websocket.send_json({"rows": []})
    await websocket.close()
""", """"WS /talk" = { policy = "clerk", carrier = "message", messages = ['{"kind": "hello", "auth": "{token}"}'] }""", options=(("time_limit", 2),)),
    Backend("a front end elsewhere", FASTAPI.replace("import guards\n", 'import guards\nguards.SITE = "http://localhost:5173"\n') + """
from fastapi.middleware.cors import CORSMiddleware
app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:5173"], allow_credentials=True, allow_headers=["*"], allow_methods=["*"])
""" + CALLING_ON, CALLED, settings='origin = "http://localhost:5173"\n', credentials=()),
]  # fmt: skip
