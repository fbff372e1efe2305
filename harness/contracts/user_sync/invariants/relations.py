"""`relations`: an account and the rows that refer to it stay together, whoever adopts it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import Dependent, LegacyRow
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _account_stays(_: SyncEnvironment, fact: LegacyRow) -> Iterator[Judgement]:
    if fact.account.rival is None:  # Where two are the same person, `both-sides` judges.
        yield Judgement(fact.found, f"the legacy account {fact.account.email} is gone")


def _dependent_stays(environment: SyncEnvironment, fact: Dependent) -> Iterator[Judgement]:
    if fact.account.rival is not None:
        return
    row_id = fact.account.row[environment.file.table.id]
    yield Judgement(
        fact.refers_to == row_id, f"a row of {fact.table} had {fact.column} {row_id} and has {fact.refers_to}"
    )


INVARIANT = Invariant(
    name="relations",
    sentence="what hung on a person hangs on the same person",
    source="PostgreSQL documentation, Foreign Keys (ON DELETE CASCADE); field note: accounts that are deleted and made anew",
    stories=(
        story("sign up:0:0:legacy", "request:0", "deliver:0:0", "request:0"),
        story("sign up:0:1:legacy", "request:0"),
        story("sign up:0:0:legacy:upper", "request:0"),
    ),
    rules=(Rule(LegacyRow, _account_stays), Rule(Dependent, _dependent_stays)),
)
