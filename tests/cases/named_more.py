"""The backends of the named cases, second half: mounts, streams, neighbours, messages, visitors, clocks and keys."""

from __future__ import annotations

from tests.cases.kit import FASTAPI

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
