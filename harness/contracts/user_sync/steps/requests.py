"""Steps in which people sign up and use the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.contracts.user_sync.facts import Answered, AnsweredAtOnce, ConnectionKilled, Impersonation
from harness.contracts.user_sync.people import Person
from harness.contracts.user_sync.steps.base import Step, StepType, of_person
from harness.contracts.user_sync.steps.values import claims, forms, number, who
from harness.core.text import listed

_MOST_PEOPLE, _MOST_DELIVERIES = 5, 3

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
        "legacy-primary": f"with a legacy account's address, {person.user.email}, as the primary one, unverified, and a verified own one",
        "username": f"with a legacy account's user name, {person.user.username}",
        "phone": f"with a legacy account's phone number, {person.user.phones[0].number if person.user.phones else ''}, unverified",
        "alike": f"as {person.user.email}, which resembles a legacy account's address",
        "metadata": f"as {person.user.email}, and names a legacy account in the unsafe metadata",
        "rights": f"as {person.user.email}, and claims to be {runner.environment.database.role} in the unsafe metadata",
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


def _sign_up_again(runner: StepRunner, step: Step) -> None:
    """`who`: from whom on somebody is looked for who was deleted. What Clerk says of the former user has arrived before."""
    environment = runner.environment
    for former in [person for person in environment.people if person.deleted]:
        for message in environment.pending_of(former):
            runner.note(f"{message.type} of {former.name} is delivered")
            runner.deliver(message)
    environment.client.work_off()
    person = environment.sign_up_again(step.who) if 0 < len(environment.people) <= _MOST_PEOPLE else None
    if person is not None:
        runner.note(f"{person.name} signs up with the address of somebody who was deleted, {person.user.email}")


def _sign_up_freed(runner: StepRunner, person: Person, step: Step) -> None:
    """An address changes hands while the app has not heard of it, or never will."""
    environment = runner.environment
    free = person.active and person.user.email and environment.gives_on(person)
    if not free or len(environment.people) > _MOST_PEOPLE:
        return
    newcomer = environment.sign_up_freed(person)
    runner.note(
        f"{person.name} has another address, and {newcomer.name} signs up with the former one, {newcomer.user.email}"
    )


def _race(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: how many requests, modulo 3; where even, the first insert waits for the others."""
    environment = runner.environment
    if not person.active:
        return
    messages, times = environment.pending_of(person)[:_MOST_DELIVERIES], step.other % 3
    if times + len(messages) < 2:
        return
    named = listed([message.type for message in messages], _MOST_DELIVERIES)
    arrives = f"{named} of {person.name} {'is' if len(messages) == 1 else 'are'} delivered at the same moment"
    runner.note(f"{runner.describe_request(person, times)}, and {arrives}" if times else arrives)
    if step.other % 2 == 0:
        environment.faults.pause_first_insert()
    answers, deliveries = environment.client.race(person, times, messages)
    environment.faults.disarm()
    for message, answer in zip(messages, deliveries, strict=True):
        runner.take(message, answer)
    environment.client.work_off()
    runner.judge(AnsweredAtOnce(person, answers, len(environment.database.users(person.user.id))))


def _locked(runner: StepRunner, person: Person, step: Step) -> None:
    environment = runner.environment
    runner.note(f"{runner.describe_request(person)} while a migration holds a lock on the table of users")
    with environment.faults.migration(
        environment.database.tables[environment.file.table.name].identifier
    ) as until_waited_for:
        answer = environment.client.waiting(person, until_waited_for)
    runner.judge(Answered(person, answer))


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
    environment = runner.environment
    if person.blocked or not person.active or person.ever_banned or person.may_be_refused:
        return
    environment.client.work_off()
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
SIGN_UP_AGAIN = StepType("sign up again", _sign_up_again, lambda: st.builds(Step, st.just("sign up again"), who()))
SIGN_UP_FREED = StepType(
    "sign up freed", of_person(_sign_up_freed), lambda: st.builds(Step, st.just("sign up freed"), who())
)
RACE = StepType("race", of_person(_race), lambda: st.builds(Step, st.just("race"), who(), number()), needs="webhook")
LOCKED = StepType("locked", of_person(_locked), lambda: st.builds(Step, st.just("locked"), who()))
KILLED = StepType("killed", of_person(_killed), lambda: st.builds(Step, st.just("killed"), who(), st.integers(1, 5)))
