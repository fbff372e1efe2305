"""What people got on their own rows and on others', as a table of facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.contracts.matrix.objects import Tried, judge_object
from harness.contracts.matrix.owners import owners_of
from harness.credentials import CATALOGUE
from harness.targets.base import ChangedRow, Observation
from harness.targets.request_builder import Example
from tests.matrix.kit import plan_of

ALICE, BOB = frozenset({"1", "user_alice", "alice@example.com"}), frozenset({"2", "user_bob", "bob@example.com"})
MILK, DIARY = '{"id": 1, "text": "buy milk", "by": 1}', '{"id": 2, "text": "secret diary", "by": 2}'


def tried(
    answer: Observation, *, key: str = "GET /notes/{id}", person: str = "alice", owner: str = "bob", **more: Any
) -> Tried:
    plan = plan_of(key=key)
    example = Example(path={"id": {"alice": 1, "bob": 2, "admin": "*"}})
    plan.owners = owners_of(example, ("alice", "bob", "admin"), "app")
    name = "own-object" if person == owner else "others-object"
    (cell,) = [c for c in plan.planned(CATALOGUE[name]) if c.way.label == f"{person}:{owner}"]
    usual = Tried(
        cell,
        person,
        owner,
        answer,
        [Observation(200, body=DIARY)] * 2,
        [Observation(200, body=MILK)] * 2,
        "/notes/2",
        (ALICE, BOB),
    )
    return replace(usual, **more)


def answered(status: int | None, body: str = "", rows: list[ChangedRow] | None = None) -> Observation:
    return Observation(status, body=body, rows=rows)


SAME = [Observation(200, body="[]")] * 2


@pytest.mark.parametrize(
    ("answer", "more", "expected"),
    [
        (answered(200, DIARY), {}, "breach"),
        (answered(404), {}, "pass"),
        (answered(403), {}, "pass"),
        (answered(500), {}, "fault"),
        (answered(None), {}, "fault"),
        (answered(200, MILK), {}, "pass"),
        (answered(200, '{"error": "no note 2"}'), {}, "pass"),
        (answered(200, '{"text": "secret"}'), {}, "breach"),
        (answered(200, "[]"), {"mine": SAME, "theirs": SAME}, "inconclusive"),
        (answered(200, DIARY), {"theirs": [Observation(404)] * 2}, "inconclusive"),
        (answered(200, MILK), {"person": "alice", "owner": "alice"}, "pass"),
        (answered(404), {"person": "alice", "owner": "alice"}, "lockout"),
        (answered(422), {"person": "alice", "owner": "alice"}, "inconclusive"),
        (answered(200, DIARY), {"person": "admin", "mine": []}, "pass"),
        (answered(403), {"person": "admin", "mine": []}, "lockout"),
    ],
)
def test_reads(answer: Observation, more: dict[str, Any], expected: str) -> None:
    assert judge_object(tried(answer, **more))[0] == expected


GONE = ChangedRow("notes", False, {"id": 2, "user_id": 2, "text": "secret diary"})
MINE = ChangedRow("notes", False, {"id": 1, "user_id": 1, "text": "buy milk"})


def made(number: int) -> ChangedRow:
    return ChangedRow("notes", True, {"id": 9, "user_id": number, "text": "x"})


@pytest.mark.parametrize(
    ("rows", "theirs", "mine", "expected"),
    [
        ([GONE], [GONE], [MINE], "breach"),
        ([], [GONE], [MINE], "pass"),
        ([MINE], [GONE], [MINE], "pass"),
        ([made(2)], [made(2)], [made(1)], "breach"),
        ([made(1)], [made(2)], [made(1)], "pass"),
        (None, None, None, "inconclusive"),
    ],
    ids=["deleted", "deleted-nothing", "deleted-the-own", "made-as-another", "made-as-oneself", "without-a-database"],
)
def test_writes(rows: Any, theirs: Any, mine: Any, expected: str) -> None:
    own: dict[str, Any] = {"theirs": [answered(204, rows=theirs)] * 2, "mine": [answered(204, rows=mine)] * 2}
    verdict, detail, _ = judge_object(tried(answered(204, rows=rows), key="DELETE /notes/{id}", **own))
    assert verdict == expected
    assert expected != "breach" or "a row of bob (id 2): notes" in detail
