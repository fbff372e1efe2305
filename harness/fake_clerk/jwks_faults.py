"""How the key set can fail to be served. To add a fault, add its name to `JwksFault` and its answer to `JWKS_FAULTS`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

from harness.fake_clerk.wire import Answer, error

JwksFault = Literal["outage", "malformed", "empty", "slow"]
SLOW_SECONDS = 1.0
"""How late a slow key set is answered: longer than an impatient client waits, shorter than any default limit."""


def _slow(keys: dict[str, Any]) -> Answer:
    time.sleep(SLOW_SECONDS)
    return 200, keys


JWKS_FAULTS: dict[JwksFault, Callable[[dict[str, Any]], Answer]] = {
    "outage": lambda keys: error(503, "service_unavailable", "the service is not available"),
    "malformed": lambda keys: (200, "<html><body>We are back in a minute.</body></html>"),
    "empty": lambda keys: (200, {"keys": []}),
    "slow": _slow,
}
"""What is answered instead of the JWK Set, which is given, while a fault lasts; drills try them in this order."""
