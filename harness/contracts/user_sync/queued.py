"""Webhooks that only queue what is delivered: whether one does, and how long the app takes to work it off.

Clerk's documentation has a webhook answer at once and do the work elsewhere; whoever looks with the answer sees no row yet
(https://clerk.com/docs/webhooks/overview).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from harness.contracts.refusal import is_admission
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.core.errors import HarnessError

_LATEST = 3.0
"""Seconds that are waited for the row of a delivery that was taken."""


def comes_within(there: Callable[[], bool], patience: float = _LATEST) -> float | None:
    """Within how many seconds something is there, in halves; None where it does not come. `patience` in seconds."""
    began = time.monotonic()
    while (took := time.monotonic() - began) < patience:
        time.sleep(0.05)
        if there():
            return max(0.5, math.ceil(took * 4) / 2)  # Twice as long, for a machine that is busier.
    return None


def undeclared_queue(environment: SyncEnvironment) -> str | None:
    """What to declare where the row of a delivery comes after the answer, in a sentence; None where it does not.

    Asked where a check is broken: what was looked at too early looks broken.
    """
    reach = environment.file.reach
    if reach.webhook is None or reach.works_off_within is not None:
        return None
    try:
        environment.begin()
        person = environment.sign_up("own", 0, "plain", "Ada", "Lovelace")
        message = next(iter(environment.pending_of(person)), None)
        if message is None or not is_admission(environment.client.deliver(message)):
            return None
        if environment.row_of(person) is not None:
            return None
        within = comes_within(lambda: environment.row_of(person) is not None)
    except HarnessError:
        return None
    if within is None:
        return None
    return (
        f"{reach.webhook} queues what is delivered: the row came after the answer, so that what is broken may only have been looked at "
        f"too early; user_sync.toml: works_off_within = {within:g} in [reach]"
    )
