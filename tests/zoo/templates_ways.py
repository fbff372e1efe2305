"""Correct backends with other ways in: machines, audiences, cookies, messages, deliveries, opaque tokens, visitors, browsers."""

from __future__ import annotations

from tests.zoo.templates import _APP, MACHINE, USER, VERIFY

_SHAPED = (
    'isinstance(token, str) and re.fullmatch(r"[\\w-]+\\.[\\w-]+\\.[\\w-]+", token, re.ASCII) and len(token) <= 8192'
)
# Two kinds on one route, each by its own code.
CALLERS = (
    VERIFY
    + MACHINE
    + """
def current_caller(request: Request):
    token = bearer_of(request)
    claims = verify_token(token) or verify_machine(token)
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
    + _APP
    + """
@app.get("/me")
def me(caller: str = Depends(current_caller)):
    return {"caller": caller, "secret": "what is kept here"}
"""
)
# For another service: a JWT template's token with this service's audience.
AUDIENCE = (
    VERIFY
    + f"""
def verify_template(token):
    if not ({_SHAPED}):
        return None
    try:
        header = header_of(token)
        claims = jwt.decode(
            token, key_for(header, token), algorithms=["RS256"], issuer=ISSUER, audience="backend", leeway=5,
            options={{"require": ["exp", "iat", "nbf", "sub", "iss", "aud"]}},
        )
        if claims["aud"] != "backend" or header.get("cat") != "cl_B7d4PD222AAA":
            raise ValueError("for another service")
        check_times(claims)
        check_party(claims)
        check_people(claims)
        return claims
    except FAILS:
        return None

def current_user(request: Request):
    claims = verify_template(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
    + _APP
    + """
@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what partners see"}
"""
)
# For OAuth clients: access tokens of RFC 9068.
OAUTH = (
    VERIFY
    + f"""
def verify_access(token):
    if not ({_SHAPED}):
        return None
    try:
        header = header_of(token)
        claims = jwt.decode(
            token, key_for(header, token), algorithms=["RS256"], issuer=ISSUER, leeway=5,
            options={{"require": ["exp", "iat", "nbf", "sub", "iss", "client_id", "jti"]}},
        )
        if header.get("typ") != "at+jwt" or "profile" not in claims["scope"].split():
            raise ValueError("no access token, or for less")
        check_times(claims)
        check_people(claims)
        return claims
    except FAILS:
        return None

def current_user(request: Request):
    claims = verify_access(bearer_of(request))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
    + _APP
    + """
@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what clients see"}
"""
)
# Two ways in: the header, and the cookie of a browser, which other websites make it send.
BROWSER = (
    VERIFY
    + """
def verify_cookie(token):
    claims = verify_token(token)
    return claims if claims is not None and claims.get("azp") == PARTY else None

def current_user(request: Request):
    if "authorization" in request.headers:
        claims = verify_token(bearer_of(request))
    else:
        claims = verify_cookie(request.cookies.get("__session"))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
    + _APP
    + """
@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what is kept here"}

@app.post("/notes")
def add_note(text: Annotated[str, Body(embed=True)], user: str = Depends(current_user)):
    return {"note": text, "by": user}
"""
)
BROWSER_ROUTES = '"GET {at}/me" = "{policy}"\n"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'
# Two ways in: the header, and the query of a link that a browser follows to fetch a file.
DOWNLOADS = (
    VERIFY
    + """
def verify_link(token):
    return verify_token(token)

def current_user(request: Request):
    if "authorization" in request.headers:
        claims = verify_token(bearer_of(request))
    else:
        claims = verify_link(request.query_params.get("token"))
    if claims is None:
        raise refusal()
    return claims["sub"]
"""
    + _APP
    + """
@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "rows": ["what is kept here"]}
"""
)
# A websocket that takes its token in the first message, as browsers must send it.
CHAT = (
    VERIFY
    + """
async def current_talker(websocket: WebSocket):
    from fastapi import WebSocketDisconnect
    try:
        claims = verify_token((await websocket.receive_json())["token"])
    except (ValueError, KeyError, TypeError, RuntimeError, WebSocketDisconnect):
        claims = None
    return claims
"""
    + _APP
    + """
@app.websocket("/chat")
async def chat(websocket: WebSocket):
    await websocket.accept()
    claims = await current_talker(websocket)
    if claims is None:
        await websocket.close(1008)
        return
    await websocket.send_json({"welcome": claims["sub"]})
    await websocket.close()
"""
)
CHAT_ROUTES = """
"WS {at}/chat" = {{ policy = "{policy}", carrier = "message", messages = ['{{"token": "{{token}}"}}'] }}
"""
# Visitors may read; who is signed in sees more.
VISITORS = (
    VERIFY
    + """
def maybe_user(request: Request):
    claims = verify_token(bearer_of(request))
    return claims["sub"] if claims is not None else None
"""
    + _APP
    + """
@app.get("/feed")
def feed(user: str | None = Depends(maybe_user)):
    return {"for": user, "rows": ["for everybody", *([f"for {user} alone"] if user else [])]}
"""
)
VISITORS_ROUTES = '"GET {at}/feed" = "{policy}"'
# Deliveries of Clerk's webhooks, verified by hand as Svix describes it.
DELIVERIES = """
import base64, hashlib, hmac, json, os, re, time
from fastapi import Depends, FastAPI, HTTPException, Request

SECRETS = [os.environ["CLERK_WEBHOOK_SECRET"]]

def signature_of(secret, identifier, timestamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return hmac.new(key, f"{identifier}.{timestamp}.".encode() + body, hashlib.sha256).digest()

def is_signed(identifier, timestamp, given, body):
    wanted = [signature_of(secret, identifier, timestamp, body) for secret in SECRETS]
    for entry in given.split(" "):
        version, _, text = entry.partition(",")
        if version != "v1":
            continue
        try:
            found = base64.b64decode(text, validate=True)
        except ValueError:
            continue
        if any(hmac.compare_digest(found, one) for one in wanted):
            return True
    return False

def is_current(timestamp):
    return re.fullmatch("[0-9]{1,11}", timestamp) is not None and abs(time.time() - int(timestamp)) <= 300

async def current_delivery(request: Request):
    identifier, timestamp, given = (request.headers.get(name, "") for name in ("svix-id", "svix-timestamp", "svix-signature"))
    body = await request.body()
    if not identifier or not is_current(timestamp) or not is_signed(identifier, timestamp, given, body):
        raise HTTPException(400, "Not a delivery")
    return identifier

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

@app.post("/hook")
async def hook(delivery: str = Depends(current_delivery)):
    return {"taken": delivery}
"""
DELIVERIES_ROUTES = '"POST {at}/hook" = {{ policy = "{policy}", json = {{ type = "user.created" }} }}'
# Opaque tokens, of which only Clerk can tell whether they are good.
OPAQUE = """
import json, os, re, urllib.request
from fastapi import Depends, FastAPI, HTTPException, Request

API = os.environ.get("CLERK_API_URL", "https://api.clerk.com")
PREFIX, PATH, FIELD = "ak_", "/v1/api_keys/verify", "secret"

def asked(token):
    \"\"\"What Clerk says of it. Raises HTTPError where Clerk knows none.\"\"\"
    headers = {"Authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"], "Content-Type": "application/json"}
    question = urllib.request.Request(API + PATH, json.dumps({FIELD: token}).encode(), headers)
    with urllib.request.urlopen(question, timeout=5) as answer:
        return json.load(answer)

def verify_opaque(token):
    \"\"\"Whose it is, or None.\"\"\"
    if token is None or not re.fullmatch(PREFIX + "[A-Za-z0-9]{16,128}", token):
        return None
    try:
        found = asked(token)
        return None if found["revoked"] or found["expired"] else found["subject"]
    except (OSError, ValueError, KeyError, TypeError):
        return None

def current_caller(request: Request):
    fields = request.headers.getlist("authorization")
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    subject = verify_opaque(token) if scheme.lower() == "bearer" else None
    if subject is None:
        raise HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})
    return subject

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

@app.get("/me")
def me(caller: str = Depends(current_caller)):
    return {"caller": caller, "secret": "what programs see"}
"""
# Called by the pages of a front end on another origin.
CROSS = (
    USER
    + """
from fastapi.middleware.cors import CORSMiddleware
"""
    + _APP
    + """
app.add_middleware(
    CORSMiddleware, allow_origins=[PARTY], allow_credentials=True, allow_methods=["*"], allow_headers=["*"],
)

@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what is kept here"}
"""
)
ORIGIN = 'origin = "http://localhost:3000"'
"""What `[settings]` says of the front end."""
# What Clerk said of an opaque token is kept for a while under its hash.
KEPT = (
    OPAQUE.replace(
        """    try:
        found = asked(token)
        return None if found["revoked"] or found["expired"] else found["subject"]
    except""",
        """    name = hashlib.sha256(token.encode()).digest()
    until, subject = KNOWN.get(name, (0.0, None))
    if until > time.monotonic():
        return subject
    try:
        found = asked(token)
        if found["revoked"] or found["expired"]:
            return None
        KNOWN[name] = (time.monotonic() + 10, found["subject"])
        return found["subject"]
    except urllib.error.HTTPError as error:
        if error.code >= 429:
            raise HTTPException(503, "Come again", headers={"Retry-After": "1"})
        return None
    except""",
    )
    .replace("def verify_opaque", "KNOWN = {}\n\ndef verify_opaque")
    .replace("import json, os, re, urllib.request", "import hashlib, json, os, re, time, urllib.request")
)
