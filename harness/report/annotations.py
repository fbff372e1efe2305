"""GitHub's annotations: workflow commands that a job prints (docs.github.com, "Workflow commands for GitHub Actions")."""

from __future__ import annotations

from harness.core.output import line
from harness.report.issues import Issue, issues
from harness.report.model import Record

MOST = 10
"""GitHub shows ten errors and ten warnings of a step, the first that are printed."""


def workflow_commands(record: Record) -> list[str]:
    """The commands, the gravest first: at most `MOST` of each kind. Their texts are escaped, and need no more care."""
    found = issues(record)
    errors = [issue for issue in found if issue.grave]
    warnings = [issue for issue in found if not issue.grave]
    return [_command("error", issue) for issue in errors[:MOST]] + [_command("warning", i) for i in warnings[:MOST]]


def _command(name: str, issue: Issue) -> str:
    first = issue.places[0]
    title = f"clerk-harness: {issue.kind}"
    where = f"file={_property(first.file)},line={first.line},title={_property(title)}"
    repeat = f" Repeat: {issue.repeat}" if issue.repeat else ""
    return f"::{name} {where}::{_data(f'{issue.title}. What to change: {issue.remedy}.{repeat}')}"


def _data(text: str) -> str:
    """A message in one line, without secrets; its characters are escaped as the runner undoes it (actions/toolkit, command.ts)."""
    return line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
