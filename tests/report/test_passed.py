"""A record passes only where all that was planned was judged, nothing was found, and something was examined."""

from __future__ import annotations

import pytest

from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE
from harness.report import Meta, Record
from harness.targets.base import Route
from harness.targets.request_builder import Example

PLANNED = ("clerk", "forged", "missing")
WAY = Way((CATALOGUE["clerk"],))


def record(*judged: str, found_open: tuple[str, ...] = ()) -> Record:
    """Of a plan with three cells, and of ways that the run has found open, those that were judged: each a pass."""
    route = RoutePlan(Route("GET", "/me"), "app", "clerk", Policy(accept=["clerk"]), Example())
    route.cells = [Cell(route, CATALOGUE[name], "reject", WAY) for name in PLANNED]
    route.found = [Cell(route, CATALOGUE[name], "reject", WAY) for name in found_open]
    verdicts = [
        CellVerdict("app", "GET /me", "clerk", name, "signature", "reject", "pass", "probe", "401, not entered")
        for name in judged
    ]
    return Record(Meta({}, "suites", "clerk-harness run", "probe"), Plan([route], []), verdicts)


def test_a_run_that_judged_every_cell_passes() -> None:
    assert record(*PLANNED).passed
    assert record(*PLANNED, "expired", found_open=("expired",)).passed


@pytest.mark.parametrize("judged", [PLANNED[:1], PLANNED[:2], PLANNED[1:]])
def test_a_run_that_ended_before_its_last_cell_does_not_pass(judged: tuple[str, ...]) -> None:
    """Nothing was found in what was judged; that says nothing of the rest."""
    result = record(*judged)
    assert result.examined
    assert result.findings == []
    assert not result.passed


def test_a_way_that_was_found_open_and_not_judged_keeps_a_run_from_passing() -> None:
    assert not record(*PLANNED, found_open=("expired",)).passed


def test_a_run_that_judged_nothing_does_not_pass() -> None:
    assert not record().passed
