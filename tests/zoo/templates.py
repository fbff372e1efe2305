"""Correct backends that flawed ones are made of. Each differs from its flawed relatives in the one place that is changed."""

from __future__ import annotations

VERIFY = '''
import base64, functools, hashlib, hmac, json, os, re, sqlite3, time, urllib.request
from typing import Annotated
import jwt
from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Header, HTTPException, Query, Request, Response, WebSocket, WebSocketException

ISSUER = os.environ["CLERK_ISSUER"]
JWKS = os.environ["CLERK_JWKS_URL"]
PARTY = "http://localhost:3000"
SESSION = "cl_B7d4PD111AAA"
KEYS = {}
ASKED = 0.0

def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

def header_of(token):
    header = json.loads(unb64(token.split(".")[0]))
    if not isinstance(header, dict):
        raise ValueError("no header")
    return header

def payload_of(token):
    """Without any verification."""
    return json.loads(unb64(token.split(".")[1]))

def unverified(token):
    """Claims of which only time and issuer are looked at; what is correct never calls it."""
    claims = payload_of(token)
    if claims["exp"] < time.time() - 5 or claims["nbf"] > time.time() + 5 or claims["iss"] != ISSUER:
        raise ValueError("not now, or not from here")
    return claims

def fetched(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)

def published(kid=...):
    """The key set. Where `kid` is not in it, it is fetched again and replaced, but three times a second at most."""
    global KEYS, ASKED
    if not KEYS or (kid is not ... and kid not in KEYS and time.monotonic() - ASKED > 0.3):
        ASKED = time.monotonic()
        KEYS = {entry["kid"]: entry for entry in fetched(JWKS)["keys"]}
    return KEYS

def key_for(header, token):
    entry = published(header["kid"]).get(header["kid"])
    return jwt.PyJWK(entry).key

def decoded(header, token):
    return jwt.decode(
        token, key_for(header, token), algorithms=["RS256"], issuer=ISSUER, leeway=5,
        options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"]},
    )

def check_class(header):
    if header.get("cat", SESSION) != SESSION:
        raise ValueError("another class")

def check_times(claims):
    if any(type(claims[name]) is not int for name in ("exp", "iat", "nbf")):
        raise ValueError("not a number")

def check_people(claims):
    if not isinstance(claims["sub"], str) or not re.fullmatch("user_[A-Za-z0-9]+", claims["sub"]):
        raise ValueError("nobody")
    if claims.get("sts", "active") != "active":
        raise ValueError("pending")

def check_party(claims):
    if "azp" in claims and claims["azp"] != PARTY:
        raise ValueError("another website")

FAILS = (jwt.PyJWTError, OSError, AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)

def verify_token(token):
    """Claims of a genuine session token, or None."""
    if not isinstance(token, str) or not re.fullmatch(r"[\\w-]+\\.[\\w-]+\\.[\\w-]+", token, re.ASCII) or len(token) > 8192:
        return None
    try:
        header = header_of(token)
        check_class(header)
        claims = decoded(header, token)
        check_times(claims)
        check_party(claims)
        check_people(claims)
        return claims
    except FAILS:
        return None

def bearer_of(connection):
    fields = connection.headers.getlist("authorization")
    if len(fields) != 1:
        return None
    scheme, _, token = fields[0].partition(" ")
    return token if scheme.lower() == "bearer" else None

def refusal():
    return HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})
'''
USER = (
    VERIFY
    + '''
def other_way(request):
    """Where a flaw lets somebody in."""
    return None

def current_user(request: Request):
    found = other_way(request)
    if found is not None:
        return found
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
'''
)
_APP = """
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
"""
TOKEN = (
    USER
    + _APP
    + """
@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what is kept here"}
"""
)
NOTES = (
    USER
    + _APP
    + """
@app.post("/notes")
def add_note(text: Annotated[str, Body(embed=True)], user: str = Depends(current_user)):
    return {"note": text, "by": user}
"""
)
ADMIN = (
    VERIFY
    + _APP
    + """
def role_of(claims):
    return (claims.get("o") or {}).get("rol")

def current_admin(request: Request):
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    if role_of(claims) != "admin":
        raise HTTPException(403, "Not allowed")
    return claims["sub"]

@app.get("/me")
def me(user: str = Depends(current_admin)):
    return {"user": user, "secret": "what admins see"}
"""
)
# For machines: tokens of another class under the same key.
MACHINE = """
def check_machine(header, claims):
    if header.get("cat") != "cl_B7d4PD333AAA" or not claims["sub"].startswith("mch_"):
        raise ValueError("a person")

def verify_machine(token):
    if not isinstance(token, str) or token.count(".") != 2 or len(token) > 8192:
        return None
    try:
        header = header_of(token)
        claims = jwt.decode(
            token, key_for(header, token), algorithms=["RS256"], issuer=ISSUER, leeway=5,
            options={"require": ["exp", "iat", "nbf", "sub", "iss"]},
        )
        check_times(claims)
        check_machine(header, claims)
        return claims
    except FAILS:
        return None
"""
MACHINES = (
    VERIFY
    + MACHINE
    + """
def current_machine(request: Request):
    claims = verify_machine(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
    + _APP
    + """
@app.get("/me")
def me(machine: str = Depends(current_machine)):
    return {"machine": machine, "secret": "what machines see"}
"""
)
LIVE = (
    VERIFY
    + """
def current_listener(websocket: WebSocket):
    claims = verify_token(bearer_of(websocket))
    if claims is None:
        raise WebSocketException(1008)
    return claims["sub"]
"""
    + _APP
    + """
@app.websocket("/live")
async def live(websocket: WebSocket, user: str = Depends(current_listener)):
    await websocket.accept()
    await websocket.send_json({"user": user})
    await websocket.close()
"""
)
# Guards in a middleware that decides by the path, as many backends have them.
MIDDLEWARE = (
    VERIFY
    + _APP
    + """
OPEN = {"/health", "/"}

def path_of(request):
    return request.scope["path"][len(request.scope.get("root_path", "")):]

def is_open(request):
    return path_of(request) in OPEN

@app.middleware("http")
async def guard(request: Request, call_next):
    if not is_open(request) and verify_token(bearer_of(request)) is None:
        return Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
    return await call_next(request)

@app.get("/health")
def health():
    return {"alive": True}

@app.get("/")
def start():
    return {"start": "page"}

@app.get("/me")
def me():
    return {"user": "somebody", "secret": "what is kept here"}
"""
)
MIDDLEWARE_ROUTES = '"GET {at}/me" = "{policy}"\n"GET {at}/health" = "public"\n"GET {at}/" = "public"'
# A router of several routes, a websocket and a mounted app, each with its own guard.
ATTACHED = (
    USER
    + """
def websocket_user(websocket: WebSocket):
    claims = verify_token(websocket.query_params.get("token"))
    if claims is None:
        raise WebSocketException(1008)
    return claims["sub"]

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
router = APIRouter(dependencies=[Depends(current_user)])
inner = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(current_user)])

@router.get("/items")
def items():
    return {"items": ["one"]}

@router.post("/items/{item_id}")
def change(item_id: int):
    return {"changed": item_id}

@app.get("/reports", include_in_schema=False, dependencies=[Depends(current_user)])
def reports():
    return {"reports": ["one"]}

@app.get("/exported", dependencies=[Depends(current_user)])
async def exported():
    return {"rows": ["one"]}

@app.websocket("/live")
async def live(websocket: WebSocket, user: str = Depends(websocket_user)):
    await websocket.accept()
    await websocket.send_json({"user": user})
    await websocket.close()

@inner.get("/figures")
def figures():
    return {"figures": [1]}

app.include_router(router)
app.mount("/inner", inner)
"""
)
ATTACHED_ROUTES = """
"GET {at}/items" = "{policy}"
"POST {at}/items/{{item_id}}" = {{ policy = "{policy}", path = {{ item_id = 1 }} }}
"GET {at}/reports" = "{policy}"
"GET {at}/exported" = "{policy}"
"GET {at}/inner/figures" = "{policy}"
"WS {at}/live" = {{ policy = "{policy}", carrier = "query:token" }}
"""
