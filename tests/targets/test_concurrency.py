"""A handler that other routes use as a function is theirs, not a route's that answered instead; and what the app itself answers
with the wrong handler is still seen."""

from __future__ import annotations

import pytest

from tests.targets.conftest import Start
from tests.targets.kit import ask_lane, get

TOKEN = [("authorization", "Bearer x")]
FASTAPI = """
import asyncio, contextlib
from typing import Annotated
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from helpers import through_a_module

BEAT, LIMIT = asyncio.Event(), 200

@contextlib.asynccontextmanager
async def lifespan(app):
    async def warm():
        while True:
            BEAT.set()
            with contextlib.suppress(Exception): await totals()
            await asyncio.sleep(0)
    task = asyncio.create_task(warm())
    yield
    task.cancel()

app = FastAPI(lifespan=lifespan)

@app.get("/users/me")
def get_current_user(request: Request):
    if "authorization" not in request.headers: raise HTTPException(401)
    return "alice"

@app.get("/totals")
async def totals(): return 3

def plainly(request: Request): return get_current_user(request)
async def in_a_thread(request: Request): return await run_in_threadpool(get_current_user, request)
async def in_a_task(request: Request): return await asyncio.gather(asyncio.to_thread(get_current_user, request))
class Guard:
    def __init__(self, scope): self.scope = scope
    def __call__(self, request: Request): return self.check(request)
    def check(self, request): return get_current_user(request)
async def slowly(request: Request):
    for _ in range(LIMIT): await asyncio.sleep(0)
    if "authorization" not in request.headers: raise HTTPException(401)

@app.get("/depends")
def depends(user: Annotated[str, Depends(get_current_user)]): return user
@app.get("/plainly", dependencies=[Depends(plainly)])
def by_call(): return "x"
@app.get("/thread", dependencies=[Depends(in_a_thread)])
def by_thread(): return "x"
@app.get("/task", dependencies=[Depends(in_a_task)])
def by_task(): return "x"
@app.get("/object", dependencies=[Depends(Guard("x"))])
def by_object(): return "x"
@app.get("/module", dependencies=[Depends(through_a_module)])
def by_module(): return "x"
@app.get("/beside-a-task", dependencies=[Depends(slowly)])
def beside_a_task(): return "x"

@app.middleware("http")
async def gate(request: Request, following):
    if request.url.path == "/gated":
        try: get_current_user(request)
        except HTTPException as refusal: return refused(refusal)
    return await following(request)
def refused(refusal):
    from fastapi.responses import JSONResponse
    return JSONResponse({}, refusal.status_code)
@app.get("/gated")
def gated(): return "x"

# What answers in the place of the route's own handler.
@app.get("/old")
def old(): return "old"
@app.get("/new")
def new(): return "new"
class Rewriting:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/old": scope["path"] = "/new"
        await self.app(scope, receive, send)
app.add_middleware(Rewriting)
"""
HELPERS = """
from fastapi import Request
def through_a_module(request: Request):
    import backend
    return backend.get_current_user(request)
"""
GUARDED = [
    "/users/me", "/depends", "/plainly", "/thread", "/task", "/object", "/module", "/beside-a-task", "/gated",
]  # fmt: skip


def test_handlers_that_are_used_as_functions(start: Start) -> None:
    target = start(FASTAPI, modules={"helpers": HELPERS})
    for path in GUARDED:
        refused, stopped, seen = ask_lane(
            target.lanes[0],
            [
                get(target, path, stop=True),
                get(target, path, stop=True, headers=TOKEN),
                get(target, path, headers=TOKEN),
            ],
        )
        inside = path == "/users/me"
        if not inside:
            assert (refused.status, refused.entered, refused.elsewhere, refused.stopped) == (
                401,
                False,
                False,
                False,
            ), path
        assert (stopped.entered, stopped.elsewhere, stopped.stopped) == (True, False, True), path
        assert (seen.status, seen.entered, seen.elsewhere, seen.finished) == (200, True, False, True), path


def test_a_handler_that_others_depend_on_is_watched_there_and_not_as_itself(start: Start) -> None:
    target = start(FASTAPI, modules={"helpers": HELPERS})
    itself, there = ask_lane(
        target.lanes[0], [get(target, "/users/me", headers=TOKEN), get(target, "/depends", headers=TOKEN)]
    )
    assert itself.ran == []
    assert ("backend:get_current_user", True, 0) in there.ran


