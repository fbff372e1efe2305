"""What pytest says of our items, as anybody may see it: reports, warnings, errors of usage, and errors within."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.output import shown


def usage_error(error: Exception) -> pytest.UsageError:
    """A mistake of the user's, as pytest tells it without a traceback."""
    return pytest.UsageError(shown(f"clerk-harness: {error}"))


def show_report(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Redact a report: its story or its traceback, the short line of it, the reason of a skip, and what was printed."""
    report.longrepr = show(report.longrepr)
    report.sections = [(name, shown(content)) for name, content in report.sections]


def show(value: Any) -> Any:
    """A text, or what pytest has put together of texts (a `TerminalRepr`), with each text in it shown.

    A traceback's lines are shown as one text: a key may be longer than a line.
    """
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, tuple):
        return tuple(show(each) for each in value)
    if isinstance(value, list):
        if value and all(isinstance(each, str) for each in value):
            return shown("\n".join(value)).split("\n")
        return [show(each) for each in value]
    if type(value).__module__.startswith("_pytest."):
        for name, each in vars(value).items():
            object.__setattr__(value, name, show(each))
    return value


def show_warning(record: Any) -> None:
    """Redact a warning (`warnings.WarningMessage`); one with nothing to hide stays the object that it is."""
    told = str(record.message)
    if shown(told) != told:
        record.message = UserWarning(shown(told))
