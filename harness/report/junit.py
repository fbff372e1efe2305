"""`junit.xml`: a suite for each router and contract, a case for each cell and check; red whenever the run has not passed.

A case stands on the line of the declaration that asks for it (`file`, `line`, as pytest writes them and GitLab reads them); what is
known of a finding beside its text is in its properties.
"""

from __future__ import annotations

from xml.etree import ElementTree

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict
from harness.core.output import shown
from harness.report.model import Record
from harness.report.places import Place


def _show(element: ElementTree.Element) -> None:
    """Make every text below an element one that anybody may see."""
    for each in element.iter():
        each.text = shown(each.text) if each.text else each.text
        for name, value in each.items():
            if not value.replace(".", "").isdigit():  # Times and lines, each another one, are most of a long file.
                each.set(name, shown(value))


def _case(suite: str, name: str, place: Place | None, **more: str) -> ElementTree.Element:
    where = {"file": place.file, "line": str(place.line)} if place is not None else {}
    return ElementTree.Element("testcase", {"classname": suite, "name": name, **where, **more})


def _properties(element: ElementTree.Element, facts: dict[str, str]) -> None:
    holder = ElementTree.SubElement(element, "properties")
    for name, value in facts.items():
        if value:
            ElementTree.SubElement(holder, "property", name=name, value=value)


def _known(case: ElementTree.Element, detail: str) -> None:
    """A finding that a baseline knows fails no run, and is to be seen all the same."""
    ElementTree.SubElement(case, "skipped", type="known", message=f"known by the baseline: {detail}")


def _of_verdict(record: Record, verdict: CellVerdict, causes: dict[int, str]) -> ElementTree.Element:
    places = record.meta.places
    name = f"{verdict.route} [{verdict.credential}]" if verdict.credential else verdict.route
    line = places.line_of(verdict.route, verdict.router)
    case = _case(verdict.router, name, line, time=f"{verdict.micros / 1e6:.6f}")
    if verdict.failed:
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
        _properties(case, facts)
        if record.is_known(verdict):
            _known(case, verdict.detail)
            return case
        failure = ElementTree.SubElement(case, "failure", type=verdict.verdict, message=verdict.detail)
        failure.text = (
            f"expected: {verdict.expected}\nseen: {verdict.seen}\nevidence: {verdict.evidence}\n"
            f"repeat: {record.repeat(verdict)}"
        )
    return case


def _of_check(record: Record, check: Check) -> ElementTree.Element:
    case = _case(f"contract {check.contract}", check.name, record.meta.places.contract(check.contract))
    if record.is_known_check(check):
        _known(case, check.detail)
    elif check.failed:
        failure = ElementTree.SubElement(case, "failure", type="broken", message=check.detail)
        failure.text = "\n".join(check.story())
    elif check.status == "not examined":
        ElementTree.SubElement(case, "skipped", message=check.detail or "not examined")
    return case


def _suites(record: Record) -> dict[str, list[ElementTree.Element]]:
    """The cases of each suite; in the suite `run` what keeps the run from passing beside the findings."""
    causes = {id(verdict): cause.id for cause in record.causes for verdict in (*cause.cells, *cause.dependents)}
    suites: dict[str, list[ElementTree.Element]] = {}
    for verdict in record.verdicts:
        suites.setdefault(verdict.router, []).append(_of_verdict(record, verdict, causes))
    for check in record.checks:
        suites.setdefault(f"contract {check.contract}", []).append(_of_check(record, check))
    for name, why in record.shortfalls.items():
        case = _case("run", name, None)
        kind = "incomplete" if name == "complete" else "not examined"
        ElementTree.SubElement(case, "error", type=kind, message=why)
        suites.setdefault("run", []).append(case)
    return suites


def _count(element: ElementTree.Element, cases: list[ElementTree.Element]) -> None:
    element.set("tests", str(len(cases)))
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(1 for case in cases if case.find(kind) is not None)))


class JunitReport:
    """Renders the record as JUnit XML."""

    def render(self, record: Record) -> str:
        """The document."""
        root = ElementTree.Element("testsuites", name="auth matrix", time=f"{record.seconds:.3f}")
        suites = _suites(record)
        _count(root, [case for cases in suites.values() for case in cases])
        run = {
            "target": record.meta.target.get("app", ""),
            "evidence": record.meta.evidence,
            "command": f"{record.meta.repeat} {record.meta.narrowed}".strip(),
            "outcome": record.outcome,
        }
        for name, cases in sorted(suites.items()):
            suite = ElementTree.SubElement(root, "testsuite", name=name)
            _count(suite, cases)
            _properties(suite, run)
            suite.extend(cases)
        _show(root)
        ElementTree.indent(root, " ")
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
