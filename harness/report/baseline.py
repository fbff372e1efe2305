"""Known findings, so that a team in the middle of a migration is stopped by new ones only: a ratchet.

A baseline is a JSON file that people read in a review: for each cause its title, what did it, and the credentials of each route
that it shows on. It is written once, from a report; after that it only shrinks. A finding is known by its route, its credential,
its verdict and what did it: where one of them is another, it is new. What proves nothing is never known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.contracts.base import EXAMINATION, Check
from harness.contracts.matrix import FAILURES, CellVerdict
from harness.core.errors import HarnessError
from harness.core.file_set import write_set
from harness.core.files import read_json
from harness.core.output import rendered
from harness.core.text import many
from harness.report.causes import Cause, causes
from harness.report.model import Record

SCHEMA = "clerk-harness/baseline"
VERSION = 1
BROKEN = "broken"
"""The verdict of a check of another contract than the matrix."""
NEVER_KNOWN = ("inconclusive", "undeclared", "unreviewed")
"""Verdicts that no baseline holds: they say that nothing is known."""
UNDECIDED = ("inconclusive", "fault")
"""Verdicts of a cell after which nobody knows whether a former finding is gone."""
_MAY_BE_KNOWN = {*FAILURES, BROKEN} - set(NEVER_KNOWN)


class Finding(NamedTuple):
    """One finding: route and credential, or contract and check; its verdict, and what did it (functions, or the answer)."""

    where: str
    what: str
    verdict: str
    by: str


def findings_of(every: Iterable[Mapping[str, Any]]) -> dict[Finding, str]:
    """The findings of causes, as a report has them, and the title of the cause of each; of every verdict."""
    found: dict[Finding, str] = {}
    for cause in every:
        places = {cause["contract"]: [cause["check"]]} if cause["contract"] else cause["shows"]
        for where, names in places.items():
            found |= {Finding(where, name, cause["verdict"], cause["by"]): cause["title"] for name in names}
    return found


def _may_be_known(finding: Finding) -> bool:
    return finding.verdict in _MAY_BE_KNOWN and (finding.verdict, finding.what) != (BROKEN, EXAMINATION)


@dataclass
class Baseline:
    """The findings that are known, and what each is part of. `path`: the file, for messages."""

    path: Path
    known: dict[Finding, str] = field(default_factory=dict)

    def knows(self, cause: Cause, where: str, what: str) -> bool:
        """Whether a finding of a cause was there before; what proves nothing never was."""
        finding = Finding(*rendered((where, what, cause.verdict, cause.by)))
        return _may_be_known(finding) and finding in self.known

    def knows_verdict(self, verdict: CellVerdict, of_the_route: Iterable[CellVerdict]) -> bool:
        """Whether a finding was there before, by what is known of its route so far."""
        every = [*(other for other in of_the_route if other is not verdict), verdict]
        made = [cause for cause in causes(every) if any(cell is verdict for cell in cause.cells)]
        return bool(made) and all(self.knows(cause, *verdict.key) for cause in made)

    def knows_check(self, check: Check) -> bool:
        """Whether a broken check was broken before, in the same way."""
        return all(self.knows(cause, check.contract, check.name) for cause in causes([], [check]))

    def judge(self, record: Record) -> list[Finding]:
        """Mark what a run has found and the baseline knows, and say in a note how much that is; return what is gone."""
        every = [
            (cause, where, what) for cause in record.causes for where, names in _places(cause).items() for what in names
        ]
        found = {(where, what, cause.verdict) for cause, where, what in every}
        # Of two that made one finding, both must be known.
        record.known = found - {(where, what, c.verdict) for c, where, what in every if not self.knows(c, where, what)}
        failed = sum(v.failed and not record.is_known(v) for v in record.verdicts)
        failed += sum(check.failed and not record.is_known_check(check) for check in record.checks)
        gone = self.gone(record)
        more = f"; {many(len(gone), 'is', 'are')} gone: --update-baseline takes them out of it" if gone else ""
        record.notes.append(
            f"baseline {self.path}: {many(len(record.known), 'known finding fails', 'known findings fail')} no run, "
            f"{many(failed, 'other does', 'others do')}{more}"
        )
        return gone

    def gone(self, record: Record) -> list[Finding]:
        """The known findings that a run has tried again and did not find.

        One of a route that is there no more is gone where the whole matrix was planned and tried to its end.
        """
        found = {
            Finding(*rendered((where, what, cause.verdict, cause.by)))
            for cause in record.causes
            for where, names in _places(cause).items()
            for what in names
        }
        decided = {tuple(rendered(v.key)) for v in record.verdicts if v.verdict not in UNDECIDED}
        decided -= {tuple(rendered(v.key)) for v in record.verdicts if v.verdict in UNDECIDED}
        proven = {(check.contract, check.name) for check in record.checks if check.status == "proven"}
        whole = not record.incomplete and not record.meta.narrowed and bool(record.plan.routes)
        routes = set(rendered([plan.key for plan in record.plan.routes]))

        def tried(one: Finding) -> bool:
            if one.verdict == BROKEN:
                return (one.where, one.what) in proven
            if one.what and one.where in routes:
                return (one.where, one.what) in decided
            return whole

        return [one for one in self.known if one not in found and tried(one)]

    def without(self, gone: list[Finding]) -> Baseline:
        """The baseline after these are mended."""
        return Baseline(self.path, {one: title for one, title in self.known.items() if one not in set(gone)})

    def render(self) -> str:
        """The file: causes by their titles, in the order of the report."""
        grouped: dict[tuple[str, str, str], dict[str, list[str]]] = {}
        for one, title in self.known.items():
            grouped.setdefault((title, one.verdict, one.by), {}).setdefault(one.where, []).append(one.what)
        entries = [
            {"cause": title, "verdict": verdict, "by": by, "findings": places}
            for (title, verdict, by), places in grouped.items()
        ]
        return json.dumps({"schema": SCHEMA, "version": VERSION, "known": entries}, indent=1, ensure_ascii=False) + "\n"

    def write(self) -> None:
        """Write the file, whole or not at all. Raises HarnessError."""
        try:
            write_set(self.path.parent, {self.path: self.render()})
        except OSError as error:
            raise HarnessError(f"{self.path}: {error.strerror or error}") from error


def _places(cause: Cause) -> dict[str, list[str]]:
    return {cause.check.contract: [cause.check.name]} if cause.check else cause.shows


def read_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises HarnessError naming the file, and the entry, where it is none."""
    where = f"--baseline {path}"
    way = f"`clerk-harness baseline reports/auth-matrix.json {path}` writes it from a report"
    found = read_json(path, name=where, hint=f"; {way}")
    if (found.get("schema"), found.get("version")) != (SCHEMA, VERSION):
        raise HarnessError(f"{where}: is no baseline of this version of clerk-harness; {way}")
    entries = found.get("known")
    if not isinstance(entries, list):
        raise HarnessError(f"{where}: `known` is no list; {way}")
    known: dict[Finding, str] = {}
    for number, entry in enumerate(entries, 1):
        if not _is_entry(entry):
            raise HarnessError(f"{where}: entry {number} wants cause, verdict, by and findings; {way}")
        for place, names in entry["findings"].items():
            for name in names:
                one = Finding(place, name, entry["verdict"], entry["by"])
                if not _may_be_known(one):
                    raise HarnessError(
                        f"{where}: entry {number}: `{one.verdict}` of {place} proves nothing, or is no verdict, and is never "
                        "known: take it out"
                    )
                known[one] = entry["cause"]
    return Baseline(path, known)


def _is_entry(entry: Any) -> bool:
    """Whether a value is an entry of a baseline."""
    return (
        isinstance(entry, dict)
        and all(isinstance(entry.get(key), str) for key in ("cause", "verdict", "by"))
        and isinstance(entry.get("findings"), dict)
        and all(isinstance(names, list) and all(isinstance(n, str) for n in names) for names in entry["findings"].values())
    )  # fmt: skip


def baseline_of_report(report: dict[str, Any], path: Path) -> Baseline:
    """A first baseline: every finding of a report that may be known, under the title of its cause."""
    return Baseline(path, {one: title for one, title in findings_of(report["causes"]).items() if _may_be_known(one)})
