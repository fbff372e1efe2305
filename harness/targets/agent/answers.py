"""What a returned value means: whether a handler's answer is a refusal, and whether an authentication function consented."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MODELS = (
    "model_dump",
    "__fields__",
    "__dataclass_fields__",
    "__table__",
    "__struct_fields__",
    "__attrs_attrs__",
    "_meta",
)
"""Attributes of models, whose `status` is that of an order or a job: they are data, not responses."""


def _number(value: object) -> int | None:
    """The HTTP status in `401` or `401 Unauthorized`; None for anything else."""
    if isinstance(value, str):
        value = int(value[:3]) if re.match(r"\d{3}( |$)", value) else None
    return int(value) if isinstance(value, int) and 100 <= value < 600 else None


def _response_status(value: object) -> int | None:
    """The status of a response object, by the attribute that its framework uses; None for data."""
    if isinstance(value, (str, bytes, int, float, dict, list, set)) or any(hasattr(type(value), n) for n in _MODELS):
        return None
    for name in ("status_code", "status_int", "status"):
        status = _number(getattr(value, name, None))
        # Much that is no response has a `status`.
        if status is not None and (name != "status" or hasattr(value, "headers")):
            return status
    return None


def _returned_status(value: object) -> int | None:
    """The status that a handler returned: of a response, or of (body, status), (body, status, headers) or (status, body)."""
    if isinstance(value, tuple) and not hasattr(value, "_fields") and len(value) in (2, 3):
        first, second = value[:2]
        numeric = isinstance(first, (int, float))
        if numeric:
            return _number(first) if len(value) == 2 and not isinstance(second, (int, float)) else None
        return _number(second) or _response_status(first)
    return _response_status(value)


def refuses(value: object, arguments: Iterable[object] = ()) -> bool:
    """Whether a handler's answer is a refusal or an error (status 300 or more).

    The status is that of what it returned, or of a response among its `arguments` that it was to fill.
    """
    try:
        status = _returned_status(value)
        filled = [_response_status(entry) for entry in arguments if hasattr(entry, "headers")] if status is None else []
        return any(number is not None and number >= 300 for number in [status, *filled])
    except Exception:
        return False


def answers_by_sending(value: object, arguments: Iterable[object]) -> bool:
    """Whether a handler is an ASGI or a WSGI app itself: what it decided it has sent, and what it returned says nothing of it."""
    try:
        given = list(arguments)
        calls = sum(callable(entry) for entry in given)
        worlds = [entry for entry in given if isinstance(entry, dict)]
        asgi = value is None and any("type" in entry and "headers" in entry for entry in worlds) and calls >= 2
        return asgi or (any("REQUEST_METHOD" in entry for entry in worlds) and calls >= 1)
    except Exception:
        return False


_SIGNED_IN = ("is_signed_in", "is_authenticated")
"""How Clerk's SDK, Django and Starlette name whether somebody is signed in."""


def consents(value: object) -> bool:
    """Whether what an authentication function returned is a consent.

    A consent is true, and neither an object by which nobody is signed in (the state of Clerk's SDK, an anonymous user), nor a
    refusing response, nor a pair of nothing and a reason.
    """
    try:
        if not value or any(getattr(value, name, None) is False for name in _SIGNED_IN):
            return False
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return value[0] is not None and value[0] is not False
        status = _response_status(value)
        return status is None or status < 300
    except Exception:
        return True
