"""junit.xml is red if and only if the run has not passed, for whichever reason, and says where each case is declared."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts.base import Check
from harness.contracts.matrix import FAILURES, CellVerdict
from harness.report import Record
from harness.report.junit import JunitReport
from harness.report.places import Place, Places
from tests.report.test_record import BROKEN, OPEN, PROVEN, plan, record, verdict, with_cells


def rendered(found: Record) -> ElementTree.Element:
    return ElementTree.fromstring(JunitReport().render(found).encode())


def red(root: ElementTree.Element) -> bool:
    """Whether a reader of the file fails a job: by the counts, or by the cases."""
    counted = int(root.get("failures", "0")) + int(root.get("errors", "0"))
    told = len(list(root.iter("failure"))) + len(list(root.iter("error")))
    assert counted == told
    return told > 0


VERDICTS = st.builds(
    verdict, st.sampled_from(["pass", "hardening", *FAILURES]), st.sampled_from(["clerk", "forged", ""])
)
CHECKS = st.builds(
    replace, st.sampled_from([PROVEN, BROKEN, OPEN]), contract=st.sampled_from(["user_sync", "budget", "migrations"])
)


@given(
    st.lists(VERDICTS, max_size=4), st.lists(CHECKS, max_size=4), st.booleans(), st.sampled_from(["", "Ctrl-C"]),
    st.sampled_from([0, 0, 0, 1]),
)  # fmt: skip
def test_it_is_red_exactly_when_the_run_has_not_passed(
    verdicts: list[CellVerdict], checks: list[Check], reviewed: bool, incomplete: str, left: int
) -> None:
    cells = sum(1 for each in verdicts if each.credential) + left
    found = with_cells(record(*verdicts, plans=(plan(reviewed=reviewed),), checks=tuple(checks)), cells)
    found.incomplete = incomplete
    assert red(rendered(found)) is not found.passed


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (with_cells(record(), 0), "examined"),
        (with_cells(record(verdict()), 2), "judged"),
        (with_cells(record(verdict(), checks=(OPEN,)), 1), "examined user_sync"),
        (with_cells(record(verdict(), plans=(plan(reviewed=False),)), 1), "reviewed"),
        (with_cells(record(checks=(PROVEN, replace(OPEN, contract="budget"))), 0), "examined budget"),
    ],
)
def test_what_was_not_examined_is_an_error_that_says_what(found: Record, said: str) -> None:
    assert [case.get("name") for case in rendered(found).iter("testcase") if case.find("error") is not None] == [said]


def test_a_line_that_nobody_has_read_is_told_once() -> None:
    unread = with_cells(record(verdict(), verdict("unreviewed", ""), plans=(plan(reviewed=False),)), 1)
    root = rendered(unread)
    assert (root.get("failures"), root.get("errors")) == ("1", "0")


def test_a_case_says_where_it_is_declared_and_a_finding_where_its_handler_is() -> None:
    found = record(verdict("breach", "forged", expected="reject"), verdict(), checks=(BROKEN,))
    found.meta.places = Places(
        handlers={"GET /x": Place("app/x.py", 3)},
        declared={"GET /x": Place("suites/routers/app.toml", 7)},
        files={"user_sync.toml": Place("suites/user_sync.toml", 1)},
    )
    root = rendered(found)
    cases = {case.get("name", ""): case for case in root.iter("testcase")}
    breach = cases["GET /x [forged]"]
    assert (breach.get("file"), breach.get("line")) == ("suites/routers/app.toml", "7")
    facts = {each.get("name"): each.get("value") for each in breach.iter("property")}
    assert facts["source"] == "app/x.py:3"
    assert facts["cause"] == found.causes[0].id
    assert cases["one-row"].get("file") == "suites/user_sync.toml"
    assert cases["GET /x [clerk]"].find("properties") is None
