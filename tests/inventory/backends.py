"""Backends of a few lines, in several styles, and what the inventory has to say of each router.

A fact is a name, the files, the state of each file with routes, and every place of it that is no guard as it should be:
`file:line kind status`, without the guards that are migrated.
"""

from __future__ import annotations

from typing import NamedTuple

CLERK = """
import jwt
from fastapi import Header, HTTPException
keys = jwt.PyJWKClient("https://x.clerk.accounts.dev/.well-known/jwks.json")
def get_current_user(authorization: str = Header("")):
    token = authorization.removeprefix("Bearer ")
    return jwt.decode(token, keys.get_signing_key_from_jwt(token).key, algorithms=["RS256"])
"""
OLD = """
import base64
from fastapi import Header
def get_user(authorization: str = Header("")):
    email, _, user_id = base64.b64decode(authorization.split()[1]).decode().partition(":")
    return email
"""
_HEAD = "from fastapi import APIRouter, Depends\n"
BOTH = {"clerk_auth.py": CLERK, "old_auth.py": OLD}
_DEFINED = "old_auth.py:4 definition left"


class Fact(NamedTuple):
    """See the module."""

    name: str
    files: dict[str, str]
    states: dict[str, str]
    places: tuple[str, ...] = ()


def router(name: str, text: str, state: str, *places: str, more: dict[str, str] | None = None) -> Fact:
    """A fact of `r.py` beside both mechanisms; places of `r.py` begin with their line."""
    named = tuple(p if ".py:" in p else f"r.py:{p}" for p in places)
    return Fact(name, BOTH | (more or {}) | {"r.py": text}, {"r.py": state}, (_DEFINED, *named))


_R = _HEAD + "r = APIRouter()\n"
OF_CLERK = "from clerk_auth import get_current_user\n"
OF_OLD = "from old_auth import get_user\n"

