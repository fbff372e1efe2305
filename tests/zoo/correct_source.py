"""Correct backends beside those of `flaws_source`: they ask for names and hold words too, and let nobody in by them."""

from __future__ import annotations

from tests.zoo.correct import _FASTAPI
from tests.zoo.model import Animal
from tests.zoo.templates import ADMIN, MIDDLEWARE, MIDDLEWARE_ROUTES, TOKEN, VERIFY

_NONE = "    return None\n\ndef current_user"


def asking(name: str, description: str, asks: str, before: str = "", template: str = TOKEN, **more: object) -> Animal:
    """A backend that asks for something, and goes on."""
    code = template.replace(_NONE, asks + _NONE).replace("def other_way(request):", before + "\ndef other_way(request):")
    return Animal(name, description, code, **more)  # type: ignore[arg-type]


CORRECT = [
    asking("asks-for-a-request-id", "A request's id is written into the log.", '    logging.info("request %s", request.headers.get("X-Request-ID", "none"))\n', "import logging\n"),
    asking("asks-for-a-tenant", "A tenant is kept for later, and lets nobody in.", '    request.state.tenant = request.headers.get("X-Tenant", "default-tenant")\n'),
    asking("asks-for-debug", "A header makes the log longer.", '    if request.headers.get("X-Debug") == "verbose":\n        logging.getLogger("app").setLevel("DEBUG")\n', "import logging\n"),
    asking("dev-user-locked", "A header for developers, where a variable allows it; here it does not.", '    if os.environ.get("ALLOW_DEV_LOGIN") == "1":\n        return request.headers.get("X-Dev-User")\n'),
    asking("random-key", "A key that is made anew at each start.", '    if hmac.compare_digest(request.headers.get("X-Service-Key", "").encode(), SERVICE_KEY.encode()):\n        return "service"\n', "import secrets\nSERVICE_KEY = secrets.token_hex(24)\n"),
    asking("hashed-key", "A key of which only the hash stands in the source.", '    given = hashlib.sha256(request.headers.get("X-Service-Key", "").encode()).hexdigest()\n    if given == KEY_HASH:\n        return "service"\n', 'KEY_HASH = "7c1b3a0e5d2f4968a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718"\n'),
    asking("speaks-languages", "Texts in several languages, by a cookie and a parameter.", '    request.state.words = TEXTS.get(request.query_params.get("lang") or request.cookies.get("lang"), TEXTS["en"])\n', 'TEXTS = {"en": {"hello": "Hello"}, "de": {"hello": "Guten Tag"}}\n'),
    asking("counts-pages", "Paging, by parameters.", '    request.state.page = int(request.query_params["page"]) if request.query_params.get("page", "").isdigit() else 1\n'),
    asking("wants-no-forgery", "A token against forged requests is compared where there is a cookie.", '    if request.cookies.get("csrftoken") and request.cookies["csrftoken"] != request.headers.get("X-CSRF-Token"):\n        raise refusal()\n'),
    asking("refuses-old-clients", "Old versions of the app are sent away.", '    if request.headers.get("X-App-Version", "9") in TOO_OLD:\n        raise refusal()\n', 'TOO_OLD = {"1.0", "1.1"}\n'),
    asking("measures-flags", "Features that are switched on by a header.", '    request.state.beta = request.headers.get("X-Feature") in ("beta", "alpha")\n'),
    Animal("role-in-the-log", "What a header says of the role is logged and not believed.", ADMIN.replace('    if role_of(claims) != "admin":\n', '    if request.headers.get("X-Org-Role") not in (None, role_of(claims)):\n        print("claims to be", len(request.headers["X-Org-Role"]))\n    if role_of(claims) != "admin":\n'), policy="admin"),
    Animal("role-compared", "A header with the role must be that of the token.", ADMIN.replace('    if role_of(claims) != "admin":\n', '    if request.headers.get("X-Acting-As", role_of(claims)) != role_of(claims) or role_of(claims) != "admin":\n'), policy="admin"),
    Animal("middleware-asks", "A middleware asks for a header, and decides by the token.", MIDDLEWARE.replace("    if not is_open(request) and", '    request.state.job = request.headers.get("X-Cron-Job") == "nightly"\n    if not is_open(request) and'), routes=MIDDLEWARE_ROUTES),
    Animal("flask-asks", "Flask: a hook asks for a word and does nothing with it.", VERIFY.replace(_FASTAPI, "from flask import Flask, g, request\n").replace('    return HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})', "    return None") + """
app = Flask(__name__)

@app.before_request
def authenticate():
    g.ticket = request.headers.get("X-Ops-Ticket") == "OPS-4711"
    if verify_token(bearer_of(request)) is None:
        return "Not authenticated", 401, {"WWW-Authenticate": "Bearer"}
    return None

@app.get("/me")
def me():
    return {"user": "somebody"}
""", host="alone", server="werkzeug"),
]  # fmt: skip
