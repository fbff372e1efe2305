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


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], "pass"),
        ([(answered(403), "")], "pass"),
        ([(answered(200, f"[{MILK}]"), "")], "pass"),
        ([(answered(200, f"[{MILK}, {DIARY}]"), "")], "breach"),
        ([(answered(403), ""), (answered(200, f"[{DIARY}, {MILK}]"), "")], "breach"),
        ([(answered(200, f"[{MILK}, {DIARY}]"), "secret diary")], "pass"),
        ([(answered(200, '{"given": 1, "left out": 2}'), "")], "pass"),
        ([(answered(500, DIARY), "")], "pass"),
    ],
)
@pytest.mark.parametrize("alone", [answered(403), answered(200, MILK)])
def test_another_s_row_among_the_own_ones(
    answers: list[tuple[Observation, str]], alone: Observation, expected: str
) -> None:
    kind, detail, hint = judge_object(tried(alone, among=answers))
    assert kind == expected
    if expected == "breach":
        assert detail.endswith("; asked for among alice's own, it was answered 200")
        assert hint == "of a list of rows, look up each by its id and by whose it is"


def test_another_s_row_that_was_written_among_the_own_ones() -> None:
    own, other = ChangedRow("notes", False, {"id": 1, "by": 1}), ChangedRow("notes", False, {"id": 2, "by": 2})
    theirs, mine = [answered(204, rows=[other])] * 2, [answered(204, rows=[own])] * 2
    for rows, expected in (([own, other], "breach"), ([own], "pass")):
        among = [(answered(204, rows=rows), "")]
        found = judge_object(tried(answered(403), key="DELETE /notes/{id}", theirs=theirs, mine=mine, among=among))
        assert found[0] == expected


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


HINT = "look the row up by its id and by whose it is, in one query"
SEED = "is that row theirs in the seed?"
DIFFER = "both people get the same answer, so nothing tells whose row it is: give them rows that differ"
UNSEEN = "it was answered with success, and only a database of the harness's shows whether a row was written"
DECLARE = "declare [database], or test the app itself"
HIS = {"person": "alice", "owner": "alice"}
STRANGER = {"person": "admin", "mine": []}
PASS = ("pass", "", "")


SAME_ANSWER = ("breach", "alice got the answer that bob gets (id 2)", HINT)


def read(words: str) -> tuple[str, str, str]:
    return "breach", f"alice read a row of bob (id 2): the answer has {words}", HINT


def got(*bodies: str) -> list[Observation]:
    return [answered(200, body) for body in bodies]


