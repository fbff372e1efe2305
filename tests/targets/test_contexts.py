"""Whose handler is it: a request's own threads, pools and tasks are; what the app does by itself meanwhile is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.targets.app import AppTarget
from tests.targets.kit import ask_lane, get, probed

CODE = """
import asyncio, concurrent.futures, functools, itertools, multiprocessing.pool, threading

EXECUTED = []
POOL = concurrent.futures.ThreadPoolExecutor(1)
THREADS = multiprocessing.pool.ThreadPool(1)

@app.route("/executed")
async def executed(scope): return ",".join(EXECUTED)

# Handlers that run elsewhere than in the request's own task.

def elsewhere(path, handler):
    def add(dispatch):
        dispatch.__wrapped__ = handler
        app.routes.append(Route(path, dispatch))
        return dispatch
    return add

def handler_of(path):
    def handler(scope):
        EXECUTED.append(path)
        return path
    return handler

def soon(begin):
    # Waits until the handler has run or was stopped: a thread's exception is its own.
    done = threading.Event()
    begin(done)
    done.wait(5)
    return "sent"

def told(handler, done):
    def run(scope=None):
        try: return handler(scope)
        finally: done.set()
    return run

class Own(threading.Thread):
    def __init__(self, call):
        super().__init__()
        self.call = call
    def run(self): self.call()

def nested(call):
    inner = threading.Thread(target=call)
    inner.start(); inner.join()

def pooled(call):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: call(), [0]))

def thread_pool(how):
    def begin(call):
        with multiprocessing.pool.ThreadPool(1) as pool:
            result = getattr(pool, how)(lambda *_: call(), [(1,)] if how == "starmap" else [1])
            list(result) if how.startswith("imap") else result.wait(5) if how.endswith("async") else None
    return begin

def in_loop(call):
    async def run(): await asyncio.get_running_loop().run_in_executor(None, call)
    asyncio.run(run())

WAYS = {
    "thread": lambda call: threading.Thread(target=call).start(),
    "daemon": lambda call: threading.Thread(target=call, daemon=True).start(),
    "timer": lambda call: threading.Timer(0, call).start(),
    "own": lambda call: Own(call).start(),
    "nested": lambda call: threading.Thread(target=nested, args=(call,)).start(),
    "submit": lambda call: POOL.submit(call),
    "map": pooled,
    "shared-pool": lambda call: THREADS.apply_async(call),
    "loop-in-thread": lambda call: threading.Thread(target=in_loop, args=(call,)).start(),
    **{how: thread_pool(how) for how in ("map_async", "starmap", "imap", "imap_unordered", "apply_async")},
}
for name, way in WAYS.items():
    handler = handler_of("/" + name)
    async def dispatch(scope, handler=handler, way=way):
        return await asyncio.get_running_loop().run_in_executor(None, soon, lambda done: way(told(handler, done)))
    elsewhere("/" + name, handler)(dispatch)

executor_handler = handler_of("/executor")
async def by_executor(scope): return await asyncio.get_running_loop().run_in_executor(POOL, executor_handler, scope)
elsewhere("/executor", executor_handler)(by_executor)
to_thread_handler = handler_of("/to-thread")
async def by_thread(scope): return await asyncio.to_thread(to_thread_handler, scope)
elsewhere("/to-thread", to_thread_handler)(by_thread)
task_handler = handler_of("/task")
async def in_task(scope): return await asyncio.ensure_future(asyncio.gather(*[awaited(task_handler, scope)]))
async def awaited(function, scope): return function(scope)
elsewhere("/task", task_handler)(in_task)

# What the app does by itself, through functions that do not name the handler.

@app.route("/totals")
async def totals(scope): return "3"

TOTALS, LOCK = [app.routes[-1].endpoint], threading.Lock()
BEATS = itertools.count()
BEAT = threading.Condition()
def beat():
    asyncio.run(TOTALS[0]({}))
    with BEAT:
        next(BEATS)
        BEAT.notify_all()
def heart():
    while True:
        try: beat()
        except Exception: pass
threading.Thread(target=heart, daemon=True).start()

def two_beats():
    with BEAT:
        BEAT.wait(5); BEAT.wait(5)

