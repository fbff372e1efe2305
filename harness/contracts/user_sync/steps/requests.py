"""Steps in which people sign up and use the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.contracts.user_sync.facts import Answered, AnsweredAtOnce, ConnectionKilled, Impersonation
from harness.contracts.user_sync.people import Person
from harness.contracts.user_sync.steps.base import Step, StepType, of_person
from harness.contracts.user_sync.steps.values import claims, forms, number, who

if TYPE_CHECKING:
    from harness.contracts.user_sync.runner import StepRunner


def _sign_up(runner: StepRunner, step: Step) -> None:
    """`other`: the legacy account; `text`: whose address it is; `more`: how it is written."""
    if len(runner.environment.people) > step.who + 2:
        return
    person = runner.environment.sign_up(step.text or "own", step.other, step.more or "plain", "Ada", "Lovelace")
    address = {
        "legacy": f"with the verified address of a legacy account, {person.user.email}",
        "legacy-unverified": f"with a legacy account's address, {person.user.email}, unverified",
        "legacy-secondary": f"as {person.user.email}, with a legacy account's address as secondary one",
    }.get(person.claims, f"as {person.user.email}")
    runner.note(f"{person.name} signs up {address}")


def _request(runner: StepRunner, person: Person, step: Step) -> None:
    runner.note(runner.describe_request(person))
    (answer,) = runner.environment.client.request(person)
    runner.judge(Answered(person, answer))


def _everybody(runner: StepRunner, step: Step) -> None:
    for person in runner.environment.people:
        if not person.deleted:
            _request(runner, person, step)


def _at_once(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: how many requests."""
    environment = runner.environment
    runner.note(runner.describe_request(person, step.other))
    environment.faults.pause_first_insert()
    answers = environment.client.request(person, step.other)
    environment.faults.disarm()
    runner.judge(AnsweredAtOnce(person, answers, len(environment.database.users(person.user.id))))


def _impostor(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: whom the request names."""
    environment = runner.environment
    other = environment.person(step.other)
    if other is None or other is person or environment.client.calls_function:
        return
    other_before, own_before = environment.row_of(other), environment.row_of(person)
    runner.note(f"{person.name} sends a request that names {other.name} in header, query and body")
    (answer,) = environment.client.request(person, impostor=other.user)
    other_after, own_after = environment.row_of(other), environment.row_of(person)
    runner.judge(Impersonation(person, other, answer, own_before, own_after, other_before, other_after))


def _killed(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: at which write."""
    if person.blocked or not person.active or person.ever_banned:
        return
    environment = runner.environment
    before, row_before = environment.database.dump(), environment.row_of(person)
    request = runner.describe_request(person)
    runner.note(f"{request}, and the database connection is killed at write {step.other}")
    environment.faults.kill_at(step.other)
    environment.client.request(person)
    environment.faults.disarm()
    between = environment.database.dump()
    (answer,) = environment.client.request(person)
    after = environment.database.dump()
    runner.judge(ConnectionKilled(person, answer, row_before, before, between, after))


SIGN_UP = StepType("sign up", _sign_up, lambda: st.builds(Step, st.just("sign up"), who(), number(), claims(), forms()))
REQUEST = StepType("request", of_person(_request), lambda: st.builds(Step, st.just("request"), who()))
EVERYBODY = StepType("everybody", _everybody, lambda: st.builds(Step, st.just("everybody")))
AT_ONCE = StepType(
    "at once", of_person(_at_once), lambda: st.builds(Step, st.just("at once"), who(), st.integers(2, 6))
)
IMPOSTOR = StepType("impostor", of_person(_impostor), lambda: st.builds(Step, st.just("impostor"), who(), number()))
KILLED = StepType("killed", of_person(_killed), lambda: st.builds(Step, st.just("killed"), who(), st.integers(1, 5)))
