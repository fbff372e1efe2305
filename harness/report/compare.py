"""What changed between two reports (auth-matrix.json): causes, routes, policies, and who is let in.

A cause is gone only where each of its cells was tried again: what the newer run left out is said to be not examined.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.core.output import line
from harness.core.text import listed
from harness.report.baseline import NEVER_KNOWN, UNDECIDED, Finding, findings_of
from harness.report.causes import ADMITTED
from harness.report.markdown import escaped

_MOST = 40
_FEW = 4
Key = tuple[str, str]
"""Route and credential."""


@dataclass(frozen=True)
class Change:
    """One line of a comparison: what it is about, and how it changed."""

    what: str
    detail: str = ""


@dataclass
class Comparison:
    """What changed, by kind. `failing`: why the newer run fails though no cause is new."""

    new_causes: list[Change] = field(default_factory=list)
    grown_causes: list[Change] = field(default_factory=list)
    changed_causes: list[Change] = field(default_factory=list)
    shrunk_causes: list[Change] = field(default_factory=list)
    gone_causes: list[Change] = field(default_factory=list)
    unexamined_causes: list[Change] = field(default_factory=list)
    new_routes: list[Change] = field(default_factory=list)
    gone_routes: list[Change] = field(default_factory=list)
    policies: list[Change] = field(default_factory=list)
    newly_admitted: list[Change] = field(default_factory=list)
    no_longer_admitted: list[Change] = field(default_factory=list)
    unproven: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failing: str = ""

    @property
    def worse(self) -> bool:
        """Whether something fails that did not fail before, or nobody knows."""
        return bool(self.new_causes or self.grown_causes or self.failing)

    def sections(self) -> list[tuple[str, list[Change]]]:
        """Every kind of change with its title, what is worse first."""
        titles = {
            "new_causes": "New causes", "grown_causes": "Causes that reach farther", "newly_admitted": "Let in now",
            "unproven": "Checks that are no longer proven", "policies": "Policies that changed", "new_routes": "New routes",
            "changed_causes": "Causes that are told otherwise", "gone_causes": "Causes that are gone",
            "shrunk_causes": "Causes that reach less far", "no_longer_admitted": "No longer let in",
            "gone_routes": "Routes that are gone", "unexamined_causes": "Causes that were not examined this time",
        }  # fmt: skip
        return [(title, changes) for name, title in titles.items() if (changes := getattr(self, name))]


def compare(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
    """What changed from one report to a later one, both as `read_report` gives them."""
    result = Comparison()
    _causes(result, old, new)
    _admissions(result, old, new)
    _routes(result, old, new)
    after = _checks(new)
    for key, status in _checks(old).items():
        if status == "proven" and after.get(key) not in ("proven", "broken"):
            result.unproven.append(Change(": ".join(key), "not examined this time"))
    for name, report in (("older", old), ("newer", new)):
        if report["narrowed"]:
            result.notes.append(f"the {name} report is of a part of the matrix ({report['narrowed']})")
        if not report["complete"]:
            result.notes.append(f"the {name} report is of a run that did not end")
    if not new["complete"]:
        result.failing = "the newer run did not end"
    elif old["passed"] and not new["passed"]:
        result.failing = "the older run passed, and the newer one did not"
    if result.failing:
        result.notes.append(result.failing)
    return result


def _cells(report: dict[str, Any]) -> dict[Key, bool]:
    """Every cell that was decided, by route and credential, and whether it was let in."""
    found: dict[Key, bool] = {}
    unknown = set()
    for router in report["routers"]:
        for route in router["routes"]:
            for cell in route["cells"]:
                key = (route["route"], cell["credential"])
                if cell["verdict"] in UNDECIDED:
                    unknown.add(key)
                    continue
                found[key] = found.get(key, False) or _let_in(cell)
    return {key: let_in for key, let_in in found.items() if key not in unknown}


def _let_in(cell: dict[str, Any]) -> bool:
    """Whether somebody got in; where either answer is right, what was seen says so."""
    verdict, status = cell["verdict"], cell["status"] or 0
    if verdict in (*ADMITTED, "handler-error") or (verdict == "pass" and cell["expected"] == "accept"):
        return True
    if verdict == "hardening" or (verdict == "pass" and cell["expected"] == "tolerate"):
        return "the handler was entered" in cell["seen"] or (cell["evidence"] == "status" and 200 <= status < 300)
    return False


def _checks(report: dict[str, Any]) -> dict[Key, str]:
    """The status of each check of the other contracts."""
    return {(check["contract"], check["name"]): check["status"] for check in report["contracts"]}


def _every_route(report: dict[str, Any]) -> bool:
    """Whether a route that is not in a report is not there: options that leave out routes were not given."""
    return report["complete"] and not any(
        flag in report["narrowed"] for flag in ("--router", "--route", "--only", "--shard")
    )


def _causes(result: Comparison, old: dict[str, Any], new: dict[str, Any]) -> None:
    formerly, tried = findings_of(old["causes"]), _Tried(new)
    failing = {(one.where, one.what) for one in formerly}
    before = {cause["id"]: cause for cause in old["causes"]}
    after = {cause["id"]: cause for cause in new["causes"]}
    for name, cause in after.items():
        every = list(findings_of([cause]))
        # What proves nothing is no news where something was found before.
        more = [
            one for one in every
            if one not in formerly and not (one.verdict in NEVER_KNOWN and (one.where, one.what) in failing)
        ]  # fmt: skip
        if name not in before:
            (result.new_causes if more else result.changed_causes).append(Change(cause["title"], _told(cause)))
            continue
        less = [one for one in findings_of([before[name]]) if one not in set(every)]
        if more:
            result.grown_causes.append(Change(cause["title"], f"now also: {_places(more)}"))
        elif less and all(map(tried.again, less)):
            result.shrunk_causes.append(Change(cause["title"], f"no longer: {_places(less)}"))
    now = findings_of(new["causes"])
    for name, cause in before.items():
        if name not in after and not (former := findings_of([cause])).keys() <= now.keys():
            gone = all(tried.again(one) for one in former)
            (result.gone_causes if gone else result.unexamined_causes).append(Change(cause["title"], _told(cause)))


class _Tried:
    """What a report has tried."""

    def __init__(self, report: dict[str, Any]) -> None:
        self._decided = set(_cells(report))
        self._routes = {route for route, _ in _policies(report).items()}
        self._whole = _every_route(report)
        self._proven = {key for key, status in _checks(report).items() if status == "proven"}

    def again(self, one: Finding) -> bool:
        """Whether a finding would show, if it were still there."""
        if one.verdict == "broken":
            return (one.where, one.what) in self._proven
        if one.what and one.where in self._routes:
            return (one.where, one.what) in self._decided
        return self._whole


def _places(findings: Iterable[Finding]) -> str:
    by_route: dict[str, list[str]] = {}
    for one in findings:
        by_route.setdefault(one.where, []).append(one.what)
    return listed(
        [f"{route} ({listed(names, _FEW)})" if any(names) else route for route, names in by_route.items()], _FEW
    )


def _told(cause: dict[str, Any]) -> str:
    """How a cause shows: its verdict, its routes, and what to change."""
    routes = f" on {listed(cause['routes'], _FEW)}" if cause["routes"] else ""
    return f"{cause['verdict']}{routes}; way out: {cause['remedy']}"


def _admissions(result: Comparison, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Who gets in who did not, and the other way round: a line for each route."""
    before = _cells(old)
    changed: dict[bool, dict[str, list[str]]] = {True: {}, False: {}}
    for key, let_in in _cells(new).items():
        if key in before and before[key] != let_in:
            changed[let_in].setdefault(key[0], []).append(key[1])
    result.newly_admitted += [Change(route, listed(names, _MOST)) for route, names in changed[True].items()]
    result.no_longer_admitted += [Change(route, listed(names, _MOST)) for route, names in changed[False].items()]


