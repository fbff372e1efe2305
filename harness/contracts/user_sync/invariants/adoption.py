"""`adoption`: whoever has a legacy account's verified primary address gets that account, and no row beside it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import Settled
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _adopted(environment: SyncEnvironment, _: Settled) -> Iterator[Judgement]:
    """Judged for the owner of each legacy account, unless the address changed before the owner had the account's row."""
    table = environment.file.table
    for account in environment.legacy if table.adopt else []:
        expected = account.row[table.id]
        person = next((p for p in environment.people if p.user.id == account.owner), None)
        if person is None or not person.active or (person.moved and person.row_id != expected):
            continue
        if table.email_case == "exact" and person.user.email != account.email:
            continue
        row = environment.row_of(person)
        found = row[table.id] if row is not None else None
        yield Judgement(found == expected, f"{person.name} has row {found}, not the legacy account's {expected}")


INVARIANT = Invariant(
    name="adoption",
    sentence="a legacy account with the same verified primary address is adopted once, with all that hangs on it",
    source="https://clerk.com/docs/authentication/social-connections/account-linking (a verified address identifies its owner)",
    stories=(
        story("sign up:0:0:legacy", "request:0", "deliver:0:0", "request:0"),
        story("sign up:0:1:legacy", "request:0"),
        story("sign up:0:0:legacy:upper", "request:0"),
        story("sign up:0:0:legacy", "deliver:0:0", "request:0"),
        story("sign up:0:0:own", "take address:0:0", "deliver:0:1", "deliver:0:0", "request:0"),
    ),
    rules=(Rule(Settled, _adopted),),
)
