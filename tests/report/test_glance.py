"""What a reader asks first: each answer as a table of facts."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE
from harness.report import Meta, Record
from harness.report.glance import glance
from harness.targets.base import Route
from harness.targets.request_builder import Example

OPEN_CELL = {"verdict": "inconclusive"}
ENTERED = {"seen": "200, the handler was entered"}


def told(
    *cells: tuple[str, dict[str, Any]], accept: tuple[str, ...] = ("clerk",), method: str = "GET", **more: Any
) -> Any:
    """The answers of a record of one route."""
    plan = RoutePlan(
        Route(method, "/x"), "r", "p", Policy(accept=list(accept)), Example(), reviewed=more.pop("reviewed", True)
    )
    verdicts = []
    for name, found in cells:
        credential = CATALOGUE[name.partition("@")[0]]
        usual = {
            "expected": plan.expects(credential),
            "verdict": "pass",
            "evidence": "probe",
            "seen": "401, the handler was not entered",
        }
        verdicts.append(CellVerdict("r", plan.key, "p", name, credential.group, **(usual | found)))
    plan.cells = [Cell(plan, CATALOGUE["clerk"], "accept", Way((CATALOGUE["clerk"],)))] * more.pop(
        "planned", len(cells)
    )
    meta = Meta({}, "suites", "clerk-harness run", more.pop("evidence", "probe"), more.pop("narrowed", ""))
    return glance(Record(meta, Plan([plan], []), verdicts, **more))


@pytest.mark.parametrize(
    ("cells", "accept", "kind"),
    [
        ([("legacy", {})], ("clerk",), "refuses"),
        ([("legacy", {}), ("legacy-wrong-email", {"verdict": "breach"})], ("clerk",), "accepts"),
        ([("legacy", {"verdict": "mixed"})], ("clerk", "legacy"), "accepts"),
        ([("legacy", {})], ("clerk", "legacy"), "declared"),
        ([("legacy", OPEN_CELL)], ("clerk",), "unknown"),
        ([("legacy", {}), ("legacy-wrong-email", OPEN_CELL)], ("clerk",), "unknown"),
        ([("forged", {})], ("clerk",), "unknown"),
        ([("forged", {"verdict": "breach"}), ("legacy", {})], ("clerk",), "refuses"),
        ([], ("clerk",), "unknown"),
        ([("missing", {})], ("*",), ""),
    ],
)
def test_who_takes_the_old_token(cells: list[tuple[str, dict[str, Any]]], accept: tuple[str, ...], kind: str) -> None:
    found = told(*cells, accept=accept)["old_token"]
    assert {name: routers for name, routers in found.items() if routers} == ({kind: {"r": 1}} if kind else {})


@pytest.mark.parametrize(
    ("accept", "missing", "method", "expected"),
    [
        (("*",), {}, "GET", (True, False)),
        (("*",), {}, "POST", (True, True)),
        (("*",), {}, "WS", (True, False)),
        (("missing", "clerk"), {}, "GET", (True, False)),
        (("clerk",), {}, "GET", None),
        (("clerk",), {"verdict": "breach"}, "DELETE", (False, True)),
        (("clerk",), OPEN_CELL, "GET", None),
    ],
)
def test_what_is_public(
    accept: tuple[str, ...], missing: dict[str, Any], method: str, expected: tuple[bool, bool] | None
) -> None:
    found = told(("missing", missing), accept=accept, method=method)["public"]
    assert [(line["declared"], line["writes"]) for line in found] == ([expected] if expected else [])


def test_what_is_open_by_mistake_and_what_writes_come_first() -> None:
    plans = [
        RoutePlan(Route(method, path), "r", "p", Policy(accept=accept), Example())
        for method, path, accept in (("GET", "/a", ["*"]), ("POST", "/b", ["*"]), ("GET", "/c", ["clerk"]))
    ]
    breach = CellVerdict("r", "GET /c", "p", "missing", "absent", "reject", "breach", "probe", "")
    found = glance(Record(Meta({}, "", "", "probe"), Plan(plans, []), [breach]))["public"]
    assert [line["route"] for line in found] == ["GET /c", "POST /b", "GET /a"]


@pytest.mark.parametrize(
    ("cells", "accept", "who", "state"),
    [
        ([("clerk", {})], ("clerk",), "signed in", "in"),
        ([("clerk", {"verdict": "lockout"})], ("clerk",), "signed in", "kept-out"),
        ([("clerk", {"verdict": "fault"})], ("clerk",), "signed in", "kept-out"),
        ([("clerk", OPEN_CELL)], ("clerk",), "signed in", "unknown"),
        ([], ("clerk",), "signed in", "unknown"),
        ([("clerk", {})], ("clerk-org-admin",), "signed in", "out"),
        ([("clerk", {"verdict": "breach"})], ("clerk-org-admin",), "signed in", "against"),
        ([("clerk", {"verdict": "mixed"})], ("clerk",), "signed in", "against"),
        ([("clerk-org-admin", ENTERED)], ("clerk",), "organization admin", "in"),
        ([("clerk-org-admin", {})], ("clerk",), "organization admin", "out"),
        ([("clerk-org-admin", {"evidence": "status", "status": 200})], ("clerk",), "organization admin", "in"),
        ([], ("clerk",), "organization admin", "either"),
        ([], ("clerk",), "machine", "unknown"),
        ([("m2m-jwt", {}), ("m2m-opaque", {})], ("m2m-jwt",), "machine", "in"),
        ([("missing", {})], ("*",), "machine", "in"),
        ([("missing", OPEN_CELL)], ("*",), "machine", "unknown"),
        ([("others-object@alice:bob", {"expected": "reject", "verdict": "breach"})], ("clerk",), "rows of others", "against"),
        ([("own-object@alice:alice", {"expected": "accept"})], ("clerk",), "own rows", "in"),
    ],
)  # fmt: skip
def test_who_may_go_where(
    cells: list[tuple[str, dict[str, Any]]], accept: tuple[str, ...], who: str, state: str
) -> None:
    (line,) = told(*cells, accept=accept)["access"]
    assert (line["router"], line["route"], line["who"][who]) == ("r", "GET /x", state)


def test_rows_of_others_are_told_of_routes_that_say_whose_is_which_alone() -> None:
    assert "own rows" not in told(("clerk", {}))["access"][0]["who"]


GOT_IN = ("clerk", {"seen": "200, the handler was entered"})
LEFT = Check("budget", "cold", "few statements", "not examined", detail="no limit")
KEPT = Check("budget", "warm", "few statements", "proven", 1)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, []),
        ({"planned": 3}, [("cells that were planned and not judged", 2)]),
        ({"incomplete": "ended", "planned": 3}, [("the run is incomplete: ended", 2)]),
        ({"narrowed": "--router r"}, [("only a part of the matrix was run: --router r", 0)]),
        ({"reviewed": False}, [("lines that init wrote and nobody has read", 1)]),
        ({"checks": [LEFT]}, [("contract budget: no limit", 0)]),
        ({"checks": [LEFT, KEPT]}, [("budget: cold: no limit", 1)]),
        ({"checks": [KEPT]}, []),
        (
            {"evidence": "http"},
            [("which handler ran and which mechanism let a request in: no probe could see it from outside", 0)],
        ),
    ],
)
def test_what_was_not_examined(more: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    lines = [(line["text"], line["count"]) for line in told(GOT_IN, **more)["unexamined"]]
    assert [line for line in lines if not line[0].startswith("migration criteria")] == expected


def test_criteria_of_which_a_run_says_nothing_are_counted() -> None:
    """The usual ones: of contracts that were not held; and all of them where only a part was run."""
    said = "migration criteria of which this run says nothing: "
    assert told(GOT_IN)["unexamined"][-1]["text"] == f"{said}2, 3, 4, 5, 6, 7, 8"
    assert told(GOT_IN, narrowed="--router r")["unexamined"][-1]["count"] == 8


def test_cells_that_prove_nothing_are_counted_and_can_be_looked_for() -> None:
    found = told(("clerk", {"verdict": "lockout"}), ("forged", OPEN_CELL), ("expired", OPEN_CELL))["unexamined"]
    assert [(line["count"], line["verdict"]) for line in found][:2] == [(2, "inconclusive"), (1, "")]
