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
