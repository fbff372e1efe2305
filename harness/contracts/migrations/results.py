"""How a check of the migrations ends where it does not simply hold. The text becomes the detail in the report."""

from __future__ import annotations


class CheckFailed(Exception):
    """The check does not hold."""


class CheckSkipped(Exception):
    """The check cannot be examined here."""
