"""`junit.xml`: a suite for each router and contract, a case for each cell and check; red whenever the run has not passed.

A case stands on the line of the declaration that asks for it (`file`, `line`, as pytest writes them and GitLab reads them); what is
known of a finding beside its text is in its properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict
from harness.core.output import shown
from harness.report.model import Record
from harness.report.places import Place


@dataclass(frozen=True)
class _Case:
    """A `testcase` as XML, and how JUnit counts it."""

    xml: str
    counted: Literal["passed", "failures", "errors", "skipped"] = "passed"


@lru_cache(maxsize=8192)
def _quoted(value: str) -> str:
    return quoteattr(shown(value), {"\n": "&#10;", "\r": "&#13;", "\t": "&#09;"})


def _element(
    name: str, attributes: Mapping[str, str], inner: Iterable[str] = (), text: Iterable[str] = (), depth: int = 2
) -> str:
    """An element, with parts of a text or with elements, each in a line. Every text is one that anybody may see."""
    head = "".join((f"<{name}", *(f" {key}={_quoted(value)}" for key, value in attributes.items())))
    if said := "\n".join(escape(shown(part)) for part in text):
        return f"{' ' * depth}{head}>{said}</{name}>"
    within = "\n".join(inner)
    return f"{' ' * depth}{head}>\n{within}\n{' ' * depth}</{name}>" if within else f"{' ' * depth}{head} />"


def _case(suite: str, name: str, place: Place | None, *inner: str, **more: str) -> str:
    where = {"file": place.file, "line": str(place.line)} if place is not None else {}
    return _element("testcase", {"classname": suite, "name": name, **where, **more}, inner)


def _properties(facts: dict[str, str], depth: int = 3) -> str:
    each = [
        _element("property", {"name": name, "value": value}, depth=depth + 1) for name, value in facts.items() if value
    ]
    return _element("properties", {}, each, depth=depth)


def _known(detail: str) -> str:
    """A finding that a baseline knows fails no run, and is to be seen all the same."""
    return _element("skipped", {"type": "known", "message": f"known by the baseline: {detail}"}, depth=3)


def _of_verdict(record: Record, verdict: CellVerdict, causes: dict[int, str]) -> _Case:
    places = record.meta.places
    name = f"{verdict.route} [{verdict.credential}]" if verdict.credential else verdict.route
    line = places.line_of(verdict.route, verdict.router)
    time = f"{verdict.micros / 1e6:.6f}"
    if not verdict.failed:
        return _Case(_passing(verdict, line, time))
    handler = places.handlers.get(verdict.route)
    facts = {
        "verdict": verdict.verdict,
        "policy": verdict.policy,
        "evidence": verdict.evidence,
        "mechanism": ", ".join(verdict.mechanism),
        "cause": causes.get(id(verdict), ""),
        "source": f"{handler.file}:{handler.line}" if handler is not None else "",
        "repeat": record.repeat(verdict),
    }
    if record.is_known(verdict):
        found = _known(verdict.detail)
    else:
        text = (
            f"expected: {verdict.expected}",
            f"seen: {verdict.seen}",
            f"evidence: {verdict.evidence}",
            f"repeat: {facts['repeat']}",
        )
        found = _element("failure", {"type": verdict.verdict, "message": verdict.detail}, text=text, depth=3)
    case = _case(verdict.router, name, line, _properties(facts), found, time=time)
    return _Case(case, "skipped" if record.is_known(verdict) else "failures")


def _passing(verdict: CellVerdict, place: Place | None, time: str) -> str:
    """Most cases of a long file: their names are put together of parts that are quoted once."""
    where = f' file={_quoted(place.file)} line="{place.line}"' if place is not None else ""
    label = f" [{_quoted(verdict.credential)[1:-1]}]" if verdict.credential else ""
    route = _quoted(verdict.route)
    name = f"{route[:-1]}{label}{route[-1]}"
    return f'  <testcase classname={_quoted(verdict.router)} name={name}{where} time="{time}" />'


def _of_check(record: Record, check: Check) -> _Case:
    suite, place = f"contract {check.contract}", record.meta.places.contract(check.contract)
    if record.is_known_check(check):
        return _Case(_case(suite, check.name, place, _known(check.detail)), "skipped")
    if check.failed:
        found = _element("failure", {"type": "broken", "message": check.detail}, text=check.story(), depth=3)
        return _Case(_case(suite, check.name, place, found), "failures")
    if check.status == "not examined":
        found = _element("skipped", {"message": check.detail or "not examined"}, depth=3)
        return _Case(_case(suite, check.name, place, found), "skipped")
    return _Case(_case(suite, check.name, place))


def _suites(record: Record) -> dict[str, list[_Case]]:
    """The cases of each suite; in the suite `run` what keeps the run from passing beside the findings."""
    causes = {id(verdict): cause.id for cause in record.causes for verdict in (*cause.cells, *cause.dependents)}
    suites: dict[str, list[_Case]] = {}
    for verdict in record.verdicts:
        suites.setdefault(verdict.router, []).append(_of_verdict(record, verdict, causes))
    for check in record.checks:
        suites.setdefault(f"contract {check.contract}", []).append(_of_check(record, check))
    for name, why in record.shortfalls.items():
        kind = "incomplete" if name == "complete" else "not examined"
        found = _element("error", {"type": kind, "message": why}, depth=3)
        suites.setdefault("run", []).append(_Case(_case("run", name, None, found), "errors"))
    return suites


def _counts(cases: list[_Case]) -> dict[str, str]:
    kinds = [case.counted for case in cases]
    return {"tests": str(len(cases))} | {kind: str(kinds.count(kind)) for kind in ("failures", "errors", "skipped")}


class JunitReport:
    """Renders the record as JUnit XML."""

    def render(self, record: Record, told: dict[str, Any] | None = None) -> str:
        """The document."""
        suites = _suites(record)
        run = {
            "target": record.meta.target.get("app", ""),
            "evidence": record.meta.evidence,
            "command": f"{record.meta.repeat} {record.meta.narrowed}".strip(),
            "outcome": record.outcome,
        }
        within = [
            _element(
                "testsuite",
                {"name": name} | _counts(cases),
                [_properties(run, 2), *(case.xml for case in cases)],
                depth=1,
            )
            for name, cases in sorted(suites.items())
        ]
        counts = _counts([case for cases in suites.values() for case in cases])
        root = _element(
            "testsuites", {"name": "auth matrix", "time": f"{record.seconds:.3f}"} | counts, within, depth=0
        )
        return f'<?xml version="1.0" encoding="utf-8"?>\n{root}\n'
