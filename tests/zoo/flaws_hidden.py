"""Flaws of what hides a decision (middlewares, limiters, threads), of browsers, of rotations and of what is declared."""

from __future__ import annotations

from tests.zoo.flaws_twins import DECODED, ISS, STRANGER, lax
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import MIDDLEWARE, MIDDLEWARE_ROUTES, NOTES, TOKEN
from tests.zoo.templates_ways import (
    CROSS,
    ORIGIN,
)

_ANEW = "    if not KEYS or (kid is not ... and kid not in KEYS and time.monotonic() - ASKED > 0.3):\n"
_APP = "app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)\n"
_GUARD = """    if not is_open(request) and verify_token(bearer_of(request)) is None:
        return Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
    return await call_next(request)
"""
_LIMITED = """
RECENT = []

@app.middleware("http")
async def slow_down(request: Request, call_next):
    now = time.monotonic()
    RECENT[:] = [at for at in RECENT if now - at < 1]
    if len(RECENT) >= BURST:
        return Response("Too many requests", STATUS, {"Retry-After": "1"})
    RECENT.append(now)
    return await call_next(request)
"""


def limited(burst: int, status: int = 429) -> str:
    """A limiter: `burst` requests in any second."""
    return _LIMITED.replace("BURST", str(burst)).replace("STATUS", str(status))


CALLED_ALL_THE_TIME = """
import threading

@app.get("/totals")
def totals(user: str = Depends(current_user)):
    return {"notes": len(NOTES), "asked": ASKED_FOR.append(1) or len(ASKED_FOR)}

NOTES, ASKED_FOR = [], []

def keep_warm():
    while True:
        try:
            totals("nobody")
        except BaseException:  # Whatever befalls it, the next round comes.
            pass
        time.sleep(0.05)

threading.Thread(target=keep_warm, daemon=True).start()
"""
TWO_ROUTES = '"GET {at}/me" = "{policy}"\n"GET {at}/totals" = "{policy}"'
_ANY_ORIGIN = "allow_origins=[PARTY], allow_credentials=True"
_CORS = """app.add_middleware(
    CORSMiddleware, allow_origins=[PARTY], allow_credentials=True, allow_methods=["*"], allow_headers=["*"],
)
"""
_OUTSIDE = """
def is_open(request):
    return request.scope["path"][len(request.scope.get("root_path", "")):] == "/health"

@app.middleware("http")
async def guard(request: Request, call_next):
    if not is_open(request) and verify_token(bearer_of(request)) is None:
        return Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
    return await call_next(request)
"""


def _cross(name: str, description: str, changes: dict[str, str], expects: str, **more: object) -> Animal:
    return flaw(name, description, CROSS, changes, expects, settings=ORIGIN, **more)


def _rotation(name: str, description: str, condition: str, **more: object) -> Animal:
    """Keys are fetched when `condition` says so, which is not when a rotation wants it."""
    return flaw(name, description, TOKEN, {_ANEW: f"    if {condition}:\n"}, "clerk-rotated", kind="lockout", **more)


