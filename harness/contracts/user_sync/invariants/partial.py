"""`partial`: what an update does not mention stays."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import PartialUpdate
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _nothing_lost(environment: SyncEnvironment, fact: PartialUpdate) -> Iterator[Judgement]:
    """What the profile itself no longer has may go: a sync may ask Clerk for the user as it is now."""
    before, after = fact.row_before, fact.row_after
    lost = [
        column
        for column, name in environment.file.table.mirror.items()
        if before[column] is not None
        and (after is None or after[column] is None)
        and fact.person.at_clerk(name) is not None
    ]
    yield Judgement(not lost, f"{fact.person.name} lost {', '.join(lost)}")


INVARIANT = Invariant(
    name="partial",
    sentence="a partial payload erases nothing",
    source="Field note: handlers that read a field the payload lacks, and store NULL over what they had",
    stories=(story("sign up:0:0:own", "request:0", "deliver:0:0", "partial:0:0", "partial:0:1", "partial:0:2"),),
    rules=(Rule(PartialUpdate, _nothing_lost),),
)
