"""Two users at the same moment: whose answer each of them gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.contracts.matrix.plan import RoutePlan
from harness.targets.base import Call, Observation
from tests.matrix.kit import seen
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
