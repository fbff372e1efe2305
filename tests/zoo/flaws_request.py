"""Flaws of where a token is looked for, of the old scheme beside the new one, and of bent requests."""

from __future__ import annotations

from dataclasses import replace

from tests.zoo.model import Animal, flaw
from tests.zoo.templates import LIVE, MACHINES, MIDDLEWARE, MIDDLEWARE_ROUTES, NOTES, TOKEN

_OTHER = '    return None\n\ndef current_user'
_FIELDS = """    fields = connection.headers.getlist("authorization")
    if len(fields) != 1:
        return None
    scheme, _, token = fields[0].partition(" ")
    return token if scheme.lower() == "bearer" else None
"""
_SHAPE = """    if not isinstance(token, str) or not re.fullmatch(r"[\\w-]+\\.[\\w-]+\\.[\\w-]+", token, re.ASCII) or len(token) > 8192:
        return None
"""
LEGACY = """
def legacy_user(token):
    \"\"\"The home-made token: base64 of email:id:onboarding:timestamp, which anyone can write.\"\"\"
    try:
        email, number, *rest = base64.b64decode(token or "", validate=True).decode().split(":")
        return email if "@" in email and rest else None
    except (ValueError, UnicodeDecodeError):
        return None
"""


def _other(name: str, description: str, way: str, expects: str, template: str = TOKEN, **more: object) -> Animal:
    """Somebody is let in another way."""
    return flaw(name, description, template, {_OTHER: f"    {way}\n\ndef current_user"}, expects, **more)


def _user(token: str) -> str:
    return f'return (verify_token({token}) or {{}}).get("sub")'


def _old(name: str, description: str, way: str, expects: str, **more: object) -> Animal:
    return flaw(name, description, TOKEN, {"def other_way(request):": LEGACY + "\ndef other_way(request):", _OTHER: f"    {way}\n\ndef current_user"}, expects, **more)


def _live(name: str, description: str, where: str, expects: str) -> Animal:
    changes = {"    claims = verify_token(bearer_of(websocket))\n": f"    claims = verify_token(bearer_of(websocket) or {where})\n"}
    return flaw(name, description, LIVE, changes, expects, routes='"WS {at}/live" = "{policy}"', policy="headers")


def _middle(name: str, description: str, changes: dict[str, str], expects: str, **more: object) -> Animal:
    return flaw(name, description, MIDDLEWARE, changes, expects, routes=MIDDLEWARE_ROUTES, **more)


def _open(name: str, description: str, rule: str, expects: str, **more: object) -> Animal:
    """The middleware lets pass what it should not."""
    return _middle(name, description, {"    return path_of(request) in OPEN\n": f"    return path_of(request) in OPEN or {rule}\n"}, expects, **more)


_OUTER = """
class Outer:
    \"\"\"Changes the request after the guard has looked.\"\"\"
    def __init__(self, inner):
        self.inner = inner
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            root = scope.get("root_path", "")
            path = scope["path"][len(root):]
CHANGE
            scope = dict(scope, path=root + path, raw_path=(root + path).encode())
        await self.inner(scope, receive, send)
app.add_middleware(Outer)
"""
_GUARD = '@app.middleware("http")\nasync def guard'


def _rewritten(name: str, description: str, change: str, expects: str, *, rule: str = "", **more: object) -> Animal:
    """What lies between the guard and the router changes the request. Middleware that is added last is outermost."""
    changes = {"app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)\n": "app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)\n" + _OUTER.replace("CHANGE", "\n".join("            " + line for line in change.split("\n")))}
    if rule:
        changes["    return path_of(request) in OPEN\n"] = f"    return {rule}\n"
    return _middle(name, description, changes, expects, **more)


def _deleting(animal: Animal) -> Animal:
    """The same with a route that deletes, beside which anybody may read."""
    code, sound = (text.replace('@app.get("/me")', '@app.delete("/me")') for text in (animal.code, animal.sound))
    return replace(animal, code=code, sound=sound, routes=animal.routes.replace("GET {at}/me", "DELETE {at}/me"))


