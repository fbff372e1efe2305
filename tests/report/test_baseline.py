"""A baseline knows what it was given, hides nothing new, and never grows by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.contracts.base import EXAMINATION, Check
from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.core.errors import HarnessError
from harness.report import Meta, Record
from harness.report.baseline import Baseline, baseline_of_report, read_baseline
from harness.report.json_report import document
from harness.targets.base import Route
from harness.targets.request_builder import Example
from tests.report.test_causes import GUARD, cell

FILE = Path("baseline.json")
COUNT = Check("budget", "statements", "few statements", "broken", detail="GET /a: 5 statements, 3 allowed")
STORY = Check("user_sync", "one-row", "one row", "broken", detail="2 rows for user_2abcDEF")


def record(
    *verdicts: CellVerdict, checks: tuple[Check, ...] = (), routes: tuple[str, ...] = ("GET /a",), **meta: Any
) -> Record:
    policy = Policy.model_validate({"accept": ["clerk"]})
    plans = [
        RoutePlan(Route(key.partition(" ")[0], key.partition(" ")[2]), "r", "clerk", policy, Example())
        for key in routes
    ]
    made = Record(Meta({"app": "a:b"}, "suites", "clerk-harness run", "probe", **meta), Plan(plans, []))
    made.verdicts, made.checks = list(verdicts), list(checks)
    return made


def known(*verdicts: CellVerdict, checks: tuple[Check, ...] = ()) -> Baseline:
    return baseline_of_report(document(record(*verdicts, checks=checks)), FILE)


BREACH = cell(ran=(GUARD,))
LEGACY = cell(credential="legacy", group="legacy", ran=("app.old:user",))
NEW = {
    "a renamed route": cell("GET /b", ran=(GUARD,)),
    "another credential": cell(credential="alg-none", ran=(GUARD,)),
    "another way in": cell(credential="forged@cookie:__session", ran=(GUARD,)),
    "another function": cell(ran=("app.new:user",)),
    "no function where one was seen": cell(),
    "another mechanism": cell(verdict="mixed", ran=(GUARD,)),
    "what nobody knows": cell(verdict="inconclusive", detail="not reached"),
    "a fault": cell(verdict="fault", seen="500: boom"),
}


@pytest.mark.parametrize("finding", NEW.values(), ids=NEW)
def test_what_differs_in_any_respect_is_new(finding: CellVerdict) -> None:
    later = record(BREACH, finding) if finding.key != BREACH.key else record(finding)
    known(BREACH).judge(later)
    assert not later.is_known(finding)
    assert not later.passed


def test_what_is_known_stays_visible_and_fails_nothing() -> None:
    later = record(BREACH)
    later.plan = type("P", (Plan,), {"cells": 1})(later.plan.routes, [])
    assert not later.passed
    known(BREACH).judge(later)
    assert later.passed
    told = document(later)
    assert told["summary"]["known"] == 1 and told["summary"]["verdicts"] == {"breach": 1}
    assert told["findings"][0]["known"] and told["causes"][0]["known"]
    assert "1 known finding fails no run, 0 others do" in told["summary"]["notes"][0]


def test_what_gets_graver_is_new() -> None:
    leak = cell(verdict="leak", detail="says why")
    later = record(BREACH)
    known(leak).judge(later)
    assert not later.known


def test_a_policy_that_gets_stricter_or_another_one_without_a_probe_makes_findings_new() -> None:
    blind = cell(evidence="status")
    later = record(cell(evidence="status", policy="admin"))
    known(blind).judge(later)
    assert not later.known


def test_two_findings_in_one_cell_are_known_only_together() -> None:
    other = cell(ran=("app.new:user",))
    later = record(BREACH, other)
    known(BREACH).judge(later)
    assert not later.known


@pytest.mark.parametrize(
    ("check", "is_known"),
    [
        (COUNT, True),
        (STORY, True),
        (Check("user_sync", "one-row", "one row", "broken", detail="2 rows for user_9zzz"), True),
        (Check("budget", "statements", "", "broken", detail="GET /a: 50 statements, 3 allowed"), False),
        (Check("user_sync", "one-row", "one row", "broken", detail="no row at all"), False),
        (Check("user_sync", "at-once", "one row", "broken", detail="2 rows for user_9zzz"), False),
        (Check("budget", "one-row", "one row", "broken", detail="2 rows for user_9zzz"), False),
    ],
)
def test_a_check_is_known_by_what_it_says(check: Check, is_known: bool) -> None:
    later = record(checks=(check,))
    known(checks=(COUNT, STORY)).judge(later)
    assert later.is_known_check(check) is is_known
    assert later.passed is is_known


NEVER = [
    cell(verdict="inconclusive", detail="x"),
    cell(credential="", verdict="unreviewed"),
    cell(credential="", verdict="undeclared"),
]


@pytest.mark.parametrize("verdict", NEVER, ids=lambda v: str(v.verdict))
def test_what_proves_nothing_never_enters(verdict: CellVerdict, tmp_path: Path) -> None:
    made = known(verdict, BREACH)
    assert [one.verdict for one in made.known] == ["breach"]
    path = tmp_path / "b.json"
    path.write_text(Baseline(path, dict.fromkeys(made.known, "t")).render().replace('"breach"', f'"{verdict.verdict}"'))
    with pytest.raises(HarnessError, match="never known"):
        read_baseline(path)


def test_a_contract_that_could_not_be_examined_is_never_known() -> None:
    assert not known(checks=(Check("budget", EXAMINATION, "", "broken", detail="lost"),)).known


PASS = cell(verdict="pass")
GONE: dict[str, tuple[Record, bool]] = {
    "refused now": (record(PASS), True),
    "still there": (record(BREACH), False),
    "not tried": (record(cell("GET /a", "expired", "pass")), False),
    "nothing known": (record(cell(verdict="inconclusive")), False),
    "a server error before the decision": (record(cell(verdict="fault", seen="500")), False),
    "refused and not known": (record(PASS, cell(verdict="inconclusive")), False),
    "its route is gone": (record(routes=("GET /b",)), True),
    "its route was left out": (record(routes=("GET /b",), narrowed="--router other"), False),
    "nothing was planned": (record(routes=()), False),
}


@pytest.mark.parametrize(("later", "gone"), GONE.values(), ids=GONE)
def test_only_what_was_tried_again_is_gone(later: Record, gone: bool) -> None:
    made = known(BREACH)
    assert made.gone(later) == (list(made.known) if gone else [])


def test_of_a_run_that_did_not_end_no_route_is_gone() -> None:
    later = record(routes=("GET /b",))
    later.incomplete = "Ctrl-C"
    assert known(BREACH).gone(later) == []


@pytest.mark.parametrize(("status", "gone"), [("proven", True), ("not examined", False), ("broken", False)])
def test_a_check_is_gone_when_it_is_proven(status: Any, gone: bool) -> None:
    later = record(checks=(Check("budget", "statements", "", status, detail=COUNT.detail),))
    assert bool(known(checks=(COUNT,)).gone(later)) is gone


def test_it_only_shrinks_and_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = known(BREACH, LEGACY, checks=(COUNT,))
    path = tmp_path / "new" / "baseline.json"
    Baseline(path, made.known).write()
    assert read_baseline(path).known == made.known
    assert len(json.loads(path.read_text())["known"]) == 3
    less = made.without(made.gone(record(PASS, LEGACY, cell(credential="alg-none"))))
    assert set(less.known) < set(made.known)
    assert [one.what for one in less.known] == ["legacy", "statements"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[]", "is no JSON object"),
        ("{}", "is no baseline of this version"),
        ('{"schema": "clerk-harness/auth-matrix", "version": 1}', "is no baseline of this version"),
        ('{"schema": "clerk-harness/baseline", "version": 1}', "`known` is no list"),
        ('{"schema": "clerk-harness/baseline", "version": 1, "known": [7]}', "entry 1 wants"),
        (
            '{"schema": "clerk-harness/baseline", "version": 1, "known": [{"cause": "", "verdict": "breach", "by": "",'
            ' "findings": {"GET /a": "forged"}}]}',
            "entry 1 wants",
        ),
        (
            '{"schema": "clerk-harness/baseline", "version": 1, "known": [{"cause": "", "verdict": "everything", "by": "",'
            ' "findings": {"GET /a": ["forged"]}}]}',
            "is no verdict",
        ),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(HarnessError, match=message) as found:
        read_baseline(path)
    assert str(path) in str(found.value)


def test_a_file_that_is_not_there_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"no such file; `clerk-harness baseline reports/auth-matrix.json"):
        read_baseline(tmp_path / "b.json")
