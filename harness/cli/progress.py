"""How far a run has come, for who waits: redrawn on a terminal (`harness.cli.redrawn`), now and then a line anywhere else."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self, TextIO

from harness.contracts.base import Contract
from harness.contracts.matrix import CellVerdict, Plan
from harness.core.ending import held
from harness.core.onlooker import Onlooker
from harness.core.output import line, say
from harness.core.text import listed, many

_EVERY = 5.0
"""Seconds between lines where nobody can redraw one, at first; later a twentieth of the time gone."""
_RAREST = 60.0
SLOW = 3.0
"""A route that is waited for longer than these seconds is named as slow."""
_NOTICED = 0.5
"""Seconds that somebody notices."""
_SOON = 2.0
"""Seconds without which nothing is foretold."""


def redraws(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is a terminal on which lines can be redrawn."""
    return stream.isatty() and environment.get("TERM", "dumb") not in ("dumb", "unknown", "")


def span(seconds: float) -> str:
    """A time in words, as exactly as somebody who waits wants to know it."""
    whole = round(seconds)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60} s"


def _of_matrix(name: str) -> bool:
    return name.partition(":")[0] == "matrix"


@dataclass(frozen=True)
class AtWork:
    """A route that a lane is at."""

    router: str
    route: str
    seconds: float

    @property
    def slow(self) -> bool:
        """Whether it takes so long that somebody may wonder."""
        return self.seconds > SLOW

    def __str__(self) -> str:
        return f"{self.route} ({self.router})" + (f" for {span(self.seconds)}" if self.slow else "")


@dataclass
class Part:
    """A part of a run that goes on: what of it is done now, and how many of how many; what one is called."""

    since: float
    detail: str = ""
    counts: tuple[int, int, str] = (0, 0, "")

    def of(self, contract: Contract) -> Callable[..., None]:
        """What a contract tells its progress: how many of how many, or the name of what it does now."""

        def report(done: int | str, total: int = 0) -> None:
            if isinstance(done, str):
                self.detail = done
            else:
                self.counts = (done, total, contract.counted.removesuffix("s"))

        return report

    def figures(self, now: float, *more: str) -> str:
        """How far it is, with what else is told of it."""
        parts = [self.detail] if self.detail else []
        done, total, one = self.counts
        parts += [f"{done:,} of {many(total, one)}"] if total else []
        return ", ".join([*parts, *more, span(now - self.since)])


class View(Protocol):
    """Shows a progress."""

    def begin(self) -> None:
        """From now on."""

    def past(self, text: str) -> None:
        """A phase is over."""

    def end(self) -> None:
        """No longer: others write now."""


