"""`auth-matrix.json`: the truth, in a versioned schema. The other formats say nothing that is not here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

import harness
from harness.contracts.base import Check
from harness.contracts.matrix import MEANING, CellVerdict
from harness.contracts.matrix.expectation import Expectation
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.verdicts import Kind
from harness.core.output import rendered, shown
from harness.credentials import CATALOGUE, NEEDS
from harness.report.causes import Cause, finding_id
from harness.report.criteria import Criterion, criteria
from harness.report.document import (
    SCHEMA,
    SCHEMA_FILE,
    VERSION,
    CauseEntry,
    CellEntry,
    CheckEntry,
    CredentialEntry,
    CriterionEntry,
    Document,
    Expected,
    FindingEntry,
    LocationEntry,
    ObjectEntry,
    PolicyEntry,
    RouteEntry,
    ShardEntry,
    SummaryEntry,
    TokenEntry,
)
from harness.report.glance import glance
from harness.report.listener import Listener
from harness.report.model import Group, Record
from harness.report.places import Place
from harness.report.reading import schema_text
from harness.report.samples import request
from harness.report.told import repeat_of


def cell(record: Record, verdict: CellVerdict) -> CellEntry:
    """One cell; what a passing cell does not need is left out."""
    entry: CellEntry = {
        "credential": verdict.credential,
        "expected": cast(Expectation, verdict.expected),
        "verdict": verdict.verdict,
        "status": verdict.status,
        "evidence": verdict.evidence,
        "seen": verdict.seen,
        "mechanism": list(verdict.mechanism),
        "milliseconds": round(verdict.micros / 1000, 3),
    }
    if verdict.twin:
        entry["twin"] = verdict.twin
    if verdict.ran:
        entry["functions"] = list(dict.fromkeys(verdict.ran))
    if verdict.verdict != "pass":
        entry["detail"], entry["excerpt"], entry["repeat"] = verdict.detail, verdict.excerpt, record.repeat(verdict)
        if verdict.hint:
            entry["hint"] = verdict.hint
        if verdict.needs:
            entry["needs"] = verdict.needs
        if record.is_known(verdict):
            entry["known"] = True
    return entry


Shape = tuple[Any, ...]


class Cells:
    """The cells of a route, as the document has them. Those that passed differ in little: `shapes` has what is made of them already."""

    def __init__(self, record: Record, verdicts: list[CellVerdict], shapes: dict[Shape, dict[str, Any]]) -> None:
        self._record, self._verdicts, self._shapes = record, verdicts, shapes

    def __len__(self) -> int:
        return len(self._verdicts)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._one, self._verdicts)

    def _one(self, verdict: CellVerdict) -> dict[str, Any]:
        if verdict.verdict != "pass":
            made: dict[str, Any] = rendered(cell(self._record, verdict))
            return made
        shape = (
            verdict.expected, verdict.status, verdict.evidence, verdict.seen, verdict.mechanism, verdict.twin, verdict.ran,
        )  # fmt: skip
        known = self._shapes.get(shape)
        if known is None:
            known = self._shapes[shape] = rendered(cell(self._record, verdict))
        # In place, so that the keys keep their order.
        return known | {"credential": shown(verdict.credential), "milliseconds": round(verdict.micros / 1000, 3)}


def finding(record: Record, group: Group) -> FindingEntry:
    """One thing to mend."""
    first = group.first
    return {
        "id": finding_id(first),
        "verdict": first.verdict,
        "router": first.router,
        "route": first.route,
        "policy": first.policy,
        "credentials": group.credentials,
        "expected": cast(Expected, first.expected),
        "seen": first.seen,
        "evidence": first.evidence,
        "detail": first.detail,
        "mechanism": list(first.mechanism),
        "excerpt": first.excerpt,
        "hint": first.hint,
        "needs": first.needs,
        "known": all(map(record.is_known, group.verdicts)),
        "repeat": record.repeat(first),
    }


def cause(record: Record, found: Cause) -> CauseEntry:
    """One cause, with all that it shows in. `contract` and `check`: the broken check that it is, where it is no matter of cells."""
    cwe, source = found.weakness
    return {
        "id": found.id,
        "title": found.title,
        "verdict": cast(Any, found.verdict),
        "contract": found.check.contract if found.check else "",
        "check": found.check.name if found.check else "",
        "by": found.by,
        "shows": found.shows,
        "functions": list(found.functions),
        "locations": [cast(LocationEntry, place.told()) for place in record.locations(found)],
        "routers": found.routers,
        "routes": found.routes,
        "credentials": found.credentials,
        "cells": len(found.cells),
        "dependents": len(found.dependents),
        "remedy": found.remedy,
        "page": found.page,
        "cwe": cwe,
        "source": source,
        "known": record.knows(found),
        "repeat": repeat_of(record, found),
    }


def route(record: Record, plan: RoutePlan, cells: Any) -> RouteEntry:
    """One route with its cells."""
    places = record.meta.places
    return {
        "route": plan.key,
        "policy": plan.policy_name,
        "source": _told(places.handlers.get(plan.key)),
        "declared": _told(places.line_of(plan.key, plan.router)),
        "endpoint": plan.route.endpoint,
        "dependencies": list(plan.route.dependencies),
        "hidden": plan.route.hidden,
        "writes": plan.writes,
        "request": request(plan),
        "cells": cells,
    }


def _told(place: Place | None) -> LocationEntry | None:
    return {"file": place.file, "line": place.line} if place is not None else None


def check(found: Check) -> CheckEntry:
    """One check of a contract."""
    return cast(CheckEntry, vars(found))


def criterion(found: Criterion) -> CriterionEntry:
    """One migration criterion."""
    return cast(CriterionEntry, vars(found))


def objects(record: Record) -> list[ObjectEntry]:
    """Who got what of whose rows: a line for each person on each row of each route that says whose is which."""
    lines: list[ObjectEntry] = []
    for verdict in record.ordered:
        if verdict.group == "objects":
            person, _, owner = verdict.credential.partition("@")[2].partition(":")
            lines.append(
                {
                    "route": verdict.route,
                    "person": person,
                    "owner": owner,
                    "expected": cast(Expectation, verdict.expected),
                    "verdict": verdict.verdict,
                    "status": verdict.status,
                    "detail": verdict.detail,
                }
            )
    return lines


def summary(record: Record, used: set[str]) -> SummaryEntry:
    """The figures of a run, and what a reader must know beside them. `used`: the credentials that were tried."""
    return {
        "routers": len(record.by_router()),
        "routes": len(record.plan.routes),
        "credentials": len(used),
        "credentials_of_a_route": list(record.kinds),
        "cells": sum(1 for verdict in record.verdicts if verdict.credential),
        "planned": record.plan.cells,
        "verdicts": cast(dict[Kind, int], record.counts),
        "known": len(record.known),
        "unreviewed": record.unreviewed,
        "nobody_gets_in": record.nobody,
        "blocked_hosts": record.blocked,
        "notes": ([record.nobody] if record.nobody else []) + record.notes,
    }


def credentials(used: set[str]) -> dict[str, CredentialEntry]:
    """What the catalogue says of the credentials that were tried."""
    return {
        name: {
            "group": c.group, "cwe": c.cwe, "source": c.source, "why": c.why, "identity": c.identity, "needs": c.needs,
            "because": c.because,
        }
        for name, c in CATALOGUE.items() if name in used
    }  # fmt: skip


def tokens(record: Record) -> dict[str, TokenEntry]:
    """What each credential that was tried puts on a request: decoded, and without what opens a door."""
    issuer = record.meta.issuer
    return issuer.tell({v.credential for v in record.verdicts if v.credential}) if issuer is not None else {}


def document(record: Record) -> dict[str, Any]:
    """The whole report as data, every text in it as anybody may see it."""
    told = streamed(record)
    for router in told["routers"]:
        for entry in router["routes"]:
            entry["cells"] = list(entry["cells"])
    return told


def streamed(record: Record) -> dict[str, Any]:
    """The same, but that each route's cells are `Cells`: made again whenever they are gone through, and never all at once."""
    told: dict[str, Any] = rendered(_document(record))
    return told


