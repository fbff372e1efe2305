"""Says where a process spends its time, by looking at its main thread's stack some hundred times a second.

The agent loads it in the target's own Python: standard library only. What is looked at is clock time, so that waiting is seen as well.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

EVERY = 0.002
"""Seconds between two looks."""
Parts = list[tuple[str, str]]
"""(the end of a file's name, or that and `:function`) -> the part that it belongs to, of the innermost frame that is listed."""


class Sampler:
    """Counts looks by part; `other` is what no frame of the list was seen in."""

    def __init__(self, parts: Parts, idle: Callable[[], bool] = lambda: False) -> None:
        """`idle`: whether the process has nothing to do now, by which waiting for work is told from waiting for an answer."""
        self._parts, self._idle = parts, idle
        self._known: dict[tuple[str, str], str] = {}
        self.looks: dict[str, int] = {}

    def _part(self, frame: FrameType) -> str:
        code = frame.f_code
        key = code.co_filename, code.co_name
        part = self._known.get(key)
        if part is None:
            both = f"{key[0]}:{key[1]}"
            part = next((name for end, name in self._parts if both.endswith(end) or key[0].endswith(end)), "")
            self._known[key] = part
        return part

    def _look(self, number: int, frame: FrameType | None) -> None:
        part = "nothing to do" if self._idle() else ""
        while frame is not None and not part:
            part = self._part(frame)
            frame = frame.f_back
        part = part or "other"
        self.looks[part] = self.looks.get(part, 0) + 1

    def start(self) -> None:
        """Begin to look; in the main thread."""
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY)

    def stop(self) -> dict[str, int]:
        """End it; returns how many looks each part had."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        return self.looks


def sample_this_agent(parts: Parts, file: str) -> None:
    """Look from now on until the process ends, as an agent does by `os._exit`; then add the looks to a file, as a line of JSON."""
    kind = sys.modules["_clerk_harness_agent.serve"].Agent
    agents: list[Any] = []
    begin = kind.__init__

    def begun(self: Any, *given: Any) -> None:
        agents.append(self)
        begin(self, *given)

    kind.__init__ = begun
    sampler = Sampler(parts, lambda: bool(agents) and agents[0].known > 0 and agents[0].watchdog.deadline is None)
    leave = os._exit

    def end(code: int) -> None:
        with open(file, "a", encoding="utf-8") as out:
            out.write(json.dumps(sampler.stop()) + "\n")
        leave(code)

    os._exit = end  # type: ignore[assignment]
    sampler.start()
