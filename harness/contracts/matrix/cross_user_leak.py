"""Is this answer another person's? Only what belongs to people counts, not what varies by itself.

A mark is a word that stands in every answer that one person got alone, and in none of the other's: an identifier, an address,
the content of a row. Clocks, counters and random texts are in none, for they differ from answer to answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.credentials import Identity
from harness.targets.base import Observation

_WORD = re.compile(r"[\w@.+-]+")


def _words(answers: Sequence[Observation]) -> list[set[str]]:
    return [{str(word) for word in _WORD.findall(answer.body)} for answer in answers]


def marks(own: Sequence[Observation], theirs: Sequence[Observation]) -> set[str]:
    """The words that stand in all of one person's answers and in none of the other's; none of a stream that was cut off."""
    if not own or not theirs or any(answer.cut for answer in (*own, *theirs)):
        return set()
    mine, others = _words(own), _words(theirs)
    return mine[0].intersection(*mine[1:]).difference(*others)


def named(answer: Observation, mine: Sequence[Observation], other: Identity) -> str:
    """The address or the id of another person in this answer and in none of one's own; empty where there is none."""
    for mark in (other.email, other.user.id):
        if mark and mark in answer.body and not any(mark in own.body for own in mine):
            return mark
    return ""


def cross_user_leak(
    answer: Observation, mine: Sequence[Observation], theirs: Sequence[Observation], other: Identity
) -> str:
    """What of another person's answer is in this one, which was to be one's own; the empty text when nothing is."""
    if found := named(answer, mine, other):
        return found
    own, others = marks(mine, theirs), marks(theirs, mine)
    words = set(_WORD.findall(answer.body))
    # All of the other's marks and none of one's own: it is the other's answer, not one that has changed since.
    if others and others <= words and not own & words and not answer.cut:
        return f"the answer that {other.name} gets: {', '.join(sorted(others)[:3])}"
    return ""
