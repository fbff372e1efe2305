"""Steps in which a webhook message arrives: for the first time, once more, or saying only a part of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.contracts.user_sync.facts import PartialUpdate
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


DELIVER = StepType(
    "deliver", _deliver, lambda: st.builds(Step, st.just("deliver"), other=number()), needs="webhook", weight=2
)
DELIVER_AGAIN = StepType(
    "deliver again", _deliver_again, lambda: st.builds(Step, st.just("deliver again"), other=number()), needs="webhook"
)
PARTIAL = StepType(
    "partial", of_person(_partial), lambda: st.builds(Step, st.just("partial"), who(), number()), needs="webhook"
)
