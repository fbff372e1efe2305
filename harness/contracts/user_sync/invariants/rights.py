"""`rights`: what somebody writes about themselves gives them no right."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import RightsOfBoaster
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _nothing_gained(environment: SyncEnvironment, fact: RightsOfBoaster) -> Iterator[Judgement]:
    yield Judgement(
        not fact.gained,
        f"{fact.person.name} has {', '.join(fact.gained)}, which nobody gave them: unsafe metadata is written by the person's own browser",
    )


INVARIANT = Invariant(
    name="rights",
    sentence="what a person's own browser writes (unsafe metadata) gives no role and no right",
    source="https://clerk.com/docs/guides/users/extending (unsafe metadata); CWE-269; CWE-915",
    stories=(
        story("sign up:0:0:own", "request:0", "sign up:1:0:rights", "request:1", "deliver:0:0", "deliver:0:1"),
        story("sign up:0:0:own", "sign up:1:0:rights", "deliver:0:0", "deliver:0:1", "everybody"),
        story("sign up:0:0:own", "sign up:1:0:own", "everybody", "boast:1", "deliver:0:2", "request:1"),
    ),
    rules=(Rule(RightsOfBoaster, _nothing_gained),),
)
