"""Whose answer is it? What belongs to people counts; what varies by itself is nobody's."""

from __future__ import annotations

import pytest

from harness.contracts.matrix.cross_user_leak import find_cross_user_leak, private_words
from harness.credentials import Identity
from harness.fake_clerk import User
from harness.targets.base import Observation

BOB = Identity("bob", "bob@example.com", User("user_bob"))


def answers(*bodies: str, cut: bool = False) -> list[Observation]:
    return [Observation(status=200, body=body, cut=cut) for body in bodies]


@pytest.mark.parametrize(
    ("mine", "theirs", "seen", "found"),
    [
        (['{"me": "alice@example.com"}'], ['{"me": "bob@example.com"}'], '{"me": "bob@example.com"}', "bob@example.com"),
        (['{"me": "user_alice"}'], ['{"me": "user_bob"}'], '{"me": "user_bob"}', "user_bob"),
        (['{"number": 1}'] * 3, ['{"number": 2}'] * 3, '{"number": 2}', "the answer that bob gets: 2"),
        (['{"number": 1}'] * 3, ['{"number": 2}'] * 3, '{"number": 1}', ""),
        (['{"items": []}'] * 3, ['{"items": ["diary"]}'] * 3, '{"items": ["diary"]}', "the answer that bob gets: diary"),
        # A list of everybody.
        (['{"all": ["bob@example.com"]}'], ['{"all": ["bob@example.com"]}'], '{"all": ["bob@example.com"]}', ""),
        # Bob was here meanwhile, and everybody may know.
        (['{"lately": []}', '{"lately": ["bob@example.com"]}'], ['{"lately": []}'] * 2, '{"lately": ["bob@example.com"]}', ""),
        # A clock and a counter: each answer is another one.
        (['{"now": 1}', '{"now": 3}'], ['{"now": 2}', '{"now": 4}'], '{"now": 4}', ""),
        # One's own and the other's name in one answer: a conversation of the two.
        (['{"with": "x1"}'] * 2, ['{"with": "x2"}'] * 2, '{"with": ["x1", "x2"]}', ""),
        (["1"] * 2, ["2"] * 2, "2", "the answer that bob gets: 2"),
        # All of bob's words and more, three of which are told; what only the last two of one's own answers share is one's own.
        (["a"] * 2, ["r1 r2 r3 r4"] * 2, "r1 r2 r3 r4 now", "the answer that bob gets: r1, r2, r3"),
        (["x a", "x b", "x c"], ["y"] * 3, "x y", ""),
        (["a b", "a", "a b"], ["y"] * 3, "y b", "the answer that bob gets: y"),
        # One's own answers have his address, and not his id.
        (["by bob@example.com"] * 2, ["by user_bob"] * 2, "by bob@example.com user_bob", "user_bob"),
    ],
)  # fmt: skip
def test_an_answer_of_another_person(mine: list[str], theirs: list[str], seen: str, found: str) -> None:
    assert find_cross_user_leak(answers(seen)[0], answers(*mine), answers(*theirs), BOB) == found


def test_a_stream_that_was_cut_off_somewhere_has_no_marks() -> None:
    assert private_words(answers("1 2 3", "1 2 3"), answers("1 2")) == {"3"}
    assert private_words(answers("1 2 3", "1 2 3", cut=True), answers("1 2")) == set()


def test_who_was_asked_nothing_has_no_marks() -> None:
    assert private_words([], answers("1")) == private_words(answers("1"), []) == set()


def test_what_was_sent_may_be_repeated() -> None:
    answer, (mine,) = answers("for bob@example.com: user_bob")[0], answers("for alice")
    assert find_cross_user_leak(answer, [mine], [], BOB) == "bob@example.com"
    assert find_cross_user_leak(answer, [mine], [], BOB, "to=bob@example.com") == "user_bob"
    assert find_cross_user_leak(answer, [mine], [], BOB, "to=bob@example.com&id=user_bob") == ""
