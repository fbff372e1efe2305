"""What is raised when an invariant is broken."""

from __future__ import annotations

import functools


class Violation(Exception):
    """An invariant that is broken. `check`: its name; `message`: how, in one sentence; `events`: what led to it, in plain words;
    `before` and `after`: the rows before and after the last event.
    """

    def __init__(self, check: str, message: str, events: list[str], before: list[str], after: list[str]) -> None:
        super().__init__(f"{check}: {message}")
        self.check, self.message, self.events, self.before, self.after = check, message, events, before, after


@functools.cache
def violation_type(check: str) -> type[Violation]:
    """The type of a check's violations. Each check has one of its own, for Hypothesis shrinks towards the same type."""
    return type(f"Violation_{check.replace('-', '_')}", (Violation,), {})
