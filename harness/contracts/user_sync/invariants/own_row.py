"""`own-row`: nobody gets another's row, and nobody's row changes hands."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import LegacyOwner, RowsOfPerson
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _keeps_row(environment: SyncEnvironment, fact: RowsOfPerson) -> Iterator[Judgement]:
    """That a deleted person comes back is `no-resurrection`'s to judge, and here only whether it is in somebody else's row."""
    person = fact.person
    if fact.ids and person.row_id is not None:
        row, own = fact.ids[0], environment.row_ids_of(person)
        kept = row in own or (person.deleted and all(row != other.row_id for other in environment.people))
        yield Judgement(kept, f"{person.name} has another row than before")


def _given_to_owner(environment: SyncEnvironment, fact: LegacyOwner) -> Iterator[Judgement]:
    account = fact.account
    if account.owner is not None:
        given, before = environment.name_of(fact.owner), account.row[environment.file.table.clerk_id]
        yield Judgement(
            fact.owner in (None, before, account.owner), f"the legacy account {account.email} was given to {given}"
        )


INVARIANT = Invariant(
    name="own-row",
    sentence="two Clerk users never share a row, and each keeps his own",
    source="https://clerk.com/docs/guides/sessions/session-tokens (sub is the user's id, and the only one); CWE-639",
    stories=(
        story("sign up:0:0:own:plus", "sign up:1:0:own:upper", "everybody"),
        story("sign up:0:0:own", "sign up:1:0:own", "everybody", "swap:0:1"),
        story("sign up:0:0:own", "sign up:1:0:own", "everybody", "swap:0:1", "deliver:0:3", "deliver:0:2", "everybody"),
        story("sign up:0:0:own", "request:0", "sign up freed:0", "request:1", "everybody"),
        story("sign up:0:0:own", "request:0", "sign up freed:0", "deliver:1:0", "everybody"),
    ),
    rules=(Rule(RowsOfPerson, _keeps_row), Rule(LegacyOwner, _given_to_owner)),
)
