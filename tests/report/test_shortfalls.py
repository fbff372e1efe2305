"""Why a run without findings has not passed, in which word it ends, and the commands that repeat its checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.report.test_record import BROKEN, OPEN, PROVEN, plan, record, verdict, with_cells

VAIN = replace(PROVEN, contract="budget", name="cold", unmeasured=["cold", "warm"])


@pytest.mark.parametrize(
    ("made", "cells", "more", "expected"),
    [
        ({}, 1, {}, {}),
        ({}, 2, {}, {"judged": "1 of 2 cells were judged"}),
        ({"verdicts": ()}, 1, {}, {"judged": "0 of 1 cell was judged"}),
        ({"verdicts": ()}, 0, {}, {"examined": "no cell was judged, and no other contract was examined"}),
        ({"verdicts": (), "checks": (PROVEN,)}, 0, {}, {}),
        ({"checks": (OPEN,)}, 1, {}, {"examined user_sync": "nothing was examined: no rows"}),
        ({"checks": (replace(OPEN, unmeasured=["x"]),)}, 1, {}, {"examined user_sync": "nothing was examined: no rows"}),
        ({}, 2, {"incomplete": "time was up"}, {"complete": "time was up"}),
        ({"checks": (VAIN,)}, 1, {}, {"declared budget: cold": "budget: cold: declared, and not examined: cold; warm"}),
    ],
)  # fmt: skip
def test_what_keeps_a_run_without_findings_from_passing(
    made: dict[str, Any], cells: int, more: dict[str, Any], expected: dict[str, str]
) -> None:
    found = with_cells(record(*made.get("verdicts", (verdict(),)), checks=made.get("checks", ())), cells)
    for name, value in more.items():
        setattr(found, name, value)
    assert found.shortfalls == expected
    assert found.passed is not bool(expected)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "nobody has read 1 line that init wrote: GET /0"),
        (6, "nobody has read 6 lines that init wrote: GET /0, GET /1, GET /2, GET /3, GET /4"),
    ],
)
def test_lines_that_nobody_has_read(count: int, told: str) -> None:
    plans = tuple(plan(f"/{number}", reviewed=False) for number in range(count))
    found = with_cells(record(verdict(), plans=plans), 1)
    assert found.shortfalls == {"reviewed": told}


@pytest.mark.parametrize(
    ("verdicts", "more", "word"),
    [
        ((verdict(),), {}, "passed"),
        ((verdict(),), {"known": {("GET /y", "clerk", "lockout")}}, "passed with 1 known finding"),
        ((verdict("breach"),), {}, "FAILED"),
        ((verdict(),), {"incomplete": "time was up"}, "INCOMPLETE"),
        ((verdict("breach"),), {"incomplete": "time was up"}, "INCOMPLETE"),
    ],
)
def test_the_run_in_a_word(verdicts: tuple[Any, ...], more: dict[str, Any], word: str) -> None:
    found = with_cells(record(*verdicts), 1)
    for name, value in more.items():
        setattr(found, name, value)
    assert found.outcome == word


@pytest.mark.parametrize(
    ("check", "seed", "command"),
    [
        (PROVEN, 7, "clerk-harness run --suites suites --only user_sync --seed 7"),
        (PROVEN, 0, "clerk-harness run --suites suites --only user_sync"),
        (replace(BROKEN, contract="budget"), 7, "clerk-harness run --suites suites --only budget"),
    ],
)
def test_the_command_that_verifies_a_contract_again(check: Any, seed: int, command: str) -> None:
    assert record(seed=seed).repeat_check(check) == command


@pytest.mark.parametrize(
    ("kind", "failed"), [("pass", False), ("hardening", False), ("breach", True), ("inconclusive", True)]
)
def test_which_verdicts_fail(kind: str, failed: bool) -> None:
    assert verdict(kind).failed is failed


def test_a_contract_that_was_not_examined_is_no_examination() -> None:
    assert not record(checks=(OPEN,)).examined
    assert record(checks=(OPEN, PROVEN)).examined
