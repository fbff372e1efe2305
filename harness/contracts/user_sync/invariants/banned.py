"""`banned`: whoever is banned stays out, and is the same user when unbanned."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.refusal import is_admission
from harness.contracts.user_sync.compare import describe_answer
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import AnsweredFinally
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _stays_out(environment: SyncEnvironment, fact: AnsweredFinally) -> Iterator[Judgement]:
    """Judged only where a webhook reports bans to the sync."""
    person = fact.person
    if not person.deleted and person.user.banned and environment.file.reach.webhook is not None:
        answer = describe_answer(fact.answer)
        yield Judgement(not is_admission(fact.answer), f"banned, {person.name} was answered {answer}")


def _comes_back(environment: SyncEnvironment, fact: AnsweredFinally) -> Iterator[Judgement]:
    person = fact.person
    if not person.active or person.blocked or not person.ever_banned or person.may_be_refused:
        return
    answer = describe_answer(fact.answer)
    yield Judgement(is_admission(fact.answer), f"unbanned, {person.name} was answered {answer}")
    if person.row_id is not None:
        row = environment.row_of(person)
        kept = row is not None and row[environment.file.table.id] in environment.row_ids_of(person)
        yield Judgement(kept, f"{person.name} came back with another row")


INVARIANT = Invariant(
    name="banned",
    sentence="a banned or deleted user cannot enter, and comes back with the same row when unbanned",
    source="https://clerk.com/docs/guides/secure/banning-users",
    stories=(
        story("sign up:0:0:own", "request:0", "ban:0", "deliver:0:1", "request:0"),
        story("sign up:0:0:own", "request:0", "ban:0", "deliver:0:1", "unban:0", "deliver:0:1", "request:0"),
    ),
    rules=(Rule(AnsweredFinally, _stays_out), Rule(AnsweredFinally, _comes_back)),
)