class Progress(Onlooker):
    """What is done now, and how much of it; its views read it from threads of their own. A context: on leaving, nothing of it
    is written any more.
    """

    def __init__(self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._lock = threading.Lock()
        self.name = ""
        """The phase."""
        self._part = Part(clock())
        """It, as far as it tells."""
        self._plan = Plan([], [])
        self._judged = self._found = 0
        self._left: Counter[str] = Counter()
        """Routes that nobody has tried, by router."""
        self._lanes: dict[int, tuple[str, str, float]] = {}
        self._beside: dict[str, Part] = {}
        """What goes on beside the phase, by its name."""
        self._view: View
        if redraws(stream):
            from harness.cli.redrawn import Redrawn  # Late: without a terminal nobody waits for rich.

            self._view = Redrawn(self, stream)
        else:
            self._view = Plain(self, stream)

    def __enter__(self) -> Self:
        with held():
            self._view.begin()
        return self

    def __exit__(self, *_: object) -> None:
        with held(release_after=False):
            self.phase("")
            self._view.end()

    # What it is told

    def phase(self, name: str) -> None:
        """Something else is done from now on."""
        with held():
            took = self._clock() - self._part.since
            past = f"{self.name}: {self._figures(self._clock())}" if name != self.name and self._worth(took) else ""
            with self._lock:
                goes_on = name == self.name or (_of_matrix(self.name) and _of_matrix(name))
                self.name, self._part = name, Part(self._part.since if goes_on else self._clock())
                self._lanes.clear()
            if past:
                self._view.past(past)

    def start(self, plan: Plan) -> None:
        """This is to be judged, from now on."""
        self._plan = plan
        self._left = Counter(route.router for route in plan.routes if route.cells)

    def add(self, verdict: CellVerdict) -> None:
        """Take the next verdict of the stream."""
        self._judged += bool(verdict.credential)
        self._found += verdict.failed

    def begins(self, lane: int, router: str, route: str) -> None:
        """A lane is at a route from now on."""
        with self._lock:
            self._leave(lane)
            self._lanes[lane] = (router, route, self._clock())

    def ends(self, lane: int) -> None:
        """A lane waits for no route any more."""
        with self._lock:
            self._leave(lane)

    def of(self, contract: Contract) -> Callable[..., None]:
        """What a contract tells its progress, which is the phase from now on."""
        self.phase(contract.name)
        return self._part.of(contract)

    def beside(self, contract: Contract) -> Callable[..., None]:
        """What a contract tells its progress that goes on beside the phase."""
        own = Part(self._clock())
        with self._lock:
            self._beside[contract.name] = own
        return own.of(contract)

    def over(self, contract: Contract) -> None:
        """What went on beside the phase is over."""
        with held():
            with self._lock:
                own = self._beside.pop(contract.name, None)
            if own is not None:
                self._view.past(f"{contract.name}: {own.figures(self._clock())}")

    # What it shows

    @property
    def going_on(self) -> list[tuple[str, str]]:
        """What goes on beside the phase, and how far each of it is."""
        with self._lock:
            now = self._clock()
            return [(name, own.figures(now)) for name, own in self._beside.items()]

    @property
    def counts(self) -> tuple[int, int, str]:
        """How many of how many are done, and what one of them is called."""
        return (self._judged, self._plan.cells, "cell") if _of_matrix(self.name) else self._part.counts

    @property
    def at_work(self) -> list[AtWork]:
        """The routes at work, the slowest first."""
        with self._lock:
            now = self._clock()
            found = [AtWork(router, route, now - since) for router, route, since in self._lanes.values()]
        return sorted(found, key=lambda each: -each.seconds)

    def figures(self) -> str:
        """How much of the phase is done, for how long it goes on, and how long it is likely to take yet."""
        with self._lock:
            now = self._clock()
            return self._figures(now) + self._ahead(now)

    def text(self) -> str:
        """All of it in one line."""
        at = self.at_work
        where = f"; at {listed([str(each) for each in at], 2)}" if at else ""
        beside = "".join(f"; {name}: {figures}" for name, figures in self.going_on)
        return line(f"{self.name or 'start'}: {self.figures()}{where}{beside}")

    def _worth(self, seconds: float) -> bool:
        """Whether a phase that is over is worth a line: most contracts are not declared and end at once."""
        return bool(self.name) and (bool(self.counts[1]) or seconds >= _NOTICED)

    def _leave(self, lane: int) -> None:
        if lane in self._lanes and self.name == "matrix":
            self._left[self._lanes[lane][0]] -= 1
        self._lanes.pop(lane, None)

    def _figures(self, now: float) -> str:
        if not _of_matrix(self.name):
            return self._part.figures(now)
        over = sum(1 for left in self._left.values() if left <= 0)
        judged = Part(self._part.since, self._part.detail, self.counts)
        return judged.figures(now, many(self._found, "finding"), f"{over} of {many(len(self._left), 'router')}")

    def _ahead(self, now: float) -> str:
        gone = now - self._part.since
        done, total, _ = self.counts
        return f", ETA {span(gone / done * (total - done))}" if 0 < done < total and gone >= _SOON else ""


class Plain:
    """A line now and then, for logs. Nobody needs it: a stream that cannot be written ends no run."""

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self._progress, self._stream = progress, stream
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="clerk-harness-progress", daemon=True)

    def begin(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def past(self, text: str) -> None:
        """Nothing: a log has a line now and then."""

    def end(self) -> None:
        """Tell no more."""
        self._over.set()
        self._thread.join()

    def _tell(self) -> None:
        gone = 0.0
        while not self._over.wait(pause := min(max(_EVERY, gone / 20), _RAREST)):
            gone += pause
            with contextlib.suppress(OSError, ValueError):
                say(self._progress.text(), file=self._stream)
