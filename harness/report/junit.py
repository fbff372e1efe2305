"""`junit.xml`: a suite for each router and contract, a case for each cell and check; red whenever the run has not passed.

A case stands on the line of the declaration that asks for it (`file`, `line`, as pytest writes them and GitLab reads them); what is
known of a finding beside its text is in its properties.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict
from harness.core.output import shown
from harness.report.listener import Listener
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
    head = _head(name, attributes)
    if said := "\n".join(escape(shown(part)) for part in text):
        return f"{' ' * depth}{head}>{said}</{name}>"
    within = "\n".join(inner)
    return f"{' ' * depth}{head}>\n{within}\n{' ' * depth}</{name}>" if within else f"{' ' * depth}{head} />"


def _head(name: str, attributes: Mapping[str, str]) -> str:
    return "".join((f"<{name}", *(f" {key}={_quoted(value)}" for key, value in attributes.items())))


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


def _of_verdict(record: Record, verdict: CellVerdict, causes: dict[int, str]) -> str:
    places = record.meta.places
    name = f"{verdict.route} [{verdict.credential}]" if verdict.credential else verdict.route
    line = places.line_of(verdict.route, verdict.router)
    time = f"{verdict.micros / 1e6:.6f}"
    if not verdict.failed:
        return _passing(verdict, line, time)
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
    return _case(verdict.router, name, line, _properties(facts), found, time=time)


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


class _Suites:
    """What is to be told, by suite; in the suite `run` what keeps the run from passing beside the findings. The cases of cells, which
    are most, are made when they are written.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._causes = {
            id(verdict): cause.id for cause in record.causes for verdict in (*cause.cells, *cause.dependents)
        }
        self._told: dict[str, list[CellVerdict | _Case]] = {}
        for verdict in record.verdicts:
            self._told.setdefault(verdict.router, []).append(verdict)
        for check in record.checks:
            self._told.setdefault(f"contract {check.contract}", []).append(_of_check(record, check))
        for name, why in record.shortfalls.items():
            kind = "incomplete" if name == "complete" else "not examined"
            found = _element("error", {"type": kind, "message": why}, depth=3)
            self._told.setdefault("run", []).append(_Case(_case("run", name, None, found), "errors"))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._told))

    def counts(self, *names: str) -> dict[str, str]:
        """How many cases these suites have, and of which kinds."""
        kinds = Counter(self._counted(told) for name in names for told in self._told[name])
        return {"tests": str(kinds.total())} | {kind: str(kinds[kind]) for kind in ("failures", "errors", "skipped")}

    def _counted(self, told: CellVerdict | _Case) -> str:
        if isinstance(told, _Case):
            return told.counted
        return _counted(self._record, told)

    def cases(self, name: str) -> Iterator[str]:
        """The cases of a suite as XML."""
        for told in self._told[name]:
            yield told.xml if isinstance(told, _Case) else _of_verdict(self._record, told, self._causes)


def _counted(record: Record, verdict: CellVerdict) -> str:
    """How JUnit counts a verdict."""
    return "passed" if not verdict.failed else "skipped" if record.is_known(verdict) else "failures"


class JunitReport(Listener):
    """Renders the record as JUnit XML."""

    def parts(self, record: Record, told: dict[str, Any] | None = None) -> Iterator[str]:
        """The document."""
        suites = _Suites(record)
        run = {
            "target": record.meta.target.get("app", ""),
            "evidence": record.meta.evidence,
            "command": f"{record.meta.repeat} {record.meta.narrowed}".strip(),
            "outcome": record.outcome,
        }
        counts = {"name": "auth matrix", "time": f"{record.seconds:.3f}"} | suites.counts(*suites)
        yield '<?xml version="1.0" encoding="utf-8"?>\n'
        if not list(suites):
            yield f"{_element('testsuites', counts, depth=0)}\n"
            return
        yield f"{_head('testsuites', counts)}>\n"
        for name in suites:
            yield f" {_head('testsuite', {'name': name} | suites.counts(name))}>\n{_properties(run, 2)}\n"
            for case in suites.cases(name):
                yield f"{case}\n"
            yield " </testsuite>\n"
        yield "</testsuites>\n"