@pytest.mark.parametrize("stop", [True, False])
def test_another_route_s_handler_that_answers_is_seen(start: Start, stop: bool) -> None:
    target = start(FASTAPI, modules={"helpers": HELPERS})
    (seen,) = ask_lane(target.lanes[0], [get(target, "/old", stop=stop)])
    assert (seen.entered, seen.elsewhere, seen.stopped) == (False, True, stop)


FLASK = """
import functools
from flask import Flask, abort, jsonify, request

app = Flask(__name__, static_folder=None)

@app.get("/me")
def me():
    if "Authorization" not in request.headers: abort(401)
    return "alice"

def signed_in(view):
    @functools.wraps(view)
    def wrapper(*args, **kwargs):
        me()
        return view(*args, **kwargs)
    return wrapper

@app.get("/decorated")
@signed_in
def decorated(): return "x"

@app.before_request
def gate():
    if request.path == "/before":
        me()
@app.get("/before")
def before(): return "x"

@app.get("/inside")
def inside():
    me()
    return "x"

@app.get("/tuple")
def as_tuple(): return jsonify(error="no"), 401
@app.get("/text")
def as_text(): return "no", "403 FORBIDDEN", {}
@app.get("/headers")
def with_headers(): return "yes", {"x-a": "b"}
@app.get("/response")
def as_response():
    answer = jsonify(error="no")
    answer.status_code = 401
    return answer
@app.get("/aborted")
def aborted(): abort(404)
"""


@pytest.mark.parametrize("path", ["/decorated", "/before"])
def test_decorators_and_hooks_that_call_a_handler(start: Start, path: str) -> None:
    target = start(FLASK)
    refused, stopped = ask_lane(
        target.lanes[0], [get(target, path, stop=True), get(target, path, stop=True, headers=TOKEN)]
    )
    assert (refused.status, refused.entered, refused.elsewhere, refused.stopped) == (401, False, False, False)
    assert (stopped.entered, stopped.elsewhere, stopped.stopped) == (True, False, True)


def test_a_handler_within_a_handler_does_not_end_it(start: Start) -> None:
    target = start(FLASK)
    refused, seen = ask_lane(target.lanes[0], [get(target, "/inside"), get(target, "/inside", headers=TOKEN)])
    assert (refused.status, refused.entered, refused.elsewhere, refused.finished) == (401, True, False, False)
    assert (seen.status, seen.entered, seen.elsewhere, seen.finished) == (200, True, False, True)


@pytest.mark.parametrize(
    ("path", "status", "finished"),
    [
        ("/tuple", 401, False), ("/text", 403, False), ("/headers", 200, True), ("/response", 401, False),
        ("/aborted", 404, False),
    ],
)  # fmt: skip
def test_what_flask_s_views_return(start: Start, path: str, status: int, finished: bool) -> None:
    target = start(FLASK)
    (seen,) = ask_lane(target.lanes[0], [get(target, path)])
    assert (seen.status, seen.entered, seen.finished) == (status, True, finished)


def test_what_fastapi_s_handlers_return(start: Start) -> None:
    code = """
    from fastapi import FastAPI, HTTPException, Response
    from fastapi.responses import JSONResponse, RedirectResponse
    from pydantic import BaseModel
    class Order(BaseModel):
        status: int = 404
        status_code: int = 500
    app = FastAPI()
    @app.get("/model")
    def model(): return Order()
    @app.get("/nothing", status_code=204)
    def nothing(): return None
    @app.get("/filled")
    def filled(response: Response):
        response.status_code = 401
        return {}
    @app.get("/created")
    async def created(response: Response):
        response.status_code = 201
        return {}
    @app.get("/response")
    async def answer(): return JSONResponse({}, 403)
    @app.get("/away")
    async def away(): return RedirectResponse("/login")
    @app.get("/raised")
    async def raised(): raise HTTPException(401)
    @app.get("/pair")
    def pair(): return (1, 2)
    """
    target = start(code)
    wanted = {
        "/model": True, "/nothing": True, "/filled": False, "/created": True, "/response": False, "/away": False,
        "/raised": False, "/pair": True,
    }  # fmt: skip
    seen = ask_lane(target.lanes[0], [get(target, path) for path in wanted])
    assert dict(zip(wanted, (one.finished for one in seen), strict=True)) == wanted
    assert all(one.entered for one in seen)
