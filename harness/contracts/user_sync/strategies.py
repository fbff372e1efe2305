"""Generated people and what happens to them: Hypothesis strategies over steps that are plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from faker import Faker
from hypothesis import strategies as st

LEGACY = 2
"""Legacy accounts in each example."""
PEOPLE = 4
_BEYOND = [
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


def names() -> st.SearchStrategy[str | None]:
    """Names as people have them, and beyond: none, right to left, emoji, long, any text that Postgres takes."""
    faker = Faker(["en_US", "de_DE", "ja_JP", "ar_AA", "hi_IN"], use_weighting=False)
    faker.seed_instance(7)
    usual = [faker.first_name() for _ in range(40)]
    anything = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)
    return st.one_of(st.none(), st.sampled_from(usual), st.sampled_from(_BEYOND), anything)


@dataclass(frozen=True)
class Step:
    """One thing that happens. `who` and `other` are numbers of people, taken modulo those there are."""

    kind: str
    who: int = 0
    other: int = 0
    text: str | None = None
    more: str | None = None


def _story(*parts: str) -> list[Step]:
    """Steps from words: `sign up:0:1:legacy` is kind, who, other, text, more."""
    made = []
    for part in parts:
        kind, *rest = part.split(":")
        who, other, text, more = [*rest, "", "", "", ""][:4]
        made.append(Step(kind, int(who or 0), int(other or 0), text or None, more or None))
    return made


STORIES = [
    _story("sign up:0:0:own", "at once:0:6"),
    _story("sign up:0:0:legacy", "at once:0:4"),
    _story("sign up:0:0:legacy", "request:0", "deliver:0:0", "request:0"),
    _story("sign up:0:1:legacy", "request:0"),
    _story("sign up:0:0:legacy:upper", "request:0"),
    _story("sign up:0:0:own:plus", "sign up:1:0:own:upper", "everybody"),
    _story("sign up:0:0:legacy-unverified", "request:0", "deliver:0:0"),
    _story("sign up:0:0:legacy-secondary", "request:0", "deliver:0:0"),
    _story("sign up:0:0:own", "request:0", "second address:0:1", "deliver:0:1", "deliver:0:0"),
    _story("sign up:0:0:own", "request:0", "rename:0:0:Grace:Hopper", "deliver:0:1", "deliver:0:0"),
    _story("sign up:0:0:own", "rename:0:0:Grace:Hopper", "deliver:0:1", "deliver:0:0", "request:0"),
    _story("sign up:0:0:own", "request:0", "rename:0", "deliver:0:0", "deliver:0:0"),
    _story(
        "sign up:0:0:own",
        "request:0",
        "rename:0:0:Grace",
        "rename:0:0:Ada",
        "deliver:0:2",
        "deliver:0:1",
        "deliver:0:0",
    ),
    _story("sign up:0:0:own", "deliver:0:0", "deliver again:0:0", "deliver again:0:0", "request:0"),
    _story("sign up:0:0:own", "request:0", "move:0:0::plus", "deliver:0:1", "deliver:0:0"),
    _story("sign up:0:0:own", "sign up:1:0:own", "everybody", "swap:0:1"),
    _story("sign up:0:0:own", "sign up:1:0:own", "everybody", "swap:0:1", "deliver:0:3", "deliver:0:2", "everybody"),
    _story("sign up:0:0:own", "request:0", "delete:0", "deliver:0:1", "deliver:0:0"),
    _story("sign up:0:0:own", "delete:0", "deliver:0:1", "deliver:0:0"),
    _story("sign up:0:0:own", "request:0", "rename:0:0:Grace", "delete:0", "deliver:0:2", "deliver:0:1", "deliver:0:0"),
    _story("sign up:0:0:own", "request:0", "ban:0", "deliver:0:1", "request:0"),
    _story("sign up:0:0:own", "request:0", "ban:0", "deliver:0:1", "unban:0", "deliver:0:1", "request:0"),
    _story("sign up:0:0:own", "request:0", "deliver:0:0", "partial:0:0", "partial:0:1", "partial:0:2"),
    _story("sign up:0:0:own", "sign up:1:0:own", "request:1", "impostor:0:1"),
    _story("sign up:0:0:own", "sign up:1:0:own", "everybody", "impostor:0:1", "impostor:1:0"),
    _story("sign up:0:0:own", "killed:0:1"),
    _story("sign up:0:0:own", "killed:0:2"),
    _story("sign up:0:0:own", "killed:0:3"),
    _story("sign up:0:0:own", "killed:0:4"),
    _story("sign up:0:0:legacy", "killed:0:1"),
]
"""What has gone wrong in the field, tried before anything that is generated."""
_DELIVERED = ("deliver", "deliver again", "partial")
_CHANGES = ("rename", "move", "swap", "second address", "ban", "unban", "delete")


_TELLING = {
    "one-row": "deliver again", "replay": "deliver again", "at-once": "at once", "adoption": "legacy", "no-adoption": "legacy-unverified",
    "own-row": "everybody", "partial": "partial", "token-only": "impostor", "banned": "ban", "no-resurrection": "delete",
    "connection-loss": "connection-loss", "relations": "legacy",
}  # fmt: skip
"""Check -> what a story has that is likely to break it: the kind of a step, or how somebody signs up."""


def stories(*, webhook: bool, changes: bool = True, check: str = "") -> list[list[Step]]:
    """The stories that can be told: `webhook`: something can be delivered; `changes`: sync hears of changed profiles at all.
    `check`: the one that is looked at, where there is only one.
    """
    first = _TELLING.get(check, "")
    left = (() if webhook else _DELIVERED) + (() if changes else _CHANGES)
    told = ([step for step in story if step.kind not in left] for story in STORIES)
    # Where a single check is wanted, first what is most likely to break it.
    return sorted(filter(None, told), key=lambda story: all(first not in (step.kind, step.text) for step in story))


def steps(*, webhook: bool, changes: bool = True) -> st.SearchStrategy[list[Step]]:
    """Sequences of steps; see `stories`."""
    who, other = st.integers(0, PEOPLE - 1), st.integers(0, 11)
    forms = st.sampled_from(["plain", "plus", "upper"])
    claims = st.sampled_from(["own", "own", "own", "legacy", "legacy-unverified", "legacy-secondary"])
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(Step, st.just("sign up"), who, other, claims, forms),
        st.builds(Step, st.just("request"), who),
        st.builds(Step, st.just("everybody")),
        st.builds(Step, st.just("at once"), who, st.integers(2, 6)),
        st.builds(Step, st.just("impostor"), who, other),
        st.builds(Step, st.just("connection-loss"), who, st.integers(1, 5)),
    ]
    if changes:
        kinds += [
            st.builds(Step, st.just("rename"), who, text=names(), more=names()),
            st.builds(Step, st.just("move"), who, other, more=forms),
            st.builds(Step, st.just("swap"), who, other),
            st.builds(Step, st.just("swap"), who, other),
            st.builds(Step, st.just("second address"), who, other),
            st.builds(Step, st.just("ban"), who),
            st.builds(Step, st.just("unban"), who),
            st.builds(Step, st.just("delete"), who),
        ]
    if webhook:
        kinds += [
            st.builds(Step, st.just("deliver"), other=other),
            st.builds(Step, st.just("deliver"), other=other),
            st.builds(Step, st.just("deliver again"), other=other),
            st.builds(Step, st.just("partial"), who, other),
        ]
    first = kinds[0]
    return st.builds(
        lambda one, two, rest: [one, *two, *rest],
        first,
        st.lists(st.one_of(first, kinds[1], kinds[2]), max_size=4),
        st.lists(st.one_of(kinds), min_size=2, max_size=14),
    )
