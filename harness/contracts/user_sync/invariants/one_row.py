"""`one-row`: a Clerk user never has a second row, and what is no user has none."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import OtherEvent, RowsOfPerson
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.other_events import TYPES
from harness.contracts.user_sync.steps.base import story


def _rows(_: SyncEnvironment, fact: RowsOfPerson) -> Iterator[Judgement]:
    yield Judgement(len(fact.ids) <= 1, f"{fact.person.name} has {len(fact.ids)} rows")


def _of_users_only(_: SyncEnvironment, fact: OtherEvent) -> Iterator[Judgement]:
    made = ", ".join(map(str, fact.added))
    yield Judgement(not fact.added, f"{fact.type} made a row of the table of users, for {made}")


INVARIANT = Invariant(
    name="one-row",
    sentence="one row for each Clerk user, always",
    source="https://clerk.com/articles/how-to-sync-clerk-user-data-to-your-database (unique index on the Clerk id, upsert)",
    stories=(
        story("sign up:0:0:own", "deliver:0:0", "deliver again:0:0", "deliver again:0:0", "request:0"),
        story("sign up:0:0:own", "request:0", *(f"other event:0:{which}" for which in range(len(TYPES)))),
    ),
    rules=(Rule(RowsOfPerson, _rows), Rule(OtherEvent, _of_users_only)),
)