@pytest.mark.parametrize(
    ("answer", "more", "expected"),
    [
        (Observation(untried="time was up"), {}, ("inconclusive", "time was up", "")),
        (answered(500), {}, ("fault", "the target failed over a person's request on a row", "")),
        (answered(200, MILK), HIS, PASS),
        (answered(404), HIS, ("lockout", "alice was kept out of the own row (404)", SEED)),
        (answered(403), STRANGER, ("lockout", "admin was kept out of a row of bob, as the line says that they may (403)", SEED)),
        (answered(300), HIS, ("inconclusive", "alice's request on the own row was answered 300", "")),
        (answered(404), {}, PASS),
        (answered(200, MILK), {}, PASS),
        (
            answered(200, DIARY), {"theirs": [answered(404), answered(410)]},
            ("inconclusive", "bob's own request on this row was not answered with success either (404)", ""),
        ),
        # The longest three of the owner's own words are shown.
        (
            answered(200, '{"text": "pear apple plum fig"}'),
            {"theirs": got('{"text": "pear apple plum fig"}') * 2, "mine": got('{"text": "x"}') * 2},
            read("apple, pear, plum"),
        ),
        # Two short words of three may be there by chance; all of them may not, and one of four letters is none.
        (answered(200, "ab"), {"theirs": got("ab cd") * 2, "mine": got("x") * 2}, PASS),
        (answered(200, "cd ab"), {"theirs": got("ab cd") * 2, "mine": got("x") * 2}, read("ab, cd")),
        (answered(200, "pear"), {"theirs": got("pear cd") * 2, "mine": got("x") * 2}, read("pear")),
        # No word tells, but it is the answer that the owner gets, and not the person's own.
        (answered(200, "!!"), {"theirs": got("!!", "!!"), "mine": got("??", "??")}, SAME_ANSWER),
        (answered(200, "??"), {"theirs": got("!!", "!!"), "mine": got("??", "??")}, ("inconclusive", DIFFER, "")),
        (answered(200, "--"), {"theirs": got("!!", "!!"), "mine": got("??", "??")}, PASS),
        (answered(200, "[]"), {"theirs": SAME, "mine": SAME}, ("inconclusive", DIFFER, "")),
    ],
)  # fmt: skip
def test_what_is_said_of_reads(answer: Observation, more: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert judge_object(tried(answer, **more)) == expected


def test_of_a_person_without_a_row_what_the_owners_answers_have_in_common_tells() -> None:
    """And nothing that the request says itself."""
    key = "GET /shelf/{id}"
    alone: dict[str, Any] = {"person": "alice", "mine": [], "sent": "/shelf/2 word", "key": key}
    common = {"theirs": got("word secret one", "word secret two"), **alone}
    assert (
        judge_object(tried(answered(200, "a secret"), **common))[1]
        == "alice read a row of bob (id 2): the answer has secret"
    )
    assert judge_object(tried(answered(200, "a word"), **common)) == PASS
    assert judge_object(tried(answered(200, "one two"), **common)) == PASS
    apart = {"theirs": got("secret once", "secret twice"), **alone}
    assert judge_object(tried(answered(200, "twice"), **apart)) == PASS
    # Neither of several answers alone.
    other = {"theirs": got("secret", "other"), **alone}
    assert (
        judge_object(tried(answered(200, "secret"), **other))[0] != "breach"
        or "got the answer" in judge_object(tried(answered(200, "secret"), **other))[1]
    )


def test_what_is_said_of_writes() -> None:
    def deleted(answer: Observation, theirs: Any, mine: Any, **more: Any) -> tuple[str, str, str]:
        own: dict[str, Any] = {
            "theirs": [answered(204, rows=rows) for rows in theirs],
            "mine": [answered(204, rows=rows) for rows in mine],
        }
        return judge_object(tried(answer, key="DELETE /notes/{id}", **own, **more))

    def wrote(rows: Any) -> Observation:
        return answered(204, rows=rows)

    changed = "alice changed a row of bob (id 2): notes, id 2, user_id 2"
    assert deleted(wrote([GONE]), [[GONE], []], [[MINE]] * 2) == ("breach", changed, HINT)
    assert (
        deleted(wrote([GONE]), [[], [GONE]], [[MINE]] * 2) == PASS
    )  # Only the first of the owner's requests had the row.
    assert (
        deleted(wrote([GONE]), [[GONE]] * 2, [[GONE]] * 2) == PASS
    )  # Everybody's request writes it: a counter, a log.
    assert deleted(wrote([]), [None] * 2, [[MINE]] * 2) == PASS
    named = "alice wrote a row of bob (id 2): notes, user_id 2"
    assert deleted(wrote([made(2)]), [[made(2)]] * 2, [[made(1)]] * 2) == ("breach", named, HINT)
    # The column holds the person in the own rows, and the owner in the owner's, of this table: else it is another's business.
    elsewhere = ChangedRow("audit", True, {"id": 9, "user_id": 1})
    assert deleted(wrote([made(2)]), [[made(2)]] * 2, [[elsewhere]] * 2) == PASS
    assert deleted(wrote([made(2)]), [[elsewhere]] * 2, [[made(1)]] * 2) == PASS
    # The owner's own rows of this table hold somebody else: the column says nothing of the owner.
    assert deleted(wrote([made(2)]), [[made(1)]] * 2, [[made(1)]] * 2) == PASS
    # Where the database did not tell of one of the requests.
    assert deleted(wrote([GONE]), [None] * 2, [[MINE]] * 2) == PASS
    assert deleted(wrote(None), [[GONE]] * 2, [[MINE]] * 2) == ("inconclusive", DIFFER, "")
    unseen = ("inconclusive", UNSEEN, DECLARE)
    assert deleted(answered(204, rows=None), [None] * 2, [None] * 2)[0] == "inconclusive"
    by_post: dict[str, Any] = {"key": "POST /notes/{id}"}
    assert (
        judge_object(tried(answered(200, "a pear"), theirs=got("the apple") * 2, mine=got("the fig") * 2, **by_post))
        == unseen
    )
    assert (
        judge_object(tried(answered(200, "the fig"), theirs=got("the apple") * 2, mine=got("the fig") * 2, **by_post))
        == PASS
    )
    assert judge_object(tried(answered(200, "ok"), theirs=got("ok") * 2, mine=got("ok") * 2, **by_post)) == (
        "inconclusive",
        DIFFER,
        "",
    )
