"""Flawed environments, each made from a genuine one by one change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from harness.contracts.configuration.declaration import ConfigurationFile, Expect
from harness.core.live_keys import SPECIMEN_PUBLISHABLE, SPECIMEN_SECRET

FlawKind = Literal["absent", "empty", "malformed", "live", "legacy"]
_KEPT = ("CLERK_TELEMETRY_DISABLED",)
_BROKEN_PEM = "-----BEGIN PUBLIC KEY-----\nbm90IGEga2V5\n-----END PUBLIC KEY-----\n"


@dataclass(frozen=True)
class Trial:
    """One flaw: the variable, what is wrong with it, what that must lead to, and the environment with it."""

    variable: str
    kind: FlawKind
    expect: Expect
    environment: dict[str, str] = field(repr=False)

    @property
    def description(self) -> str:
        """In words."""
        return {
            "absent": f"without {self.variable}",
            "empty": f"with {self.variable} empty",
            "malformed": f"with a malformed {self.variable}",
            "live": f"with a live key in {self.variable}",
            "legacy": f"with {self.variable} still set",
        }[self.kind]


def genuine(
    environment: dict[str, str], clerk: dict[str, str], kept: set[str], file: ConfigurationFile, *, others: bool = False
) -> dict[str, str]:
    """The target's environment with the variables that the file names and no others of Clerk's, so that none stands in for
    another. `clerk`: what the fake fills; `kept`: what the user has set, and what leads to the fake; `others`: all but those
    that hold the same value as one that the file names.
    """
    dropped = set(clerk) - set(file.variables) - kept - set(_KEPT)
    if others:
        held = {clerk[name] for name in file.variables if name in clerk}
        dropped = {name for name in dropped if clerk[name] in held}
    given = {name: entry.value for name, entry in file.variables.items() if entry.value is not None}
    return {
        name: value for name, value in environment.items() if name not in dropped and name not in file.legacy
    } | given


def trials(environment: dict[str, str], file: ConfigurationFile) -> Iterator[Trial]:
    """Every flaw that can be made of the genuine environment."""
    for name, entry in file.variables.items():
        value = environment.get(name)
        if value is not None:
            yield Trial(name, "absent", entry.absent, {n: v for n, v in environment.items() if n != name})
        yield Trial(name, "empty", entry.empty, environment | {name: ""})
        wrong = entry.wrong if entry.wrong is not None else malformed(value or "")
        yield Trial(name, "malformed", entry.malformed, environment | {name: wrong})
        if (alive := live(value or "")) is not None:
            yield Trial(name, "live", entry.live, environment | {name: alive})
    for name, leftover in file.legacy.items():
        yield Trial(name, "legacy", leftover.expect, environment | {name: leftover.value})


def malformed(value: str) -> str:
    """Something that cannot be meant where `value` was."""
    if "-----BEGIN" in value:
        return _BROKEN_PEM
    if value.startswith(("http://", "https://")):
        return "not a url"
    if value.startswith("whsec_"):
        return "whsec_***"
    return "not-a-key" if value.startswith(("sk_", "pk_")) else "not a value"


def live(value: str) -> str | None:
    """A made-up key of a production instance in place of a test key; None for what is no test key."""
    if value.startswith("sk_test_"):
        return SPECIMEN_SECRET
    if value.startswith("pk_test_"):
        return SPECIMEN_PUBLISHABLE
    return None
