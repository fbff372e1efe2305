"""Correct backends on different libraries and in different styles: not one may have a finding."""

from __future__ import annotations

from tests.zoo.flaws_request import LEGACY
from tests.zoo.model import Animal
from tests.zoo.templates import (
    ADMIN,
    ATTACHED,
    ATTACHED_ROUTES,
    LIVE,
    MACHINES,
    MIDDLEWARE,
    MIDDLEWARE_ROUTES,
    NOTES,
    TOKEN,
    USER,
    VERIFY,
)

_APP = "app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)\n"
_SIMPLE = """
@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user, "secret": "what is kept here"}
"""
_DECODED = VERIFY[VERIFY.index("def decoded(") : VERIFY.index("def check_class")]


def _with(decoded: str, *, imports: str = "", fails: str = "") -> str:
    """The verifier on another library: `decoded` gives the claims of a token whose signature and times hold."""
    assert _DECODED in USER
    code = USER.replace(_DECODED, decoded.strip("\n") + "\n\n").replace("import jwt\n", f"import jwt\n{imports}\n")
    return code.replace("FAILS = (jwt.PyJWTError, ", f"FAILS = (jwt.PyJWTError, {fails}") + _APP + _SIMPLE


_REQUIRED = """
    for name in ("exp", "iat", "nbf", "sub", "sid", "iss"):
        claims[name]
    if claims["iss"] != ISSUER or "aud" in claims or "crit" in header:
        raise ValueError
"""
_TIMES = """
    check_times(claims)
    if not claims["nbf"] - 5 <= time.time() < claims["exp"] + 5 or claims["iat"] > time.time() + 5:
        raise ValueError
"""
_BY_CLIENT = """CLIENT = jwt.PyJWKClient(JWKS)
CLIENT.cooldown_duration = 0.3  # Half a minute by default, from PyJWT 2.15 on: longer than these tests wait.

def decoded(header, token):
    return jwt.decode(
        token, CLIENT.get_signing_key_from_jwt(token).key, algorithms=["RS256"], issuer=ISSUER, leeway=5,
        options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"]},
    )

"""
_FASTAPI = "from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Header, HTTPException, Query, Request, Response, WebSocket, WebSocketException\n"
_AT_ONCE = "    if not KEYS or (kid is not ... and kid not in KEYS and time.monotonic() - ASKED > 0.3):\n"
_PEOPLE = """
KNOWN = {"alice@example.com": "1", "bob@example.com": "2", "admin@example.com": "3", "member@example.com": "4"}

def legacy_user(token):
    try:
        email, number, onboarding, stamp = base64.b64decode(token or "", validate=True).decode().split(":")
    except ValueError:
        return None
    return email if KNOWN.get(email) == number and stamp.isdigit() else None
"""
_BY_SVIX = """
import os
from fastapi import Depends, FastAPI, HTTPException, Request
from svix.webhooks import Webhook, WebhookVerificationError

HOOK = Webhook(os.environ["CLERK_WEBHOOK_SECRET"])

async def current_delivery(request: Request):
    try:
        HOOK.verify(await request.body(), dict(request.headers))
    except (WebhookVerificationError, ValueError):
        raise HTTPException(400, "Not a delivery") from None
    return request.headers["svix-id"]

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

@app.post("/hook")
async def hook(delivery: str = Depends(current_delivery)):
    return {"taken": delivery}
"""
CORRECT = [
    Animal("plain", "PyJWT, keys fetched again when one is not known, a dependency of the handler.", TOKEN),
    Animal("a-token-among-the-data", "Whose invitation it is, says a token in the body; who accepts it, the session.", NOTES.replace(
        "text: Annotated[str, Body(embed=True)]", "token: Annotated[str, Body(embed=True)]").replace('"note": text', '"invitation": len(token)'
    ), routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ token = "x" }} }}'),
    Animal("with-a-body", "The same on a route with a body.", NOTES, routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'),
    Animal("for-admins", "A role of the active organization is wanted as well.", ADMIN, policy="admin"),
    Animal("in-a-middleware", "A middleware guards all but a list of open paths.", MIDDLEWARE, routes=MIDDLEWARE_ROUTES),
    Animal("attached-everywhere", "A router, a hidden route, a websocket and a mounted app, each with its guard.", ATTACHED, routes=ATTACHED_ROUTES),
    Animal("for-machines", "A route for machines: another class of tokens under the same key.", MACHINES, policy="machines"),
    Animal("live-by-header", "A websocket that takes its token from the header only.", LIVE, routes='"WS {at}/live" = "{policy}"', policy="headers"),
    Animal("hearing", "The header is heard whatever cookies come beside it.", TOKEN, policy="hearing"),
    Animal("pyjwkclient", "PyJWT with its PyJWKClient.", _with("""
CLIENT = jwt.PyJWKClient(JWKS)
CLIENT.cooldown_duration = 0.3  # Half a minute by default, from PyJWT 2.15 on: longer than these tests wait.

def decoded(header, token):
    return jwt.decode(
        token, CLIENT.get_signing_key_from_jwt(token).key, algorithms=["RS256"], issuer=ISSUER, leeway=5,
        options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"]},
    )
""")),
    Animal("python-jose", "python-jose.", _with("""
def decoded(header, token):
    claims = jose_jwt.decode(
        token, published(header["kid"])[header["kid"]], algorithms=["RS256"], issuer=ISSUER, options={"leeway": 5, "require_exp": True},
    )
""" + _REQUIRED + _TIMES + "    return claims\n", imports="from jose import JWTError, jwt as jose_jwt", fails="JWTError, ")),
    Animal("authlib", "Authlib.", _with("""
def decoded(header, token):
    if not isinstance(header.get("kid"), str) or header.get("alg") != "RS256":
        raise ValueError
    key = JsonWebKey.import_key(published(header["kid"])[header["kid"]])
    claims = JsonWebToken(["RS256"]).decode(token, key, claims_options={"iss": {"essential": True, "value": ISSUER}})
    claims.validate(leeway=5)
    claims = dict(claims)
""" + _REQUIRED + _TIMES + "    return claims\n", imports="import warnings\nwarnings.simplefilter('ignore')\nfrom authlib.jose import JsonWebKey, JsonWebToken\nfrom authlib.jose.errors import JoseError", fails="JoseError, ")),
    Animal("joserfc", "joserfc.", _with("""
def decoded(header, token):
    keys = KeySet.import_key_set({"keys": list(published(header.get("kid")).values())})
    found = joserfc_jwt.decode(token, keys, registry=JWSRegistry(algorithms=["RS256"], strict_check_header=False))
    claims = found.claims
    joserfc_jwt.JWTClaimsRegistry(leeway=5, iss={"essential": True, "value": ISSUER}, exp={"essential": True}).validate(claims)
""" + _REQUIRED + _TIMES + "    return claims\n", imports="from joserfc import jwt as joserfc_jwt\nfrom joserfc.errors import JoseError\nfrom joserfc.jwk import KeySet\nfrom joserfc.jws import JWSRegistry", fails="JoseError, ")),
    Animal("by-hand", "The signature is verified with the package cryptography alone.", _with("""
def decoded(header, token):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    if header.get("alg") != "RS256":
        raise ValueError
    entry = published(header["kid"])[header["kid"]]
    numbers = [int.from_bytes(unb64(entry[name]), "big") for name in "en"]
    signed, _, signature = token.rpartition(".")
    try:
        rsa.RSAPublicNumbers(*numbers).public_key().verify(unb64(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise ValueError from None
    claims = payload_of(token)
""" + _REQUIRED + _TIMES + "    return claims\n", imports="from cryptography.exceptions import InvalidSignature")),
    Animal("official-sdk", "clerk-backend-api's authenticate_request, and the checks that it leaves to the app.", VERIFY + """
from clerk_backend_api import Clerk
from clerk_backend_api.security.types import AuthenticateRequestOptions

API = JWKS.partition("/.well-known")[0] + "/v1" if JWKS.startswith("http://127") else "https://api.clerk.com/v1"
CLERK = Clerk(bearer_auth=os.environ["CLERK_SECRET_KEY"], server_url=API)
OPTIONS = AuthenticateRequestOptions(accepts_token=["session_token"], authorized_parties=[PARTY], jwt_key=None)
OPTIONS_OF = vars(OPTIONS)
if "api_url" in OPTIONS_OF and API.startswith("http://127"):
    OPTIONS.api_url = API.removesuffix("/v1")

def current_user(request: Request):
    token = bearer_of(request)
    try:
        state = CLERK.authenticate_request(request, OPTIONS)
        claims = state.payload if state.is_signed_in else None
        if claims is None or token is None:
            raise ValueError
        check_class(header_of(token))
        for name in ("exp", "iat", "nbf", "sub", "sid", "iss"):
            claims[name]
        if claims["iss"] != ISSUER or "aud" in claims:
            raise ValueError
        check_times(claims)
        check_party(claims)
        check_people(claims)
    except FAILS:
        raise refusal()
    return claims["sub"]

""" + _APP + _SIMPLE, policy="pinned", unseen="it asks api.clerk.com, which only an agent can lead to the fake"),
    Animal("fastapi-clerk-auth", "fastapi-clerk-auth, and the checks that it leaves to the app.", VERIFY + """
from fastapi_clerk_auth import ClerkConfig, ClerkHTTPBearer, HTTPAuthorizationCredentials

CLERK = ClerkHTTPBearer(ClerkConfig(jwks_url=JWKS, issuer=ISSUER, verify_iss=True, leeway=5), auto_error=True)

def current_user(request: Request, credentials: HTTPAuthorizationCredentials = Depends(CLERK)):
    claims = credentials.decoded
    try:
        if len(request.headers.getlist("authorization")) != 1:
            raise ValueError
        check_class(header_of(credentials.credentials))
        for name in ("exp", "iat", "nbf", "sub", "sid"):
            claims[name]
        if "aud" in claims:
            raise ValueError
        check_times(claims)
        check_party(claims)
        check_people(claims)
    except FAILS:
        raise HTTPException(403, "Forbidden")
    return claims["sub"]

""" + _APP + _SIMPLE),
    Animal("on-the-router", "The dependency hangs on the router.", USER + _APP + """
router = APIRouter(dependencies=[Depends(current_user)])

@router.get("/me")
async def me():
    return {"user": "somebody", "secret": "what is kept here"}

app.include_router(router)
"""),
    Animal("on-the-app", "The dependency hangs on the app.", USER + """
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(current_user)])

@app.get("/me")
def me():
    return {"user": "somebody", "secret": "what is kept here"}
"""),
    Animal("decorated", "A decorator on the handler.", USER + _APP + """
def signed_in(view):
    @functools.wraps(view)
    async def guarded(request: Request):
        request.state.user = current_user(request)
        return await view(request)
    return guarded

@app.get("/me")
@signed_in
async def me(request: Request):
    return {"user": request.state.user, "secret": "what is kept here"}
"""),
    Animal("asgi-middleware", "A middleware of plain ASGI.", VERIFY + _APP + """
class Guard:
    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and verify_token(bearer_of(Request(scope))) is None:
            answer = Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})
            return await answer(scope, receive, send)
        await self.inner(scope, receive, send)

app.add_middleware(Guard)

@app.get("/me")
def me():
    return {"user": "somebody", "secret": "what is kept here"}
"""),
    Animal("forbidding", "403 where no token comes, as HTTPBearer had it for years, 401 for a bad one.", USER.replace('    found = other_way(request)\n    if found is not None:\n        return found\n', '    if "authorization" not in request.headers:\n        raise HTTPException(403, "Not authenticated")\n') + _APP + _SIMPLE, policy="forbidding"),
    Animal("masking", "404 in place of 401: nobody is to know that there is anything.", TOKEN.replace('HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})', 'HTTPException(404, "Not Found")'), policy="masking"),
    Animal("redirecting", "Browsers are sent to the page where people sign in.", TOKEN.replace('HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})', 'HTTPException(307, "Sign in first", headers={"Location": "/sign-in?redirect_url=%2Fme"})')),
    Animal("cookie-or-header", "The header, and the session cookie where there is no header.", USER.replace("verify_token(bearer_of(request))", 'verify_token(bearer_of(request) if "authorization" in request.headers else request.cookies.get("__session"))') + _APP + _SIMPLE,
        routes='"GET {at}/me" = {{ policy = "{policy}" }}', policy="cookies"),
    Animal("pem", "The public key is configured: no network at all.", TOKEN.replace('    entry = published(header["kid"]).get(header["kid"])\n    return jwt.PyJWK(entry).key\n', '    return os.environ["CLERK_JWT_KEY"]\n'), policy="pinned",
        unseen="the key of a run is not known before it, and a server is started before it"),
    Animal("remembering", "What was verified is remembered by the whole token, until it runs out.", TOKEN.replace("def verify_token(token):", 'SEEN = {}\n\ndef verify_token(token):\n    mark = hashlib.sha256(str(token).encode("utf-8", "replace")).digest()\n    claims = SEEN.get(mark)\n    if claims is None or claims["exp"] <= time.time():\n        SEEN.pop(mark, None)\n        claims = verified(token)\n        if claims is not None:\n            SEEN[mark] = claims\n    return claims\n\ndef verified(token):')),
    Animal("asking-again", "Keys are asked for again when one is not known, and when they are old.", TOKEN.replace("    if not KEYS or (", "    if not KEYS or time.monotonic() - ASKED > 300 or (")),
    Animal("unavailable", "503 while the issuer's keys cannot be had.", TOKEN.replace("    except FAILS:\n", '    except (OSError, json.JSONDecodeError):\n        if not KEYS:\n            raise HTTPException(503, "Authentication is unavailable", headers={"Retry-After": "5"})\n        return None\n    except FAILS:\n').replace("        claims = decoded(header, token)\n", "        published()\n        claims = decoded(header, token)\n")),
    Animal("bridging", "The bridge phase: Clerk's tokens and the old ones, each by its own code.", (USER + _APP + _SIMPLE).replace("def other_way(request):", LEGACY + "\ndef other_way(request):").replace("    return None\n\ndef current_user", "    return legacy_user(bearer_of(request))\n\ndef current_user"), policy="migrating"),
    Animal("starlette", "Starlette without FastAPI, with its own AuthenticationMiddleware: 403.", VERIFY + """
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route

class Backend(AuthenticationBackend):
    async def authenticate(self, connection):
        claims = verify_token(bearer_of(connection))
        return (AuthCredentials(["authenticated"]), SimpleUser(claims["sub"])) if claims else None

@requires("authenticated")
async def me(request):
    return JSONResponse({"user": request.user.username, "secret": "what is kept here"})

app = Starlette(routes=[Route("/me", me)], middleware=[Middleware(AuthenticationMiddleware, backend=Backend())])
"""),
    Animal("flask", "Flask over WSGI, with a decorator.", VERIFY.replace("from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Header, HTTPException, Query, Request, Response, WebSocket, WebSocketException\n", "from flask import Flask, abort, request\n") + """
def flask_bearer():
    fields = request.headers.getlist("Authorization")
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    return token if scheme.lower() == "bearer" else None

app = Flask(__name__, static_folder=None)

def signed_in(view):
    @functools.wraps(view)
    def guarded(*args, **kwargs):
        if verify_token(flask_bearer()) is None:
            abort(401)
        return view(*args, **kwargs)
    return guarded

@app.get("/me")
@signed_in
def me():
    return {"user": "somebody", "secret": "what is kept here"}
""", host="alone", server="werkzeug"),
    Animal("flask-before-request", "Flask over WSGI, with a hook before every request.", VERIFY.replace("from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Header, HTTPException, Query, Request, Response, WebSocket, WebSocketException\n", "from flask import Flask, abort, request\n") + """
app = Flask(__name__, static_folder=None)

@app.before_request
def verify_before():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or verify_token(token) is None:
        abort(401)

@app.get("/me")
def me():
    return {"user": "somebody", "secret": "what is kept here"}
""", host="alone", server="werkzeug"),
    Animal("django", "Django over ASGI, with a middleware of its own.", VERIFY.replace("from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Header, HTTPException, Query, Request, Response, WebSocket, WebSocketException\n", "") + """
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

def verify_before(get_response):
    def guarded(request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or verify_token(token) is None:
            return JsonResponse({"detail": "Not authenticated"}, status=401)
        return get_response(request)
    return guarded

def me(request):
    return JsonResponse({"user": "somebody", "secret": "what is kept here"})

urlpatterns = [path("me", me)]
if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="zoo", APPEND_SLASH=False,
        MIDDLEWARE=[__name__ + ".verify_before"], LOGGING_CONFIG=None,
    )
django.setup()
from django.core.asgi import get_asgi_application
app = get_asgi_application()
""", host="alone"),
    # Twins of the flaws of flaws_twins.py and flaws_hidden.py, in other styles
]  # fmt: skip
