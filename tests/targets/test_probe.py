"""The probe, in both ways: was the handler entered, which functions consented, and does the door hold?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.config import base_environment
from harness.targets.app import AppSpec, AppTarget
from tests.targets.kit import TINY, ask_lane, get, monitoring_python, wrapping_python

CODE = """
import functools, asyncio, concurrent.futures
EXECUTED = []

def verify_token(scope): return dict(scope["headers"]).get(b"authorization")
def authenticate_silently(scope):
    if b"authorization" not in dict(scope["headers"]): raise PermissionError
def token_generator(scope):
    yield dict(scope["headers"]).get(b"authorization")
async def token_async_generator(scope):
    await asyncio.sleep(0)
    yield dict(scope["headers"]).get(b"authorization")

def ran(name): EXECUTED.append(name); return name

@app.route("/executed")
async def executed(scope): return ",".join(EXECUTED)

@app.route("/plain")
async def plain(scope): return ran("plain")

@app.route("/inside")
async def inside(scope):
    if not verify_token(scope): return "refused"
    return ran("inside")

def guarded(handler):
    @functools.wraps(handler)
    async def wrapper(scope):
        if not verify_token(scope): return "refused"
        return await handler(scope)
    return wrapper

def unwrapped(func):
    async def wrapper(scope):
        if not verify_token(scope): return "refused"
        return await func(scope)
    return wrapper

@app.route("/guarded")
@guarded
async def guarded_handler(scope): return ran("guarded")

@app.route("/unwrapped")
@unwrapped
async def unwrapped_handler(scope): return ran("unwrapped")

@app.route("/silent")
async def silent(scope):
    authenticate_silently(scope); return "x"

@app.route("/generator")
@guarded
async def generator(scope):
    next(token_generator(scope)); return "x"

@app.route("/async-generator")
async def async_generator(scope):
    async for _ in token_async_generator(scope): break
    return "x"

class Callable:
    async def __call__(self, scope): return ran("callable")
app.routes.append(Route("/callable", Callable()))
app.routes.append(Route("/partial", functools.partial(plain)))

POOL = concurrent.futures.ThreadPoolExecutor(1)
def threaded_handler(scope): return ran("threaded")
async def dispatch(scope): return await asyncio.get_running_loop().run_in_executor(POOL, threaded_handler, scope)
dispatch.__wrapped__ = threaded_handler
app.routes.append(Route("/threaded", dispatch))

@app.route("/swallows")
async def swallows(scope): return ran("swallows")
real = App.__call__
async def swallowing(self, scope, receive, send):
    try:
        await real(self, scope, receive, send)
    except Exception:
        await answer(send, "sorry", 401)
App.__call__ = swallowing
"""


@pytest.fixture(scope="module", params=["monitoring", "wrapping"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppTarget]:
    python = monitoring_python() if request.param == "monitoring" else wrapping_python()
    if python is None:
        pytest.skip(f"no Python {'3.12 or later' if request.param == 'monitoring' else '3.9 to 3.11'} on this machine")
    folder: Path = tmp_path_factory.mktemp(request.param)
    (folder / "backend.py").write_text(TINY + CODE)
    target = AppTarget(AppSpec("backend:app", folder, python, [base_environment()], names=(), fake_port=1)).start()
    assert target.description["probe"] == request.param
    yield target
    target.close()


TOKEN = [("authorization", "Bearer x")]


@pytest.mark.parametrize(
    "path", ["/plain", "/guarded", "/unwrapped", "/callable", "/partial", "/threaded", "/swallows"]
)
def test_the_door_holds_and_tells(target: AppTarget, path: str) -> None:
    before = ask_lane(target.lanes[0], [get(target, "/executed")])[0].body
    (seen,) = ask_lane(target.lanes[0], [get(target, path, stop=True, headers=TOKEN)])
    assert seen.stopped
    assert ask_lane(target.lanes[0], [get(target, "/executed")])[0].body == before


@pytest.mark.parametrize("path", ["/guarded", "/unwrapped"])
def test_a_decorator_s_refusal_does_not_enter_the_handler(target: AppTarget, path: str) -> None:
    (refused,) = ask_lane(target.lanes[0], [get(target, path, stop=True)])
    assert (refused.body, refused.entered, refused.stopped) == ("refused", False, False)


def test_without_the_door_the_handler_runs(target: AppTarget) -> None:
    (seen,) = ask_lane(target.lanes[0], [get(target, "/plain")])
    assert (seen.body, seen.entered) == ("plain", True)


def test_consent_is_told_with_its_order(target: AppTarget) -> None:
    before, inside, without = ask_lane(
        target.lanes[0],
        [get(target, "/guarded", headers=TOKEN), get(target, "/inside", headers=TOKEN), get(target, "/inside")],
    )
    assert ("backend:verify_token", True, False) in before.ran
    assert ("backend:verify_token", True, True) in inside.ran
    assert ("backend:verify_token", False, True) in without.ran


def test_a_check_that_returns_nothing_has_run_and_one_that_raised_has_not(target: AppTarget) -> None:
    passed, raised = ask_lane(target.lanes[0], [get(target, "/silent", headers=TOKEN), get(target, "/silent")])
    assert ("backend:authenticate_silently", False, True) in passed.ran
    assert raised.status == 401
    assert all(name != "backend:authenticate_silently" for name, _, _ in raised.ran)


@pytest.mark.parametrize(
    ("path", "name"), [("/generator", "token_generator"), ("/async-generator", "token_async_generator")]
)
def test_generators_consent_by_what_they_yield(target: AppTarget, path: str, name: str) -> None:
    (seen,) = ask_lane(target.lanes[0], [get(target, path, headers=TOKEN)])
    assert any(found == f"backend:{name}" and good for found, good, _ in seen.ran)


def test_what_a_handler_s_code_names_is_known_without_running_it(target: AppTarget) -> None:
    inside = {route.path: route.inside for route in target.routes}
    assert inside["/inside"] == ("backend:verify_token",)
    assert inside["/plain"] == ()
