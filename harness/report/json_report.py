"""`auth-matrix.json`: the truth, in a versioned schema. The other formats say nothing that is not here."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import harness
from harness.contracts.matrix import MEANING, CellVerdict
from harness.contracts.matrix.plan import RoutePlan
from harness.core.output import rendered
from harness.credentials import CATALOGUE, NEEDS
from harness.report.causes import Cause, finding_id
from harness.report.criteria import criteria
from harness.report.glance import glance
from harness.report.model import Group, Record
from harness.report.places import Place
from harness.report.samples import request
from harness.report.told import repeat_of

SCHEMA = "clerk-harness/auth-matrix"
VERSION = 1


def cell(record: Record, verdict: CellVerdict) -> dict[str, Any]:
    """One cell; what a passing cell does not need is left out."""
    entry: dict[str, Any] = {
        "credential": verdict.credential,
        "expected": verdict.expected,
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
        entry |= {"detail": verdict.detail, "excerpt": verdict.excerpt, "repeat": record.repeat(verdict)}
        if verdict.hint:
            entry["hint"] = verdict.hint
        if verdict.needs:
            entry["needs"] = verdict.needs
        if record.is_known(verdict):
            entry["known"] = True
    return entry


def finding(record: Record, group: Group) -> dict[str, Any]:
    """One thing to mend."""
    first = group.first
    return {
        "id": finding_id(first),
        "verdict": first.verdict,
        "router": first.router,
        "route": first.route,
        "policy": first.policy,
        "credentials": group.credentials,
        "expected": first.expected,
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


def cause(record: Record, found: Cause) -> dict[str, Any]:
    """One cause, with all that it shows in. `contract` and `check`: the broken check that it is, where it is no matter of cells."""
    cwe, source = found.weakness
    return {
        "id": found.id,
        "title": found.title,
        "verdict": found.verdict,
        "contract": found.check.contract if found.check else "",
        "check": found.check.name if found.check else "",
        "by": found.by,
        "shows": found.shows,
        "functions": list(found.functions),
        "locations": [place.told() for place in record.locations(found)],
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


def route(record: Record, plan: RoutePlan, verdicts: list[CellVerdict]) -> dict[str, Any]:
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
        "cells": [cell(record, verdict) for verdict in verdicts],
    }


def _told(place: Place | None) -> dict[str, str | int] | None:
    return place._asdict() if place is not None else None


def objects(record: Record) -> list[dict[str, Any]]:
    """Who got what of whose rows: a line for each person on each row of each route that says whose is which."""
    lines = []
    for verdict in record.ordered:
        if verdict.group == "objects":
            person, _, owner = verdict.credential.partition("@")[2].partition(":")
            lines.append(
                {
                    "route": verdict.route,
                    "person": person,
                    "owner": owner,
                    "expected": verdict.expected,
                    "verdict": verdict.verdict,
                    "status": verdict.status,
                    "detail": verdict.detail,
                }
            )
    return lines


def summary(record: Record, used: set[str]) -> dict[str, Any]:
    """The figures of a run, and what a reader must know beside them. `used`: the credentials that were tried."""
    return {
        "routers": len(record.by_router()),
        "routes": len(record.plan.routes),
        "credentials": len(used),
        "credentials_of_a_route": list(record.kinds),
        "cells": sum(1 for verdict in record.verdicts if verdict.credential),
        "planned": record.plan.cells,
        "verdicts": record.counts,
        "known": len(record.known),
        "unreviewed": record.unreviewed,
        "nobody_gets_in": record.nobody,
        "blocked_hosts": record.blocked,
        "notes": ([record.nobody] if record.nobody else []) + record.notes,
    }


def credentials(used: set[str]) -> dict[str, dict[str, str]]:
    """What the catalogue says of the credentials that were tried."""
    told = ("group", "cwe", "source", "why", "identity", "needs", "because")
    return {name: {field: getattr(c, field) for field in told} for name, c in CATALOGUE.items() if name in used}


def tokens(record: Record) -> dict[str, dict[str, Any]]:
    """What each credential that was tried puts on a request: decoded, and without what opens a door."""
    issuer = record.meta.issuer
    return issuer.tell({v.credential for v in record.verdicts if v.credential}) if issuer is not None else {}


def document(record: Record) -> dict[str, Any]:
    """The whole report as data, every text in it as anybody may see it."""
    shown: dict[str, Any] = rendered(_document(record))
    return shown


def _document(record: Record) -> dict[str, Any]:
    cells = record.by_route()
    used = {verdict.credential.partition("@")[0] for verdict in record.verdicts if verdict.credential}
    shard = {"shard": record.shard | {"loose": [asdict(v) for v in record.ordered if not v.credential]}}
    return {
        "schema": SCHEMA,
        "version": VERSION,
        **(shard if record.shard else {}),
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
        "criteria": [asdict(criterion) for criterion in criteria(record)],
        "contracts": [asdict(check) for check in record.checks],
        "causes": [cause(record, found) for found in record.causes],
        "findings": [finding(record, group) for group in record.groups],
        "hardening": [finding(record, group) for group in record.hardening],
        "objects": objects(record),
        "attackers": NEEDS,
        "policies": {
            plan.policy_name: plan.policy.model_dump(mode="json", exclude_defaults=True) for plan in record.plan.routes
        },
        "credentials": credentials(used),
        "tokens": tokens(record),
        "routers": [
            {"router": router, "routes": [route(record, plan, cells[plan.key]) for plan in plans]}
            for router, plans in record.by_router().items()
        ],
    }


class JsonReport:
    """Renders the record as JSON."""

    def render(self, record: Record) -> str:
        """The document, a line a cell: it can be read and compared."""
        text = json.dumps(document(record), ensure_ascii=False, indent=1)
        return text + "\n"
