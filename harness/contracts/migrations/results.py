"""How a check of the migrations ends where it does not simply hold. The text becomes the detail in the report."""

from __future__ import annotations

from collections.abc import Sequence


class CheckFailed(Exception):
    """The check does not hold. `patch`: what differs, line by line, with `-` and `+` in front."""

    def __init__(self, detail: str, patch: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.patch = list(patch)


class CheckSkipped(Exception):
    """The check cannot be examined here. `declared`: migrations.toml asks for it, so that the run does not pass."""

    def __init__(self, detail: str, *, declared: bool = False) -> None:
        super().__init__(detail)
        self.declared = declared
