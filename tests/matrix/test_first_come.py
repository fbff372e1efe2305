"""Which answers are remembered for a path and not for a person: pure, from what two people were answered in either order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.contracts.matrix.first_come import is_suspected, remembered
from harness.targets.base import Observation
from tests.matrix.kit import RecordingMint

HERS, HIS, NOBODY_S = "rows of {alice}", "rows of {bob}", "rows"
BOTH = "rows of {alice} and {bob}"


def answers(minting: RecordingMint, *texts: str, **more: Any) -> tuple[Observation, Observation]:
    ids = {name: minting.identities[name].user.id for name in ("alice", "bob")}
    one, two = (replace(Observation(200, body=text.format(**ids)), **more) for text in texts)
    return one, two


def people(minting: RecordingMint) -> Any:
    return minting.identities["alice"], minting.identities["bob"]


@pytest.mark.parametrize(
    ("texts", "more", "expected"),
    [
        ((HERS, HERS), {}, True), ((HERS, HIS), {}, False), ((HIS, HIS), {}, False), ((NOBODY_S, NOBODY_S), {}, False),
        ((BOTH, BOTH), {}, False), ((HERS, HERS + "!"), {}, False), ((HERS, HERS), {"status": 403}, False),
        ((HERS, HERS), {"status": None}, False), ((HERS, HERS), {"status": 300}, False), ((HERS, HERS), {"cut": True}, False),
        ((HERS, HERS), {"status": 299}, True), (("{{}}", "{{}}"), {}, False),
    ],
)  # fmt: skip
def test_the_same_answer_that_names_who_came_first(
    minting: RecordingMint, texts: tuple[str, str], more: dict[str, Any], expected: bool
) -> None:
    assert is_suspected(answers(minting, *texts, **more), *people(minting)) is expected


def test_an_address_names_somebody_as_well(minting: RecordingMint) -> None:
    alice, bob = people(minting)
    found = answers(minting, f"rows of {alice.email}", f"rows of {alice.email}")
    assert is_suspected(found, alice, bob) and not is_suspected(found, bob, alice)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((HERS, HERS), (HIS, HIS), True),
        ((HERS, HERS), (HERS, HERS), False),  # A list that has a row of hers.
        ((HERS, HIS), (HERS, HIS), False), ((HERS, HERS), (HERS, HIS), False), ((HERS, HIS), (HIS, HIS), False),
        ((HERS, HERS), (BOTH, BOTH), False),
    ],
)  # fmt: skip
def test_whoever_asks_first_is_shown_to_everybody(
    minting: RecordingMint, before: tuple[str, str], after: tuple[str, str], expected: bool
) -> None:
    alice, bob = people(minting)
    found = remembered(answers(minting, *before), answers(minting, *after), alice, bob)
    told = f"whoever asks first is shown to everybody: {alice.user.id} to bob, and after a fresh start {bob.user.id} to alice"
    assert found == (told if expected else "")
