"""Agents hang, die and are replaced, and the run goes on."""

from __future__ import annotations

import os
from textwrap import dedent

import pytest

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


def test_a_request_that_ends_the_process_is_told_from_the_others(start: Start) -> None:
    target = start(BAD)
    first, dead, last = ask_lane(target.lanes[0], [get(target, "/ok"), get(target, "/die"), get(target, "/ok")])
    assert (first.status, dead.died, last.status) == (200, True, 200)


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
