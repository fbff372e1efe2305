"""`junit.xml`: a suite for each router, a case for each cell."""

from __future__ import annotations

from xml.etree import ElementTree

from harness.core.output import shown
from harness.report.model import Record


def _show(element: ElementTree.Element) -> None:
    """Make every text below an element one that anybody may see."""
    for each in element.iter():
        each.text = shown(each.text) if each.text else each.text
        for name, value in each.items():
            each.set(name, shown(value))


class JunitReport:
    """Renders the record as JUnit XML."""

    def render(self, record: Record) -> str:
        """The document."""
        root = ElementTree.Element("testsuites", name="auth matrix", time=f"{record.seconds:.3f}")
        suites: dict[str, list[ElementTree.Element]] = {}
        failures: dict[str, int] = {}
        for verdict in record.verdicts:
            name = f"{verdict.route} [{verdict.credential}]" if verdict.credential else verdict.route
            case = ElementTree.Element(
                "testcase", classname=verdict.router, name=name, time=f"{verdict.micros / 1e6:.6f}"
            )
            if verdict.failed:
                failures[verdict.router] = failures.get(verdict.router, 0) + 1
                failure = ElementTree.SubElement(case, "failure", type=verdict.verdict, message=verdict.detail)
                failure.text = (
                    f"expected: {verdict.expected}\nseen: {verdict.seen}\nevidence: {verdict.evidence}\n"
                    f"repeat: {record.repeat(verdict)}"
                )
            suites.setdefault(verdict.router, []).append(case)
        for check in record.checks:
            name = f"contract {check.contract}"
            case = ElementTree.Element("testcase", classname=name, name=check.name)
            if check.failed:
                failures[name] = failures.get(name, 0) + 1
                failure = ElementTree.SubElement(case, "failure", type="broken", message=check.detail)
                failure.text = "\n".join(check.story())
            elif check.status == "not examined":
                ElementTree.SubElement(case, "skipped", message=check.detail or "not examined")
            suites.setdefault(name, []).append(case)
        if record.incomplete:
            case = ElementTree.Element("testcase", classname="run", name="complete")
            ElementTree.SubElement(case, "error", type="incomplete", message=record.incomplete)
            suites.setdefault("run", []).append(case)
        for router, cases in sorted(suites.items()):
            suite = ElementTree.SubElement(
                root,
                "testsuite",
                name=router,
                tests=str(len(cases)),
                failures=str(failures.get(router, 0)),
                errors=str(sum(1 for case in cases if case.find("error") is not None)),
                skipped=str(sum(1 for case in cases if case.find("skipped") is not None)),
            )
            suite.extend(cases)
        _show(root)
        root.set("tests", str(len(record.verdicts) + len(record.checks) + bool(record.incomplete)))
        root.set("failures", str(sum(failures.values())))
        root.set("errors", str(int(bool(record.incomplete))))
        ElementTree.indent(root, " ")
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
