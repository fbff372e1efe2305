"""`no-adoption`: an address that proves nothing gives nobody an account, and is refused rather than failed."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.refusal import is_failure
from harness.contracts.user_sync.compare import describe_answer
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import Answered, AnsweredFinally, LegacyOwner
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _not_given(environment: SyncEnvironment, fact: LegacyOwner) -> Iterator[Judgement]:
    if fact.account.owner is None:
        given, before = environment.name_of(fact.owner), fact.account.row[environment.file.table.clerk_id]
        yield Judgement(
            fact.owner in (None, before, fact.account.rival),
            f"the legacy account {fact.account.email} was given to {given}",
        )


def _turned_away(environment: SyncEnvironment, fact: Answered | AnsweredFinally) -> Iterator[Judgement]:
    """A function of the app may refuse by raising any exception; a route must not answer with a server error."""
    person = fact.person
    if person.blocked and (person.active or isinstance(fact, Answered)):
        refused = environment.client.calls_function or not is_failure(fact.answer)
        yield Judgement(refused, f"{person.name} was answered {describe_answer(fact.answer)}")


INVARIANT = Invariant(
    name="no-adoption",
    sentence="an unverified or secondary address adopts nobody's account, nor one that resembles its own, nor a user name or unverified "
    "number, nor what the front end says",
    source="https://clerk.com/docs/reference/backend/types/backend-email-address (verification); RFC 5321, section 2.3.11 (only the "
    "host interprets a local part); https://clerk.com/docs/guides/users/extending (unsafe metadata); "
    "https://clerk.com/docs/reference/backend/types/backend-phone-number (verification); CWE-290",
    stories=(
        story("sign up:0:0:legacy-unverified", "request:0", "deliver:0:0"),
        story("sign up:0:0:legacy-secondary", "request:0", "deliver:0:0"),
        story("sign up:0:0:alike", "request:0", "deliver:0:0"),
        story("sign up:0:0:alike:plus", "deliver:0:0", "request:0"),
        story("sign up:0:0:alike:upper", "deliver:0:0", "request:0"),
        story("sign up:0:0:metadata", "request:0", "deliver:0:0"),
        story("sign up:0:0:legacy-primary", "request:0", "deliver:0:0"),
        story("sign up:0:0:username", "request:0", "deliver:0:0"),
        story("sign up:0:0:username:upper", "deliver:0:0", "request:0"),
        story("sign up:0:0:phone", "request:0", "deliver:0:0"),
        story("sign up:0:0:phone:upper", "deliver:0:0", "request:0"),
        story("sign up:0:0:own", "request:0", "take address:0:0:unverified", "deliver:0:1", "request:0"),
        story("sign up:0:0:own", "request:0", "take address:0:0:secondary", "deliver:0:1", "request:0"),
    ),
    rules=(Rule(LegacyOwner, _not_given), Rule(Answered, _turned_away), Rule(AnsweredFinally, _turned_away)),
)
