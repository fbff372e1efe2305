"""How long a run waits for what a verifier does in its own time."""

from __future__ import annotations

from dataclasses import dataclass

POLL_INTERVAL = 0.25
"""Seconds between two attempts while something is waited for."""


@dataclass(frozen=True)
class Deadlines:
    """Time limits in seconds, as `[settings]` of the declaration gives them.

    `heal_within`: genuine tokens must be accepted again after an outage of the issuer. `rotate_within`: tokens of a new key
    must be accepted. `withdrawn_within`: tokens of a withdrawn key must be rejected; None where no limit is declared.
    """

    heal_within: float = 15.0
    rotate_within: float = 45.0
    withdrawn_within: float | None = None
