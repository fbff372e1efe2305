"""Runs what uses Playwright in a thread of its own: there its event loop meets nobody else's, and a signal waits for no page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_TURN = 0.2
_END_LIMIT = 20.0


def in_thread(work: Callable[[Callable[[], bool]], T]) -> T:
    """What `work` returns or raises. It is given a function that says whether it is to stop, because the caller was ended."""
    stop = threading.Event()
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work(stop.is_set))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="clerk-harness-browser", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_TURN)  # In turns, so that signals are heard.
    except BaseException:
        stop.set()
        thread.join(_END_LIMIT)
        raise
    if failed:
        raise failed[0]
    return done[0]
