"""Recognizes an answer that is remembered for a path and not for a person (CWE-524): it shows whoever came first to everybody."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contracts.matrix.leak import steady
from harness.contracts.refusal import is_admission
from harness.credentials import Identity
from harness.targets.base import Observation

Pair = tuple[Observation, Observation]
"""What alice was answered, and bob."""


def _good(answers: Sequence[Observation]) -> bool:
    return all(is_admission(answer) and not answer.cut for answer in answers)


def _only(answers: Pair, shown: Identity, hidden: Identity) -> str:
    """An identifier of `shown` that both answers have, where neither has one of `hidden`; else the empty text."""
    texts = [answer.body for answer in answers]
    if any(word and word in text for word in (hidden.email, hidden.user.id) for text in texts):
        return ""
    words = (shown.email, shown.user.id)
    return next((word for word in words if word and all(word in text for text in texts)), "")


def is_suspected(answers: Pair, first: Identity, second: Identity) -> bool:
    """Whether both got the same answer, and it names the one who asked first and not the other.

    It may be right: a list may have a row of the one and none of the other.
    """
    return _good(answers) and steady(answers[0].body) == steady(answers[1].body) and bool(_only(answers, first, second))


def remembered(before: Pair, after: Pair, alice: Identity, bob: Identity) -> str:
    """Return in words that the answer depends on who asked first; the empty text where it does not.

    `before`: alice had asked first. `after`: the app was started anew, and bob asked first.
    """
    if not (is_suspected(before, alice, bob) and is_suspected(after, bob, alice)):
        return ""
    ours, theirs = _only(before, alice, bob), _only(after, bob, alice)
    return f"whoever asks first is shown to everybody: {ours} to {bob.name}, and after a fresh start {theirs} to {alice.name}"
