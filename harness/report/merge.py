"""Puts the reports of shards together again, as the record of the whole run, of which every format is rendered.

Nothing is taken for granted: a shard that is missing, doubled, of another run or not judged to its end is told, and nothing is merged.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.registry import BESIDE_THE_MATRIX
from harness.core.errors import HarnessError
from harness.credentials import CATALOGUE
from harness.report.document import TokenEntry
from harness.report.model import Meta, Record
from harness.report.places import Place, Places
from harness.targets.base import Request, Route
from harness.targets.request_builder import Example

_OF_THE_SHARD = ("this is shard ", "baseline ")
"""How notes begin that are of a part only."""


@dataclass
class _WholePlan(Plan):
    """A plan whose cells are not known one by one. `planned`: how many there are."""

    planned: int = 0

    @property
    def cells(self) -> int:
        return self.planned


def merged(reports: Mapping[str, dict[str, Any]]) -> Record:
    """The whole run's record, from reports by their file. Raises HarnessError where they are not all shards of one run."""
    try:
        _check(reports)
        return _record(
            [reports[name] for name in sorted(reports, key=lambda name: int(reports[name]["shard"]["index"]))]
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HarnessError(
            f"merge: a report is not whole ({type(error).__name__}: {error}): run its shard again"
        ) from error


def _check(reports: Mapping[str, dict[str, Any]]) -> None:
    first_name, first = next(iter(reports.items()))
    seen: dict[int, str] = {}
    for name, report in reports.items():
        if not report.get("shard"):
            raise HarnessError(f"merge {name}: is no report of a shard (run --shard N/COUNT)")
        shard = report["shard"]
        if not report["complete"]:
            raise HarnessError(
                f"merge {name}: shard {shard['index']} is incomplete ({report['incomplete']}): run it again"
            )
        if shard["index"] in seen:
            raise HarnessError(f"merge {name}: shard {shard['index']} is there twice, also in {seen[shard['index']]}")
        seen[shard["index"]] = name
        other = {
            "count": shard["count"],
            **shard["fingerprint"],
            "target": report["target"],
            "evidence": report["evidence"],
        }
        own = first["shard"]
        expected = {
            "count": own["count"],
            **own["fingerprint"],
            "target": first["target"],
            "evidence": first["evidence"],
        }
        different = [key for key in {**expected, **other} if expected.get(key) != other.get(key)]
        if different:
            raise HarnessError(f"merge {name}: is of another run than {first_name}: {', '.join(different)} differ")
    count = first["shard"]["count"]
    if missing := [str(number) for number in range(1, count + 1) if number not in seen]:
        raise HarnessError(f"merge: of {count} shards there is no report of {', '.join(missing)}")
    planned = [
        route["route"] for report in reports.values() for router in report["routers"] for route in router["routes"]
    ]
    if sorted(planned) != sorted(first["shard"]["routes"]):
        raise HarnessError("merge: the shards do not share out all routes, each once: give all the same --shard-by")


def _record(reports: list[dict[str, Any]]) -> Record:
    shard = reports[0]["shard"]
    order = {key: number for number, key in enumerate(shard["routes"])}
    unread = {key for report in reports for key in report["summary"]["unreviewed"]}
    plans: list[RoutePlan] = []
    record = Record(_meta(reports), _WholePlan(plans, [], sum(report["summary"]["planned"] for report in reports)))
    for report in reports:
        policies = {name: Policy.model_validate(policy) for name, policy in report["policies"].items()}
        record.verdicts += [CellVerdict(**_tuples(entry)) for entry in report["shard"]["loose"]]
        for router in report["routers"]:
            for route in router["routes"]:
                method, _, path = route["route"].partition(" ")
                made = Route(
                    method, path, kind="websocket" if method == "WS" else "http", endpoint=route["endpoint"],
                    dependencies=tuple(route["dependencies"]), hidden=route["hidden"],
                )  # fmt: skip
                name = route["policy"]
                plan = RoutePlan(
                    made, router["router"], name, policies[name], Example(), reviewed=route["route"] not in unread
                )
                plan.base, plan.carriers = _request(route["request"]), tuple(route["request"]["carriers"])
                plans.append(plan)
                record.verdicts += [_verdict(router["router"], route, cell) for cell in route["cells"]]
        record.checks += [Check(**check) for check in report["contracts"]]
        nobody = report["summary"]["nobody_gets_in"]
        told = [n for n in report["summary"]["notes"] if n != nobody and not n.startswith(_OF_THE_SHARD)]
        record.notes += [note for note in told if note not in record.notes]
        record.blocked += [host for host in report["summary"]["blocked_hosts"] if host not in record.blocked]
    plans.sort(key=lambda plan: order[plan.key])
    record.checks.sort(key=lambda check: BESIDE_THE_MATRIX.index(check.contract))
    record.seconds = max(report["seconds"] for report in reports)
    return record


def _request(told: dict[str, Any]) -> Request:
    """The request of a route, as far as a report tells it: of its header fields the names."""
    headers = [(name, "") for name in told["headers"]]
    body, messages = told.get("body", "").encode(), told.get("messages", [])
    return Request(told["method"], told["path"], told["query"], headers, body, messages=messages)


@dataclass
class _Tokens:
    """The tokens that the shards tell of, by label."""

    told: dict[str, TokenEntry]

    def tell(self, labels: set[str]) -> dict[str, TokenEntry]:
        return {label: self.told[label] for label in sorted(labels) if label in self.told}


def _places(told: dict[str, dict[str, list[Any]]]) -> Places:
    return Places(**{kind: {name: Place(*place) for name, place in found.items()} for kind, found in told.items()})


def _meta(reports: list[dict[str, Any]]) -> Meta:
    shard = reports[0]["shard"]
    missing = [name for report in reports for name in report["shard"]["missing_variables"]]
    return Meta(
        target=reports[0]["target"],
        suites=shard["suites"],
        repeat=shard["repeat"],
        evidence=reports[0]["evidence"],
        narrowed=shard["narrowed"],
        database=shard["database"],
        missing_variables=list(dict.fromkeys(missing)),
        provenance=reports[0]["provenance"],
        issuer=_Tokens({label: told for report in reports for label, told in report["tokens"].items()}),
        places=_places(shard["places"]),
        criteria=[(text, tuple(proof)) for text, proof in shard["criteria"]],
        started=min(datetime.datetime.fromisoformat(report["generated"]) for report in reports),
    )


def _verdict(router: str, route: dict[str, Any], cell: dict[str, Any]) -> CellVerdict:
    known = CATALOGUE.get(cell["credential"].partition("@")[0])
    return CellVerdict(
        router,
        route["route"],
        route["policy"],
        cell["credential"],
        known.group if known is not None else "fuzz",
        cell["expected"],
        cell["verdict"],
        cell["evidence"],
        cell["seen"],
        cell.get("detail", ""),
        cell["status"],
        tuple(cell["mechanism"]),
        tuple(cell.get("functions", ())),
        round(cell["milliseconds"] * 1000),
        cell.get("excerpt", ""),
        cell.get("hint", ""),
        twin=cell.get("twin", ""),
        needs=cell.get("needs", ""),
    )


def _tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"mechanism": tuple(entry["mechanism"]), "ran": tuple(entry["ran"])}
