"""The probe, in both ways: was the handler entered, which functions consented, and does the door hold?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import pytest

from harness.targets.agent.answers import answers_by_sending, consents, refuses
from harness.targets.app import AppTarget
from tests.targets.kit import ask_lane, get, probed

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
@app.route("/fails")
async def fails(scope): raise RuntimeError("later")

class Filled:
    status_code, headers = None, {}
async def filled(scope, response):
    response.status_code = 401 if scope["query_string"] else 200
    return "filled"
app.routes.append(Route("/filled", functools.partial(filled, response=Filled())))

class Answered:
    headers = {}
    def __init__(self, status): self.status_code = status
    def __len__(self): return 2
    def encode(self): return b"no"
@app.route("/answers-itself")
async def answers_itself(scope): return Answered(int(scope["query_string"]))
@app.route("/calls-itself")
async def calls_itself(scope):
    if scope["query_string"]: return ran("deep")
    await calls_itself({**scope, "query_string": b"x"})
    return Answered(403)
def sync_handler(scope): return ran("sync")
async def to_sync(scope): return sync_handler(scope)
to_sync.__wrapped__ = sync_handler
app.routes.append(Route("/sync", to_sync))

real = App.__call__
async def swallowing(self, scope, receive, send):
    try:
        await real(self, scope, receive, send)
    except Exception:
        await answer(send, "sorry", 401)
async def auth_debug_middleware(self, scope, receive, send):
    await swallowing(self, scope, receive, send)
    return True
App.__call__ = auth_debug_middleware
"""


