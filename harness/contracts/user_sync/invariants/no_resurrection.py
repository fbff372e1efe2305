"""`no-resurrection`: an event that arrives after the deletion does not make the user anew."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.refusal import is_admission
from harness.contracts.user_sync.compare import describe_answer
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import AnsweredFinally
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _stays_out(environment: SyncEnvironment, fact: AnsweredFinally) -> Iterator[Judgement]:
    """Judged only where a webhook reports deletions: without one, a token stays valid for its minute."""
    if fact.person.deleted and environment.file.reach.webhook is not None:
        answer = describe_answer(fact.answer)
        yield Judgement(not is_admission(fact.answer), f"deleted, {fact.person.name} was answered {answer}")


INVARIANT = Invariant(
    name="no-resurrection",
    sentence="a late event does not let a deleted user back in",
    source="https://clerk.com/docs/guides/users/managing (deletion); https://docs.svix.com/retries (late events)",
    stories=(
        story("sign up:0:0:own", "request:0", "delete:0", "deliver:0:1", "deliver:0:0"),
        story("sign up:0:0:own", "delete:0", "deliver:0:1", "deliver:0:0"),
        story("sign up:0:0:own", "request:0", "delete:0", "deliver:0:1", "restart", "deliver:0:0"),
        story("sign up:0:0:own", "request:0", "deliver:0:0", "delete:0", "deliver killed:0:0", "deliver:0:0"),
        story(
            "sign up:0:0:own",
            "request:0",
            "rename:0:0:Grace",
            "delete:0",
            "deliver:0:2",
            "deliver:0:1",
            "deliver:0:0",
        ),
    ),
    rules=(Rule(AnsweredFinally, _stays_out),),
)
