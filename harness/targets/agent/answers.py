"""What a function returned, in words of frameworks: whether a handler's answer is a refusal, whether a guard gave its consent."""

from __future__ import annotations

import re
from typing import Any

_MODELS = (
    "model_dump",
    "__fields__",
    "__dataclass_fields__",
    "__table__",
    "__struct_fields__",
    "__attrs_attrs__",
    "_meta",
)
"""What models have whose status is their own, an order's or a job's: data, no answer."""


def _number(value: Any) -> Any:
    """A status as `401` or `401 Unauthorized`, or None."""
    if isinstance(value, str):
        value = int(value[:3]) if re.match(r"\d{3}( |$)", value) else None
    return int(value) if isinstance(value, int) and 100 <= value < 600 else None


def _status(value: Any) -> Any:
    """The status of a response object, as frameworks name it; None for data."""
    if isinstance(value, (str, bytes, int, float, dict, list, set)) or any(hasattr(type(value), n) for n in _MODELS):
        return None
    for name in ("status_code", "status_int", "status"):
        status = _number(getattr(value, name, None))
        # Much that is no response has a `status`.
        if status is not None and (name != "status" or hasattr(value, "headers")):
            return status
    return None


def _told(value: Any) -> Any:
    """The status in what a handler returned: a response's, or that of (body, status), (body, status, headers), (status, body)."""
    if isinstance(value, tuple) and not hasattr(value, "_fields") and len(value) in (2, 3):
        first, second = value[:2]
        numeric = isinstance(first, (int, float))
        if numeric:
            return _number(first) if len(value) == 2 and not isinstance(second, (int, float)) else None
        return _number(second) or _status(first)
    return _status(value)


def refuses(value: Any, given: Any = ()) -> bool:
    """Whether a handler's answer is a refusal or an error: by what it returned, or by the response it was `given` to fill."""
    try:
        status = _told(value)
        filled = [_status(entry) for entry in given if hasattr(entry, "headers")] if status is None else []
        return any(number is not None and number >= 300 for number in [status, *filled])
    except Exception:
        return False


_SIGNED_IN = ("is_signed_in", "is_authenticated")
"""How Clerk's SDK, Django and Starlette name whether a state or a user is somebody's."""


def consents(value: Any) -> bool:
    """Whether what an authentication function returned is a consent: something true that does not say of itself that nobody is
    signed in, as the state of Clerk's SDK does and an anonymous user; nor a refusal; nor a pair of nothing and a reason.
    """
    try:
        if not value or any(getattr(value, name, None) is False for name in _SIGNED_IN):
            return False
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return value[0] is not None and value[0] is not False
        status = _status(value)
        return status is None or status < 300
    except Exception:
        return True
