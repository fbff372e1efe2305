"""Is this answer that one's? For requests that are bent, and for answers that may be another person's."""

from __future__ import annotations

import json
from typing import Any

from harness.contracts.matrix.leak import steady
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


def failed(answer: Observation, genuine: Observation | None = None) -> bool:
    """Whether the target broke over a bent request; not to know a method is no failure, nor is a handler's that fails anyway."""
    if answer.hung or answer.died:
        return True
    if answer.stopped or answer.entered or answer.status in _UNKNOWN_METHOD:
        return False
    if genuine is not None and genuine.status is not None and genuine.status >= 500:
        return answer.status is None
    return answer.status is None or answer.status >= 500


def reached(
    answer: Observation, genuine: Observation | None, control: Observation | None, *, inside: bool, method: str = ""
) -> str | None:
    """How a bent request reached the handler, in words; None when it did not.

    `control` is the answer to the same request for a path that nothing serves; `inside`: the handler itself decides;
    `method`: the one that was sent.
    """
    admitted = answer.status is not None and 200 <= answer.status < 300
    if (answer.stopped or answer.entered) and not answer.elsewhere and not (inside and not admitted):
        return "the handler was entered"
    if method == "OPTIONS" and (answer.entered is False or not answer.body):
        return None  # Frameworks and their CORS middleware answer these by themselves.
    if not admitted or answer.elsewhere or not resembles(answer, genuine):
        return None
    if genuine is None and answer.entered is False:
        return None  # Nobody has shown what the handler answers, and the probe did not see it.
    if control is not None and control.status == answer.status and resembles(answer, control):
        return None  # Everything is answered so.
    return f"{answer.status}, and the answer is the handler's"
