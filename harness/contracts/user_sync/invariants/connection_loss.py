"""`connection-loss`: a sync whose database connection is killed has done all or nothing, and the next request succeeds."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.refusal import is_admission
from harness.contracts.user_sync.compare import describe_answer, dump_differences, profile_differences
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import ConnectionKilled
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _healed(environment: SyncEnvironment, fact: ConnectionKilled) -> Iterator[Judgement]:
    person, answer = fact.person, fact.next_answer
    yield Judgement(is_admission(answer), f"the next request of {person.name} was answered {describe_answer(answer)}")
    partly = fact.between not in (fact.before, fact.after)
    half = dump_differences(fact.before, fact.between) if partly else ""
    yield Judgement(not half, f"something was left half done: {half}")
    if fact.row_before is None and is_admission(answer):
        wrong = profile_differences(person, environment.row_of(person), environment.file.table)
        yield Judgement(not wrong, f"the next request did not heal the row of {person.name}: {wrong}")


INVARIANT = Invariant(
    name="connection-loss",
    sentence="a connection killed in the middle leaves nothing half done, and the next request heals it",
    source="PostgreSQL documentation, Transactions (all or nothing); field note: a pooler that restarts in the middle of a first request",
    stories=(
        story("sign up:0:0:own", "killed:0:1"),
        story("sign up:0:0:own", "killed:0:2"),
        story("sign up:0:0:own", "killed:0:3"),
        story("sign up:0:0:own", "killed:0:4"),
        story("sign up:0:0:legacy", "killed:0:1"),
    ),
    rules=(Rule(ConnectionKilled, _healed),),
)