def guarded(handler):
    @functools.wraps(handler)
    async def refuse(scope):
        await asyncio.get_running_loop().run_in_executor(None, two_beats)
        return "refused"
    return refuse

@app.route("/quiet")
@guarded
async def quiet(scope): return "quiet"

# What another request left behind.

LEFT = threading.Event()
ANSWERED = asyncio.Event()
def left_behind():
    while not LEFT.is_set(): beat()
async def left_task():
    while not LEFT.is_set():
        await TOTALS[0]({})
        await asyncio.sleep(0.001)

TASKS = []
@app.route("/leaves")
async def leaves(scope):
    threading.Thread(target=left_behind, daemon=True).start()
    TASKS.append(asyncio.ensure_future(left_task()))
    return "left"

# A pool whose thread a request began, and to which others hand functions.

MIXED = concurrent.futures.ThreadPoolExecutor(1)
WANTED, DONE = threading.Event(), threading.Event()
def others():
    WANTED.wait()
    MIXED.submit(lambda: asyncio.run(TOTALS[0]({}))).result()
    DONE.set()
threading.Thread(target=others, daemon=True).start()

@app.route("/began-the-pool")
async def began_the_pool(scope): return "never"
def wait_for_others():
    MIXED.submit(int).result()
    WANTED.set()
    return DONE.wait(5)
async def refuses(scope):
    assert await asyncio.get_running_loop().run_in_executor(None, wait_for_others)
    return "refused"
refuses.__wrapped__ = began_the_pool
app.routes[-1].endpoint = refuses
"""
WAYS = [
    "/thread", "/daemon", "/timer", "/own", "/nested", "/submit", "/map", "/shared-pool", "/loop-in-thread", "/map_async",
    "/starmap", "/imap", "/imap_unordered", "/apply_async", "/executor", "/to-thread", "/task",
]  # fmt: skip


@pytest.fixture(scope="module", params=["monitoring", "wrapping"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppTarget]:
    target = probed(request.param, CODE, tmp_path_factory.mktemp(request.param))
    yield target
    target.close()


@pytest.mark.parametrize("path", WAYS)
def test_a_request_s_threads_and_pools_are_its_own(target: AppTarget, path: str) -> None:
    stopped, executed, seen = ask_lane(
        target.lanes[0], [get(target, path, stop=True), get(target, "/executed"), get(target, path)]
    )
    assert (stopped.stopped, stopped.entered, stopped.elsewhere) == (True, True, False)
    assert path not in executed.body.split(",")
    assert (seen.stopped, seen.entered, seen.elsewhere) == (False, True, False)


@pytest.mark.parametrize("stop", [True, False])
def test_what_the_app_calls_by_itself_is_nobody_s(target: AppTarget, stop: bool) -> None:
    for _ in range(3):
        (seen,) = ask_lane(target.lanes[0], [get(target, "/quiet", stop=stop)])
        assert (seen.body, seen.entered, seen.elsewhere, seen.stopped) == ("refused", False, False, False)


def test_nor_what_another_request_left_behind(target: AppTarget) -> None:
    left, *seen = ask_lane(target.lanes[0], [get(target, "/leaves"), *[get(target, "/quiet", stop=True)] * 3])
    assert (left.body, left.entered) == ("left", True)
    assert {(one.body, one.elsewhere, one.stopped) for one in seen} == {("refused", False, False)}


def test_a_pool_is_not_of_the_request_that_began_its_thread(target: AppTarget) -> None:
    (seen,) = ask_lane(target.lanes[0], [get(target, "/began-the-pool", stop=True)])
    assert (seen.body, seen.entered, seen.elsewhere, seen.stopped) == ("refused", False, False, False)


def test_several_at_once_are_told_apart(target: AppTarget) -> None:
    lane = target.lanes[0]
    calls = [
        get(target, path, stop=path == "/submit")
        for path in ("/submit", "/thread", "/executor", "/quiet", "/to-thread")
    ]
    lane.submit(calls, 10, at_once=len(calls))
    partial = None
    while partial is None:
        partial = lane.collect()
    assert [(one.entered, one.stopped) for one in partial.observations] == [
        (True, True), (True, False), (True, False), (False, False), (True, False)
    ]  # fmt: skip
