"""A person has a row and a legacy account has the same address: each correct way is left alone, and what is declared is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast

import pytest

from harness.contracts.user_sync import run_sync
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import BothSides
from harness.contracts.user_sync.invariants import both_sides, no_adoption
from harness.contracts.user_sync.invariants.both_sides import made_one, wrong_with
from harness.contracts.user_sync.people import LegacyAccount, Person
from harness.contracts.user_sync.runner import StepRunner
from harness.contracts.user_sync.steps.base import story
from harness.contracts.user_sync.violations import Violation
from harness.fake_clerk import User
from tests.user_sync.both_sides import WAYS

NO_FINDING = (
    story("sign up:0:0:own", "request:0", "deliver:0:0", "legacy sign up:0", "request:0"),
    story("sign up:0:0:legacy", "partial:0:2", "request:0", "deliver:0:0"),
    story("sign up:0:0:own", "delete:0", "deliver:0:0", "deliver:0:0", "sign up again:0", "impostor:1:0"),
    story("sign up:0:0:own", "request:0", "sign up:1:0:own", "swap:0:1", "impostor:1:0"),
)
"""Sequences in which a correct backend was found at fault."""
OWN, LEGACY, PROFILE = 1, 2, ("profiles", "user_id")
NOTES, POSTS = ("notes", "user_id"), ("posts", "author")


@contextmanager
def declared(environment: SyncEnvironment, folder: Path, way: str, word: str) -> Iterator[None]:
    """The backend works that way, and `both_sides` is that word."""
    file, switch = environment.file, folder / "flaw.txt"
    table = file.table.model_copy(update={"both_sides": cast(Literal["either"], word)})
    environment.file = file.model_copy(update={"table": table})
    environment.both_sides.clear()
    switch.write_text(way)
    try:
        yield
    finally:
        switch.unlink()
        environment.file = file


@pytest.mark.parametrize(("way", "word"), WAYS.items())
def test_each_correct_way_is_left_alone(environment: SyncEnvironment, folder: Path, way: str, word: str) -> None:
    counts: Counter[str] = Counter()
    with declared(environment, folder, way, word):
        for each in (*both_sides.INVARIANT.stories, *no_adoption.INVARIANT.stories[2:], *NO_FINDING):
            StepRunner(environment, set(), counts).run(each)
    assert counts["both-sides"] > 0
    assert ("made one" in environment.both_sides) == (word == "merge")


@pytest.mark.parametrize(
    ("way", "word", "told"),
    [
        ("no flaw: apart", "merge", "stayed apart; user_sync.toml: table.both_sides is 'merge'"),
        ("no flaw: merges into the own row", "apart", "were made one; user_sync.toml: table.both_sides is 'apart'"),
        ("no flaw: apart", "refuse", "was answered 200; user_sync.toml: table.both_sides is 'refuse'"),
        ("refuses by failing", "refuse", "was answered 500 (RuntimeError: undecided at"),
    ],
)
def test_what_is_declared_is_held(environment: SyncEnvironment, folder: Path, way: str, word: str, told: str) -> None:
    with declared(environment, folder, way, word):
        (found,) = run_sync(environment, sequences=1, checks=["both-sides"])
    assert found.failed
    assert told in found.detail


def test_a_person_who_is_kept_out_is_a_finding_where_it_is_not_declared(
    environment: SyncEnvironment, folder: Path
) -> None:
    with declared(environment, folder, "no flaw: refuses", "either"), pytest.raises(Violation) as found:
        StepRunner(environment, set(), Counter()).run(both_sides.INVARIANT.stories[0])
    assert found.value.check == "at-once"
    assert "409" in found.value.message


def fact(now: int | None, there: bool, hang: list[tuple[tuple[str, str], str, int | None]]) -> BothSides:
    """What became of row 1, a person's, and row 2, a legacy account's; of `profiles` each user has one."""
    account = LegacyAccount(0, "ada@example.com", {"id": LEGACY})
    shared = {PROFILE}
    return BothSides(Person(0, User("user_1")), account, LEGACY, OWN, now, there, list(hang), shared)


@pytest.mark.parametrize(
    ("now", "there", "hang", "one", "wrong"),
    [
        (OWN, True, [(NOTES, "legacy", LEGACY), (NOTES, "own", OWN)], False, ""),
        (OWN, True, [], False, ""),
        (OWN, False, [(NOTES, "legacy", OWN), (NOTES, "own", OWN)], True, ""),
        (OWN, True, [(NOTES, "legacy", OWN), (NOTES, "own", OWN)], True, ""),
        (LEGACY, True, [(NOTES, "legacy", LEGACY), (NOTES, "own", LEGACY)], True, ""),
        (OWN, False, [(PROFILE, "legacy", None), (NOTES, "legacy", OWN)], True, ""),
        (None, True, [], False, "P0 has no row any more"),
        (3, True, [], False, "P0 has a third row, 3"),
        (OWN, False, [(NOTES, "legacy", None)], True, "user_id 2, which was that of the legacy account ada@example.com, and is gone"),
        (LEGACY, True, [(NOTES, "own", OWN)], True, "which was that of P0, and has 1, and P0 has row 2"),
        (LEGACY, True, [(NOTES, "own", None)], True, "which was that of P0, and is gone"),
        (OWN, True, [(PROFILE, "legacy", None)], False, "a row of profiles had user_id 2"),
        (OWN, True, [(NOTES, "legacy", OWN), (POSTS, "legacy", LEGACY)], True, "a row of posts had author 2"),
        (OWN, True, [(NOTES, "own", LEGACY)], False, "a row of notes had user_id 1, which was that of P0, and has 2"),
    ],
)  # fmt: skip
def test_what_may_become_of_the_two(
    now: int | None, there: bool, hang: list[tuple[tuple[str, str], str, int | None]], one: bool, wrong: str
) -> None:
    looked_at = fact(now, there, hang)
    assert made_one(looked_at) is one
    assert wrong in wrong_with(looked_at)
    assert bool(wrong) == bool(wrong_with(looked_at))
