"""What changed between two reports (auth-matrix.json): causes, routes, policies, and who is let in.

A cause is gone only where its cells were tried again: what the newer run left out is said to be not examined.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.files import read_json
from harness.core.text import listed
from harness.report.causes import ADMITTED
from harness.report.json_report import SCHEMA
from harness.report.markdown import escaped

_MOST = 40
_FEW = 4


@dataclass(frozen=True)
class Change:
    """One line of a comparison: what it is about, and how it changed."""

    what: str
    detail: str = ""


@dataclass
class Comparison:
    """What changed, by kind. `worse`: what a gate fails for, which are new and grown causes and new findings."""

    new_causes: list[Change] = field(default_factory=list)
    grown_causes: list[Change] = field(default_factory=list)
    shrunk_causes: list[Change] = field(default_factory=list)
    gone_causes: list[Change] = field(default_factory=list)
    unexamined_causes: list[Change] = field(default_factory=list)
    new_routes: list[Change] = field(default_factory=list)
    gone_routes: list[Change] = field(default_factory=list)
    policies: list[Change] = field(default_factory=list)
    newly_admitted: list[Change] = field(default_factory=list)
    no_longer_admitted: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def worse(self) -> bool:
        """Whether something is there that was not there before and that fails a run."""
        return bool(self.new_causes or self.grown_causes)

    def sections(self) -> list[tuple[str, list[Change]]]:
        """Every kind of change with its title, what is worse first."""
        titles = {
            "new_causes": "New causes", "grown_causes": "Causes that reach farther", "newly_admitted": "Let in now",
            "policies": "Policies that changed", "new_routes": "New routes", "gone_causes": "Causes that are gone",
            "shrunk_causes": "Causes that reach less far", "no_longer_admitted": "No longer let in",
            "gone_routes": "Routes that are gone", "unexamined_causes": "Causes that were not examined this time",
        }  # fmt: skip
        return [(title, changes) for name, title in titles.items() if (changes := getattr(self, name))]


def read_report(path: Path) -> dict[str, Any]:
    """A report as data. Raises HarnessError naming the file where it is none, or one of another version."""
    found = read_json(path)
    if found.get("schema") != SCHEMA or "causes" not in found:
        raise HarnessError(f"{path}: is no auth-matrix.json of this version of clerk-harness")
    return found


def compare(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
    """What changed from one report to a later one."""
    result = Comparison()
    before, after = _cells(old), _cells(new)
    _causes(result, old, new, set(after))
    _routes(result, old, new)
    for key, let_in in after.items():
        if let_in and before.get(key) is False:
            result.newly_admitted.append(Change(key[0], key[1]))
        if not let_in and before.get(key):
            result.no_longer_admitted.append(Change(key[0], key[1]))
    for name, report in (("older", old), ("newer", new)):
        if report.get("narrowed"):
            result.notes.append(f"the {name} report is of a part of the matrix ({report['narrowed']})")
        if report.get("complete") is False:
            result.notes.append(f"the {name} report is of a run that did not end")
    return result


def _cells(report: dict[str, Any]) -> dict[tuple[str, str], bool]:
    """Every cell that decided something, by route and credential, and whether it was let in."""
    found = {}
    for router in report["routers"]:
        for route in router["routes"]:
            for cell in route["cells"]:
                verdict = cell["verdict"]
                if verdict == "inconclusive":
                    continue
                let_in = verdict in ADMITTED or (verdict == "pass" and cell["expected"] == "accept")
                found[route["route"], cell["credential"]] = let_in
    return found


def _causes(result: Comparison, old: dict[str, Any], new: dict[str, Any], tried: set[tuple[str, str]]) -> None:
    before = {cause["id"]: cause for cause in old["causes"]}
    after = {cause["id"]: cause for cause in new["causes"]}
    for name, cause in after.items():
        former = before.get(name)
        if former is None:
            result.new_causes.append(Change(cause["title"], _where(cause)))
            continue
        more = [route for route in cause["routes"] if route not in former["routes"]]
        less = [route for route in former["routes"] if route not in cause["routes"]]
        if more:
            result.grown_causes.append(Change(cause["title"], f"now on {listed(more, _FEW)} too"))
        elif less and _tried_again(former | {"routes": less}, new, tried):
            result.shrunk_causes.append(Change(cause["title"], f"no longer on {listed(less, _FEW)}"))
    contracts = {check["contract"] for check in new["contracts"]}
    for name, cause in before.items():
        if name not in after:
            examined = cause["contract"] in contracts if cause["contract"] else _tried_again(cause, new, tried)
            (result.gone_causes if examined else result.unexamined_causes).append(Change(cause["title"], _where(cause)))


def _tried_again(cause: dict[str, Any], new: dict[str, Any], tried: set[tuple[str, str]]) -> bool:
    """Whether a cause of the matrix would show: each of its routes is gone, or decided about one of its credentials."""
    there = _route_names(new)
    return all(
        route not in there
        or not cause["credentials"]
        or any((route, credential) in tried for credential in cause["credentials"])
        for route in cause["routes"]
    )


def _route_names(report: dict[str, Any]) -> set[str]:
    return {route["route"] for router in report["routers"] for route in router["routes"]}


def _where(cause: dict[str, Any]) -> str:
    """Whether and how a cause shows: its verdict, its routes, and what to change."""
    routes = f" on {listed(cause['routes'], _FEW)}" if cause["routes"] else ""
    return f"{cause['verdict']}{routes}; way out: {cause['remedy']}"


def _routes(result: Comparison, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = _policies(old), _policies(new)
    result.new_routes += [Change(route, f"policy {after[route][0]}") for route in after if route not in before]
    result.gone_routes += [Change(route, f"policy {before[route][0]}") for route in before if route not in after]
    for route in after:
        if route in before and before[route][0] != after[route][0]:
            result.policies.append(Change(route, f"{before[route][0]} -> {after[route][0]}"))
    for name, policy in new["policies"].items():
        if name in old["policies"] and old["policies"][name] != policy:
            result.policies.append(Change(f"policy {name}", _changed(old["policies"][name], policy)))


def _changed(old: dict[str, Any], new: dict[str, Any]) -> str:
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return "; ".join(f"{key}: {json.dumps(old.get(key))} -> {json.dumps(new.get(key))}" for key in keys)


def _policies(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        route["route"]: (route["policy"], router["router"])
        for router in report["routers"]
        for route in router["routes"]
    }


def as_text(comparison: Comparison) -> str:
    """The comparison for a terminal."""
    lines = [f"note: {note}" for note in comparison.notes]
    for title, changes in comparison.sections():
        lines += [f"{title} ({len(changes)}):"]
        lines += [f"  {change.what}" + (f"  [{change.detail}]" if change.detail else "") for change in changes[:_MOST]]
        lines += [f"  … and {len(changes) - _MOST} more"] if len(changes) > _MOST else []
    return "\n".join(lines or ["Nothing changed."]) + "\n"


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
    parts = [f"<p>Note: {html.escape(note)}.</p>" for note in comparison.notes]
    for title, changes in comparison.sections():
        rows = "".join(
            f"<tr><td>{html.escape(change.what)}</td><td>{html.escape(change.detail)}</td></tr>" for change in changes
        )
        parts.append(f"<h2>{html.escape(title)} ({len(changes)})</h2><table>{rows}</table>")
    verdict = "something new fails" if comparison.worse else "nothing new fails"
    return _PAGE.replace("{verdict}", verdict).replace("{body}", "".join(parts) or "<p>Nothing changed.</p>")


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
