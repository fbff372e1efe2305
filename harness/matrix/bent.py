"""Is this answer that one's? For requests that are bent, and for answers that may be another person's."""

from __future__ import annotations

import json
from typing import Any

from harness.credentials import Identity
from harness.matrix.leak import steady
from harness.targets.base import Observation

_UNKNOWN_METHOD = (501, 505)


def _media(observation: Observation) -> str:
    return (observation.header("content-type") or "").partition(";")[0].strip().lower()


def _names(value: Any) -> Any:
    """The names in a JSON document, without its values."""
    if isinstance(value, dict):
        return {name: _names(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_names(value[0])] if value else []
    return None


def resembles(answer: Observation, genuine: Observation | None) -> bool:
    """Whether an answer may be the handler's, which `genuine` certainly is: by its type, and its text or its JSON names.

    To HEAD, which has no body, by its type and length.
    """
    if genuine is None:
        return True
    if answer.status is None or genuine.status is None or answer.status // 100 != genuine.status // 100:
        return False
    if _media(answer) != _media(genuine):
        return False
    if not answer.body and genuine.body:
        length = answer.header("content-length")
        return length is not None and length not in ("0", "") and length == genuine.header("content-length")
    if steady(answer.body) == steady(genuine.body):
        return True
    try:
        mine, theirs = json.loads(answer.body), json.loads(genuine.body)
    except ValueError:
        return False
    return isinstance(mine, dict) and bool(mine) and bool(_names(mine) == _names(theirs))


def failed(answer: Observation) -> bool:
    """Whether the target broke over a bent request; not to know a method is no failure."""
    if answer.hung or answer.died:
        return True
    if answer.stopped or answer.status in _UNKNOWN_METHOD:
        return False
    return answer.status is None or answer.status >= 500


def reached(
    answer: Observation, genuine: Observation | None, control: Observation | None, *, inside: bool
) -> str | None:
    """How a bent request reached the handler, in words; None when it did not.

    `control` is the answer to the same request for a path that nothing serves; `inside`: the handler itself decides.
    """
    admitted = answer.status is not None and 200 <= answer.status < 300
    if (answer.stopped or answer.entered) and not answer.elsewhere and not (inside and not admitted):
        return "the handler was entered"
    if not admitted or answer.elsewhere or not resembles(answer, genuine):
        return None
    if control is not None and control.status == answer.status and resembles(answer, control):
        return None  # Everything is answered so.
    return f"{answer.status}, and the answer is the handler's"


def crossed(answer: Observation, mine: list[Observation], theirs: Observation, other: Identity) -> str:
    """What of another person's answer is in this one and in none of one's own; the empty text when nothing is."""
    for mark in (other.email, other.user.id):
        if mark and mark in answer.body and not any(mark in own.body for own in mine):
            return mark
    if answer.body == theirs.body and all(
        steady(own.body, digits=False) != steady(theirs.body, digits=False) for own in mine
    ):
        return "the whole answer"
    return ""
