"""Invariants, stories and step types as data, and the rules that need no backend: tables of facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.contracts.user_sync import INVARIANTS, invariants
from harness.contracts.user_sync.compare import describe_answer, dump_differences, rows_equal, values_equal
from harness.contracts.user_sync.declaration import UserTable
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import AnsweredAtOnce, Impersonation
from harness.contracts.user_sync.invariants import at_once, token_only
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.people import Person, Row
from harness.contracts.user_sync.sequences import stories
from harness.contracts.user_sync.steps import BY_KIND, STEP_TYPES
from harness.contracts.user_sync.steps.base import Step, story
from harness.contracts.user_sync.violations import Violation, violation_type
from harness.fake_clerk import EmailAddress, FakeClerk
from harness.targets.base import Observation

NOWHERE = cast("SyncEnvironment", None)
"""For rules that do not read the environment."""


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.name)
def test_an_invariant_says_what_it_is_where_it_is_from_and_how_it_was_broken(invariant: Invariant) -> None:
    assert invariant.sentence
    assert re.match(r"https://|PostgreSQL documentation, |Field note: ", invariant.source)
    assert invariant.stories
    assert invariant.rules
    assert {step.kind for story in invariant.stories for step in story} <= set(BY_KIND)
    assert all(story[0].kind == "sign up" for story in invariant.stories)


def test_each_invariant_is_a_file_and_a_line() -> None:
    folder = Path(invariants.__file__).parent
    files = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--", "base"}
    assert [invariant.name for invariant in INVARIANTS] == list(dict.fromkeys(i.name for i in INVARIANTS))
    assert {invariant.name for invariant in INVARIANTS} == files


def test_no_kind_of_steps_is_there_twice() -> None:
    assert len(BY_KIND) == len(STEP_TYPES)


def test_a_story_is_read_from_words() -> None:
    assert story("sign up:1:2:legacy:upper", "everybody", "move:3:0::plus") == (
        Step("sign up", 1, 2, "legacy", "upper"),
        Step("everybody"),
        Step("move", 3, 0, None, "plus"),
    )


def test_each_story_is_tried_once_and_those_of_a_wanted_check_come_first() -> None:
    every = stories(webhook=True)
    assert len(every) == len(set(every))
    assert set(every) == {one for invariant in INVARIANTS for one in invariant.stories}
    for invariant in INVARIANTS:
        found = stories(webhook=True, check=invariant.name)
        assert found[: len(invariant.stories)] == list(invariant.stories)
        assert set(found) == set(every)


@pytest.mark.parametrize(
    ("webhook", "changes", "left_out"),
    [
        (True, True, set()),
        (False, True, {"deliver", "deliver again", "deliver killed", "other event", "partial", "race"}),
        (
            False, False,
            {"deliver", "deliver again", "deliver killed", "other event", "partial", "race",
                "rename", "move", "swap", "second address", "ban", "unban", "delete", "take address", "boast"},
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_left_out_of_stories(webhook: bool, changes: bool, left_out: set[str]) -> None:
    kinds = {step.kind for story in stories(webhook=webhook, changes=changes) for step in story}
    assert kinds == set(BY_KIND) - left_out


@dataclass(frozen=True)
class Rang:
    """A fact of a type of its own."""

    times: int


def test_a_rule_judges_facts_of_its_type_only() -> None:
    def rings_once(_: SyncEnvironment, fact: Rang) -> Iterator[Judgement]:
        yield Judgement(fact.times == 1, f"it rang {fact.times} times")

    invariant = Invariant("bell", "the bell rings once", rules=(Rule(Rang, rings_once),))
    assert list(invariant.judge(NOWHERE, Rang(2))) == [Judgement(False, "it rang 2 times")]
    assert list(invariant.judge(NOWHERE, Rang(1))) == [Judgement(True, "it rang 1 times")]
    assert list(invariant.judge(NOWHERE, "rang")) == []


def test_violations_of_a_check_have_a_type_of_their_own() -> None:
    assert violation_type("one-row") is violation_type("one-row")
    assert violation_type("one-row") is not violation_type("own-row")
    raised = violation_type("one-row")("one-row", "P0 has 2 rows", ["P0 signs up"], [], ["id=1"])
    assert isinstance(raised, Violation)
    assert (str(raised), raised.check, raised.message) == ("one-row: P0 has 2 rows", "one-row", "P0 has 2 rows")


OK, NO, DOWN = Observation(200), Observation(401), Observation(500)


@pytest.mark.parametrize(
    ("answers", "rows", "broken"),
    [
        ([OK, OK], 1, []),
        ([OK, NO], 1, ["P0 was answered 200, 401"]),
        ([OK, DOWN], 2, ["P0 was answered 200, 500", "there are 2 rows for P0"]),
        ([OK, OK], 0, ["there are 0 rows for P0"]),
    ],
)
def test_first_requests_at_once(answers: list[Observation], rows: int, broken: list[str]) -> None:
    user = FakeClerk().directory.add_user(emails=[EmailAddress("p0@example.com")])
    person = Person(0, user)
    judged = list(at_once.INVARIANT.judge(NOWHERE, AnsweredAtOnce(person, answers, rows)))
    assert [judgement.message for judgement in judged if not judgement.holds] == broken
    person.ever_banned = True
    assert list(at_once.INVARIANT.judge(NOWHERE, AnsweredAtOnce(person, answers, rows))) == []


A, B = {"id": 1, "email": "a@example.com"}, {"id": 1, "email": "b@example.com"}


@pytest.mark.parametrize(
    ("addresses", "before", "after", "broken"),
    [
        (("b", "a"), A, A, False),
        (("b", "a"), A, B, True),
        (("a", "b"), A, B, False),
        (("a", "b"), A, A | {"email": None}, False),
        (("A", "b"), A, B, False),
        (("a", "b"), A, B | {"seen": 1}, True),
        (("a", "b"), A | {"email": "c@example.com"}, B, True),
        (("a", "b"), A, None, True),
        (("a", "a"), A, B, True),
    ],
)
def test_whose_address_is_somebody_else_s_by_now_may_lose_it_in_that_one_s_request(
    addresses: tuple[str, str], before: Row, after: Row | None, broken: bool
) -> None:
    directory = FakeClerk().directory
    person, other = (
        Person(number, directory.add_user(emails=[EmailAddress(f"x{number}@example.com")]), moved=True)
        for number in (0, 1)
    )
    for each, letter in ((person, addresses[0]), (other, addresses[1])):
        each.user.emails = [EmailAddress(f"{letter}@example.com")]
    environment = cast("SyncEnvironment", SimpleNamespace(file=SimpleNamespace(table=UserTable())))
    seen = {"seen": 0}
    fact = Impersonation(person, other, NO, None, None, seen | before, None if after is None else seen | after)
    judged = list(token_only.INVARIANT.judge(environment, fact))
    assert [judgement.message for judgement in judged if not judgement.holds] == [
        "the row of P1 changed by a request of P0"
    ] * broken


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Observation(200), "200"),
        (Observation(500, error="Traceback\nKeyError: 'x'"), "500 (KeyError: 'x')"),
        (Observation(None, error="the process ended"), "the process ended"),
        (Observation(None), "nothing"),
    ],
)
def test_an_answer_in_short(answer: Observation, words: str) -> None:
    assert describe_answer(answer) == words


@pytest.mark.parametrize(
    ("stored", "value", "fold", "equal"),
    [
        ("a", "a", False, True), ("A", "a", False, False), ("A", "a", True, True), (None, "", False, True), ("", None, False, True),
        (None, None, True, True), (None, "a", True, False), ("", "a", False, False), (1, 1, True, True), (1, "1", True, False),
    ],
)  # fmt: skip
def test_values_of_a_column(stored: object, value: object, fold: bool, equal: bool) -> None:
    assert values_equal(stored, value, fold=fold) is equal


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"id": 1, "seen": 1}, {"id": 1, "seen": 2}, True),
        ({"id": 1, "seen": 1}, {"id": 2, "seen": 1}, False),
        (None, None, True),
        ({"id": 1, "seen": 1}, None, False),
        (None, {"id": 1, "seen": 1}, False),
    ],
)
def test_rows_but_for_what_is_volatile(one: Row | None, other: Row | None, equal: bool) -> None:
    assert rows_equal(one, other, {"seen"}) is equal


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"users": ["(1)"]}, {"users": ["(1)"]}, ""),
        ({"users": ["(1)"]}, {"users": ["(2)"]}, "users: - (1); + (2)"),
        ({"a": [], "users": ["(1)", "(2)", "(3)"]}, {"a": [], "users": []}, "users: - (1); - (2)"),
        ({"users": ["(1)"]}, {"users": ["(1)", "(1)"]}, "rows were doubled"),
    ],
)
def test_how_two_dumps_differ(before: dict[str, list[str]], after: dict[str, list[str]], words: str) -> None:
    assert dump_differences(before, after) == words
