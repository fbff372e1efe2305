"""What one process of a run has learned, the others cut too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.core import redact
from harness.core.redact import Secrets, adopt, known_secrets

FIRST, SECOND = "four words and a dot.", "five words and no dot here"


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(redact, "_KNOWN", Secrets())
    yield


def test_what_another_knows_is_cut_as_well() -> None:
    first, second = Secrets(), Secrets()
    first.learn(FIRST)
    second.learn(SECOND)
    second.take_over(first)
    for value in (FIRST, SECOND):
        assert value not in second.cut(f"told {value} to all")
    assert SECOND in first.cut(f"told {SECOND} to all")


def test_what_is_handed_over_is_what_was_known_then() -> None:
    redact.learn(FIRST)
    given = known_secrets()
    redact.learn(SECOND)
    assert FIRST not in given.cut(FIRST)
    assert SECOND in given.cut(SECOND)


def test_what_was_shown_before_is_cut_afterwards() -> None:
    assert FIRST in redact.redact(f"told {FIRST} to all")
    other = Secrets()
    other.learn(FIRST)
    adopt(other)
    assert FIRST not in redact.redact(f"told {FIRST} to all")
