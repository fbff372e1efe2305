"""Known findings, so that a team in the middle of a migration is stopped by new ones only: a ratchet.

A baseline is a JSON file that people read in a review: for each cause its title, and the credentials of each route that it shows
on. It is written once, from a report; after that it only shrinks. What proves nothing (inconclusive, unexamined) is never known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict
from harness.core.errors import HarnessError
from harness.core.files import read_json

SCHEMA = "clerk-harness/baseline"
VERSION = 1
NEVER_KNOWN = ("inconclusive", "unreviewed")
"""Verdicts that no baseline holds: they say that nothing is known."""

Finding = tuple[str, str, str]
"""(route, credential, verdict); of a check of another contract (contract, check, "broken")."""


@dataclass
class Baseline:
    """The findings that are known, and what each is part of. `path`: the file, for messages."""

    path: Path
    known: dict[Finding, str] = field(default_factory=dict)

    def knows(self, finding: Finding) -> bool:
        """Whether a finding was there before."""
        return finding in self.known

    def gone(self, judged: set[tuple[str, str]], found: set[Finding], routes: set[str] | None) -> list[Finding]:
        """The known findings that this run judged and did not find. `judged`: (route, credential) of every cell that was decided,
        and (contract, check) of every check; `routes`: those that exist, where the whole matrix was planned, else None.
        """
        return [
            one
            for one in self.known
            if one not in found
            and ((one[0], one[1]) in judged or (routes is not None and one[2] != "broken" and one[0] not in routes))
        ]

    def without(self, gone: list[Finding]) -> Baseline:
        """The baseline after these are mended."""
        return Baseline(self.path, {one: title for one, title in self.known.items() if one not in set(gone)})

    def render(self) -> str:
        """The file: causes by their titles, in the order of the report."""
        causes: dict[str, dict[str, dict[str, list[str]]]] = {}
        for (where, what, verdict), title in self.known.items():
            causes.setdefault(title, {}).setdefault(verdict, {}).setdefault(where, []).append(what)
        entries = [
            {"cause": title, "verdict": verdict, "findings": routes}
            for title, by_verdict in causes.items()
            for verdict, routes in by_verdict.items()
        ]
        return json.dumps({"schema": SCHEMA, "version": VERSION, "known": entries}, indent=1, ensure_ascii=False) + "\n"


def finding_of(verdict: CellVerdict) -> Finding:
    """What a verdict is called in a baseline."""
    return verdict.route, verdict.credential, verdict.verdict


def finding_of_check(check: Check) -> Finding:
    """What a broken check is called in a baseline."""
    return check.contract, check.name, "broken"


def read_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises HarnessError naming the file, and the entry, where it is none."""
    hint = f"; `clerk-harness baseline reports/auth-matrix.json {path}` writes it from a report"
    found = read_json(path, name=f"--baseline {path}", hint=hint)
    if (found.get("schema"), found.get("version")) != (SCHEMA, VERSION):
        raise HarnessError(f"--baseline {path}: is no baseline of this version of clerk-harness")
    known: dict[Finding, str] = {}
    try:
        for entry in found["known"]:
            title, verdict = str(entry["cause"]), str(entry["verdict"])
            if verdict in NEVER_KNOWN:
                raise HarnessError(f"--baseline {path}: {verdict} findings prove nothing and are never known: {title}")
            for where, names in entry["findings"].items():
                known |= {(where, str(name), verdict): title for name in names}
    except (KeyError, TypeError, AttributeError) as error:
        raise HarnessError(f"--baseline {path}: an entry has no {error}; write the file anew from a report") from error
    return Baseline(path, known)


def baseline_of_report(report: dict[str, Any], path: Path) -> Baseline:
    """A first baseline: every finding of a report that may be known, under the title of its cause."""
    titles: dict[Finding, str] = {}
    for cause in report["causes"]:
        if cause["contract"]:
            titles[cause["contract"], cause["check"], "broken"] = cause["title"]
    by_cell = {
        (route, credential, cause["verdict"]): cause["title"]
        for cause in report["causes"]
        for route in cause["routes"]
        for credential in cause["credentials"] or [""]
    }
    for router in report["routers"]:
        for route in router["routes"]:
            for cell in route["cells"]:
                if cell["verdict"] not in ("pass", "hardening", *NEVER_KNOWN):
                    key = route["route"], cell["credential"], cell["verdict"]
                    titles[key] = by_cell.get(key, "")
    for found in report["findings"]:
        if not found["credentials"] and found["verdict"] not in NEVER_KNOWN:
            key = found["route"], "", found["verdict"]
            titles[key] = by_cell.get(key, "")
    return Baseline(path, titles)
