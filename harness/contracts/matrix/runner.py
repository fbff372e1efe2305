"""Drives one lane through route after route: sends batches, undoes what was written, waits for rate limiters."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.contracts.matrix.factory import Sending
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.refusal import is_throttled
from harness.contracts.matrix.verdicts import CellVerdict
from harness.contracts.refusal import retry_after
from harness.targets.base import Call, ChangedRow, Lane, Observation

_BATCH_SECONDS = 8.0
"""A batch is to take no longer than this, for its tokens are as old as it is when the last one is sent."""
_USUAL_WAIT = 1.0
"""Seconds to wait for a limiter that does not say how long."""
_ATTEMPTS_IN_VAIN = 2
"""How often a limiter may let nothing pass after it was waited for, before waiting is given up."""


class Resets(Protocol):
    """Restores the database of one lane."""

    def reset(self) -> tuple[str, ...]:
        """Undo what was written since the last call, and return the names of the tables that had been written."""

    def changes(self) -> Sequence[tuple[str, bool, dict[str, Any]]]:
        """Return the rows written since then: table, whether it is the row as it is now, and the row."""


@dataclass(slots=True)
class Work:
    """Requests for a lane; `singly`: one at a time, with a reset after each; `together`: at the same moment."""

    sendings: list[Sending]
    singly: bool = False
    together: bool = False


Verdicts = Callable[[], list[CellVerdict]]
"""Gives the verdicts of a route; called when the lane has its next work."""
RouteScript = Generator[Work, list[Observation], Verdicts]


class Limiter:
    """Decides how long a throttled target is waited for: as long as it asks, at most `limit` seconds, and not in vain for ever."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._in_vain = 0

    def wait(self, throttled: list[Observation], answered: bool) -> float | None:
        """Return the seconds to wait before asking again; None to give up. `answered`: whether any request passed this time."""
        self._in_vain = 0 if answered else self._in_vain + 1
        seconds = max((retry_after(answer) or _USUAL_WAIT for answer in throttled), default=0.0)
        return None if seconds > self.limit or self._in_vain > _ATTEMPTS_IN_VAIN else seconds


class Runner:
    """One lane at work. `limit`: seconds for each request; `waiting`: routes of which any lane takes the next."""

    def __init__(
        self,
        lane: Lane,
        reset: Resets | None,
        limit: float,
        waiting: deque[RoutePlan],
        script: Callable[[RoutePlan], RouteScript],
    ) -> None:
        self.lane = lane
        self.busy = False
        self._reset = reset
        self._limit = limit
        self._waiting = waiting
        self._make = script
        self._script: RouteScript | None = None
        self._next: tuple[RouteScript, Work] | None = None
        self._work: list[Sending] = []
        self._done: dict[int, Observation] = {}
        self._todo: deque[int] = deque()
        self._sent: list[int] = []
        self._singly = self._together = False
        self._limiter = Limiter(limit)
        self._resume_at: float | None = None
        self._slowest = {True: 0.0, False: 0.0}
        """Seconds of the slowest answer of this route, to requests that are stopped at the door and to others."""

    def begin(self) -> None:
        """Take the first route."""
        self._advance(None)

    @property
    def waits(self) -> bool:
        """Whether the lane is idle because a limiter is being waited for."""
        return self._resume_at is not None

    def step(self, readable: bool) -> list[CellVerdict]:
        """Take the answers that the lane has, and return the verdicts of a route that is complete."""
        if self._resume_at is not None:
            if time.monotonic() >= self._resume_at:
                self._resume_at = None
                self._send()
            return []
        partial = self.lane.collect() if readable else self.lane.overdue()
        if partial is None:
            return []
        answers = partial.observations
        for number in reversed(self._sent[len(answers) :]):
            self._todo.appendleft(number)
        if partial.alone or (self._together and self._todo):
            self._singly, self._together = True, False
        self._note_rows(answers)
        wrote = self._reset.reset() if self._reset is not None else ()
        if wrote and len(self._sent) > 1 and not self._together:
            # Somebody wrote, and nobody knows who: once more, one at a time.
            self._todo.extendleft(reversed(self._sent[: len(answers)]))
            self._singly = True
        else:
            self._take_answers(answers, wrote)
        if self._todo:
            if self._resume_at is None:
                self._send()
            return []
        return self._advance([self._done[number] for number in range(len(self._work))])

    def _take_answers(self, answers: list[Observation], wrote: tuple[str, ...]) -> None:
        """Keep the answers; what a limiter has turned away is sent again when the limiter allows."""
        throttled: list[int] = []
        for number, answer in zip(self._sent, answers, strict=False):
            sending = self._work[number]
            self._slowest[sending.stop] = max(self._slowest[sending.stop], answer.micros / 1e6)
            if len(self._sent) == 1:
                answer.wrote = wrote
            self._done[number] = answer
            if is_throttled(answer, _refusing(sending)):
                throttled.append(number)
        if not throttled:
            return
        passed = len(throttled) < len(answers)
        seconds = self._limiter.wait([self._done[number] for number in throttled], passed)
        if seconds is not None:
            self._todo.extendleft(reversed(throttled))
            self._resume_at = time.monotonic() + seconds

    def _note_rows(self, answers: list[Observation]) -> None:
        """Keep the rows that a single request wrote, where they are asked for."""
        if self._reset is not None and len(self._sent) == len(answers) == 1 and self._work[self._sent[0]].rows:
            answers[0].rows = [ChangedRow(*row) for row in self._reset.changes()]

    def _fitting(self) -> int:
        """Return how many requests make a batch whose last token is still fresh when it is sent."""
        if self._singly:
            return 1
        if self._together:
            return len(self._todo)
        seconds = 0.0
        for count, number in enumerate(self._todo):
            seconds += self._slowest[self._work[number].stop]
            if seconds > _BATCH_SECONDS:
                return max(1, count)
        return len(self._todo)

    def _send(self) -> None:
        self._sent = [self._todo.popleft() for _ in range(self._fitting())]
        calls: list[Call] = [self._work[number].call() for number in self._sent]
        self.lane.submit(calls, self._limit, together=self._together and len(calls) > 1)
        if self._next is None and self._waiting:
            # Made ready while the lane is busy.
            script = self._make(self._waiting.popleft())
            self._next = script, next(script)

    def _advance(self, answers: list[Observation] | None) -> list[CellVerdict]:
        """Hand the answers to the route's script; send its next work, or the next route's; then judge."""
        finished: list[Verdicts] = []
        self.busy = False
        while True:
            try:
                work = self._script.send(answers) if self._script is not None and answers is not None else self._take()
            except StopIteration as end:
                finished.append(end.value)
                self._script = None
                continue
            if work is None:
                break
            self._work, self._done = work.sendings, {}
            self._todo = deque(range(len(work.sendings)))
            self._singly, self._together = work.singly, work.together
            self.busy = True
            self._send()
            break
        return [verdict for judge in finished for verdict in judge()]

    def _take(self) -> Work | None:
        """Begin the next route and return its first work; None where no route is left."""
        self._slowest = {True: 0.0, False: 0.0}
        if self._next is not None:
            (self._script, work), self._next = self._next, None
            return work
        if not self._waiting:
            return None
        self._script = self._make(self._waiting.popleft())
        return next(self._script)


def _refusing(sending: Sending) -> list[int]:
    """Return the statuses that the route's policy declares as refusals; these are never taken for a limiter's."""
    return [status for statuses in sending.sequence.plan.policy.refuse.values() for status in statuses]