@pytest.fixture(scope="module", params=["monitoring", "wrapping"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppTarget]:
    target = probed(request.param, CODE, tmp_path_factory.mktemp(request.param))
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
    assert ("backend:verify_token", True, 0) in before.ran
    assert ("backend:verify_token", True, 1) in inside.ran
    assert ("backend:verify_token", False, 1) in without.ran


def test_a_check_that_returns_nothing_has_run_and_one_that_raised_has_not(target: AppTarget) -> None:
    passed, raised = ask_lane(target.lanes[0], [get(target, "/silent", headers=TOKEN), get(target, "/silent")])
    assert ("backend:authenticate_silently", False, 1) in passed.ran
    assert raised.status == 401
    assert all(name != "backend:authenticate_silently" for name, _, _ in raised.ran)


@pytest.mark.parametrize(
    ("path", "name"), [("/generator", "token_generator"), ("/async-generator", "token_async_generator")]
)
def test_generators_consent_by_what_they_yield(target: AppTarget, path: str, name: str) -> None:
    (seen,) = ask_lane(target.lanes[0], [get(target, path, headers=TOKEN)])
    assert any(found == f"backend:{name}" and good for found, good, _ in seen.ran)


@pytest.mark.parametrize(
    ("path", "phase"),
    [("/plain", 2), ("/fails", 2), ("/guarded", 0), ("/filled", 2), ("/sync", 2), ("/calls-itself", 2)],
)
def test_a_function_that_only_wraps_the_request_ends_after_the_handler(
    target: AppTarget, path: str, phase: int
) -> None:
    (seen,) = ask_lane(target.lanes[0], [get(target, path)])
    assert ("backend:auth_debug_middleware", True, phase) in seen.ran


def test_it_ends_after_a_handler_that_was_stopped_at_its_door(target: AppTarget) -> None:
    (seen,) = ask_lane(target.lanes[0], [get(target, "/plain", stop=True)])
    assert (seen.stopped, seen.finished) == (True, False)
    assert ("backend:auth_debug_middleware", True, 2) in seen.ran


@pytest.mark.parametrize(
    ("path", "query", "finished"),
    [
        ("/plain", "", True), ("/sync", "", True), ("/fails", "", False), ("/guarded", "", False),
        ("/filled", "", True), ("/filled", "refuse", False),
        ("/answers-itself", "200", True), ("/answers-itself", "401", False), ("/answers-itself", "500", False),
        ("/calls-itself", "", False), ("/calls-itself", "x", True),
    ],
)  # fmt: skip
def test_a_handler_has_finished_when_it_returned_something_that_is_no_refusal(
    target: AppTarget, path: str, query: str, finished: bool
) -> None:
    (seen,) = ask_lane(target.lanes[0], [get(target, path, query=query)])
    assert seen.finished is finished


def test_what_a_handler_s_code_names_is_known_without_running_it(target: AppTarget) -> None:
    inside = {route.path: route.inside for route in target.routes}
    assert inside["/inside"] == ("backend:verify_token",)
    assert inside["/plain"] == ()


class Pair(NamedTuple):
    first: str
    second: int


class Order:
    __dataclass_fields__: ClassVar[dict[str, object]] = {}
    status_code = 404


def an(answer: str, value: object, *, headers: bool = True) -> object:
    """A response object of a framework that names its status so."""
    return type("Answer", (), {answer: value, **({"headers": {}} if headers else {})})()


@pytest.mark.parametrize(
    ("value", "given", "refusal"),
    [
        (None, (), False), ("401 is a number", (), False), ({"status": 401}, (), False), (404, (), False), (["x", 401], (), False),
        (an("status_code", 401), (), True), (an("status_code", 302), (), True), (an("status_code", 201), (), False),
        (an("status_code", 401, headers=False), (), True), (an("status_int", 403), (), True),
        (an("status", 401), (), True), (an("status", "403 Forbidden"), (), True), (an("status", "200 OK"), (), False),
        (an("status", 404, headers=False), (), False), (an("status", "paid"), (), False),  # A job's, an order's.
        (Order(), (), False), (Pair("x", 401), (), False),
        (("no", 401), (), True), (("no", "403 FORBIDDEN"), (), True), (("no", 401, {}), (), True), (("yes", 201, {}), (), False),
        (("yes", {"x-a": "b"}), (), False), ((an("status_code", 401), {}), (), True), ((an("status_code", 200), 401), (), True),
        ((401, {"detail": "no"}), (), True), ((200, {}), (), False), ((300, 400), (), False), ((1.5, 404), (), False),
        ({}, (an("status_code", 401),), True), ({}, (an("status", "401 Unauthorized"), "x", 5), True),
        ({}, (an("status_code", None),), False), ({}, (an("status_code", 500, headers=False),), False),
    ],
)  # fmt: skip
def test_what_is_a_refusal_by_itself(value: object, given: tuple[object, ...], refusal: bool) -> None:
    assert refuses(value, given) is refusal


SCOPE = {"type": "http", "headers": []}


@pytest.mark.parametrize(
    ("value", "given", "expected"),
    [
        (None, (SCOPE, print, print), True), (None, (object(), SCOPE, print, print), True),
        ([b"x"], ({"REQUEST_METHOD": "GET"}, print), True),
        (None, (), False), (None, (SCOPE,), False), (None, (SCOPE, print), False), ({"a": 1}, (SCOPE, print, print), False),
        (None, ({"type": "http"}, print, print), False), ([b"x"], ({"REQUEST_METHOD": "GET"},), False), (None, (print, print), False),
    ],
)  # fmt: skip
def test_what_answers_by_sending(value: object, given: tuple[object, ...], expected: bool) -> None:
    assert answers_by_sending(value, given) is expected


class Says:
    """An object with an attribute or two."""

    def __init__(self, **facts: object) -> None:
        vars(self).update(facts)


class Unwilling:
    def __bool__(self) -> bool:
        raise TypeError


@pytest.mark.parametrize(
    ("value", "consent"),
    [
        (None, False), ("", False), ({}, False), ("user_x", True), ({"sub": "user_x"}, True), (object(), True),
        # Who says of himself that he is nobody: Clerk's SDK, Django, Starlette.
        (Says(is_signed_in=False), False), (Says(is_signed_in=True), True), (Says(is_authenticated=False), False),
        (Says(is_authenticated=True), True),
        # A pair of nothing and a reason; a refusal that middleware returns.
        ((None, "expired"), False), ((False, {}), False), (({"sub": 1}, None), True), ((), False),
        (Says(status_code=401), False), (Says(status_code=200), True),
        (Unwilling(), True),
    ],
)  # fmt: skip
def test_what_is_a_consent(value: object, consent: bool) -> None:
    assert consents(value) is consent
