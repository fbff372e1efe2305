"""Steps in which a webhook message arrives: for the first time, once more, saying only a part of a profile, or about no user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.contracts.user_sync.facts import OtherEvent, PartialUpdate
from harness.contracts.user_sync.other_events import other_event
from harness.contracts.user_sync.people import Person
from harness.contracts.user_sync.steps.base import Step, StepType, of_person
from harness.contracts.user_sync.steps.values import number, who

if TYPE_CHECKING:
    from harness.contracts.user_sync.runner import StepRunner


def _deliver(runner: StepRunner, step: Step) -> None:
    """`other`: which of the messages that wait."""
    if runner.environment.pending:
        message = runner.environment.pending[step.other % len(runner.environment.pending)]
        runner.note(f"{message.type} of {runner.environment.name_in(message)} is delivered")
        runner.deliver(message)


def _deliver_again(runner: StepRunner, step: Step) -> None:
    """`other`: which of the messages that were delivered."""
    if runner.environment.delivered:
        message = runner.environment.delivered[step.other % len(runner.environment.delivered)]
        runner.note(f"{message.type} of {runner.environment.name_in(message)} is delivered again")
        runner.deliver(message)


def _partial(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: what the update leaves out; see `SyncClient.partial_update`."""
    environment = runner.environment
    if person.user.banned:
        return
    environment.client.work_off()
    row_before = environment.row_of(person)
    message = environment.client.partial_update(person, step.other)
    left_out = ["names", "addresses", "names and addresses"][step.other % 3]
    runner.note(f"an update of {person.name} arrives that says nothing of {left_out}")
    environment.client.deliver(message)
    environment.client.work_off()
    row_after = environment.row_of(person)
    if row_before is not None:
        runner.judge(PartialUpdate(person, row_before, row_after))
    elif row_after is not None:
        environment.made_without_address(person, row_after)


def _deliver_killed(runner: StepRunner, step: Step) -> None:
    """`other`: which of the messages that wait; `who`: at which write after the first the connection is killed.

    One that is not taken arrives again later, as Svix does it; one that is taken never does. Left out where the webhook only queues:
    when its worker tries again is not known.
    """
    environment = runner.environment
    if not environment.pending or environment.file.reach.works_off_within is not None:
        return
    message = environment.pending[step.other % len(environment.pending)]
    named = f"{message.type} of {environment.name_in(message)} is delivered"
    runner.note(f"{named}, and the database connection is killed at write {step.who + 1}")
    environment.faults.kill_at(step.who + 1)
    runner.deliver(message)
    environment.faults.disarm()
    environment.log.append(f"the delivery was answered {environment.answers[message.id]}")


def _other_event(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: which; see `other_events.TYPES`. The app need not take it."""
    environment = runner.environment
    environment.client.work_off()
    table, before = environment.file.table, environment.database.users()
    message = other_event(environment.clerk, person.user, step.other)
    runner.note(f"{message.type} of {person.name} is delivered")
    environment.client.deliver(message)
    environment.client.work_off()
    known, people = {row[table.id] for row in before}, {each.user.id for each in environment.people}
    added = [row[table.clerk_id] for row in environment.database.users() if row[table.id] not in known]
    runner.judge(OtherEvent(message.type, [each for each in added if each not in people]))


DELIVER = StepType(
    "deliver", _deliver, lambda: st.builds(Step, st.just("deliver"), other=number()), needs="webhook", weight=2
)
DELIVER_AGAIN = StepType(
    "deliver again", _deliver_again, lambda: st.builds(Step, st.just("deliver again"), other=number()), needs="webhook"
)
PARTIAL = StepType(
    "partial", of_person(_partial), lambda: st.builds(Step, st.just("partial"), who(), number()), needs="webhook"
)
DELIVER_KILLED = StepType(
    "deliver killed",
    _deliver_killed,
    lambda: st.builds(Step, st.just("deliver killed"), st.integers(0, 3), number()),
    needs="webhook",
)
OTHER_EVENT = StepType(
    "other event",
    of_person(_other_event),
    lambda: st.builds(Step, st.just("other event"), who(), number()),
    needs="webhook",
)
