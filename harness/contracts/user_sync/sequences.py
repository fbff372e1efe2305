"""Sequences of steps that are tried: the stories of the invariants, and then what Hypothesis generates."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.contracts.user_sync.invariants import INVARIANTS
from harness.contracts.user_sync.steps import BY_KIND, STEP_TYPES
from harness.contracts.user_sync.steps.base import Step, Story
from harness.contracts.user_sync.steps.requests import EVERYBODY, REQUEST, SIGN_UP


def stories(*, webhook: bool, changes: bool = True, check: str = "") -> list[Story]:
    """The stories of all invariants, each once, without the steps that cannot be done.

    `webhook`: something can be delivered; `changes`: the sync hears of changed profiles at all; `check`: the invariant whose
    stories come first, where only one is looked at.
    """
    by_relevance = sorted(INVARIANTS, key=lambda invariant: invariant.name != check)
    every = dict.fromkeys(story for invariant in by_relevance for story in invariant.stories)
    possible = (
        tuple(step for step in story if BY_KIND[step.kind].possible(webhook=webhook, changes=changes))
        for story in every
    )
    return [story for story in possible if story]


def generated(*, webhook: bool, changes: bool = True) -> st.SearchStrategy[list[Step]]:
    """Generated sequences: somebody signs up, perhaps others do or send requests, and then anything happens. See `stories`."""
    anything = [
        step_type.generate()
        for step_type in STEP_TYPES
        if step_type.possible(webhook=webhook, changes=changes)
        for _ in range(step_type.weight)
    ]
    return st.builds(
        lambda first, second, rest: [first, *second, *rest],
        SIGN_UP.generate(),
        st.lists(st.one_of(SIGN_UP.generate(), REQUEST.generate(), EVERYBODY.generate()), max_size=4),
        st.lists(st.one_of(anything), min_size=2, max_size=14),
    )
