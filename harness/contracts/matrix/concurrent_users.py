"""Does one user get another's answer: both at the same moment (CWE-488), or where the request names the other (CWE-639)?"""

from __future__ import annotations

from collections.abc import Generator

from harness.contracts.matrix.cross_user_leak import find_cross_user_leak, foreign_identifier
from harness.contracts.matrix.factory import RequestFactory, Sequence
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.runner import Work
from harness.credentials import CATALOGUE, Credential
from harness.targets.base import Observation

_USERS = ("clerk", "clerk-other")
_IDENTITIES = ("alice", "bob")
_PAIRS = 6
"""Pairs of requests that are sent at the same moment."""
_KNOWN = 4
"""So many answers, two of each, show what differs by chance."""
_MORE_ROUNDS = 4
"""Pairs of requests that are sent one after the other where an answer is suspected without a name in it."""


def _one_after_the_other(factory: RequestFactory, plan: RoutePlan, times: int, *, together: bool = False) -> Work:
    """The requests of both users, `times` times; `together` at the same moment."""
    way = plan.ways[0]
    sequences = [Sequence(factory, plan, CATALOGUE[name], way, way.base) for name in _USERS * times]
    return Work([sending for one in sequences for sending in one.forms(False)[:1]], together=together)


def concurrent_users(
    factory: RequestFactory, plan: RoutePlan, alone: list[Observation]
) -> Generator[Work, list[Observation], list[Observation]]:
    """Send requests of two users, one after the other and then at the same moment.

    Returns one answer, rather one that is the other user's, whose `cross_user_leak` is set. `alone` gets what each was answered alone,
    in turn.
    """

    def pairs(times: int, *, together: bool = False) -> Work:
        return _one_after_the_other(factory, plan, times, together=together)

    alone[:] = yield pairs(1)
    if len({answer.status for answer in alone}) > 1 or alone[0].status is None or alone[0].status >= 300:
        return alone[:1]  # Only one of them is admitted: nothing can be mixed up.
    cut = any(answer.cut for answer in alone)  # In streams without an end only an identifier can show it.
    if not cut:
        alone += yield pairs(1)
    at_once = yield pairs(1 if cut else _PAIRS, together=True)
    # What both see afterwards is no secret, such as a list of recent visitors.
    alone += yield pairs(1)
    identities = [factory.mint.identities[name] for name in _IDENTITIES]

    def leak(number: int) -> str:
        mine, other = number % 2, 1 - number % 2
        return find_cross_user_leak(at_once[number], alone[mine::2], alone[other::2], identities[other])

    def names_other(number: int) -> bool:
        mine, other = number % 2, 1 - number % 2
        return bool(foreign_identifier(at_once[number], alone[mine::2], identities[other]))

    suspected = [number for number in range(len(at_once)) if leak(number)]
    if suspected and not any(names_other(number) for number in suspected):
        alone += yield pairs(_MORE_ROUNDS)  # What differs by chance does not go on to differ by the user.
    for number in suspected:
        at_once[number].cross_user_leak = leak(number)
    return sorted(at_once, key=lambda answer: not answer.cross_user_leak)[:1]


def named_users(
    factory: RequestFactory, plan: RoutePlan, credential: Credential, alone: list[Observation]
) -> Generator[Work, list[Observation], list[Observation]]:
    """Send one user's requests in which an unsigned field names another user.

    Returns the answers to the forms of `credential`; `cross_user_leak` is set in those that are the other user's answer. `alone`
    is what both were answered alone, in turn: it is asked for where it is not known.
    """
    way = plan.ways[0]
    if len(alone) < _KNOWN:
        alone[:] = yield _one_after_the_other(factory, plan, _KNOWN // 2)
    sequence = Sequence(factory, plan, credential, way, way.base)
    answers = yield Work(sequence.forms(False), True)
    if any(answer.status is None or answer.status >= 300 for answer in alone):
        return answers
    bob = factory.mint.identities[_IDENTITIES[1]]
    said = [
        f"{request.query} {request.headers} {request.body!r}"
        for request in (sequence.request("forms", number) for number in range(len(answers)))
    ]

    def leaks() -> list[str]:
        pairs = zip(answers, said, strict=True)
        return [find_cross_user_leak(answer, alone[0::2], alone[1::2], bob, sent) for answer, sent in pairs]

    named = any(foreign_identifier(answer, alone[0::2], bob, sent) for answer, sent in zip(answers, said, strict=True))
    if any(leaks()) and not named and len(alone) <= 2 * _MORE_ROUNDS:
        more = yield _one_after_the_other(factory, plan, _MORE_ROUNDS)  # As above: chance does not go on so.
        alone += more if all((answer.status or 500) < 300 for answer in more) else []
    for answer, leak in zip(answers, leaks(), strict=True):
        answer.cross_user_leak = leak
    return answers
