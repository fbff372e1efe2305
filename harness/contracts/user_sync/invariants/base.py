"""What an invariant is: its sentence, its source, its stories, and the rules that judge what is observed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from harness.contracts.base import CheckSpec
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.steps.base import Story

Fact = TypeVar("Fact")


class Judgement(NamedTuple):
    """One look at an invariant. `message`: what is wrong where it does not hold."""

    holds: bool
    message: str


@dataclass(frozen=True)
class Rule(Generic[Fact]):
    """Judges each fact of one type; see `harness.contracts.user_sync.facts`. It may read the environment, and changes nothing."""

    fact: type[Fact]
    function: Callable[[SyncEnvironment, Fact], Iterable[Judgement]]


@dataclass(frozen=True)
class Invariant(CheckSpec):
    """Something that must hold of the sync, whatever happens. `stories`: sequences of steps that have broken it in the field."""

    stories: tuple[Story, ...] = ()
    rules: tuple[Rule[Any], ...] = ()

    def judge(self, environment: SyncEnvironment, fact: object) -> Iterator[Judgement]:
        """Judge a fact by the rules for its type."""
        for rule in self.rules:
            if isinstance(fact, rule.fact):
                yield from rule.function(environment, fact)
