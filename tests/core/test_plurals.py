"""One thing, several things: what a person reads is a sentence for any number."""

from __future__ import annotations

import pytest

from harness.core.text import many


@pytest.mark.parametrize(
    ("number", "words", "told"),
    [
        (0, ("router",), "0 routers"),
        (1, ("router",), "1 router"),
        (1200, ("router",), "1,200 routers"),
        (1, ("policy", "policies"), "1 policy"),
        (2, ("policy", "policies"), "2 policies"),
        (1, ("route refuses", "routes refuse"), "1 route refuses"),
    ],
)
def test_numbers_of_things(number: int, words: tuple[str, ...], told: str) -> None:
    assert many(number, *words) == told
