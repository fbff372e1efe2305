"""How a check of the migrations ends where it does not simply hold. The text becomes the detail in the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a check says that holds and has measured something: how often, in words, and the figures, a row for each migration."""

    count: int
    detail: str
    figures: list[dict[str, Any]] = field(default_factory=list)


class CheckFailed(Exception):
    """The check does not hold. `patch`: what differs, line by line, with `-` and `+` in front; `figures`: what was
    measured.
    """

    def __init__(self, detail: str, patch: Sequence[str] = (), figures: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.patch, self.figures = list(patch), list(figures)


class CheckSkipped(Exception):
    """The check cannot be examined here. `declared`: migrations.toml asks for it, so that the run does not pass; `figures`:
    what was measured all the same.
    """

    def __init__(self, detail: str, *, declared: bool = False, figures: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.declared, self.figures = declared, list(figures)
