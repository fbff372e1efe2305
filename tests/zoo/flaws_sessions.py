"""Sessions of the backend's own, which it gives out once Clerk's token was good; and cookies that open nothing."""

from __future__ import annotations

from tests.zoo.correct import _APP
from tests.zoo.model import Animal
from tests.zoo.templates import USER
from tests.zoo.templates_spellings import FLASK

_WAY = '    """Where a flaw lets somebody in."""\n    return None\n'
_GIVES = (
    USER
    + _APP
    + """
SESSIONS = {}

@app.get("/me")
def me(response: Response, user: str = Depends(current_user)):
    number = os.urandom(16).hex()
    SESSIONS[number] = user
    response.set_cookie("portal_session", number, httponly=True)
    return {"user": user, "secret": "what is kept here"}
"""
)
_FLASK = """
from flask import session
app = Flask(__name__, static_folder=None)
app.secret_key = os.urandom(32)

@app.before_request
def authenticate():
    claims = KNOWN
    if claims is None:
        return refusal()
    session["user"] = g.user = claims["sub"]

@app.get("/me")
def me():
    return {"user": g.user}
"""
_FLASK_REMEMBERS = _FLASK.replace("KNOWN", '{"sub": session["user"]} if "user" in session else verify_token(bearer_of(request))')
_FLASK_ASKS = _FLASK.replace("KNOWN", "verify_token(bearer_of(request))")

FLAWS = [
    Animal("session-of-its-own", "Once a token was good, a cookie of the backend's own is as good as one, for ever.", _GIVES.replace(_WAY, '    return SESSIONS.get(request.cookies.get("portal_session"))\n'), frozenset({"cookies-after-genuine"})),
    Animal("session-under-clerks-name", "A session of the backend's own stands in the cookie `__session`, the only one that its host passes on.", _GIVES.replace(_WAY, '    return SESSIONS.get(request.cookies.get("__session"))\n').replace("portal_session", "__session"), frozenset({"cookies-after-genuine"})),
    Animal("session-of-flask", "Flask: whoever was signed in once is known by the session, and no token is asked for.", FLASK + _FLASK_REMEMBERS, frozenset({"cookies-after-genuine"}), host="alone", server="werkzeug"),
]  # fmt: skip
CORRECT = [
    Animal("session-that-opens-nothing", "A cookie counts the visits, and opens nothing.", _GIVES),
    Animal("session-cookie-of-clerk", "What was presented is handed back in Clerk's own cookie, for pages, and verified wherever it is read.", _GIVES.replace('    number = os.urandom(16).hex()\n    SESSIONS[number] = user\n', "").replace('set_cookie("portal_session", number', 'set_cookie("__session", request.headers["authorization"][7:]').replace("response: Response,", "request: Request, response: Response,")),
    Animal("session-of-flask-beside-tokens", "Flask: the session remembers who it was, and each request is asked for its token.", FLASK + _FLASK_ASKS, host="alone", server="werkzeug"),
]  # fmt: skip