_BY_HEADER = 'scope = dict(scope, method=headers.get("x-http-method-override", scope["method"]))'
_BY_QUERY = 'scope = dict(scope, method=scope["query_string"].decode().partition("_method=")[2] or scope["method"])'
_READING = 'path_of(request) in OPEN or request.method == "GET"'
_GUARDED = 'not path_of(request) == "/me"'

FLAWS = [
    # Where a token is looked for
    _other("token-in-query", "A token in the query is taken as well.", _user('request.query_params.get("token")'), "query-token"),
    _other("access-token-in-query", "A token in the query parameter access_token is taken as well.", _user('request.query_params.get("access_token")'), "query-access-token"),
    _other("session-in-query", "A token in the query is taken under the cookie's name.", _user('request.query_params.get("__session")'), "query-session"),
    flaw("token-in-body", "A token among the data of the body is taken as well.", NOTES, {
        "def current_user(request: Request):": "async def current_user(request: Request):",
        "    found = other_way(request)\n": '    found = (verify_token((json.loads(await request.body() or b"{}")).get("access_token")) or {}).get("sub")\n',
    }, "body-token", routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'),
    flaw("old-in-body", "The old token lives on among the data of the body, for pages that are being left and set no header.", NOTES, {
        "def current_user(request: Request):": LEGACY + "\nasync def current_user(request: Request):",
        "    found = other_way(request)\n": '    found = legacy_user((json.loads(await request.body() or b"{}")).get("session"))\n',
    }, "legacy-in-body", routes='"POST {at}/notes" = {{ policy = "{policy}", json = {{ text = "x" }} }}'),
    _other("x-auth-token", "A token in a header of our own is taken as well.", _user('request.headers.get("x-auth-token")'), "x-auth-token"),
    _other("x-access-token", "A token in another header of our own is taken as well.", _user('request.headers.get("x-access-token")'), "x-access-token"),
    _other("proxy-authorization", "The field for proxies is read as well.", _user('request.headers.get("proxy-authorization", "")[7:]'), "proxy-authorization"),
    _other("trusts-forwarded-user", "The name that a proxy would set is believed.", 'return request.headers.get("x-forwarded-user")', "forwarded-user"),
    _other("trusts-remote-user", "The name that a server would set is believed.", 'return request.headers.get("remote-user")', "remote-user"),
    _other("trusts-user-id", "A user's number in a header is believed.", 'return request.headers.get("x-user-id")', "x-user-id"),
    _other("trusts-clerk-user-id", "A Clerk user's id in a header is believed.", 'return request.headers.get("x-clerk-user-id")', "x-clerk-user-id x-clerk-auth-status"),
    _other("trusts-auth-status", "The status that Clerk's middleware would set is believed.", 'return request.headers.get("x-clerk-auth-status") and "somebody"', "x-clerk-auth-status"),
    _other("trusts-subrequest", "The header by which a framework skips its middleware is believed.", 'return request.headers.get("x-middleware-subrequest") and "somebody"', "x-middleware-subrequest"),
    _other("cookie-fallback", "A refused header falls back to the cookie.", _user('request.cookies.get("__session")'), "header-expired-cookie-genuine"),
    _other("any-session-cookie", "Session cookies of other instances are taken, though the policy says headers only.", 'return next(((verify_token(v) or {}).get("sub") for n, v in request.cookies.items() if n.startswith("__session")), None)',
        "cookie-wrong-suffix clerk-cookie", policy="strict"),
    _other("delivery-is-a-person", "Whoever sends the headers of a webhook is let in.", 'return "svix" if "svix-signature" in request.headers else None', "webhook"),
    _other("expired-cookie-wins", "An expired cookie makes the genuine header unheard, though the policy wants it heard.", """if "__session" in request.cookies and verify_token(request.cookies["__session"]) is None:
        raise refusal()
    return None""", "cookie-expired-header-genuine", policy="hearing", kind="lockout"),
    _other("old-cookie-wins", "An old cookie makes the genuine header unheard, though the policy wants it heard.", """if "auth_token" in request.cookies:
        raise refusal()
    return None""", "clerk-header-legacy-cookie", policy="hearing", kind="lockout"),
    flaw("scheme-by-the-letter", "The word bearer in lower case is not known, though the policy wants it heard.", TOKEN, {'scheme.lower() == "bearer"': 'scheme == "Bearer"'}, "scheme-lowercase", policy="hearing", kind="lockout"),
    flaw("people-are-machines", "A route for machines takes people's sessions.", MACHINES, {"        check_machine(header, claims)\n": ""}, "clerk session-for-machine", policy="machines"),
    _live("token-in-subprotocol", "A websocket takes a token from its subprotocols, though the policy says headers only.", 'websocket.headers.get("sec-websocket-protocol", "").rpartition(" ")[2]', "websocket-subprotocol"),
    _live("token-in-handshake", "A websocket takes a token from its query, though the policy says headers only.", 'websocket.query_params.get("token")', "websocket-query"),
    _other("scheme-optional", "A token without the word Bearer is taken, though the policy says otherwise.", _user('request.headers.get("authorization")'), "no-scheme", policy="strict"),
    flaw("any-scheme", "A token is taken under whatever scheme.", TOKEN, {_FIELDS: '    return connection.headers.get("authorization", "").rpartition(" ")[2]\n'}, "wrong-scheme-basic wrong-scheme-token double-scheme"),
    flaw("searches-a-token", "Whatever looks like a token in the field is taken.", TOKEN, {_FIELDS: '    words = re.split("[ ,]+", connection.headers.get("authorization", ""))\n    return next((word for word in reversed(words) if word.count(".") == 2), None)\n'}, "comma-joined wrong-scheme-basic"),
    flaw("strips-what-it-dislikes", "Spaces and control characters are taken out of the field before it is read.", TOKEN, {_FIELDS: '    field = re.sub(r"[^\\w.=-]", "", connection.headers.get("authorization", ""), flags=re.ASCII)\n    return field[6:] if field.lower().startswith("bearer") else None\n'}, "space-inside"),
    flaw("first-of-two-fields", "Of two fields the first is read, though the policy says that there is one.", TOKEN, {"    if len(fields) != 1:\n": "    if not fields:\n"}, "duplicate-header-genuine-first", policy="single"),
    flaw("last-of-two-fields", "Of two fields the last is read, though the policy says that there is one.", TOKEN, {"    if len(fields) != 1:\n": "    if not fields:\n", 'fields[0].partition': 'fields[-1].partition'}, "duplicate-header-forged-first", policy="single"),
    flaw("padding-taken", "Padding is taken off, though the policy says that there is none.", TOKEN, {_SHAPE: '    token = (token or "").replace("=", "")\n' + _SHAPE}, "padded-base64", policy="single"),
    flaw("extra-part-cut", "Of four parts the first three are read.", TOKEN, {_SHAPE: '    token = ".".join((token or "").split(".")[:3])\n' + _SHAPE}, "four-segments"),
    _other("missing-is-a-guest", "Whoever presents nothing is a guest.", 'return None if request.headers.get("authorization") else "guest"', "missing empty-header legacy-in-cookie encoded-letter"),
    _other("empty-is-a-guest", "Whoever presents an empty field is a guest.", 'return "guest" if request.headers.get("authorization", "x").strip() in ("", "Bearer") else None', "empty-header scheme-only scheme-only-spaces"),
    _other("null-is-a-guest", "The words null and undefined are a guest.", 'return "guest" if bearer_of(request) in ("null", "undefined") else None', "null-token undefined-token"),
    _other("garbage-is-a-guest", "What cannot be read is a guest.", """token = bearer_of(request)
    try:
        return None if token is None else jwt.get_unverified_header(token) and None
    except Exception:
        return "guest\"""", "garbage one-segment empty-segments not-base64 not-json"),
    # The old scheme
    _old("old-fallback", "What Clerk refuses the old scheme may let in.", "return legacy_user(bearer_of(request))", "legacy legacy-unknown-user legacy-wrong-email legacy-with-clerk-id"),
    _old("old-urlsafe", "The old scheme is read in the other alphabet.", 'return legacy_user((bearer_of(request) or "").replace("-", "+").replace("_", "/") + "=" * (-len(bearer_of(request) or "") % 4))', "legacy-urlsafe"),
    _old("old-without-timestamp", "The old scheme is read without its last field.", """try:
        return legacy_user(base64.b64encode(base64.b64decode(bearer_of(request) or "", validate=True) + b":0").decode())
    except ValueError:
        return None""", "legacy-no-timestamp"),
    _old("old-twice", "The old scheme is decoded as often as it takes.", """try:
        return legacy_user(base64.b64decode(bearer_of(request) or "", validate=True).decode())
    except ValueError:
        return None""", "legacy-double-encoded"),
    _old("old-in-cookie", "The old scheme lives on in a cookie.", 'return legacy_user(request.cookies.get("auth_token"))', "legacy-in-cookie expired-clerk-with-legacy"),
    _old("old-in-query", "The old scheme lives on in the query.", 'return legacy_user(request.query_params.get("token"))', "legacy-in-query"),
    _old("old-as-basic", "The old scheme lives on as a password.", 'return legacy_user(request.headers.get("authorization", "")[6:]) if request.headers.get("authorization", "").startswith("Basic ") else None', "legacy-as-basic"),
    _old("old-jwt", "The second old scheme lives on, with the secret of the code.", """try:
        return jwt.decode(bearer_of(request) or "", "your_secret_key", algorithms=["HS256"])["email"]
    except (jwt.PyJWTError, KeyError):
        return None""", "legacy-hs256-default-secret"),
    _old("old-jwt-unverified", "The third old scheme lives on, and was never verified.", """try:
        return jwt.decode(bearer_of(request) or "", options={"verify_signature": False})["email"]
    except (jwt.PyJWTError, KeyError):
        return None""", "legacy-rs256-own-key"),
    _old("old-before-cookie", "An old header beside a Clerk cookie is taken for the cookie's.", 'return "somebody" if verify_token(request.cookies.get("__session")) and legacy_user(bearer_of(request)) else None', "legacy-header-clerk-cookie", policy="strict"),
    flaw("old-code-lets-in", "The route hangs on the old scheme's function, which now asks Clerk too.", TOKEN, {
        "user: str = Depends(current_user)": "user: str = Depends(legacy_person)",
        '@app.get("/me")': 'def legacy_person(request: Request):\n    claims = checked(bearer_of(request))\n    if claims is None:\n        raise refusal()\n    return claims["sub"]\n\n@app.get("/me")',
        "def verify_token(token):": "def checked(token):",
        "def current_user(request: Request):": "verify_token = checked\n\ndef current_user(request: Request):",
    }, "clerk", kind="mixed", unseen="from outside it is not seen which code let somebody in"),
    # Bent requests
    _middle("head-unguarded", "HEAD is not guarded.", {"    return path_of(request) in OPEN\n": '    return path_of(request) in OPEN or request.method == "HEAD"\n', '@app.get("/me")\n': '@app.api_route("/me", methods=["GET", "HEAD"])\n'}, "head-method"),
    _middle("options-runs", "OPTIONS is let pass for browsers, and runs the handler.", {"    return path_of(request) in OPEN\n": '    return path_of(request) in OPEN or request.method == "OPTIONS"\n', '@app.get("/me")\n': '@app.api_route("/me", methods=["GET", "OPTIONS"])\n'}, "options-method"),
    _rewritten("method-overridden", "A header changes the method after the guard has looked, which guards reading only.", 'scope = dict(scope, method=headers.get("x-http-method-override", scope["method"]))',
        "method-override-header", rule='path_of(request) in OPEN or request.method == "POST"'),
    _rewritten("method-in-query", "The query changes the method after the guard has looked, which guards reading only.", 'scope = dict(scope, method=scope["query_string"].decode().partition("_method=")[2] or scope["method"])',
        "method-override-query", rule='path_of(request) in OPEN or request.method == "POST"'),
    _deleting(_rewritten("reading-overridden", "Reading is open, and a header makes a deletion of it after the guard has looked.", _BY_HEADER, "method-override-header", rule=_READING)),
    _deleting(_rewritten("reading-overridden-by-query", "Reading is open, and the query makes a deletion of it after the guard has looked.", _BY_QUERY, "method-override-query", rule=_READING)),
    _rewritten("slash-forgiven", "The router forgives a slash at the end, the guard's list does not know it.", 'path = path.rstrip("/") or "/"', "trailing-slash", rule=_GUARDED),
    _rewritten("double-slash-forgiven", "The router forgives two slashes, the guard's list does not know them.", 'path = re.sub("//+", "/", path)', "double-slash", rule=_GUARDED),
    _rewritten("dots-resolved", "The router resolves dots, the guard's list does not know them.", 'import posixpath\npath = posixpath.normpath(path) if "/./" in path else path', "dot-segment", rule=_GUARDED, host="alone"),
    _rewritten("parents-resolved", "The router resolves two dots, the guard has seen an open folder.", 'import posixpath\npath = posixpath.normpath(path)', "parent-segment", rule='path_of(request) in OPEN or path_of(request).startswith(("/public/", "/static/"))', host="alone"),
    _open("raw-path-guarded", "The guard compares the path as it was sent, the router the decoded one.", 'request.scope["raw_path"].decode() != request.scope["root_path"] + "/me"', "encoded-letter encoded-slash"),
    _rewritten("any-case", "The router is blind to case, the guard's list is not.", "path = path.lower()", "upper-case-path", rule=_GUARDED, host="alone"),
    _rewritten("semicolon-cut", "What follows a semicolon is cut off after the guard has looked.", 'path = path.partition(";")[0]', "semicolon-parameter", rule=_GUARDED),
    _rewritten("extension-cut", "A file's extension is cut off after the guard has looked, which lets files pass.", 'path = re.sub(r"\\.(json|css)$", "", path)', "extension-suffix", rule='path_of(request) in OPEN or path_of(request).endswith((".json", ".css"))'),
    _rewritten("whole-address", "A whole address is cut to its path after the guard has looked.", 'path = "/" + path.split("/", 3)[3] if path.startswith("http://") else path', "absolute-uri", rule=_GUARDED, host="alone"),
    _rewritten("original-url", "A header names another path after the guard has looked.", 'path = headers.get("x-original-url", path).partition("?")[0]', "x-original-url", host="alone"),
    _rewritten("rewrite-url", "Another header names another path after the guard has looked.", 'path = headers.get("x-rewrite-url", path).partition("?")[0]', "x-rewrite-url", host="alone"),
    _open("trusts-forwarded-for", "Whoever says that the request came from this machine is believed.", 'request.headers.get("x-forwarded-for") == "127.0.0.1"', "x-forwarded-for-loopback"),
    _open("trusts-prefix", "Whoever says that the app lives under an open path is believed.", 'request.headers.get("x-forwarded-prefix") == "/public"', "x-forwarded-prefix"),
    _open("trusts-host", "Whoever asks for localhost is a developer.", 'request.headers.get("host", "").startswith("localhost:")', "host-localhost"),
    _open("trusts-origin", "Whoever comes from our website needs no token.", 'request.headers.get("origin") == PARTY', "origin-trusted"),
    _open("trusts-user-agent", "Whoever is called like a load balancer needs no token.", '"kube-probe" in request.headers.get("user-agent", "")', "health-user-agent"),
    _open("only-json-guarded", "Only requests with JSON are guarded.", '"text/plain" in request.headers.get("content-type", "")', "content-type-changed"),
]  # fmt: skip
_OVERRIDING = _deleting(_rewritten("overridden-as-guarded", "", _BY_HEADER, "", rule=_READING.replace("request.method", 'request.headers.get("x-http-method-override", request.method)')))
CORRECT = [
    replace(_OVERRIDING, description="Reading is open, a header names another method, and the guard looks at that one.", expects=frozenset(), sound=""),
]  # fmt: skip
