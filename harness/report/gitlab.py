"""`gl-code-quality.json`: the causes in GitLab's merge requests (docs.gitlab.com, Code Quality, "Code Quality report format")."""

from __future__ import annotations

import json
from typing import Any

from harness.core.output import rendered
from harness.report.issues import Issue, issues
from harness.report.listener import Listener
from harness.report.model import Record

_SEVERITY = {"breach": "blocker", "mixed": "critical", "lockout": "critical", "fault": "critical", "broken": "critical"}
"""GitLab knows info, minor, major, critical and blocker."""


def _entry(issue: Issue) -> dict[str, object]:
    first = issue.places[0]
    return {
        "description": f"{issue.title}. What to change: {issue.remedy}.",
        "check_name": f"clerk-harness/{issue.kind}",
        "fingerprint": issue.id,
        "severity": _SEVERITY.get(issue.kind, "major"),
        "location": {"path": first.file, "lines": {"begin": first.line}},
    }


class GitlabReport(Listener):
    """Renders the causes of a record as a code quality report."""

    def render(self, record: Record, told: dict[str, Any] | None = None) -> str:
        """The list of entries; an empty one for a run that has passed."""
        return json.dumps(rendered([_entry(issue) for issue in issues(record)]), ensure_ascii=False, indent=1) + "\n"
