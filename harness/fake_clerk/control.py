"""The control API under `/_harness/`: drills and counters for tests in any language. Served by `clerk-harness issuer` only.

GET  /_harness/counts                 how often each operation was asked for, and the key set
POST /_harness/counts/reset
POST /_harness/trouble                {"jwks": "outage" | "slow" | "malformed" | "empty" | null, "api": 429 | 500 | 503 | null}
POST /_harness/rotate                 a new key signs, the old one stays published
POST /_harness/retire                 only the key that signs is published
POST /_harness/clock                  {"skew": seconds}
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import get_args

from harness.fake_clerk.instance import Instance, Trouble
from harness.fake_clerk.keys import SigningKey
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error

API_TROUBLES = {429: "too_many_requests", 500: "internal_clerk_error", 503: "service_unavailable"}


def _keys(instance: Instance) -> Answer:
    return 200, {"signing": instance.key.kid, "published": [key.kid for key in instance.published]}


def _trouble(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    jwks, api = document.get("jwks"), document.get("api")
    if jwks is not None and jwks not in get_args(Trouble):
        raise Refused(error(422, "form_param_value_invalid", f"jwks: one of {', '.join(get_args(Trouble))}, or null"))
    if api is not None and api not in API_TROUBLES:
        raise Refused(
            error(422, "form_param_value_invalid", f"api: one of {', '.join(map(str, API_TROUBLES))}, or null")
        )
    if "jwks" in document:
        instance.jwks_trouble = jwks
    if "api" in document:
        instance.api_trouble = api
    return 200, {"jwks": instance.jwks_trouble, "api": instance.api_trouble}


def _rotate(instance: Instance, request: ApiRequest) -> Answer:
    instance.key = SigningKey()
    instance.published.append(instance.key)
    return _keys(instance)


def _retire(instance: Instance, request: ApiRequest) -> Answer:
    instance.published[:] = [instance.key]
    return _keys(instance)


def _clock(instance: Instance, request: ApiRequest) -> Answer:
    skew = request.document().get("skew")
    if isinstance(skew, bool) or not isinstance(skew, (int, float)):
        raise Refused(error(422, "form_param_type_invalid", "skew: seconds"))
    instance.clock = lambda: time.time() + skew
    return 200, {"now": instance.now()}


_POST: dict[str, Callable[[Instance, ApiRequest], Answer]] = {
    "trouble": _trouble,
    "rotate": _rotate,
    "retire": _retire,
    "clock": _clock,
}


def control(instance: Instance, counts: dict[str, int], request: ApiRequest) -> Answer:
    """Answers a request below `/_harness/`."""
    name = request.path.removeprefix("/_harness/")
    if (request.method, name) == ("GET", "counts"):
        return 200, {"operations": dict(counts), "jwks": instance.jwks_asked}
    if (request.method, name) == ("POST", "counts/reset"):
        counts.clear()
        instance.jwks_asked = 0
        return 200, {"operations": {}, "jwks": 0}
    if request.method == "POST" and name in _POST:
        return _POST[name](instance, request)
    return error(
        404, "resource_not_found", f"nothing at {request.path}: GET counts, POST counts/reset, {', '.join(_POST)}"
    )
