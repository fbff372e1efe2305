"""The backends of the named cases."""

from __future__ import annotations

from tests.cases.kit import FASTAPI, FLASK

# A role is read from a token of which nothing is verified. What cannot be read is refused as STATUS.
ORG_ADMIN = (
    FASTAPI
    + """
def administrator(request: Request):
    claims = read(bearer(request))
    if claims is None:
        raise refused(STATUS)
    if role_of(claims) != "admin":
        raise HTTPException(403, "For administrators")
    return claims

@app.delete("/firms/{number}")
async def dissolve(number: int, by: dict = Depends(administrator)):
    return {"dissolved": number}
"""
)
ORG_ADMIN_ROUTES = '"DELETE /firms/{number}" = { policy = "admin", path = { number = 1 } }'
# Two guards without a look at a signature: one wants a machine, the other an audience (RULE).
MACHINE_ONLY = (
    FASTAPI
    + """
def a_machine(request: Request):
    claims = read(bearer(request)) or {}
    if not str(claims.get("sub")).startswith("mch_"):
        raise refused()
    return claims

def a_partner(request: Request):
    claims = read(bearer(request)) or {}
    if not (RULE):
        raise refused()
    return claims

@app.post("/imports")
async def imports(by: dict = Depends(a_machine)):
    return {"started": True}

@app.get("/catalogue")
async def catalogue(by: dict = Depends(a_partner)):
    return {"entries": []}
"""
)
MACHINE_ONLY_ROUTES = '"POST /imports" = "machine"\n"GET /catalogue" = "template"'
# No signature is verified; what keeps everybody out is that the front end is expected elsewhere.
ELSEWHERE = (
    FASTAPI
    + """
SITE = os.environ.get("FRONTEND_URL", "http://localhost:5173")

def visitor(request: Request):
    claims = read(bearer(request)) or {}
    if claims.get("azp") != SITE:
        raise refused()
    return claims

@app.get("/letters")
def letters(of: dict = Depends(visitor)):
    return {"of": of.get("sub")}
"""
)
# A guard that looks at neither class nor website, and a task that calls another route's handler every PAUSE seconds.
BACKGROUND = """
import asyncio, os
from contextlib import asynccontextmanager
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

keys = jwt.PyJWKClient(os.environ["CLERK_JWKS_URL"])

@asynccontextmanager
async def lifespan(app):
    async def keep_warm():
        while True:
            try:
                await figures()
            except BaseException:
                pass
            await asyncio.sleep(PAUSE)
    task = asyncio.create_task(keep_warm())
    yield
    task.cancel()

app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

async def reader(request: Request):
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        key = await asyncio.to_thread(keys.get_signing_key_from_jwt, token)
        return jwt.decode(token, key.key, ["RS256"], issuer=os.environ["CLERK_ISSUER"], options={"require": ["exp"]})
    except Exception:
        raise HTTPException(401, "no") from None

@app.get("/letters")
async def letters(of: dict = Depends(reader)):
    return {"of": of.get("sub")}

@app.get("/figures")
async def figures():
    return {"letters": 7}
"""
# Flask: each handler asks first who is there; one route has a converter.
FLASK_INSIDE = (
    FLASK
    + """
def whoever():
    claims = guards.session(shown())
    if claims is None:
        abort(401)
    return claims["sub"]

@app.get("/letters")
def letters():
    return jsonify(of=whoever())

@app.get("/letters/<uuid:letter>")
def letter(letter):
    whoever()
    abort(404)
"""
)
# Flask again; the function that the handler asks has a telling name.
OPTIONS_INSIDE = (
    FLASK
    + """
def verify_clerk_session():
    claims = guards.session(shown())
    if claims is None:
        abort(401)
    return claims

@app.get("/letters")
def letters():
    claims = verify_clerk_session()
    return jsonify(of=claims["sub"])
"""
)
# A right guard behind a limiter that shuts for good after 60 requests. No framework.
LIMITED = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import guards

