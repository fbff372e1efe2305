"""Recognizes requests that bypassed the authentication: altered in method, path or headers so that a guard may not match them."""

from __future__ import annotations

import json
from typing import Any

from harness.contracts.matrix.leak import steady
from harness.contracts.refusal import is_admission
from harness.targets.base import Observation

_UNKNOWN_METHOD = (501, 505)


def _media_type(observation: Observation) -> str:
    return (observation.header("content-type") or "").partition(";")[0].strip().lower()


def _shape(value: Any) -> Any:
    """Return the names in a JSON document, without its values."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return None


def resembles(answer: Observation, genuine: Observation | None) -> bool:
    """Whether an answer may be the handler's, as `genuine` certainly is: by its media type, and by its text or its JSON names.

    Answers to HEAD have no body and are compared by media type and length. Without `genuine` any answer may be.
    """
    if genuine is None:
        return True
    if answer.status is None or genuine.status is None or answer.status // 100 != genuine.status // 100:
        return False
    if _media_type(answer) != _media_type(genuine):
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
    return isinstance(mine, dict) and bool(mine) and bool(_shape(mine) == _shape(theirs))


def bypass_failed(answer: Observation, genuine: Observation | None = None) -> bool:
    """Whether the target failed over the request. An unknown method is no failure, nor that of a handler which always fails.

    `genuine`: the answer to a genuine credential.
    """
    if answer.hung or answer.died:
        return True
    if answer.stopped or answer.entered or answer.status in _UNKNOWN_METHOD:
        return False
    if genuine is not None and genuine.status is not None and genuine.status >= 500:
        return answer.status is None
    return answer.status is None or answer.status >= 500


def find_bypass(
    answer: Observation, genuine: Observation | None, control: Observation | None, *, inside: bool, method: str = ""
) -> str | None:
    """Return in words how the request reached the handler; None where it did not.

    `genuine`: the answer to a genuine credential. `control`: the answer to the same request for a path that nothing serves.
    `inside`: whether the handler itself decides. `method`: the method that was sent, where it is not the route's.
    """
    admitted = is_admission(answer)
    if (answer.stopped or answer.entered) and not answer.elsewhere and not (inside and not admitted):
        return "the handler was entered"
    if method == "OPTIONS" and (answer.entered is False or not answer.body):
        return None  # Frameworks and their CORS middleware answer these by themselves.
    if not admitted or answer.elsewhere or not resembles(answer, genuine):
        return None
    if genuine is None and answer.entered is False:
        return None  # What the handler answers is not known, and the probe did not see it entered.
    if control is not None and control.status == answer.status and resembles(answer, control):
        return None  # Every request gets this answer.
    return f"{answer.status}, and the answer is the handler's"
