"""Two users at the same moment: whose answer each of them gets."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from harness.contracts.matrix.concurrent_users import concurrent_users, named_users
from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.runner import Work
from harness.credentials import CATALOGUE
from harness.targets.base import Call, Observation
from tests.matrix.kit import RecordingMint, plan_of, seen
from tests.matrix.playing import Answer, Play, letting_in, route


def pair(**more: Any) -> Callable[[int], Answer]:
    """Answers with the name of whoever asks, but for the request of a number."""

    def mixing(wrong: int) -> Answer:
        asked = [0]

        def answer(name: str, call: Call) -> Observation:
            if name == "missing":
                return seen(401, entered=False)
            asked[0] += 1
            other = asked[0] == wrong
            body = {"clerk": "alice@example.com", "clerk-other": "bob@example.com"}[name]
            swapped = {"alice@example.com": "bob@example.com", "bob@example.com": "alice@example.com"}
            return seen(200, entered=True, body=swapped[body] if other else body, **more)

        return answer

    return mixing


def with_pair() -> RoutePlan:
    return route("two-identities-at-once")


def test_two_users_who_get_their_own_answers(play: Play) -> None:
    played = play(with_pair(), pair()(0))
    assert played.verdict("two-identities-at-once") == "pass"
    together = [work for work in played.works if work.together]
    assert [len(work.sendings) for work in together] == [12]


@pytest.mark.parametrize("wrong", [6, 12, 17])
def test_an_answer_of_the_other_user(play: Play, wrong: int) -> None:
    played = play(with_pair(), pair()(wrong))
    assert played.verdict("two-identities-at-once") == "breach"


def test_only_one_of_two_is_let_in(play: Play) -> None:
    played = play(with_pair(), letting_in("clerk"))
    assert not any(work.together for work in played.works)


def test_a_stream_that_was_cut_off_is_asked_for_once(play: Play) -> None:
    played = play(with_pair(), pair(cut=True)(0))
    assert [len(work.sendings) for work in played.works if work.together] == [2]


# Round by round


def rounds(
    steps: Generator[Work, list[Observation], list[Observation]], *answers: list[Observation]
) -> tuple[list[int], list[Observation]]:
    """How many requests each round has, and what comes of it all."""
    sizes = [len(next(steps).sendings)]
    for number, some in enumerate(answers):
        assert len(some) == sizes[-1], f"round {number}"
        try:
            sizes.append(len(steps.send([*some]).sendings))
        except StopIteration as end:
            assert number == len(answers) - 1
            return sizes, end.value
    raise AssertionError(f"another round is asked for: {sizes}")


def bodies(*texts: str, status: int | None = 200) -> list[Observation]:
    return [seen(status, entered=True, body=text) for text in texts]


def together(minting: RecordingMint, *answers: list[Observation]) -> tuple[list[int], list[Observation]]:
    return rounds(concurrent_users(RequestFactory(minting, probed=True), plan_of(), []), *answers)


ONE, TWO = "alice@example.com", "bob@example.com"
ALONE, MANY = [2, 2, 12, 2], [ONE, TWO] * 6


@pytest.mark.parametrize(
    ("statuses", "goes_on"),
    [((200, 200), True), ((204, 204), True), ((200, 201), False), ((None, None), False), ((300, 300), False), ((403, 200), False)],
)  # fmt: skip
def test_both_must_be_let_in(minting: RecordingMint, statuses: tuple[int | None, int | None], goes_on: bool) -> None:
    alone = [seen(status, entered=True, body="x") for status in statuses]
    if goes_on:
        sizes, found = together(minting, alone, alone, bodies(*MANY), alone)
        assert (sizes, len(found)) == (ALONE, 1)
    else:
        assert together(minting, alone) == ([2], alone[:1])


@pytest.mark.parametrize("number", range(12))
def test_a_name_in_the_other_s_answer_needs_no_more_rounds(minting: RecordingMint, number: int) -> None:
    mixed = [*MANY]
    mixed[number] = TWO if number % 2 == 0 else ONE
    sizes, found = together(minting, bodies(ONE, TWO), bodies(ONE, TWO), bodies(*mixed), bodies(ONE, TWO))
    assert (sizes, [one.cross_user_leak for one in found]) == (ALONE, [mixed[number]])


@pytest.mark.parametrize("knowing", [0, 1, 3])
def test_what_both_see_at_some_time_is_no_secret(minting: RecordingMint, knowing: int) -> None:
    answers = [bodies(ONE, TWO), bodies(ONE, TWO), bodies(*MANY[:-2], f"{ONE} {TWO}", TWO), bodies(ONE, TWO)]
    answers[knowing] = bodies(f"{ONE} {TWO}", TWO)
    sizes, found = together(minting, *answers)
    assert (sizes, [one.cross_user_leak for one in found]) == (ALONE, [""])


@pytest.mark.parametrize(
    ("later", "leak"),
    [
        (["n 1", "n 2"] * 4, "the answer that bob gets: 2"),
        # It differs by chance.
        (["n 1", "n 2", "n 2", "n 1"] * 2, ""),
        (["n 1", "n 2"] * 3 + ["n 1", "n 3"], ""),
        (["n 1", "n 2"] * 3 + ["n 2", "n 2"], ""),
    ],
)
def test_without_a_name_more_rounds_show_whether_it_is_chance(
    minting: RecordingMint, later: list[str], leak: str
) -> None:
    usual = bodies("n 1", "n 2")
    mixed = bodies("n 2", "n 2", *["n 1", "n 2"] * 5)
    sizes, found = together(minting, usual, usual, mixed, usual, bodies(*later))
    assert (sizes, [one.cross_user_leak for one in found]) == ([*ALONE, 8], [leak])


def naming(
    minting: RecordingMint,
    alone: list[Observation],
    *answers: str,
    known: list[Observation] | None = None,
    later: list[Observation] | None = None,
) -> list[str]:
    """The leaks in the answers to requests whose query names bob; `known`: what both were answered alone, if it is; `later`: what they
    are answered alone where an answer is suspected.
    """
    steps = named_users(RequestFactory(minting, probed=True), plan_of(), CATALOGUE["identity-in-query"], known or [])
    sizes, found = rounds(steps, *([] if known else [alone]), bodies(*answers), *([later] if later else []))
    assert sizes == [*([] if known else [4]), 2, *([8] if later else [])]
    return [one.cross_user_leak for one in found]


def test_the_answer_that_the_other_gets_though_only_a_query_names_him(minting: RecordingMint) -> None:
    rows = bodies("row 1", "row 2", "row 1", "row 2")
    later = bodies(*["row 1", "row 2"] * 4)
    assert naming(minting, rows, "row 2", "row 1", later=later) == ["the answer that bob gets: 2", ""]
    rows = bodies("row 1", "row 2", "row 1", "row 2")
    assert naming(minting, [], "row 2", "row 1", known=rows, later=later) == ["the answer that bob gets: 2", ""]
    # What differs by chance goes on to differ, by nobody.
    rows = bodies("row 1", "row 2", "row 1", "row 2")
    assert naming(minting, rows, "row 2", "row 1", later=bodies(*["row 1", "row 2"] * 3, "row 2", "row 2")) == ["", ""]
    # Where somebody is kept out later, what is known is what was answered before.
    rows, out = bodies("row 1", "row 2", "row 1", "row 2"), bodies(*["row 1", "row 2"] * 4)
    out[7].status = 429
    assert naming(minting, rows, "row 2", "row 1", later=out) == ["the answer that bob gets: 2", ""]
    # Bob's own answers differ, in the last of them too: nothing is his.
    assert naming(minting, bodies("row 1", "row 2", "row 1", "row 3"), "row 2", "row 3") == ["", ""]
    assert naming(minting, bodies("row 1", "row 3", "row 1", "row 2"), "row 2", "row 3") == ["", ""]


@pytest.mark.parametrize("status", [None, 300, 302, 404])
def test_where_one_of_them_is_kept_out_nothing_is_anybody_s(minting: RecordingMint, status: int | None) -> None:
    rows = bodies("row 1", "row 2", "row 1", "row 2")
    rows[3].status = status
    assert naming(minting, rows, "row 2", "row 2") == ["", ""]


def test_what_a_request_says_may_be_repeated(minting: RecordingMint) -> None:
    bob = minting.identities["bob"]
    alone = bodies(ONE, TWO, ONE, TWO)
    # The second form of the query has his id in it, none has his address.
    assert naming(minting, alone, f"{ONE} {bob.user.id}", f"{ONE} {bob.user.id}") == [bob.user.id, ""]
    assert naming(minting, alone, f"{ONE} {TWO}", ONE) == [TWO, ""]
