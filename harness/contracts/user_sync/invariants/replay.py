"""`replay`: what is delivered or requested once more changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.user_sync.compare import dump_differences
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import Replayed
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _unchanged(_: SyncEnvironment, fact: Replayed) -> Iterator[Judgement]:
    difference = dump_differences(fact.before, fact.after)
    yield Judgement(fact.before == fact.after, f"the database changed: {difference}")


INVARIANT = Invariant(
    name="replay",
    sentence="replaying anything leaves the database as after the first time",
    source="https://docs.svix.com/retries (a message may arrive more than once)",
    stories=(
        story("sign up:0:0:own", "deliver:0:0", "deliver again:0:0", "deliver again:0:0", "request:0"),
        story("sign up:0:0:own", "deliver:0:0", "restart", "request:0"),
    ),
    rules=(Rule(Replayed, _unchanged),),
)