def _routes(result: Comparison, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = _policies(old), _policies(new)
    if _every_route(old):
        result.new_routes += [Change(route, f"policy {after[route]}") for route in after if route not in before]
    if _every_route(new):
        result.gone_routes += [Change(route, f"policy {before[route]}") for route in before if route not in after]
    for route in after:
        if route in before and before[route] != after[route]:
            result.policies.append(Change(route, f"{before[route]} -> {after[route]}"))
    for name, policy in new["policies"].items():
        if name in old["policies"] and old["policies"][name] != policy:
            result.policies.append(Change(f"policy {name}", _changed(old["policies"][name], policy)))


def _changed(old: dict[str, Any], new: dict[str, Any]) -> str:
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return "; ".join(f"{key}: {json.dumps(old.get(key))} -> {json.dumps(new.get(key))}" for key in keys)


def _policies(report: dict[str, Any]) -> dict[str, str]:
    """The policy of each route."""
    return {route["route"]: route["policy"] for router in report["routers"] for route in router["routes"]}


def as_text(comparison: Comparison) -> str:
    """The comparison for a terminal."""
    lines = [f"note: {line(note)}" for note in comparison.notes]
    for title, changes in comparison.sections():
        lines += [f"{title} ({len(changes)}):"]
        lines += [
            "  " + line(change.what) + (f"  [{line(change.detail)}]" if change.detail else "")
            for change in changes[:_MOST]
        ]
        lines += [f"  … and {len(changes) - _MOST} more"] if len(changes) > _MOST else []
    lines += [] if comparison.sections() else ["Nothing changed."]
    lines.append("WORSE: something new fails" if comparison.worse else "Nothing new fails.")
    return "\n".join(lines) + "\n"


def as_markdown(comparison: Comparison) -> str:
    """The comparison as a comment of a pull request."""
    verdict = "worse: something new fails" if comparison.worse else "nothing new fails"
    lines = [f"## Auth matrix: {verdict}", "", *(f"Note: {escaped(note)}." for note in comparison.notes)]
    for title, changes in comparison.sections():
        lines += ["", f"### {title} ({len(changes)})", "", *(_item(change) for change in changes[:_MOST])]
        lines += [f"- … and {len(changes) - _MOST} more"] if len(changes) > _MOST else []
    return "\n".join(lines if comparison.sections() else [*lines, "", "Nothing changed."]) + "\n"


def _item(change: Change) -> str:
    return f"- {escaped(change.what)}" + (f": {escaped(change.detail)}" if change.detail else "")


def as_html(comparison: Comparison) -> str:
    """The comparison as a page that opens from disk."""
    parts = [f"<p>Note: {html.escape(line(note))}.</p>" for note in comparison.notes]
    for title, changes in comparison.sections():
        rows = "".join(
            f"<tr><td>{html.escape(line(change.what))}</td><td>{html.escape(line(change.detail))}</td></tr>"
            for change in changes
        )
        parts.append(f"<h2>{html.escape(title)} ({len(changes)})</h2><table>{rows}</table>")
    verdict = "something new fails" if comparison.worse else "nothing new fails"
    body = "".join(parts) if comparison.sections() else "".join([*parts, "<p>Nothing changed.</p>"])
    return _PAGE.replace("{verdict}", verdict).replace("{body}", body)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Auth matrix: {verdict}</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #8888; padding: .3rem .5rem; vertical-align: top; overflow-wrap: anywhere }
</style></head><body><main><h1>Auth matrix: {verdict}</h1>{body}</main></body></html>
"""
