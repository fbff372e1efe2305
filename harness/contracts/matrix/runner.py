"""Drives one lane through route after route: sends batches, undoes what was written, waits for rate limiters."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.contracts.matrix.cutoff import CutOff
from harness.contracts.matrix.factory import Sending
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.refusal import is_throttled
from harness.contracts.matrix.verdicts import CellVerdict
from harness.contracts.refusal import retry_after
from harness.core.errors import TargetError
from harness.targets.base import Call, ChangedRow, Lane, Observation, Partial

_BATCH_SECONDS = 8.0
"""A batch is to take no longer than this, for its tokens are as old as it is when the last one is sent."""
_USUAL_WAIT = 1.0
"""Seconds to wait for a limiter that does not say how long."""
AT_ONCE = 8
"""How many requests overlap: fewer than the connections that a pool of SQLAlchemy has by default (5 and 10 more)."""
_ATTEMPTS_IN_VAIN = 2
"""How often a limiter may let nothing pass after it was waited for, before waiting is given up."""

LOST = "the target could not be started again"


class Resets(Protocol):
    """Restores the database of one lane."""

    def reset(self) -> tuple[str, ...]:
        """Undo what was written since the last call, and return the names of the tables that had been written."""

    def changes(self) -> Sequence[tuple[str, bool, dict[str, Any]]]:
        """Return the rows written since then: table, whether it is the row as it is now, and the row."""


@dataclass(slots=True)
class Work:
    """Requests for a lane; `singly`: one at a time, with a reset after each; `together`: at the same moment; `overlap`: some of
    them beside each other, see `overlap`."""

    sendings: list[Sending]
    singly: bool = False
    together: bool = False
    overlap: bool = False


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
    """One lane at work. `limit`: seconds for each request; `waiting`: routes of which any lane takes the next.

    `cut` is told which route nothing more is sent to, and why; `begins` which route is begun, None when none is left. A
    lane whose target cannot be started again is `lost`: it ends its route without sending anything, and takes no other.
    """

    def __init__(
        self,
        lane: Lane,
        reset: Resets | None,
        limit: float,
        waiting: deque[RoutePlan],
        script: Callable[[RoutePlan], RouteScript],
        cut: Callable[[RoutePlan, str], None] = lambda plan, reason: None,
        begins: Callable[[RoutePlan | None], None] = lambda plan: None,
    ) -> None:
        self.lane = lane
        self.busy = False
        self._reset = reset
        self._limit = limit
        self._waiting = waiting
        self._make = script
        self._tell = cut
        self._begins = begins
        self._script: RouteScript | None = None
        self._next: tuple[RoutePlan, RouteScript, Work] | None = None
        self._cut = CutOff()
        self.lost = ""
        """Why the lane cannot be used any more; empty while it can."""
        self._work: list[Sending] = []
        self._done: dict[int, Observation] = {}
        self._todo: deque[int] = deque()
        self._sent: list[int] = []
        self._under_way = False
        self._singly = self._together = self._overlap = False
        self._limiter = Limiter(limit)
        self._resume_at: float | None = None
        self._slowest = {True: 0.0, False: 0.0}
        """Seconds of the slowest answer of this route, to requests that are stopped at the door and to others."""

    def begin(self) -> list[CellVerdict]:
        """Take the first route. Returns the verdicts of routes that are complete at once: the lane's target may be lost already."""
        return self._advance(None)

    @property
    def waits(self) -> bool:
        """Whether the lane is idle because a limiter is being waited for."""
        return self._resume_at is not None

    def step(self, readable: bool) -> list[CellVerdict]:
        """Take the answers that the lane has, and return the verdicts of a route that is complete."""
        if self._resume_at is not None:
            if time.monotonic() < self._resume_at:
                return []
            self._resume_at = None
        else:
            partial = self.lane.collect() if readable else self.lane.overdue()
            if partial is None:
                return []
            self._under_way = False
            self._take_partial(partial)
        if self._go_on():
            return []
        return self._advance([self._done[number] for number in range(len(self._work))])

    def _take_partial(self, partial: Partial) -> None:
        answers = partial.observations
        for number in reversed(self._sent[len(answers) :]):
            self._todo.appendleft(number)
        if partial.alone or (self._together and self._todo):
            self._singly, self._together, self._overlap = True, False, False
        self._note_rows(answers)
        wrote = self._reset.reset() if self._reset is not None else ()
        if wrote and len(self._sent) > 1 and not self._together:
            # Somebody wrote, and nobody knows who: once more, one at a time.
            self._todo.extendleft(reversed(self._sent[: len(answers)]))
            self._singly, self._overlap = True, False
        else:
            self._take_answers(answers, wrote)

    def _go_on(self) -> bool:
        """Send what is still to be sent of the work, now or when the limiter allows; whether anything is under way."""
        self._skip()
        if self._todo and self._resume_at is None:
            self._send()
        if not self._todo and not self._under_way:
            self._resume_at = None
        return self._under_way or self._resume_at is not None

    def _lose(self, error: TargetError) -> None:
        """The target of the lane cannot be started again: nothing more is sent, and other lanes take what is waiting."""
        plan = self._work[0].sequence.plan
        after = f" after {plan.key} with {self._cut.last}" if self._cut.last else ""
        self.lost = self._cut.reason = f"{LOST}{after}: {error}"
        self._tell(plan, self.lost)
        self._todo.extendleft(reversed(self._sent))
        self._skip()
        if self._next is not None:
            plan, script, _ = self._next
            script.close()
            self._waiting.appendleft(plan)
            self._next = None

    def _skip(self) -> None:
        """Take out of what is to be sent what brings the target down each time."""
        for number in list(self._todo):
            if why := self._cut.why_not(self._work[number]):
                self._done[number] = Observation(untried=why)
                self._todo.remove(number)

    def _take_answers(self, answers: list[Observation], wrote: tuple[str, ...]) -> None:
        """Keep the answers; what a limiter has turned away is sent again when the limiter allows."""
        throttled: list[int] = []
        for number, answer in zip(self._sent, answers, strict=False):
            sending = self._work[number]
            self._slowest[sending.stop] = max(self._slowest[sending.stop], answer.micros / 1e6)
            self._note_fall(sending, answer)
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

    def _note_fall(self, sending: Sending, answer: Observation) -> None:
        known = self._cut.reason
        self._cut.see(sending, answer)
        if self._cut.reason and not known:
            self._tell(sending.sequence.plan, self._cut.reason)

    def _note_rows(self, answers: list[Observation]) -> None:
        """Keep the rows that a single request wrote, where they are asked for."""
        if self._reset is not None and len(self._sent) == len(answers) == 1 and self._work[self._sent[0]].rows:
            answers[0].rows = [ChangedRow(*row) for row in self._reset.changes()]

    def _fitting(self) -> int:
        """Return how many requests make a batch whose last token is still fresh when it is sent."""
        if self._singly:
            return 1
        if self._together or self._overlap:
            return len(self._todo)
        seconds = 0.0
        for count, number in enumerate(self._todo):
            seconds += self._slowest[self._work[number].stop]
            if seconds > _BATCH_SECONDS:
                return max(1, count)
        return len(self._todo)

    def _at_once(self, calls: int) -> int:
        """Return how many of so many calls run beside each other."""
        return calls if self._together else AT_ONCE if self._overlap else 1

    def _send(self) -> None:
        self._sent = [self._todo.popleft() for _ in range(self._fitting())]
        calls: list[Call] = [self._work[number].call() for number in self._sent]
        try:
            self.lane.submit(calls, self._limit, at_once=self._at_once(len(calls)))
        except TargetError as error:
            return self._lose(error)
        self._under_way = True
        if self._next is None and self._waiting:
            # Made ready while the lane is busy.
            plan = self._waiting.popleft()
            script = self._make(plan)
            self._next = plan, script, next(script)

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
            self._singly, self._together, self._overlap = work.singly, work.together, work.overlap
            if self._go_on():
                self.busy = True
                break
            answers = [self._done[number] for number in range(len(work.sendings))]
        return [verdict for judge in finished for verdict in judge()]

    def _take(self) -> Work | None:
        """Begin the next route and return its first work; None where no route is left."""
        self._slowest = {True: 0.0, False: 0.0}
        if self.lost or (self._next is None and not self._waiting):
            self._begins(None)
            return None
        self._cut = CutOff()
        if self._next is not None:
            (plan, self._script, work), self._next = self._next, None
            self._begins(plan)
            return work
        plan = self._waiting.popleft()
        self._script = self._make(plan)
        self._begins(plan)
        return next(self._script)


def untried(script: RouteScript, reason: str) -> list[CellVerdict]:
    """Return the verdicts of a route of which nothing can be sent."""
    try:
        work = next(script)
        while True:
            work = script.send([Observation(untried=reason) for _ in work.sendings])
    except StopIteration as end:
        judge: Verdicts = end.value
        return judge()


def _refusing(sending: Sending) -> list[int]:
    """Return the statuses that the route's policy declares as refusals; these are never taken for a limiter's."""
    return [status for statuses in sending.sequence.plan.policy.refuse.values() for status in statuses]
