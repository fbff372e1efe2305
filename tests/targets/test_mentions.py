"""A handler that verifies by itself is known before it runs: through its own code, helpers, modules and objects; others are not."""

from __future__ import annotations

import pytest

from tests.targets.conftest import Start

PYJWT = "jwt.api_jwt:PyJWT.decode_complete"
HELPERS = """
import jwt
from deeper import third

def person(): return jwt.decode("x", "k", ["RS256"])
def first(): return second()
def second(): return third()
def harmless(): return b"x".decode() + jwt.encode({}, "k")
class Session:
    def __init__(self, client): self.client = client
    def read(self): return self.client.get_signing_key_from_jwt("x")
    @property
    def claims(self): return person()
"""
DEEPER = """
import jwt
client = jwt.PyJWKClient("https://none.invalid")
def third(): return jwt.decode("x", client.get_signing_key_from_jwt("x").key)
"""
HANDLERS = """
import base64, functools
import jwt
from flask import Flask, request
from flask.views import MethodView
import jose.jwt
from authlib.jose import JsonWebToken
from authlib.jose import jwt as authlib_jwt
from clerk_backend_api import Clerk
import joserfc.jwt
from svix.webhooks import Webhook
from typing import Annotated
import helpers
from helpers import Session, first, harmless, person

app = Flask(__name__, static_folder=None)
client = jwt.PyJWKClient("https://none.invalid")
clerk = Clerk(bearer_auth="sk_test_x")
session = Session(client)

def local(): return jwt.decode("x", "k")
@functools.lru_cache
def kept(): return local()

class Check:
    def __call__(self, text): return local()
    @staticmethod
    def still(): return local()
check = Check()

# What decides.
def by_itself(): return jwt.decode("x", "k")
def by_helper(): return local()
def by_cache(): return kept()
def by_import(): return person()
def by_module(): return helpers.person()
def at_depth(): return first()
def by_keys(): return client.get_signing_key_from_jwt("x")
def by_object(): return check("x")
def by_static(): return Check.still()
def by_class(): return Session(client).read()
def by_property(): return session.claims
def by_jose(): return jose.jwt.decode("x", "k")
def by_authlib(): return JsonWebToken(["RS256"]).decode("x", "k")
def by_authlib_object(): return authlib_jwt.decode("x", "k")
def by_joserfc(): return joserfc.jwt.decode("x", None)
def by_sdk(): return clerk.authenticate_request(request)
def by_argument(clerk=None): return clerk.authenticate_request(request)
def by_annotation(sdk: Clerk): return sdk.authenticate_request(request)
def by_union(codec: JsonWebToken | None): return codec.decode("x", "k")
def by_text(webhook: "Annotated[Webhook, 1]"): return webhook.verify(b"x", {})
def by_own(given: Session): return given.read()
def by_own_within(given: Session): return [given.read() for _ in "ab"]
def by_import_inside():
    from helpers import person as somebody
    return somebody()
def by_inner():
    def inner(): return person()
    return [n for n in range(3) if inner()]
async def by_thread():
    import asyncio
    return await asyncio.to_thread(jwt.decode, "x", "k")

# What does not.
def nothing(): return "x"
def other_verify(password: str, context=None): return context.verify(password)
def other_annotation(codec: JsonWebToken): return codec.encode({}, {}, "k")
def rebound(codec: JsonWebToken):
    codec = request.data
    return codec.decode()
def other_decode(): return base64.b64decode(request.headers["x"]).decode()
def makes_one(): return jwt.encode({}, "k")
def by_harmless(): return harmless()
def catches():
    try: return request.data.decode()
    except jwt.PyJWTError: return "x"
def reads_head(): return jwt.get_unverified_header("x")
def makes_a_client(): return jwt.PyJWKClient("https://none.invalid").get_jwk_set
def asks_clerk(): return clerk.users.list()

for name, value in list(globals().items()):
    if callable(value) and getattr(value, "__module__", "") == __name__ and hasattr(value, "__code__"):
        app.add_url_rule("/" + name, view_func=value)

class View(MethodView):
    def get(self): return self.whom()
    def post(self): return "x"
    def whom(self): return person()
app.add_url_rule("/view", view_func=View.as_view("view"))

def create_app():
    keys = jwt.PyJWKClient("https://none.invalid")
    def somebody(): return jwt.decode("x", keys.get_signing_key_from_jwt("x").key)
    @app.get("/in-a-factory")
    def in_a_factory(): return somebody()
    @app.get("/in-a-factory-open")
    def in_a_factory_open(): return "x"
create_app()
"""
DECIDING = [
    "by_itself", "by_helper", "by_cache", "by_import", "by_module", "at_depth", "by_keys", "by_object", "by_static", "by_class",
    "by_property", "by_jose", "by_authlib", "by_authlib_object", "by_joserfc", "by_sdk", "by_argument", "by_import_inside", "by_inner",
    "by_thread", "by_annotation", "by_union", "by_text", "by_own", "by_own_within", "view", "in-a-factory",
]  # fmt: skip
OPEN = [
    "nothing", "other_decode", "other_verify", "other_annotation", "rebound", "makes_one", "by_harmless", "catches", "reads_head",
    "makes_a_client", "asks_clerk", "in-a-factory-open",
]  # fmt: skip


def test_what_handlers_decide_by(start: Start) -> None:
    target = start(HANDLERS, modules={"helpers": HELPERS, "deeper": DEEPER})
    inside = {route.path[1:]: route.inside for route in target.routes if route.method == "GET"}
    assert {name: bool(inside[name]) for name in DECIDING} == dict.fromkeys(DECIDING, True)
    assert {name: inside[name] for name in OPEN} == dict.fromkeys(OPEN, ())
    for name in ("by_itself", "by_import", "at_depth", "by_keys", "view"):
        assert PYJWT in inside[name], name
    assert inside["by_jose"] == ("jose.jwt:decode",)
    (posted,) = [route for route in target.routes if route.key == "POST /view"]
    assert posted.inside == ()


def test_an_import_within_the_function_is_followed_and_watched(start: Start) -> None:
    code = """
    from flask import Flask
    app = Flask(__name__, static_folder=None)
    def person():
        from jose import jwt
        return jwt.decode("x", "k")
    @app.get("/one")
    def one(): return person()
    """
    target = start(code)
    assert target.routes[0].inside == ("jose.jwt:decode",)
    assert "jose.jwt:decode" in target.functions


def test_a_dependency_that_uses_what_verifies_is_watched_whatever_its_name(start: Start) -> None:
    code = """
    from fastapi import Depends, FastAPI, Request
    from starlette.responses import JSONResponse
    app = FastAPI(openapi_url=None)
    def of_the_request(request): return {"sub": request.headers.get("authorization")}
    def read_token(request): return of_the_request(request)
    def administrator(request: Request): return read_token(request)
    class Staff:
        def __call__(self, request: Request): return read_token(request)
    def paging(limit: int = 10): return limit
    def session(): yield "connection"
    @app.get("/one", dependencies=[Depends(administrator), Depends(Staff()), Depends(paging), Depends(session)])
    def one(): return {}
    """
    assert sorted(name.partition(":")[2] for name in start(code).functions) == [
        "Staff.__call__", "administrator", "read_token"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["login", "verify_token"])
def test_a_handler_with_a_telling_name_is_no_mechanism(start: Start, name: str) -> None:
    code = f"""
    from flask import Flask
    app = Flask(__name__, static_folder=None)
    @app.get("/one")
    def {name}(): return "x"
    """
    target = start(code)
    assert (target.routes[0].inside, target.functions) == ((), [])
