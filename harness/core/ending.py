"""How a command is ended from outside: Ctrl-C, SIGTERM, SIGHUP, a limit of time. Each is told once, never in the middle of
what must be whole, and none changes an exit code that is decided.

A signal raises `Ended` in the main thread; while something is held together (`held`), when that is done. A second Ctrl-C ends
the process at once. Signals that this process was started to ignore (`nohup`, background jobs of a shell) stay ignored.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

TIME_IS_UP = 3
"""The exit code of a run that `--max-time` has ended."""
_WORDS = {signal.SIGINT: "Ctrl-C (SIGINT)", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}
_SOON = 0.001


class Ended(KeyboardInterrupt):
    """The command is to end before it is done. `code`: its exit code (128 and the signal's number, as shells have it)."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


@dataclass
class _State:
    """`first`: what came first; `due`: it is still to be raised; `held`: how many hold it back; `code`: the decided exit code."""

    first: Ended | None = None
    due: bool = False
    held: int = 0
    seconds: float = 0.0
    code: int | None = None
    hurried: bool = False
    """A second Ctrl-C came while nothing may be left half done."""
    firm: bool = False


_state = _State()
_half_done: list[Path] = []
"""Files that nobody may find when the process is ended at once."""


def _came(number: int, _: FrameType | None) -> None:
    """The handler of every signal."""
    state = _state
    if state.code is not None:
        if number != signal.SIGALRM:
            os._exit(state.code)
        return
    if state.first is None:
        reason, code = (
            (f"ended by {_WORDS[signal.Signals(number)]}", 128 + number)
            if number != signal.SIGALRM
            else (f"time was up (--max-time {state.seconds:g})", TIME_IS_UP)
        )
        state.first, state.due = Ended(reason, code), True
    elif number == signal.SIGINT:
        _at_once()
    if not state.held:
        release()


def _at_once() -> None:
    """End the process now, but for what may not be left half done."""
    if _state.firm:
        _state.hurried = True
        return
    for path in _half_done:
        with contextlib.suppress(OSError):
            os.unlink(path)
    with contextlib.suppress(OSError):
        os.write(2, b"\nclerk-harness: ended at once\n")
    os._exit(_state.first.code if _state.first is not None else 130)


@contextlib.contextmanager
def removed_at_once(paths: Collection[Path]) -> Iterator[None]:
    """A second Ctrl-C, which lets nobody tidy up, removes these files."""
    _half_done.extend(paths)
    try:
        yield
    finally:
        for path in paths:
            _half_done.remove(path)


def _unraisable(caught: Any) -> None:
    """Python drops what is raised in a finalizer or a callback: raise it again where somebody hears it."""
    if isinstance(caught.exc_value, Ended):
        _state.due = True
        signal.setitimer(signal.ITIMER_REAL, _SOON)
    else:
        sys.__unraisablehook__(caught)


def heed(number: signal.Signals) -> None:
    """Let a signal end the command, also where this process was started to ignore it."""
    signal.signal(number, _came)


def watch() -> None:
    """From now on signals raise `Ended`. For the main thread."""
    vars(_state).update(vars(_State()))
    sys.unraisablehook = _unraisable
    signal.signal(signal.SIGALRM, _came)
    for number in _WORDS:
        if signal.getsignal(number) != signal.SIG_IGN:
            heed(number)


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """`watch` for as long as this lasts; then everything is as before, for a process that goes on."""
    numbers = (*_WORDS, signal.SIGALRM)
    before, hook = {number: signal.getsignal(number) for number in numbers}, sys.unraisablehook
    watch()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


def limit(seconds: float | None) -> None:
    """Raise `Ended` in that many seconds; None takes the limit away."""
    _state.seconds = seconds or 0.0
    signal.setitimer(signal.ITIMER_REAL, _state.seconds)


def came() -> Ended | None:
    """What came first, if anything did."""
    return _state.first


def release() -> None:
    """Raise what was held back."""
    if _state.due and _state.first is not None:
        _state.due = False
        raise _state.first


@contextlib.contextmanager
def held(*, firm: bool = False, release_after: bool = True) -> Iterator[None]:
    """Hold signals back until this is done. `firm`: the second Ctrl-C as well, for what takes no time.

    Without `release_after` what came is raised by `release`, or by the next that holds. Threads beside the main one hear none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    state = _state
    before, state.firm = state.firm, state.firm or firm
    state.held += 1
    try:
        yield
    finally:
        state.firm = before
        if state.hurried and not before:
            _at_once()
        state.held -= 1
        if release_after and not state.held:
            release()


def settle(code: int) -> None:
    """The exit code is decided and everything is told: a signal that comes now ends the process, with this code."""
    _state.code = code
    signal.setitimer(signal.ITIMER_REAL, 0)


def settle_for_good() -> None:
    """Let no signal change the exit code while Python finalizes.

    Python puts the signals that it handles back to their default when it finalizes, and leaves those that are ignored
    (CPython, `_PySignal_Fini`).
    """
    atexit.register(lambda: [signal.signal(number, signal.SIG_IGN) for number in _WORDS])
