"""What every report format is: it renders a record as text, whole or part by part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.report.model import Record


class Listener:
    """A report format: `render` where its text is short, `parts` where it grows with the cells; either is made of the other.

    `told`: the record as `json_report.streamed` gives it, made by whoever writes several formats of it.
    """

    def render(self, record: Record, told: dict[str, Any] | None = None) -> str:
        """The whole file."""
        return "".join(self.parts(record, told))

    def parts(self, record: Record, told: dict[str, Any] | None = None) -> Iterable[str]:
        """The text of the file in its order, so that it is never in memory as a whole."""
        return [self.render(record, told)]
