"""The types of steps of which sequences consist, by what happens. A new one is an object, and its line here."""

from __future__ import annotations

from harness.contracts.user_sync.steps import changes, deliveries, requests
from harness.contracts.user_sync.steps.base import StepType

STEP_TYPES: tuple[StepType, ...] = (
    requests.SIGN_UP,
    requests.REQUEST,
    requests.EVERYBODY,
    requests.AT_ONCE,
    requests.IMPOSTOR,
    requests.KILLED,
    changes.RENAME,
    changes.MOVE,
    changes.SWAP,
    changes.SECOND_ADDRESS,
    changes.BAN,
    changes.UNBAN,
    changes.DELETE,
    deliveries.DELIVER,
    deliveries.DELIVER_AGAIN,
    deliveries.PARTIAL,
    requests.SIGN_UP_AGAIN,
    requests.RACE,
    requests.LOCKED,
    changes.TAKE_ADDRESS,
    changes.LEGACY_SIGN_UP,
    changes.RESTART,
    deliveries.DELIVER_KILLED,
    deliveries.OTHER_EVENT,
    requests.SIGN_UP_FREED,
    changes.BOAST,
)
"""Their order decides what a seed generates."""
BY_KIND = {step_type.kind: step_type for step_type in STEP_TYPES}
