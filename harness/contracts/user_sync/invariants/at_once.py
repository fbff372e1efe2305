"""`at-once`: whoever may enter gets in, with one row, also when the first requests come at the same moment."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.refusal import is_admission
from harness.contracts.user_sync.compare import describe_answer
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import Answered, AnsweredAtOnce, AnsweredFinally
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.people import Person
from harness.contracts.user_sync.steps.base import story


def _may_enter(person: Person) -> bool:
    """Whether a request must succeed. Those of people who were ever banned are judged by `banned`."""
    return person.active and not person.ever_banned and not person.may_be_kept_out


def _gets_in(_: SyncEnvironment, fact: Answered | AnsweredFinally) -> Iterator[Judgement]:
    if _may_enter(fact.person):
        answer = describe_answer(fact.answer)
        yield Judgement(is_admission(fact.answer), f"{fact.person.name} was answered {answer}")


def _all_get_in(_: SyncEnvironment, fact: AnsweredAtOnce) -> Iterator[Judgement]:
    if _may_enter(fact.person):
        answers = ", ".join(describe_answer(answer) for answer in fact.answers)
        yield Judgement(all(map(is_admission, fact.answers)), f"{fact.person.name} was answered {answers}")
        yield Judgement(fact.rows == 1, f"there are {fact.rows} rows for {fact.person.name}")


INVARIANT = Invariant(
    name="at-once",
    sentence="first requests at the same moment make one row, and all succeed",
    source="https://clerk.com/docs/guides/development/webhooks/syncing (race conditions); CWE-362",
    stories=(
        story("sign up:0:0:own", "at once:0:6"),
        story("sign up:0:0:legacy", "at once:0:4"),
        story("sign up:0:0:own", "race:0:2"),
        story("sign up:0:0:legacy", "race:0:2"),
        story("sign up:0:0:own", "rename:0:0:Grace", "race:0:0"),
        story("sign up:0:0:own", "request:0", "delete:0", "sign up again:0", "request:1"),
        story("sign up:0:0:own", "sign up:1:0:own", "request:0", "locked:0", "locked:1"),
    ),
    rules=(Rule(Answered, _gets_in), Rule(AnsweredAtOnce, _all_get_in), Rule(AnsweredFinally, _gets_in)),
)
