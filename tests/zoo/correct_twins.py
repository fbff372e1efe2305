"""Correct backends beside those of `flaws_twins` and `flaws_hidden`: each rule has one that it must leave alone."""

from __future__ import annotations

from tests.zoo.correct import _APP, _AT_ONCE, _BY_CLIENT, _BY_SVIX, _DECODED, _FASTAPI, _PEOPLE
from tests.zoo.flaws_hidden import CALLED_ALL_THE_TIME, TWO_ROUTES, limited
from tests.zoo.flaws_system import REMEMBERED
from tests.zoo.model import Animal
from tests.zoo.templates import ADMIN, LIVE, MIDDLEWARE, MIDDLEWARE_ROUTES, TOKEN, USER, VERIFY
from tests.zoo.templates_ways import (
    AUDIENCE,
    BROWSER,
    BROWSER_ROUTES,
    CALLERS,
    CHAT,
    CHAT_ROUTES,
    CROSS,
    DELIVERIES,
    DELIVERIES_ROUTES,
    DOWNLOADS,
    KEPT,
    OAUTH,
    OPAQUE,
    ORIGIN,
    VISITORS,
    VISITORS_ROUTES,
)

CORRECT = [
    Animal("for-admins-by-client", "A role is wanted, and PyJWT's client knows the keys.", ADMIN.replace(_DECODED, _BY_CLIENT), policy="admin"),
    Animal("for-members", "Members of the active organization, and no admins.", ADMIN.replace('role_of(claims) != "admin"', 'role_of(claims) != "member"'), policy="member"),
    Animal("for-every-member", "Whoever has a role in the active organization.", ADMIN.replace('    if role_of(claims) != "admin":\n', "    if not role_of(claims):\n"), policy="organization"),
    Animal("for-partners", "A JWT template's token with the audience of this service.", AUDIENCE, policy="templates"),
    Animal("for-clients", "OAuth access tokens, signed ones.", OAUTH, policy="oauth"),
    Animal("for-both", "People's sessions and machines' tokens: first one code is tried, then the other.", CALLERS, policy="both"),
    Animal("for-both-by-class", "People's sessions and machines' tokens: the header says which code is to verify.", CALLERS.replace("    claims = verify_token(token) or verify_machine(token)\n", """    try:
        machine = header_of(token).get("cat") == "cl_B7d4PD333AAA"
    except FAILS:
        machine = False
    claims = verify_machine(token) if machine else verify_token(token)
"""), policy="both"),
    Animal("bridge-of-the-known", "The bridge phase: of the old tokens only those of people who are known.", TOKEN.replace("def other_way(request):", _PEOPLE + "\ndef other_way(request):").replace("    return None\n\ndef current_user", "    return legacy_user(bearer_of(request))\n\ndef current_user"), policy="bridge"),
    Animal("browsers-too", "The header, and a browser's cookie if it was made for our website.", BROWSER, policy="browser", routes=BROWSER_ROUTES),
    Animal("cookies-to-read", "A browser's cookie is enough to read; to write it takes the header.", BROWSER.replace("        claims = verify_cookie(", '        claims = None if request.method != "GET" else verify_cookie('), policy="browser",
        routes='"GET {at}/me" = "{policy}"\n"POST {at}/notes" = {{ policy = "{policy}", carriers = ["bearer"], json = {{ text = "x" }} }}'),
    Animal("browsers-only", "Nothing but a browser's cookie.", BROWSER.replace('    if "authorization" in request.headers:\n', "    if False:\n"), policy="cookie-only", routes=BROWSER_ROUTES),
    Animal("links-too", "The header, and the token in a link.", DOWNLOADS, policy="downloads"),
    Animal("live-by-link-too", "A websocket: the header, and the token in its address.", LIVE.replace("verify_token(bearer_of(websocket))", 'verify_token(bearer_of(websocket) if "authorization" in websocket.headers else websocket.query_params.get("token"))'), routes='"WS {at}/live" = "{policy}"', policy="downloads"),
    Animal("first-message", "A websocket whose first message brings the token.", CHAT, routes=CHAT_ROUTES, policy="spoken"),
    Animal("deliveries", "Deliveries, verified by hand.", DELIVERIES, routes=DELIVERIES_ROUTES, policy="webhook"),
    Animal("deliveries-by-svix", "Deliveries, verified with Svix's own library.", _BY_SVIX, routes=DELIVERIES_ROUTES, policy="webhook"),
    Animal("api-keys", "API keys, each asked about at Clerk.", OPAQUE, policy="keys"),
    Animal("live-with-a-fresh-token", "The header is verified when the socket opens, and the fresh token of each message then; nothing is said before.", LIVE.replace('''    await websocket.send_json({"user": user})
''', '''    fresh = verify_token(json.loads(await websocket.receive_text()).get("fresh"))
    if fresh is None or fresh["sub"] != user:
        await websocket.close(1008)
        return
    await websocket.send_json({"user": user})
'''), routes="""
"WS {at}/live" = {{ policy = "{policy}", messages = ['{{"fresh": "{{token}}"}}'] }}
"""),
    Animal("api-keys-kept", "What Clerk said of an API key is kept for a while under its hash; who cannot be asked about is told to come again.", KEPT, policy="keys"),
    Animal("m2m-tokens", "Opaque tokens of machines, each asked about at Clerk.", OPAQUE.replace('"ak_", "/v1/api_keys/verify", "secret"', '"mt_", "/v1/m2m_tokens/verify", "token"'), policy="opaque-m2m"),
    Animal("oauth-tokens", "Opaque OAuth tokens, each asked about at Clerk.", OPAQUE.replace('"ak_", "/v1/api_keys/verify", "secret"', '"oat_", "/v1/oauth_applications/access_tokens/verify", "access_token"'), policy="opaque-oauth"),
    Animal("visitors", "Visitors may read; a bad token is none.", VISITORS, policy="optional", routes=VISITORS_ROUTES),
    Animal("visitors-or-good-tokens", "Visitors may read; whoever shows a token must show a good one.", VISITORS.replace('    claims = verify_token(bearer_of(request))\n    return claims["sub"] if claims is not None else None\n', '    if "authorization" not in request.headers:\n        return None\n    claims = verify_token(bearer_of(request))\n    if claims is None:\n        raise refusal()\n    return claims["sub"]\n'), policy="optional", routes=VISITORS_ROUTES),
    Animal("nobody", "A route that is switched off.", USER + _APP + """
def switched_off():
    raise refusal()

@app.get("/me", dependencies=[Depends(switched_off)])
def me():
    return {"secret": "what nobody sees"}
""", policy="closed"),
    Animal("throttled", "A limiter before the guard lets those in who wait.", TOKEN.replace(_APP, _APP + limited(100))),
    Animal("handler-as-dependency", "A handler that is another one's dependency.", TOKEN + """
@app.get("/totals")
def totals(mine: dict = Depends(me)):
    return {"of": mine["user"], "notes": 3}
""", routes=TWO_ROUTES),
    Animal("handler-called-by-another", "An open route calls the guarded one's handler as a plain function.", TOKEN + """
@app.get("/sample")
def sample():
    return {"looks like": me("nobody")}
""", routes='"GET {at}/me" = "{policy}"\n"GET {at}/sample" = "public"'),
    Animal("called-by-a-thread", "A thread calls a handler all the time.", TOKEN + CALLED_ALL_THE_TIME, routes=TWO_ROUTES, host="alone"),
    Animal("logged", "What only logs has a telling name; an open route beside it.", TOKEN + """
LOG = []

@app.middleware("http")
async def authenticate_logging(request: Request, call_next):
    started = time.monotonic()
    response = await call_next(request)
    LOG[:] = [(request.url.path, response.status_code, time.monotonic() - started)]
    return response

def current_settings():
    return {"party": PARTY}

@app.get("/open")
def open_to_all(settings: dict = Depends(current_settings)):
    return {"open": settings["party"]}
""", routes='"GET {at}/me" = "{policy}"\n"GET {at}/open" = "public"'),
    Animal("streaming", "An answer in parts.", USER + _APP + """
from fastapi.responses import StreamingResponse

@app.get("/me")
def me(user: str = Depends(current_user)):
    def parts():
        for number in range(4):
            yield b'{"n": %d, "at": %d}\\n' % (number, time.time_ns())
            time.sleep(0.01)
    return StreamingResponse(parts(), media_type="application/x-ndjson")
"""),
    Animal("answers-kept-for-each", "An answer is remembered, for each person.", REMEMBERED.replace("KEPT", "(user, request.url.path)")),
    Animal("list-for-everybody", "A list that is the same for everybody, with somebody's address in it, is remembered.", REMEMBERED.replace("KEPT", "request.url.path").replace('"user": user, "secret": "what is kept here"', '"notes": [{"by": "alice@example.com", "text": "hello"}]')),
    Animal("never-the-same", "An answer that is another one each time: a clock, chance, a counter.", USER + _APP + """
import random
COUNT = [0]

@app.get("/me")
def me(user: str = Depends(current_user)):
    COUNT[0] += 1
    return {"now": time.time_ns(), "luck": random.random(), "mark": os.urandom(8).hex(), "asked": COUNT[0] // 3, "first": random.choice(["a", "b"])}
"""),
    Animal("across-origins", "The pages of a front end on another origin may call.", CROSS, settings=ORIGIN),
    Animal("across-origins-by-hand", "The same, written by hand, around a guard that is a middleware.", MIDDLEWARE + """
ALLOWED = {"Access-Control-Allow-Origin": PARTY, "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}

@app.middleware("http")
async def across(request: Request, call_next):
    ours = request.headers.get("origin") == PARTY
    if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
        more = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "authorization, content-type"}
        return Response(None, 204 if ours else 403, ALLOWED | more if ours else {})
    response = await call_next(request)
    if ours:
        response.headers.update(ALLOWED)
    return response
""", routes=MIDDLEWARE_ROUTES, settings=ORIGIN),
    Animal("keys-every-time", "Keys are fetched for every token: a withdrawn one ends at once.", TOKEN.replace(_AT_ONCE, "    if True:\n"), policy="rotating"),
    Animal("patient", "A few seconds between the clocks are allowed, as the policy wants.", TOKEN, policy="patient"),
    Animal("refuses-by-answering", "A handler of Starlette's that answers 401 itself.", VERIFY + """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def me(request):
    claims = verify_token(bearer_of(request))
    if claims is None:
        return JSONResponse({"detail": "Not authenticated"}, 401)
    return JSONResponse({"user": claims["sub"], "secret": "what is kept here"})

app = Starlette(routes=[Route("/me", me)])
""", policy="inside"),
    Animal("flask-inside", "Flask over WSGI: the handler asks first who is there.", VERIFY.replace(_FASTAPI, "from flask import Flask, abort, request\n") + """
app = Flask(__name__, static_folder=None)

def person():
    fields = request.headers.getlist("Authorization")
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    claims = verify_token(token) if scheme.lower() == "bearer" else None
    if claims is None:
        abort(401)
    return claims["sub"]

@app.get("/me")
def me():
    return {"user": person(), "secret": "what is kept here"}
""", host="alone", server="werkzeug", policy="inside"),
    Animal("django-inside", "Django over ASGI: the view answers 401 itself.", VERIFY.replace(_FASTAPI, "") + """
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

def me(request):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    claims = verify_token(token) if scheme.lower() == "bearer" else None
    if claims is None:
        return JsonResponse({"detail": "Not authenticated"}, status=401)
    return JsonResponse({"user": claims["sub"], "secret": "what is kept here"})

urlpatterns = [path("me", me)]
if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="zoo", APPEND_SLASH=False, MIDDLEWARE=[], LOGGING_CONFIG=None,
    )
django.setup()
from django.core.asgi import get_asgi_application
app = get_asgi_application()
""", host="alone", policy="inside"),
]  # fmt: skip
