"""Reports are written part by part: they say what the whole document says, and need no memory that grows with the cells."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE
from harness.report import FORMATS, Meta, Record, write_all
from harness.report.json_report import document, lines, streamed
from harness.targets.base import Route
from harness.targets.request_builder import Example
from tests.browser.records import failing, incomplete


@pytest.mark.parametrize("made", [failing, incomplete])
def test_the_cells_that_are_made_when_they_are_written_are_those_of_the_document(made: Callable[[], Record]) -> None:
    record = made()
    assert json.loads("".join(lines(streamed(record)))) == document(record)
    for router in streamed(record)["routers"]:
        for route in router["routes"]:
            assert list(route["cells"]) == list(route["cells"]) and len(route["cells"]) == len(list(route["cells"]))


def large(routes: int) -> Record:
    """A record of routes that refused the whole catalogue, each verdict with texts of its own, as they come from an engine."""
    plans, record = [], Record(Meta({}, "suites", "clerk-harness run", "probe"), Plan([], []))
    for number in range(routes):
        plan = RoutePlan(Route("GET", f"/r/{number}"), "r", "clerk", Policy(accept=["clerk"]), Example())
        plan.cells = [Cell(plan, each, "reject", Way((CATALOGUE["clerk"],))) for each in CATALOGUE.values()]
        plans.append(plan)
        for name, each in CATALOGUE.items():
            record.add(
                CellVerdict(
                    "r", "GET " + plan.route.path, "clerk", name, each.group, "reject", "pass", "probe",
                    f"{401}, the handler was not entered", status=401, ran=("app:user",), micros=number,
                )
            )  # fmt: skip
    record.plan.routes.extend(plans)
    return record


def test_writing_takes_less_memory_than_the_text_that_is_written(tmp_path: Path) -> None:
    record = large(60)
    write_all(large(1), tmp_path)  # What is imported and kept once is there.
    tracemalloc.start()
    try:
        write_all(record, tmp_path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < sum((tmp_path / name).stat().st_size for name in FORMATS)


def test_what_verdicts_share_is_kept_once() -> None:
    first, second = large(1).verdicts[:2]
    assert first.seen is second.seen and first.route is second.route
