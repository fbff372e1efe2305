"""`token-only`: what a request says of its sender beside the token is ignored."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.refusal import is_admission
from harness.contracts.user_sync.compare import rows_equal
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import Impersonation
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _token_decides(environment: SyncEnvironment, fact: Impersonation) -> Iterator[Judgement]:
    person, other, table = fact.person, fact.other, environment.file.table
    handed_on = other.deleted and (person.user.email or "").lower() == (other.user.email or "").lower()
    # An address that is somebody else's by now is taken out of the row of whoever had it: the verified profile says so, not the request.
    given_up = {table.email} if _has_address_of(fact, table.email) else set()
    yield Judgement(
        handed_on or rows_equal(fact.other_before, fact.other_after, set(table.volatile) | given_up),
        f"the row of {other.name} changed by a request of {person.name}",
    )
    if is_admission(fact.answer) and fact.own_before is None and not person.blocked:
        yield Judgement(fact.own_after is not None, f"{person.name} was let in and has no row of their own")
    if fact.own_after is not None and other.user.email is not None and not (person.moved or other.moved or handed_on):
        email = str(fact.own_after[table.email]).lower()
        yield Judgement(email != other.user.email.lower(), f"{person.name} got the address of {other.name}")


def _has_address_of(fact: Impersonation, column: str) -> bool:
    """Whether the person's address, at Clerk now, stood in the row of the other, who has another one there."""
    if fact.other_before is None or fact.other_after is None:
        return False
    own, theirs = ((person.user.email or "").lower() for person in (fact.person, fact.other))
    before, after = (str(row[column] or "").lower() for row in (fact.other_before, fact.other_after))
    return own == before and before not in ("", theirs, after)


INVARIANT = Invariant(
    name="token-only",
    sentence="identity comes from the verified token only",
    source="https://clerk.com/docs/guides/sessions/session-tokens (sub); CWE-290",
    stories=(
        story("sign up:0:0:own", "sign up:1:0:own", "request:1", "impostor:0:1"),
        story("sign up:0:0:own", "sign up:1:0:own", "everybody", "impostor:0:1", "impostor:1:0"),
    ),
    rules=(Rule(Impersonation, _token_decides),),
)