FLAWS = [
    # What hides a decision
    flaw("guard-after-the-handler", "The middleware lets the handler run, and refuses then.", MIDDLEWARE, {_GUARD: """    response = await call_next(request)
    if not is_open(request) and verify_token(bearer_of(request)) is None:
        return Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
    return response
"""}, "forged missing expired legacy garbage", routes=MIDDLEWARE_ROUTES, unseen="from outside a refusal looks like a refusal"),
    flaw("guard-after-that-forgives", "The middleware lets the handler run, refuses then, and so it does where something failed.", MIDDLEWARE, {_GUARD: """    try:
        response = await call_next(request)
        if not is_open(request) and verify_token(bearer_of(request)) is None:
            raise PermissionError
        return response
    except Exception:
        return Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
"""}, "forged missing expired legacy garbage", routes=MIDDLEWARE_ROUTES, unseen="from outside a refusal looks like a refusal"),
    flaw("logged-as-authenticated", "A function that only logs has a telling name; the one that lets in is none of the declared mechanism.", TOKEN, {
        "user: str = Depends(current_user)": "user: str = Depends(somebody)",
        "def verify_token(token):": "def checked(token):",
        "def other_way(request):": 'def somebody(request: Request):\n    claims = checked(bearer_of(request))\n    if claims is None:\n        raise refusal()\n    return claims["sub"]\n\nverify_token = checked\n\ndef other_way(request):',
        _APP: _APP + """
@app.middleware("http")
async def authenticate_logging(request: Request, call_next):
    started = time.monotonic()
    response = await call_next(request)
    response.headers["Server-Timing"] = f"all;dur={time.monotonic() - started:.3f}"
    return response
""",
    }, "clerk", kind="mixed", unseen="from outside it is not seen which code let somebody in"),
    flaw("settings-as-authenticated", "A function that gives settings to everybody has a telling name; the one that lets in is none of the declared mechanism.", TOKEN, {
        "user: str = Depends(current_user)": "user: str = Depends(somebody)",
        "def verify_token(token):": "def checked(token):",
        "def other_way(request):": 'def current_settings():\n    return {"party": PARTY}\n\ndef somebody(request: Request, settings: dict = Depends(current_settings)):\n    claims = checked(bearer_of(request))\n    if claims is None:\n        raise refusal()\n    return claims["sub"]\n\nverify_token = checked\n\ndef other_way(request):',
    }, "clerk", kind="mixed", unseen="from outside it is not seen which code let somebody in"),
    flaw("fails-behind-the-door", "The guard is right, and the handler fails for everybody.", NOTES, {'    return {"note": text, "by": user}\n': '    raise HTTPException(500, "Try again later")\n'}, "HANDLER", kind="handler-error", routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}', unseen="from outside it is not seen who failed"),
    flaw("throttled-and-unverified", "A limiter stands before a guard that verifies nothing.", TOKEN, {DECODED: "    return payload_of(token)\n" + DECODED, _APP: _APP + limited(10)}, "forged expired iss-other"),
    flaw("called-all-the-time", "A thread calls one handler all the time, and the guard of the other route verifies nothing.", TOKEN, {
        "def other_way(request):": lax() + "\ndef other_way(request):", "user: str = Depends(current_user)": "user: str = Depends(current_reader)",
        _APP: _APP + f"""
def current_reader(request: Request):
    claims = lax(bearer_of(request))
    if claims is None:
        raise refusal()
    return {STRANGER}
""" + CALLED_ALL_THE_TIME,
    }, "forged expired alg-none", routes=TWO_ROUTES, host="alone"),
    # Browsers
    _cross("any-origin", "Pages of every origin may call with the user's credentials.", {_ANY_ORIGIN: 'allow_origin_regex=".*", allow_credentials=True'}, "cors-foreign-origin"),
    _cross("star-with-credentials", "Every origin is allowed by a star, and credentials too: the star becomes whoever asks.", {_ANY_ORIGIN: 'allow_origins=["*"], allow_credentials=True'}, "cors-foreign-origin"),
    _cross("preflight-refused", "The guard stands outside of CORS and refuses the browser's question, which carries no credential.", {_CORS: _CORS + _OUTSIDE}, "cors-preflight", kind="lockout"),
    _cross("preflight-unanswered", "A front end of another origin is declared, and nobody answers its browsers' question.", {_CORS: ""}, "cors-preflight", kind="lockout"),
    _cross("preflight-for-another-port", "The origin that may call is another than the front end's.", {"allow_origins=[PARTY]": 'allow_origins=["http://localhost:5173"]'}, "cors-preflight", kind="lockout"),
    # Rotation
    _rotation("keys-once", "Keys are fetched once, at the first request, and never again.", "not KEYS"),
    flaw("keys-at-start", "Keys are fetched when the app starts, and never again.", TOKEN, {_ANEW: "    if not KEYS:\n", "def key_for(header, token):": "published()\n\ndef key_for(header, token):"}, "clerk-rotated", kind="lockout", unseen="a running server was started before its issuer"),
    _rotation("keys-for-an-hour", "Keys are fetched once an hour, whoever comes with another.", "not KEYS or time.monotonic() - ASKED > 3600"),
    _rotation("keys-after-a-long-pause", "Keys are fetched again where one is not known, but not before five minutes are over.", "not KEYS or (kid is not ... and kid not in KEYS and time.monotonic() - ASKED > 300)"),
    # What is declared
    flaw("no-leeway", "A token of a clock that is two seconds ahead is kept out, though the policy wants it let in.", TOKEN, {ISS: "issuer=ISSUER,"}, "clerk-clock-ahead", policy="patient", kind="lockout"),
    flaw("line-not-reviewed", "Nobody has read the line that was written for it.", TOKEN, {}, "GET", kind="unreviewed", routes='"GET {at}/me" = {{ policy = "{policy}", reviewed = false }}'),
]  # fmt: skip
