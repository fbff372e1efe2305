"""What an animal of the zoo is, and how flawed ones are made from a correct one."""

from __future__ import annotations

from dataclasses import dataclass

DRILLS = (
    "clerk-rotated",
    "expired-after-genuine",
    "rotated-out-after-genuine",
    "unknown-kid-flood",
    "answer-of-who-came-first",
    "api-outage",
    "jwks-",
)
"""Beginnings of the credentials that are drills."""


@dataclass(frozen=True)
class Animal:
    """A backend of one file, and what a run must say of it.

    `expects`: credentials that must be among the findings; empty for a correct one. `kind`: the verdict by which it is
    caught. `unseen`: why its flaw cannot be seen from outside, for those. `host`: `herd` where it lives beside others
    under a prefix, `alone` in a process of its own. `policy` is for its routes; `routes` are its lines.
    """

    name: str
    description: str
    code: str
    expects: frozenset[str] = frozenset()
    kind: str = "breach"
    unseen: str = ""
    host: str = "herd"
    routes: str = '"GET {at}/me" = "{policy}"'
    policy: str = "clerk"
    server: str = "uvicorn"
    settings: str = ""
    database: bool = False
    sound: str = ""
    """The correct code that a flawed one was made of."""

    @property
    def correct(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.expects

    @property
    def drilled(self) -> bool:
        """Whether drills are needed to see its flaw."""
        return any(name.startswith(DRILLS) for name in self.expects)

    @property
    def module(self) -> str:
        """Its module's name."""
        return "z_" + self.name.replace("-", "_")


def flaw(name: str, description: str, template: str, changes: dict[str, str], expects: str, **more: object) -> Animal:
    """A flawed animal: `template` with `changes` (each text must be there once), to be caught by `expects`."""
    code = template
    for old, new in changes.items():
        assert code.count(old) == 1, (name, old, code.count(old))
        code = code.replace(old, new)
    return Animal(name, description, code, frozenset(expects.split()), sound=template, **more)  # type: ignore[arg-type]
