"""Requests that need not reach the decision: rows of nobody's, and fields that make another question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.contracts.matrix.owners import owners_of
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.refusal import need_not_be_reached
from harness.credentials import CATALOGUE
from harness.targets.request_builder import Example
from tests.matrix.kit import cell, judged, plan_of, seen, state_of


def with_rows(key: str = "GET /x") -> RoutePlan:
    plan = plan_of(("clerk", "clerk-newcomer", "clerk-other"), key)
    plan.owners = owners_of(Example(headers={"X-Org": {"alice": "a", "bob": "b"}}), ("alice", "bob"), "app")
    return plan


@pytest.mark.parametrize(
    ("name", "status", "fine"),
    [("clerk-newcomer", 404, True), ("clerk-newcomer", 422, False), ("clerk", 404, False), ("clerk-other", 404, False)],
)
def test_a_person_without_a_row_may_find_none(name: str, status: int, fine: bool) -> None:
    plan = with_rows()
    assert need_not_be_reached(plan.cell(CATALOGUE[name]), seen(status, entered=False)) is fine
    plan.owners = None
    assert not need_not_be_reached(plan.cell(CATALOGUE[name]), seen(status, entered=False))


@pytest.mark.parametrize(("entered", "verdict"), [(False, "pass"), (None, "inconclusive")])
def test_a_field_that_the_source_names_may_make_another_question(entered: bool | None, verdict: str) -> None:
    """A header that changes the method leads to what no route serves: nobody got in."""
    state = state_of()
    found = judged(cell(state, "named-field"), state, seen(405, entered=entered))
    assert found.verdict == verdict
    assert judged(cell(state, "forged"), state, seen(405, entered=entered)).verdict == "inconclusive"


def test_what_is_learned_and_enters_is_no_other_question() -> None:
    plan = plan_of()
    named = replace(plan.cell(CATALOGUE["named-field"]), expect="reject")
    assert not need_not_be_reached(named, seen(405, entered=True))
