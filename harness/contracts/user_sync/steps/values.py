"""Generated values of steps: who does something, how addresses are written, and what people are called."""

from __future__ import annotations

from faker import Faker
from hypothesis import strategies as st

_PEOPLE = 4
_UNUSUAL_NAMES = [
    "",
    " ",
    "O'Brien",
    "Nguyễn",
    "张伟",
    "مُحَمَّد",
    "\u202eevil\u202c",
    "👩🏽‍🚀",
    "Robert'); DROP TABLE users;--",
    "null",
    "Ünï " + "x" * 40,
]


def who() -> st.SearchStrategy[int]:
    """Numbers of people."""
    return st.integers(0, _PEOPLE - 1)


def number() -> st.SearchStrategy[int]:
    """Numbers of other people, of messages, or of variants: as many as may be, for they are taken modulo."""
    return st.integers(0, 11)


def forms() -> st.SearchStrategy[str]:
    """How an address is written: plainly, with a tag, or in mixed case."""
    return st.sampled_from(["plain", "plus", "upper"])


def claims() -> st.SearchStrategy[str]:
    """Whose address somebody signs up with: an own one, a legacy account's as one of three kinds, or an own one and a claim to that."""
    return st.sampled_from(
        ["own", "own", "own", "legacy", "legacy-unverified", "legacy-secondary", "alike", "metadata"]
    )


def names() -> st.SearchStrategy[str | None]:
    """Names as people have them, and beyond: none, right to left, emoji, long, any text that Postgres takes."""
    faker = Faker(["en_US", "de_DE", "ja_JP", "ar_AA", "hi_IN"], use_weighting=False)
    faker.seed_instance(7)
    usual = [faker.first_name() for _ in range(40)]
    anything = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)
    return st.one_of(st.none(), st.sampled_from(usual), st.sampled_from(_UNUSUAL_NAMES), anything)
