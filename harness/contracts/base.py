"""What a contract says of one of its checks: the same for user sync, migrations, budgets and configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["proven", "broken", "not examined"]


@dataclass
class Check:
    """One check of a contract. `count`: how often it was looked at; `events`: the shortest way to break it, in plain words;
    `before` and `after`: the rows there. `figures`: what was measured, a row for each route or trial.
    """

    contract: str
    name: str
    description: str
    status: Status
    count: int = 0
    detail: str = ""
    events: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether it is a finding."""
        return self.status == "broken"

    def story(self) -> list[str]:
        """What a reader needs of a broken check, line by line."""
        lines = [f"{self.contract}: {self.name}: {self.description}", f"  {self.detail}"]
        lines += [f"  {number}. {event}" for number, event in enumerate(self.events, 1)]
        lines += [f"  before: {row}" for row in self.before] + [f"  after:  {row}" for row in self.after]
        return lines


def unexamined(checks: Iterable[Check]) -> dict[str, str]:
    """Contracts of which nothing was examined, and why: whoever was to hold them knows nothing, and may not say that all is well."""
    found: dict[str, str] = {}
    by_contract: dict[str, list[Check]] = {}
    for check in checks:
        by_contract.setdefault(check.contract, []).append(check)
    for contract, own in by_contract.items():
        if all(check.status == "not examined" for check in own):
            found[contract] = next((check.detail for check in own if check.detail), "nothing bears on it")
    return found
