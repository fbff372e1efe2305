"""People on rows, second half: what is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jwt
import pytest

from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.objects import Tried, try_objects
from harness.contracts.matrix.owners import owners_of
from harness.contracts.matrix.runner import Work
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE, Mint
from harness.targets.base import Call, Observation
from harness.targets.request_builder import Example
from tests.matrix.kit import NO_MECHANISMS, RecordingMint, plan_of, seen
from tests.matrix.playing import Play
from tests.matrix.test_objects import DIARY, HINT, MILK, tried


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
        ("alice", "/notes/1", 2), ("alice", "/notes/2", 1), ("alice", "/notes/1%2C2", 1), ("alice", "/notes/2%2C1", 1),
        ("bob", "/notes/1", 1), ("bob", "/notes/2%2C1", 1), ("bob", "/notes/1%2C2", 1), ("bob", "/notes/2", 2),
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
        *["own-object"] * 2, *["others-object"] * 6, *["own-object"] * 2, *["others-object"] * 2,
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
    ones, twos = ["1.0", "1.1"], ["8.0", "8.1"]
    assert said == [
        ("alice", "alice", "1.0", ones, ones, of_alice, (alice, alice)),
        ("bob", "bob", "8.0", twos, twos, of_bob, (bob, bob)),
        ("alice", "bob", "2.0", twos, ones, of_bob, (alice, bob)),
        ("bob", "alice", "5.0", ones, twos, of_alice, (bob, alice)),
        ("admin", "alice", "9.0", ones, [], of_alice, (admin, alice)),
        ("admin", "bob", "10.0", twos, [], of_bob, (admin, bob)),
    ]


def test_without_a_probe_the_status_is_the_evidence_and_what_was_not_sent_says_so() -> None:
    judge = Judge(NO_MECHANISMS, probed=False)
    one = judge.of_object(tried(Observation(200, body=DIARY + " " * 700)))
    assert (one.evidence, one.seen, one.excerpt) == ("status", "200", (DIARY + " " * 700)[:300])
    other = judge.of_object(tried(Observation(untried="time was up")))
    assert (other.verdict, other.seen, other.detail, other.status) == ("inconclusive", "not tried", "time was up", None)
    stopped = judge.of_object(tried(Observation(200, stopped=True, entered=True)))
    assert (stopped.status, stopped.excerpt) == (None, "")


def test_the_rows_of_two_in_one_request_and_what_a_declared_field_says() -> None:
    minting = RecordingMint()
    example = Example(headers={"X-Org": {"alice": "acme", "bob": "globex", "admin": "*"}})
    plan_headers = []
    works, kept = asked_of(minting, example, "GET /projects")
    for work in works:
        plan_headers.append(dict(work.sendings[0].call().request.headers)["x-org"])
    assert plan_headers == [
        "acme", "globex", "acme,globex", "globex,acme", "acme", "globex,acme", "acme,globex", "globex", "acme", "globex",
    ]  # fmt: skip
    (mixed,) = [tried for tried in kept if (tried.person, tried.owner) == ("alice", "bob")]
    assert [answer.body for answer, _ in mixed.among] == ["3.0", "4.0"]
