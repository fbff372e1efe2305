"""Finds answers that carry another user's data (CWE-488: exposure of data element to wrong session).

A word is private to a user when every answer that the user got alone has it and none of the other user's has: an identifier, an
address, the content of a row. Clocks, counters and random texts are never private, for they differ from answer to answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.credentials import Identity
from harness.targets.base import Observation

_WORD = re.compile(r"[\w@.+-]+")


def _words(answers: Sequence[Observation]) -> list[set[str]]:
    return [{str(word) for word in _WORD.findall(answer.body)} for answer in answers]


def private_words(own: Sequence[Observation], theirs: Sequence[Observation]) -> set[str]:
    """Return the words that all of one user's answers have and none of the other's; none where an answer was cut off."""
    if not own or not theirs or any(answer.cut for answer in (*own, *theirs)):
        return set()
    mine, others = _words(own), _words(theirs)
    return mine[0].intersection(*mine[1:]).difference(*others)


def foreign_identifier(answer: Observation, mine: Sequence[Observation], other: Identity, sent: str = "") -> str:
    """Return the other user's address or id where this answer has it and none of one's own has; else the empty text.

    `sent`: what the request said, which an answer may repeat.
    """
    for identifier in (other.email, other.user.id):
        if identifier in sent:
            continue
        if identifier and identifier in answer.body and not any(identifier in own.body for own in mine):
            return identifier
    return ""


def find_cross_user_leak(
    answer: Observation, mine: Sequence[Observation], theirs: Sequence[Observation], other: Identity, sent: str = ""
) -> str:
    """Return what of the other user's data is in an answer to a request of one's own; the empty text where nothing is.

    `mine` and `theirs`: the answers that each of the two users got alone. `sent`: see `foreign_identifier`.
    """
    if found := foreign_identifier(answer, mine, other, sent):
        return found
    own, others = private_words(mine, theirs), private_words(theirs, mine)
    words = set(_WORD.findall(answer.body))
    # All of the other's private words and none of one's own: it is the other's answer, not one that has changed since.
    if others and others <= words and not own & words and not answer.cut:
        return f"the answer that {other.name} gets: {', '.join(sorted(others)[:3])}"
    return ""
