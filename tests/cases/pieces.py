"""What a backend of the cases is, and the pieces of code and declaration that several are made of."""

# ruff: noqa: E501   data: one entry a line
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.cases.kit import FASTAPI, FEW

Found = tuple[str, str, str]
LETTERS = '"GET /letters" = "{}"'
MORE = (
    "signature-stripped", "hs256-with-pem", "weak-512-bit-key", "expired-years", "payload-swapped-sub", "clerk-other", "webhook",
)  # fmt: skip


@dataclass(frozen=True)
class Backend:
    """`finds`: what must be among the findings, as "kind route credential ..." (`*` is any); no other route may have any.

    `exactly`: nothing beside these may be found at all, or nothing of another kind where it is any. A backend without `finds` is right: it passes. `doubt`: why a run may
    be excused for not seeing it.
    """

    name: str
    code: str
    routes: str
    finds: tuple[str, ...] = ()
    policies: str = ""
    settings: str = ""
    credentials: tuple[str, ...] = (*FEW, *MORE)
    drills: bool = False
    exactly: bool = False
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def found(self) -> set[Found]:
        """(kind, route, credential) of each."""
        every: set[Found] = set()
        for line in self.finds:
            kind, method, path, *names = line.split()
            every |= {(kind, f"{method} {path}", name) for name in names or [""]}
        return every


def guarded(rule: str, *, more: str = "") -> str:
    """A backend whose one route hangs on `guard(request)`, which is `rule`: it gives claims or None."""
    return f"""{FASTAPI}{more}
def guard(request: Request):
    token = bearer(request)
    claims = {rule}
    if claims is None:
        raise refused()
    return claims

@app.get("/letters")
def letters(by: dict = Depends(guard)):
    return {{"of": by.get("sub"), "letters": ["one"]}}
"""


NOTHING = "breach GET /letters forged expired alg-none"
ROLE = """
def with_role(claims, *roles):
    return claims if claims is not None and role_of(claims) in roles else None
"""
CALLER = """
def by_class(token, of_people, of_machines):
    return of_machines(token) if guards.class_of(token) == guards.MACHINE else of_people(token)
"""
WEBHOOK = """
import base64, hashlib, hmac

def is_delivery(headers, body, secret):
    stamp = headers.get("svix-timestamp", "")
    if not stamp.isdecimal() or not stamp.isascii() or abs(time.time() - int(stamp)) > 300:
        return False
    signed = f"{headers.get('svix-id')}.{stamp}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(base64.b64decode(secret[6:]), signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(right.encode(), one.encode()) for one in headers.get("svix-signature", "").split(" "))

async def delivered(request: Request):
    if not is_delivery(request.headers, await request.body(), SECRET):
        raise HTTPException(400, "Not a delivery")

@app.post("/hook", dependencies=[Depends(delivered)])
async def hook():
    return {}
"""
HOOK = '"POST /hook" = { policy = "webhook", json = { type = "user.created" } }'
HOOK_POLICY = '[policies.webhook]\naccept = ["webhook"]\nrefuse = [400]\n'
HOOK_NAMES = (
    "webhook", "missing", "forged", "clerk", "webhook-unsigned", "webhook-wrong-secret", "webhook-empty-secret", "webhook-body-changed",
    "webhook-id-changed", "webhook-too-old", "webhook-from-the-future", "webhook-other-version",
)  # fmt: skip
API_KEY = """
import json, urllib.request

def ask(token):
    headers = {"Authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"], "Content-Type": "application/json"}
    url = os.environ.get("CLERK_API_URL", "https://api.clerk.com") + "/v1/api_keys/verify"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps({"secret": token}).encode(), headers), timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)
"""
KEY_NAMES = (*FEW, "api-key", "m2m-opaque", "opaque-unknown", "opaque-truncated", "opaque-revoked", "opaque-expired")
KEY_POLICY = '[policies.key]\naccept = ["api-key"]\n'
CALLING_ON = """
@app.get("/totals")
def totals(user: str = Depends(person)):
    return {"letters": 3}

@app.get("/letters")
def letters(user: str = Depends(person)):
    return {"of": user}
"""
CALLED = '"GET /letters" = "clerk"\n"GET /totals" = "clerk"'
AFTER = """
@app.get("/letters")
def letters():
    return {"of": "whoever asks"}
"""
AROUND_ALL = """
class Door:
    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.inner(scope, receive, send)
        ANSWER

app.add_middleware(Door)
"""
REFUSE = 'await JSONResponse({"detail": "Not authenticated"}, 401)(scope, receive, send)'


def around(lines: str) -> str:
    """A backend whose guard is a middleware of plain ASGI, whatever it does."""
    return FASTAPI + AROUND_ALL.replace("ANSWER", lines.strip().replace("\n", "\n        ")) + AFTER


def limiter(count: int, status: int, *, field: str = '"Retry-After": "1"', again: str = "1") -> str:
    """`count` requests, and then none for `again` seconds."""
    return f"""
taken = []

@app.middleware("http")
async def limiter(request: Request, call_next):
    now = time.monotonic()
    taken[:] = [at for at in taken if now - at < {again}]
    if len(taken) >= {count}:
        return JSONResponse({{"detail": "Too many requests"}}, {status}, {{{field}}})
    taken.append(now)
    return await call_next(request)
"""