def _document(record: Record) -> Document:
    cells = record.by_route()
    shapes: dict[Shape, dict[str, Any]] = {}
    used = {verdict.credential.partition("@")[0] for verdict in record.verdicts if verdict.credential}
    made: Document = {
        "$schema": SCHEMA_FILE,
        "schema": SCHEMA,
        "version": VERSION,
        "harness": harness.__version__,
        "generated": record.meta.started.isoformat(timespec="seconds"),
        "seconds": round(record.seconds, 3),
        "command": f"{record.meta.repeat} {record.meta.narrowed}".strip(),
        "narrowed": record.meta.narrowed,
        "part": record.part,
        "target": record.meta.target,
        "evidence": record.meta.evidence,
        "passed": record.passed,
        "complete": not record.incomplete,
        "incomplete": record.incomplete,
        "summary": summary(record, used),
        "glance": glance(record),
        "provenance": record.meta.provenance,
        "meaning": MEANING,
        "criteria": [criterion(found) for found in criteria(record)],
        "contracts": [check(found) for found in record.checks],
        "causes": [cause(record, found) for found in record.causes],
        "findings": [finding(record, group) for group in record.groups],
        "hardening": [finding(record, group) for group in record.hardening],
        "objects": objects(record),
        "attackers": cast(dict[str, str], NEEDS),
        "policies": {
            name: cast(PolicyEntry, policy.model_dump(mode="json", exclude_defaults=True))
            for name, policy in {plan.policy_name: plan.policy for plan in record.plan.routes}.items()
        },
        "credentials": credentials(used),
        "tokens": tokens(record),
        "routers": [
            {
                "router": router,
                "routes": [route(record, plan, Cells(record, cells[plan.key], shapes)) for plan in plans],
            }
            for router, plans in record.by_router().items()
        ],
    }
    if record.shard:
        loose = [asdict(verdict) for verdict in record.ordered if not verdict.credential]
        made["shard"] = cast(ShardEntry, record.shard | {"loose": loose})
    return made


def lines(told: dict[str, Any]) -> Iterator[str]:
    """A document as JSON, indented, but for the cells, each of which is one line: they are nearly all of it."""
    bare = [router | {"routes": [route | {"cells": []} for route in router["routes"]]} for router in told["routers"]]
    # No text within the document has these signs: its quotation marks would be escaped.
    parts = json.dumps(told | {"routers": bare}, ensure_ascii=False, indent=1).split('"cells": []')
    encode = json.JSONEncoder(ensure_ascii=False).encode
    yield parts[0]
    for route, after in zip(
        (route for router in told["routers"] for route in router["routes"]), parts[1:], strict=True
    ):
        cells = ",\n     ".join(map(encode, route["cells"]))
        yield f'"cells": [\n     {cells}\n    ]' if cells else '"cells": []'
        yield after
    yield "\n"


class JsonReport(Listener):
    """Renders the record as JSON."""

    def parts(self, record: Record, told: dict[str, Any] | None = None) -> Iterator[str]:
        """The document, a line a cell: it can be read and compared."""
        return lines(streamed(record) if told is None else told)


class SchemaReport(Listener):
    """Renders the schema of the report, which the document names: editors and validators find it beside it."""

    def render(self, record: Record, told: dict[str, Any] | None = None) -> str:
        """The schema, whatever the run was."""
        return schema_text()
