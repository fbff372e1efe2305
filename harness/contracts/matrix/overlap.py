"""Requests that wait (a call to Clerk, a database) overlap in one agent, where they run no handler that writes.

What an app does with several requests at a time may differ from what it does with one: a pool runs dry, a connection is shared. So
a genuine credential goes with each handful, and answers count only where every one of these was admitted. What did not come out as
it should is asked once more alone; where that comes out otherwise, all is. So it is where a table was written.
"""

from __future__ import annotations

import statistics
from collections.abc import Generator, Iterable

from harness.contracts.matrix.factory import Sending, Sequence
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.runner import AT_ONCE, Work
from harness.contracts.matrix.state import RouteState
from harness.targets.base import Observation

_WAITS = 3_000
"""Microseconds of waiting from which overlapping is worth the genuine requests that go with it."""
_LOOKS = 3
"""So many requests, one after the other, tell whether a route waits."""
_OUTCOMES = {"reject": ("refused",), "accept": ("admitted",), "tolerate": ("refused", "admitted")}


def waits(answers: Iterable[Observation]) -> bool:
    """Whether requests of a route wait: half of these did, for long enough."""
    return statistics.median(each.waited for each in answers) >= _WAITS


def waits_at_the_door(state: RouteState) -> bool:
    """Whether the route's door takes time in which another request could run, and a genuine credential is known that opens it."""
    genuine = state.genuine
    kind = state.plan.route.kind
    return kind == "http" and genuine is not None and state.twins[""].admitted and waits([genuine])


def door(plan: RoutePlan) -> object:
    """What routes have in common that wait alike."""
    return plan.policy_name, plan.route.dependencies, plan.route.inside


def enough(requests: int, *, known: bool) -> bool:
    """Whether so many requests are worth it: a few where the door is known to wait, else more than what shows that."""
    return requests > (1 if known else AT_ONCE)


def may_overlap(cell: Cell, sequence: Sequence, stop: bool) -> bool:
    """Whether a cell's requests may overlap with others: no handler that writes is run, what is to come of them is known, and nothing
    has to come before them.
    """
    prepared = sequence.prepared
    return (stop or not cell.plan.writes) and not prepared.before and prepared.then is None


def _came_out(answer: Observation, sending: Sending, state: RouteState) -> str:
    return outcome_of(answer, state, sending.sequence.credential)[0]


def _as_it_should(cell: Cell, outcome: str) -> bool:
    """Whether an outcome is what was expected. A bypass may lead nowhere as well."""
    return outcome in _OUTCOMES[cell.expect] or (cell.credential.bypass and outcome == "unreached")


def overlapped(
    sendings: list[tuple[Sending, Cell]], control: Sending, state: RouteState, waiting: set[object]
) -> Generator[Work, list[Observation], list[Observation]]:
    """Send requests that may overlap, and return their answers in their order.

    `control` is a genuine request; `waiting` are the doors that are known to wait, of which the route's may become one.
    """
    found: list[Observation] = []
    if door(state.plan) not in waiting:
        found = yield Work([sending for sending, _ in sendings[:_LOOKS]])
        if waits(found):
            waiting.add(door(state.plan))
        else:
            return found + (yield Work([sending for sending, _ in sendings[_LOOKS:]]))
    rest = sendings[len(found) :]
    every = [sending for sending, _ in rest]
    handfuls = [every[at : at + AT_ONCE - 1] for at in range(0, len(every), AT_ONCE - 1)]
    beside = iter((yield Work([each for some in handfuls for each in (*some, control)], overlap=True)))
    answers: list[Observation] = []
    good = True
    for some in handfuls:
        answers += [next(beside) for _ in some]
        good = good and _came_out(next(beside), control, state) == "admitted"
    outcomes = [_came_out(answer, sending, state) for sending, answer in zip(every, answers, strict=True)]
    odd = [number for number, (_, cell) in enumerate(rest) if not _as_it_should(cell, outcomes[number])]
    if good and odd:
        for number, answer in zip(odd, (yield Work([every[number] for number in odd])), strict=True):
            good = good and _came_out(answer, every[number], state) == outcomes[number]
            answers[number] = answer
    return found + (answers if good else (yield Work(every)))
