"""What a step is, how a story is written down, and what a type of steps consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hypothesis.strategies import SearchStrategy

from harness.contracts.user_sync.people import Person

if TYPE_CHECKING:
    from harness.contracts.user_sync.runner import StepRunner

Need = Literal["nothing", "changes", "webhook"]


@dataclass(frozen=True)
class Step:
    """One thing that happens, as plain data. `who` and `other` are numbers of people, taken modulo those there are; what `other`,
    `text` and `more` mean is up to the kind.
    """

    kind: str
    who: int = 0
    other: int = 0
    text: str | None = None
    more: str | None = None


Story = tuple[Step, ...]
"""A sequence of steps that has broken a sync in the field."""


def story(*parts: str) -> Story:
    """A story from words: `sign up:0:1:legacy` is kind, who, other, text, more; what is left out is 0 or None."""
    steps = []
    for part in parts:
        kind, *rest = part.split(":")
        who, other, text, more = [*rest, "", "", "", ""][:4]
        steps.append(Step(kind, int(who or 0), int(other or 0), text or None, more or None))
    return tuple(steps)


@dataclass(frozen=True)
class StepType:
    """A kind of steps. `perform` does one, or leaves out one that does not fit; `generate` makes a Hypothesis strategy for them.

    `needs`: without a webhook, or where the sync hears of no changes, steps that need it are left out. `weight`: how often
    they are generated, compared with others.
    """

    kind: str
    perform: Callable[[StepRunner, Step], None]
    generate: Callable[[], SearchStrategy[Step]]
    needs: Need = "nothing"
    weight: int = 1

    def possible(self, *, webhook: bool, changes: bool) -> bool:
        """Whether such steps can be done. `webhook`: something can be delivered; `changes`: the sync hears of changes."""
        return {"nothing": True, "changes": changes, "webhook": webhook}[self.needs]


def of_person(action: Callable[[StepRunner, Person, Step], None]) -> Callable[[StepRunner, Step], None]:
    """Perform an action of the person whom the step names. It is left out where there is nobody yet, or the person is deleted."""

    def perform(runner: StepRunner, step: Step) -> None:
        person = runner.environment.person(step.who)
        if person is not None and not person.deleted:
            action(runner, person, step)

    return perform
