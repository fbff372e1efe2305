"""`auth-matrix.sarif`: the causes for code scanning (SARIF 2.1.0, OASIS; https://docs.oasis-open.org/sarif/sarif/v2.1.0/).

A cause is a rule and its one result: at the function or the handler to change first, with the other places beside it. What keeps a run
from passing without being a finding is a result as well, for a file without results looks like a run without findings.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import harness
from harness.contracts.matrix import MEANING
from harness.core.output import rendered
from harness.core.text import many
from harness.report.issues import UNPROVEN, Issue, issues
from harness.report.listener import Listener
from harness.report.markdown import escaped
from harness.report.model import Record
from harness.report.places import Location

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 5000
"""GitHub takes 25,000 and shows 5,000 (docs.github.com, "SARIF results exceed one or more limits"); the gravest come first."""
MOST_PLACES = 100
"""Of 1,000 locations of a result GitHub shows 100 (the same page)."""
MOST_BYTES = 9_500_000
"""GitHub takes 10 MB after gzip (docs.github.com, "SARIF results file is too large")."""
_FEWER_PLACES = (MOST_PLACES, 10, 1)
"""Of each result, as long as the file is too large; after that fewer results."""
_SEVERITY = {"breach": "9.1", "mixed": "7.5", "fault": "7.0", "broken": "7.0", "lockout": "6.5", "leak": "5.3"}
"""What GitHub sorts security alerts by, as a CVSS score: over 9.0 critical, from 7.0 high, from 4.0 medium, below it low."""
_MEANING = MEANING | {
    "broken": "a contract does not hold",
    UNPROVEN: "not all was examined: the run proves nothing of it",
}


def _text(text: str) -> str:
    """A plain message; what would be a link (SARIF 2.1.0, section 3.11.6) is none."""
    return text.replace("](", "] (")


def _rule(issue: Issue) -> dict[str, Any]:
    tags = ["security", "authentication", issue.kind]
    lines = [f"What to change: {issue.remedy}.", f"More: docs/{issue.page}."]
    shown = [f"**What to change**: {escaped(issue.remedy)}.", f"**More**: docs/{escaped(issue.page)}."]
    if issue.source:
        lines.append(f"Source of the rule: {issue.source}.")
        shown.append(f"**Source of the rule**: {escaped(issue.source)}.")
    rule: dict[str, Any] = {
        "id": issue.id,
        "name": "".join(part.title() for part in issue.kind.split("-")),
        "shortDescription": {"text": _text(issue.title[:1000])},
        "fullDescription": {"text": _MEANING.get(issue.kind, issue.kind)},
        "help": {"text": _text("\n".join(lines)), "markdown": "\n\n".join(shown)},
        "defaultConfiguration": {"level": _level(issue)},
        "properties": {
            "tags": tags,
            "precision": "very-high",
            "security-severity": _SEVERITY.get(issue.kind, "3.0"),
        },
    }
    if issue.cwe:
        tags.append(f"external/cwe/{issue.cwe.lower()}")
        target = {"id": issue.cwe, "toolComponent": {"name": "CWE"}}
        rule["relationships"] = [{"target": target, "kinds": ["superset"]}]
    return rule


def _level(issue: Issue) -> str:
    return "error" if issue.grave else "warning"


def _place(location: Location, number: int | None = None) -> dict[str, Any]:
    """A location; the URI is relative to the root of the sources (RFC 3986: percent-encoded)."""
    artifact = {"uri": quote(location.file, errors="replace"), "uriBaseId": "%SRCROOT%"}
    place: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(location.line, 1)}}
    }
    if location.function:
        place["logicalLocations"] = [{"fullyQualifiedName": location.function}]
    if number is not None:
        place |= {"id": number, "message": {"text": _text(location.function or "declared here")}}
    return place


def _result(issue: Issue, index: int, most: int) -> dict[str, Any]:
    first, *others = issue.places[:most]
    text = f"{issue.title}. What to change: {issue.remedy}."
    return {
        "ruleId": issue.id,
        "ruleIndex": index,
        "level": _level(issue),
        "message": {"text": _text(text + (f" Repeat: {issue.repeat}" if issue.repeat else ""))},
        "locations": [_place(first)],
        "relatedLocations": [_place(place, number) for number, place in enumerate(others, 1)],
        "partialFingerprints": {"clerkHarnessCause/v1": issue.id},
    }


def _taxonomy(found: list[Issue]) -> dict[str, Any]:
    names = sorted({issue.cwe for issue in found if issue.cwe})
    return {"name": "CWE", "organization": "MITRE", "taxa": [{"id": name} for name in names]}


def document(
    record: Record, every: list[Issue], most: int = MOST_RESULTS, most_places: int = MOST_PLACES
) -> dict[str, Any]:
    """The whole file as data, every text in it as anybody may see it; of `every` issue the first `most`."""
    told = every[:most]
    left = len(every) - len(told)
    notes = [f"{many(left, 'more cause is', 'more causes are')} in auth-matrix.json"] if left else []
    notes += [issue.title for issue in every if issue.kind == UNPROVEN]
    driver = {
        "name": "clerk-harness",
        "semanticVersion": harness.__version__,
        "rules": [_rule(issue) for issue in told],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "clerk-harness/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not record.shortfalls,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": _text(note)}} for note in notes],
            }
        ],
        "results": [_result(issue, index, most_places) for index, issue in enumerate(told)],
    }
    taxonomy = _taxonomy(told)
    if taxonomy["taxa"]:
        run["taxonomies"] = [taxonomy]
    shown: dict[str, Any] = rendered({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
    return shown


class SarifReport(Listener):
    """Renders the causes of a record as SARIF."""

    def render(self, record: Record, told: dict[str, Any] | None = None) -> str:
        """The document, with as many places and results as GitHub takes in one file."""
        every = issues(record)
        text = ""
        for most, places in _sizes(len(every)):
            text = json.dumps(document(record, every, most, places), ensure_ascii=False, indent=1) + "\n"
            if _fits(text):
                break
        return text


def _sizes(issues: int) -> Iterator[tuple[int, int]]:
    """How many results and places of each to try, in this order; one result at last."""
    most = min(issues, MOST_RESULTS)
    for places in _FEWER_PLACES:
        yield most, places
    while most > 1:
        most //= 2
        yield most, 1


def _fits(text: str) -> bool:
    """Whether GitHub takes it: small as it is, or compressed, as its action uploads it (codeql-action, upload-lib)."""
    data = text.encode("utf-8", "backslashreplace")
    return len(data) <= MOST_BYTES or len(gzip.compress(data)) <= MOST_BYTES
