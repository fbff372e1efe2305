"""Agents hang, die and are replaced, and the run goes on."""

from __future__ import annotations

import os
from textwrap import dedent

import pytest

from harness.core.errors import TargetError
from harness.targets.base import Call, Lane, Partial
from tests.targets.conftest import Start
from tests.targets.kit import TINY, ask_lane, get

BAD = TINY + dedent("""
    import os, threading, asyncio, sys
    @app.route("/ok")
    async def ok(scope): return str(os.getpid())
    @app.route("/hang")
    async def hang(scope): threading.Event().wait()
    @app.route("/wait")
    async def wait(scope): await asyncio.Event().wait()
    @app.route("/die")
    async def die(scope): os._exit(3)
    WITHIN, MOST = [], []
    @app.route("/slow")
    async def slow(scope):
        WITHIN.append(1)
        MOST.append(len(WITHIN))
        await asyncio.sleep(0.05)
        WITHIN.pop()
        return str(max(MOST))
    @app.route("/busy")
    async def busy(scope): return str(sum(range(3_000_000)))
    @app.route("/exit")
    async def leave(scope): sys.exit(4)
""")


@pytest.mark.parametrize("path", ["/hang", "/wait"])
def test_a_hung_request_is_cut_off_and_the_others_are_answered(start: Start, path: str) -> None:
    target = start(BAD)
    first, hung, last = ask_lane(
        target.lanes[0], [get(target, "/ok"), get(target, path), get(target, "/ok")], limit=0.5
    )
    assert first.status == last.status == 200
    assert hung.hung
    assert "backend.py" in (hung.error or "")
    assert first.body != last.body  # Another process.
    with pytest.raises(ProcessLookupError):
        os.kill(int(first.body), 0)


def partial(lane: Lane, calls: list[Call], at_once: int, limit: float = 10.0) -> Partial:
    """What comes of a batch."""
    lane.submit(calls, limit, at_once=at_once)
    found = None
    while found is None:
        found = lane.collect()
    return found


def test_so_many_run_beside_each_other(start: Start) -> None:
    target = start(BAD)
    found = partial(target.lanes[0], [get(target, "/slow")] * 7, 3)
    assert (found.observations[-1].body, len(found.observations), found.alone) == ("3", 7, False)
    assert {each.waited for each in found.observations} == {0}  # Others ran meanwhile.


def test_of_several_that_run_beside_each_other_nobody_is_said_to_hang(start: Start) -> None:
    target = start(BAD)
    calls = [get(target, path) for path in ("/ok", "/slow", "/slow", "/wait", "/ok")]
    found = partial(target.lanes[0], calls, 2, limit=0.5)
    assert ([each.status for each in found.observations], found.alone) == ([200] * 3, True)
    rest = ask_lane(target.lanes[0], calls[3:], limit=0.5)
    assert [each.hung for each in rest] == [True, False]


def test_waiting_is_told_from_work(start: Start) -> None:
    target = start(BAD)
    slow, busy = ask_lane(target.lanes[0], [get(target, "/slow"), get(target, "/busy")])
    assert slow.waited > slow.micros / 2 and busy.micros > busy.waited


def test_a_request_that_ends_the_process_is_told_from_the_others(start: Start) -> None:
    target = start(BAD)
    first, dead, last = ask_lane(target.lanes[0], [get(target, "/ok"), get(target, "/die"), get(target, "/ok")])
    assert (first.status, dead.died, last.status) == (200, True, 200)


def test_an_app_that_nobody_can_read_is_told_in_its_own_words(start: Start) -> None:
    code = """
    from starlette.applications import Starlette
    class App(Starlette):
        @property
        def routes(self): raise RuntimeError("no routes today")
    app = App()
    """
    with pytest.raises(TargetError, match=r"its last words: RuntimeError: no routes today"):
        start(code)


def test_sys_exit_in_a_handler_does_not_end_the_agent(start: Start) -> None:
    target = start(BAD)
    left, after = ask_lane(target.lanes[0], [get(target, "/exit"), get(target, "/ok")])
    assert (left.error or "").startswith("SystemExit")
    assert after.status == 200


def test_several_agents_are_several_processes(start: Start) -> None:
    target = start(BAD, agents=3)
    assert len({ask_lane(lane, [get(target, "/ok")])[0].body for lane in target.lanes}) == 3


def test_closing_ends_every_process(start: Start) -> None:
    target = start(BAD, agents=2)
    pids = [int(ask_lane(lane, [get(target, "/ok")])[0].body) for lane in target.lanes]
    target.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
