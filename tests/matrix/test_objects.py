"""What people got on their own rows and on others', as a table of facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jwt
import pytest

from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.objects import Tried, judge_object, try_objects
from harness.contracts.matrix.owners import owners_of
from harness.contracts.matrix.runner import Work
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE, Mint
from harness.targets.base import Call, ChangedRow, Observation
from harness.targets.request_builder import Example
from tests.matrix.kit import NO_MECHANISMS, RecordingMint, plan_of, seen
from tests.matrix.playing import Play

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


def _who(call: Call, mint: Mint) -> str:
    """The person whose session token a request carries; nobody's is empty."""
    token = next((value for name, value in call.request.headers if name == "authorization"), "").removeprefix("Bearer ")
    try:
        subject = jwt.decode(token, options={"verify_signature": False})["sub"]
    except jwt.PyJWTError:
        return ""
    return next((name for name, person in mint.identities.items() if person.user.id == subject), "")


@pytest.mark.parametrize("careful", [True, False])
def test_every_person_is_tried_on_every_row(play: Play, minting: RecordingMint, careful: bool) -> None:
    """The own row twice, for what varies by itself; one at a time, and with the rows that each request writes."""
    notes = {"alice": MILK, "bob": DIARY}
    example = Example(path={"id": {"alice": 1, "bob": 2, "admin": "*"}})
    plan = plan_of(key="GET /notes/{id}", example=Example(path={"id": 1}))
    plan.owners = owners_of(example, ("alice", "bob", "admin"), "app")
    plan.cells = [cell for name in ("clerk", "own-object", "others-object") for cell in plan.planned(CATALOGUE[name])]

    def answer(name: str, call: Call) -> Observation:
        person = _who(call, minting)
        owner = "alice" if call.request.path.endswith("/1") else "bob"
        if not person:
            return seen(401, entered=False)
        if careful and person not in (owner, "admin"):
            return Observation(404, entered=True, micros=7, body="no such note")
        return Observation(200, entered=True, micros=7, body=notes[owner])

    played = play(plan, answer)
    singly = [work for work in played.works if work.singly and work.sendings[0].rows]
    asked = [
        (_who(work.sendings[0].call(), minting), work.sendings[0].call().request.path, len(work.sendings))
        for work in singly
    ]
    assert asked == [
        ("alice", "/notes/1", 2), ("alice", "/notes/2", 1), ("bob", "/notes/1", 1), ("bob", "/notes/2", 2),
        ("admin", "/notes/1", 1), ("admin", "/notes/2", 1),
    ]  # fmt: skip
    assert all(sending.rows for work in singly for sending in work.sendings)
    found = {verdict.credential: verdict for verdict in played.verdicts}
    assert {label: verdict.verdict for label, verdict in found.items()} == {
        "clerk": "pass", "own-object@alice:alice": "pass", "own-object@bob:bob": "pass",
        "others-object@admin:alice": "pass", "others-object@admin:bob": "pass",
        "others-object@alice:bob": "pass" if careful else "breach", "others-object@bob:alice": "pass" if careful else "breach",
    }  # fmt: skip
    other = found["others-object@alice:bob"]
    usual = CellVerdict(
        "app", "GET /notes/{id}", "p", "others-object@alice:bob", "objects", "reject", "pass", "probe", "", ""
    )
    needs = other.needs
    assert needs
    if careful:
        assert other == replace(usual, seen="404, the handler was entered", status=404, micros=7, needs=needs)
    else:
        shown = "alice read a row of bob (id 2): the answer has secret, diary"
        expected = replace(
            usual, verdict="breach", seen="200, the handler was entered", detail=shown, status=200, micros=7
        )
        assert other == replace(expected, excerpt=DIARY, hint=HINT, needs=needs)
    assert found["own-object@bob:bob"].needs == ""


def asked_of(minting: RecordingMint, example: Example, key: str) -> tuple[list[Work], list[Tried]]:
    """What is sent to a route whose line names rows, and what is kept of it; every request is answered by its place in order."""
    people = ("alice", "bob", "admin")
    plan = plan_of(key=key, example=Example(path={"id": 1}))
    plan.owners = owners_of(example, people, "app")
    assert plan.owners is not None
    cells = [cell for name in ("own-object", "others-object") for cell in plan.planned(CATALOGUE[name])]
    steps, works = try_objects(RequestFactory(minting, probed=True), plan, cells), []
    work = next(steps)
    while True:
        works.append(work)
        try:
            work = steps.send([seen(200, body=f"{len(works)}.{n}") for n, _ in enumerate(work.sendings)])
        except StopIteration as end:
            return works, end.value


def test_what_is_kept_of_each_request_and_who_is_who() -> None:
    minting = RecordingMint(origin="https://own.example.com")
    example = Example(
        path={"id": {"alice": 41, "bob": 42, "admin": "*"}},
        json={"note by": {"alice": "caf\xe9", "bob": "", "admin": "x"}},
    )
    works, kept = asked_of(minting, example, "PUT /notes/{id}")
    calls = [sending.call() for work in works for sending in work.sendings]
    assert [minting.name_in(call.request) for call in calls] == [
        "own-object", "own-object", "others-object", "others-object", "own-object", "own-object", "others-object", "others-object",
    ]  # fmt: skip
    assert {call.stop for call in calls} == {False} and all(call.stop is False for call in calls)
    tokens = [dict(call.request.headers)["authorization"].removeprefix("Bearer ") for call in calls]
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in tokens]
    assert {claim["azp"] for claim in claims} == {"https://own.example.com"}
    alice, bob, admin = (
        frozenset({str(person.database_id), person.user.id, person.email})
        for person in (minting.identities[name] for name in ("alice", "bob", "admin"))
    )
    alice, bob, admin = alice | {"41", "caf\xe9"}, bob | {"42"}, admin | {"x"}
    of_alice, of_bob = '/notes/41  {"note by": "caf\\u00e9"}', '/notes/42  {"note by": ""}'
    said: list[Any] = [
        (t.person, t.owner, t.answer.body, [a.body for a in t.theirs], [a.body for a in t.mine], t.sent, t.ids)
        for t in kept
    ]
    ones, twos = ["1.0", "1.1"], ["4.0", "4.1"]
    assert said == [
        ("alice", "alice", "1.0", ones, ones, of_alice, (alice, alice)),
        ("bob", "bob", "4.0", twos, twos, of_bob, (bob, bob)),
        ("alice", "bob", "2.0", twos, ones, of_bob, (alice, bob)),
        ("bob", "alice", "3.0", ones, twos, of_alice, (bob, alice)),
        ("admin", "alice", "5.0", ones, [], of_alice, (admin, alice)),
        ("admin", "bob", "6.0", twos, [], of_bob, (admin, bob)),
    ]


def test_without_a_probe_the_status_is_the_evidence_and_what_was_not_sent_says_so() -> None:
    state = RouteState(plan_of(key="GET /notes/{id}"))
    judge = Judge(NO_MECHANISMS, probed=False)
    one = judge.of_object(tried(Observation(200, body=DIARY + " " * 700)), state)
    assert (one.evidence, one.seen, one.excerpt) == ("status", "200", (DIARY + " " * 700)[:300])
    other = judge.of_object(tried(Observation(untried="time was up")), state)
    assert (other.verdict, other.seen, other.detail, other.status) == ("inconclusive", "not tried", "time was up", None)