STYLES = [
    router("Depends", OF_CLERK + _R + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ...", "migrated"),
    router("the old one", OF_OLD + _R + "@r.get('/a')\ndef a(user=Depends(get_user)): ...", "left", "1 import left", "5 guard left"),
    router("one of each", OF_CLERK + OF_OLD + _R + "@r.get('/a')\ndef a(user=Depends(get_user)): ...\n"
           "@r.get('/b')\ndef b(user=Depends(get_current_user)): ...", "mixed", "2 import left", "6 guard left"),
    router("Annotated and an alias elsewhere", "from deps import User\n" + _R + "@r.get('/a')\ndef a(user: User): ...", "left",
           "1 import left", "5 guard left", "deps.py:3 import left",
           more={"deps.py": "from typing import Annotated\nfrom fastapi import Depends\nfrom old_auth import get_user\n"
                            "User = Annotated[str, Depends(get_user)]"}),
    router("an annotation in quotes", OF_CLERK + "from typing import Annotated\n" + _R
           + "@r.get('/a')\ndef a(user: 'Annotated[str, Depends(get_current_user)]'): ...", "migrated"),
    router("a dependency of a dependency", "from deps import admin\n" + _R + "@r.get('/a')\ndef a(user=Depends(admin)): ...", "left",
           "1 import left", "5 guard left", "deps.py:2 import left",
           more={"deps.py": "from fastapi import Depends\nfrom old_auth import get_user\ndef admin(user=Depends(get_user)): return user"}),
    router("of the router", OF_CLERK + _HEAD + "r = APIRouter(dependencies=[Depends(get_current_user)])\n@r.get('/a')\ndef a(): ...",
           "migrated"),
    router("of the route", OF_OLD + _R + "@r.get('/a', dependencies=[Depends(get_user)])\ndef a(): ...", "left", "1 import left",
           "4 guard left"),
    router("of where it is included", _R + "@r.get('/a')\ndef a(): ...", "migrated",
           more={"main.py": "import r\nfrom fastapi import FastAPI, Depends\nfrom clerk_auth import get_current_user\napp = FastAPI()\n"
                            "app.include_router(r.r, dependencies=[Depends(get_current_user)])"}),
    router("called in the handler", "import old_auth\n" + _R + "@r.get('/a')\ndef a(request): return old_auth.get_user(request.headers)",
           "left", "5 guard left"),
    router("imported in the handler", _R + "@r.get('/a')\ndef a(q):\n    from old_auth import get_user\n    return get_user(q)", "left",
           "5 import left", "6 guard left"),
    router("a class with an instance", OF_OLD + _R + "class Check:\n    def __call__(self, u=Depends(get_user)): return u\ncheck = Check()\n"
           "@r.get('/a')\ndef a(user=Depends(check)): ...", "left", "1 import left", "8 guard left"),
    router("a factory of guards", OF_CLERK + _R + "def role(name):\n    def inner(u=Depends(get_current_user)): return u\n    return inner\n"
           "@r.get('/a')\ndef a(user=Depends(role('admin'))): ...", "migrated"),
    router("all of a module", "from clerk_auth import *\n" + _R + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ...", "migrated"),
    router("add_api_route", OF_OLD + _R + "def a(user=Depends(get_user)): ...\nr.add_api_route('/a', a)", "left", "1 import left",
           "4 guard left"),
    router("within a factory", OF_CLERK + "from fastapi import FastAPI, Depends\ndef create():\n    app = FastAPI()\n    @app.get('/a')\n"
           "    def a(u=Depends(get_current_user)): ...\n    return app", "migrated"),
    router("Flask's decorator", OF_OLD + "from flask import Blueprint, request\nbp = Blueprint('b', __name__)\ndef login_required(f):\n"
           "    def inner(*a):\n        get_user(request.headers['Authorization'])\n        return f(*a)\n    return inner\n"
           "@bp.route('/a', methods=['POST'])\n@login_required\ndef a(): ...", "left", "1 import left", "10 guard left"),
    router("Flask's before_request", OF_CLERK + "from flask import Blueprint, request\nbp = Blueprint('b', __name__)\n@bp.before_request\n"
           "def check(): get_current_user(request.headers['Authorization'])\n@bp.get('/a')\ndef a(): ...", "migrated"),
    router("Django's views", OF_OLD + "from django.urls import path\ndef a(request): return get_user(request.headers)\n"
           "urlpatterns = [path('a', a)]", "left", "1 import left", "3 guard left"),
    router("middleware", _R + "@r.get('/a')\ndef a(): ...", "left", "main.py:3 import left", "main.py:8 guard left",
           more={"main.py": "import r\nfrom fastapi import FastAPI\nfrom old_auth import get_user\nclass Auth:\n"
                            "    async def __call__(self, scope, receive, send): get_user(scope['headers'])\n\napp = FastAPI()\n"
                            "app.add_middleware(Auth)\napp.include_router(r.r)"}),
    router("an import by a condition", "import os\nif os.environ.get('OLD'):\n    from old_auth import get_user as who\nelse:\n"
           "    from clerk_auth import get_current_user as who\n" + _R + "@r.get('/a')\ndef a(user=Depends(who)): ...", "mixed",
           "3 import left", "9 guard left"),
    Fact("relative imports, in a folder above the one that Python imports from",
         {"back/app/__init__.py": "", "back/app/auth/__init__.py": "from .old import get_user", "back/app/auth/old.py": OLD,
          "back/app/r.py": "from app.auth import get_user\n" + _R + "@r.get('/a')\ndef a(user=Depends(get_user)): ..."},
         {"back/app/r.py": "left"},
         ("back/app/auth/__init__.py:1 import left", "back/app/auth/old.py:4 definition left", "back/app/r.py:1 import left",
          "back/app/r.py:5 guard left")),
]  # fmt: skip

RECOGNISED = {
    "a token whose signature is not verified": (
        "import jwt\ndef current_user(token): return jwt.decode(token, options={'verify_signature': False})", "old"),
    "jose's unverified claims": ("from jose import jwt\ndef current_user(token): return jwt.get_unverified_claims(token)", "old"),
    "a token of one's own": (
        "from jose import jwt\nALG = 'HS256'\ndef current_user(token): return jwt.decode(token, KEY, algorithms=[ALG])", "old"),
    "the same, by settings": (
        "import jwt\nfrom pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    ALGORITHM: str = 'HS512'\nsettings = S()\n"
        "def current_user(token): return jwt.decode(token, KEY, algorithms=[settings.ALGORITHM])", "old"),
    "base64 by another name": (
        "from base64 import urlsafe_b64decode as d\nimport json\ndef who(auth_token): return json.loads(d(auth_token + '=='))", "old"),
    "what a login gives out": (
        "import base64\ndef login(email, user_id):\n    token = base64.b64encode(f'{email}:{user_id}'.encode())\n    return token", "old"),
    "by its name": ("def legacy_current_user(request): return request.state.x", "old"),
    "Clerk's SDK": (
        "from clerk_backend_api import Clerk\nsdk = Clerk(bearer_auth='x')\ndef user(request): return sdk.authenticate_request(request, None)",
        "clerk"),
    "a header that is looked at before it is verified": (
        "import jwt\ndef user(token):\n    peek = jwt.decode(token, options={'verify_signature': False})\n"
        "    return jwt.decode(token, KEYS[peek['iss']], algorithms=['RS256'])", "clerk"),
    "a webhook": ("from svix.webhooks import Webhook\ndef delivery(b, h): return Webhook('whsec').verify(b, h)", "other"),
    "tokens of somebody else": (
        "import jwt\ndef auth0_user(token): return jwt.decode(token, K, algorithms=['RS256'])", "other"),
    "HTTP Basic": (
        "import base64\ndef user(authorization):\n    scheme, _, t = authorization.partition(' ')\n    assert scheme == 'Basic'\n"
        "    return base64.b64decode(t)", "other"),
    "a compared key": ("import hmac\ndef key(x_api_key): return hmac.compare_digest(x_api_key, KEY)", "other"),
    "an image": ("import base64\ndef avatar(body): return base64.b64decode(body.image)", ""),
    "a cursor of pages": ("import base64\ndef decode_cursor(token): return base64.b64decode(token)", ""),
    "a file, for somebody who is signed in": ("import base64\ndef upload(user, data): return base64.b64decode(data)", ""),
    "Basic to somebody else": (
        "import base64\ndef headers(user, token): return 'Basic ' + base64.b64encode(f'{user}:{token}'.encode()).decode()", ""),
    "asking Clerk for a user": ("from clerk_backend_api import Clerk\nsdk = Clerk(bearer_auth='x')\ndef profile(i): return sdk.users.get(user_id=i)",
                                ""),
    "an unverified header alone": ("import jwt\ndef kid(token): return jwt.get_unverified_header(token)['kid']", ""),
    "a report of old things": ("def old_reports(db): return db.all()", ""),
}  # fmt: skip
"""A function's code, the last one of its text, and what it is."""

BESIDE = [
    router("a dead guard", OF_CLERK + OF_OLD + _R + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ...", "mixed", "2 dead-guard left",
           "2 import left"),
    router("a dead guard of Clerk's", OF_CLERK + _R + "@r.get('/a')\ndef a(): ...", "unknown", "1 dead-guard unknown", "5 no-guard unknown"),
    router("shadowed by a definition", OF_CLERK + _R + "def get_current_user(): return 1\n@r.get('/a')\ndef a(user=Depends(get_current_user)): ...",
           "unknown", "4 shadowed-guard unknown", "6 guard unknown"),
    router("shadowed by another import", "from clerk_auth import get_current_user as user\nfrom old_auth import get_user as user\n" + _R
           + "@r.get('/a')\ndef a(u=Depends(user)): ...", "left", "2 import left", "2 shadowed-guard unknown", "6 guard left"),
    router("only from a line on", OF_CLERK + _R + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ...\n"
           "from old_auth import get_user as get_current_user\n@r.get('/b')\ndef b(user=Depends(get_current_user)): ...", "mixed",
           "6 import left", "6 shadowed-guard unknown", "8 guard left"),
    router("imported twice", OF_CLERK + OF_CLERK + _R + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ...", "migrated",
           "2 shadowed-guard unknown"),
    router("handed on", "from clerk_auth import get_current_user\n__all__ = ['get_current_user']\n" + _R
           + "@r.get('/a')\ndef a(): ...", "unknown", "6 no-guard unknown"),
    router("for type checkers", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from clerk_auth import get_current_user\n" + OF_CLERK
           + _R + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ...", "migrated"),
    router("whichever is installed", "try:\n    from clerk_auth import get_current_user\nexcept ImportError:\n    get_current_user = None\n" + _R
           + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ...", "migrated"),
    router("wrapped", OF_CLERK + "from functools import partial\nget_current_user = partial(get_current_user)\n" + _R
           + "@r.get('/a')\ndef a(user=Depends(get_current_user)): ...", "migrated"),
    router("without a guard, beside a database", "from db import get_session\n" + _R + "@r.get('/a')\ndef a(db=Depends(get_session)): ...",
           "unknown", "5 no-guard unknown", more={"db.py": "def get_session(): yield 1"}),
    router("a guard of which nothing is known", "from x import require_admin\n" + _R + "@r.get('/a')\ndef a(u=Depends(require_admin)): ...",
           "unknown", "5 guard unknown"),
]  # fmt: skip