count = 0

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        count += 1
        if count > 60:
            return self.say(429, {"detail": "Too many requests"})
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        claims = guards.session(token) if scheme.lower() == "bearer" else None
        self.say(401, {"detail": "Not authenticated"}) if claims is None else self.say(200, {"of": claims["sub"]})

    def say(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
# An open route whose handler fails because of somebody else.
PUBLIC_500 = (
    FASTAPI
    + """
@app.post("/inbound/mail")
async def inbound():
    try:
        raise ConnectionError("the mail server is away")
    except ConnectionError as error:
        raise HTTPException(500, "Later, please") from error
"""
)
# 13: the guard is a middleware outside of CORS (or, turned round, inside).
CORS = (
    FASTAPI
    + """
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.base import BaseHTTPMiddleware

class Door(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        if request.url.path != "/health":
            claims = session(bearer(request))
            if claims is None:
                return JSONResponse({"detail": "Not authenticated"}, 401, {"WWW-Authenticate": "Bearer"})
            request.state.user = claims["sub"]
        return await call_next(request)

def across(app):
    app.add_middleware(
        CORSMiddleware, allow_origins=["http://localhost:3000"], allow_credentials=True, allow_methods=["*"], allow_headers=["*"]
    )

ORDER

@app.get("/health")
def health():
    return {"well": True}

@app.get("/letters")
def letters(request: Request):
    return {"of": request.state.user}

@app.post("/letters")
def write(request: Request):
    return {"by": request.state.user}
"""
)
CORS_ROUTES = '"GET /health" = "public"\n"GET /letters" = "clerk"\n"POST /letters" = "clerk"'
CORS_WRONG = CORS.replace("ORDER", "across(app)\napp.add_middleware(Door)")
CORS_RIGHT = CORS.replace("ORDER", "app.add_middleware(Door)\nacross(app)")
# 17: an app that says it is served under /api, with two versions mounted, and a path that is served twice.
MOUNTS = (
    FASTAPI.replace("FastAPI(docs_url", 'FastAPI(root_path="/api", docs_url')
    + """
first, second = FastAPI(title="first"), FastAPI(title="second")

@first.get("/profile")
def profile_of_the_first(user: str = Depends(person)):
    return {"version": 1}

@second.get("/profile")
def profile_of_the_second(user: str = Depends(person)):
    return {"version": 2}

@second.get("/status")
def status():
    return {"version": 2}

app.mount("/v1", first)
app.mount("/v2", second)

@app.get("/twice")
def once(user: str = Depends(person)):
    return {"n": 1}

@app.get("/twice")
def again():
    return {"n": 2}
"""
)
MOUNTS_ROUTES = '"GET /v1/profile" = "clerk"\n"GET /v2/profile" = "clerk"\n"GET /twice" = "clerk"'
# 25: a middleware says in a context variable who is there; the answers come in parts, late, by threads, or fail afterwards.
STREAMS = (
    FASTAPI
    + """
import contextvars, functools, itertools
from fastapi import UploadFile
from starlette.middleware.base import BaseHTTPMiddleware

somebody = contextvars.ContextVar("somebody", default=None)

class Door(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        claims = session(bearer(request))
        mark = somebody.set(claims["sub"] if claims else None)
        try:
            return await call_next(request)
        finally:
            somebody.reset(mark)

def needed() -> str:
    if somebody.get() is None:
        raise refused()
    return somebody.get()

app.add_middleware(Door)

@app.get("/lines")
def lines(user: str = Depends(needed)):
    def flow():
        for number in itertools.count():
            yield b"%d\\n" % number
            time.sleep(0.02)
    return StreamingResponse(flow(), media_type="application/x-ndjson")

@app.get("/silence")
async def silence(user: str = Depends(needed)):
    async def flow():
        yield b"first\\n"
        while True:
            await asyncio.sleep(60)
            yield b"next\\n"
    return StreamingResponse(flow(), media_type="text/plain")

@app.get("/events")
async def events(request: Request, user: str = Depends(needed)):
    async def flow():
        while not await request.is_disconnected():
            yield "data: tick\\n\\n"
            await asyncio.sleep(0.05)
    return StreamingResponse(flow(), media_type="text/event-stream")

@app.get("/breaks-off")
def breaks_off(user: str = Depends(needed)):
    def flow():
        yield b"one"
        raise RuntimeError("after the first part")
    return StreamingResponse(flow())

@app.post("/later")
def later(tasks: BackgroundTasks, user: str = Depends(needed)):
    tasks.add_task(time.sleep, 0.2)
    return {}

@app.post("/later-fails")
def later_fails(tasks: BackgroundTasks, user: str = Depends(needed)):
    def fail():
        raise RuntimeError("nobody waits for this")
    tasks.add_task(fail)
    return {}

@app.post("/upload")
async def upload(file: UploadFile, user: str = Depends(needed)):
    return {"size": len(await file.read())}

class Called:
    async def __call__(self, user: str = Depends(needed)):
        return {"called": True}

app.get("/called")(Called())

def with_flag(flag, user: str = Depends(needed)):
    return {"flag": flag}

app.get("/partial")(functools.partial(with_flag, True))

@app.get("/by-thread")
async def by_thread(user: str = Depends(needed)):
    done = []
    thread = threading.Thread(target=lambda: done.append(1))
    thread.start()
    thread.join()
    return done

@app.get("/slow")
async def slow(user: str = Depends(needed)):
    await asyncio.sleep(0.3)
    return {}
"""
)
STREAMS_ROUTES = """
"GET /lines" = "clerk"
"GET /silence" = "clerk"
"GET /events" = "clerk"
"GET /breaks-off" = "clerk"
"POST /later" = "clerk"
"POST /later-fails" = "clerk"
"POST /upload" = "clerk"
"GET /called" = "clerk"
"GET /partial" = "clerk"
"GET /by-thread" = "clerk"
"GET /slow" = "clerk"
"""
# 26: nothing of anybody's, and never the same.
CHANGING = (
    FASTAPI
    + """
import itertools
asked = itertools.count()

@app.get("/ticks")
def ticks(user: str = Depends(person)):
    def flow():
        for number in itertools.count():
            yield b'{"tick": %d}\\n' % number
            time.sleep(0.02)
    return StreamingResponse(flow(), media_type="application/x-ndjson")

@app.get("/time")
def now(user: str = Depends(person)):
    return {"now": time.time_ns() // 40_000_000}

@app.get("/asked")
def how_often(user: str = Depends(person)):
    return {"asked": next(asked) // 2}
"""
)
CHANGING_ROUTES = '"GET /ticks" = "clerk"\n"GET /time" = "clerk"\n"GET /asked" = "clerk"'
# 32: a route that takes long beside two that do not.
SLOW = (
    FASTAPI
    + """
@app.get("/a-statement")
async def statement(user: str = Depends(person)):
    await asyncio.sleep(1.5)
    return {}

@app.get("/b-profile")
async def profile(user: str = Depends(person)):
    return {}

@app.get("/c-profile")
async def another(user: str = Depends(person)):
    return {}
"""
)
SLOW_ROUTES = '"GET /a-statement" = "clerk"\n"GET /b-profile" = "clerk"\n"GET /c-profile" = "clerk"'
# 33: a websocket that waits for a first message with the token; GUARD verifies it.
TALK = (
    FASTAPI
    + """
@app.get("/profile")
def profile(user: str = Depends(person)):
    return {"of": user}

@app.websocket("/talk")
async def talk(websocket: WebSocket):
    await websocket.accept()
    first = await websocket.receive_json()
    if GUARD(first.get("token")) is None:
        await websocket.close(1008)
        return
    await websocket.send_text("come in")
    await websocket.close()
"""
)
# 42: visitors may read. Whoever shows a token on /news must show a good one; /gossip believes any.
VISITORS = (
    FASTAPI
    + """
def perhaps(request: Request):
    if "authorization" not in request.headers:
        return None
    claims = session(bearer(request))
    if claims is None:
        raise refused()
    return claims["sub"]

@app.get("/news")
def news(user: str | None = Depends(perhaps)):
    return {"for": user}

@app.get("/gossip")
def gossip(request: Request):
    return {"for": "somebody" if bearer(request) else None}
"""
)
# 44 and 45: a right guard but for its patience with clocks (LEEWAY), and with keys (WHEN it fetches them).
PROFILE = (
    FASTAPI
    + """
@app.get("/profile")
def profile(user: str = Depends(person)):
    return {"of": user}
"""
)
NO_LEEWAY = PROFILE.replace("session(bearer(request))", "session(bearer(request), leeway=0)")
NEVER_AGAIN = (
    PROFILE
    + """
def key_of(kid):
    if not guards.known:
        guards.known = guards.fetch()
    return guards.known[kid]

guards.key_of = key_of
"""
)
