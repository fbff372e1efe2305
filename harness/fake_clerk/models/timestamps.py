"""Clerk's timestamps."""

from __future__ import annotations

import time

DAY = 86_400_000
"""A day in milliseconds."""


def milliseconds() -> int:
    """Now, as Clerk writes it: a Unix time in milliseconds."""
    return int(time.time() * 1000)
