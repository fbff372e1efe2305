"""Inputs that nobody should give are told in a sentence, in time, and leave nothing behind."""

from __future__ import annotations

import os

import pytest

from tests.drills.malformed import Case, chosen, problems

NUMBER = 200 if os.environ.get("HARNESS_LONG") else 24
SEED = int(os.environ.get("HARNESS_SEED", "0"))


@pytest.mark.parametrize(
    "case", chosen(NUMBER, SEED), ids=lambda case: case.name.encode("unicode_escape").decode()[:80]
)
def test_a_malformed_input_is_told_in_a_sentence_and_leaves_nothing(case: Case) -> None:
    assert problems(case) == []
