"""Places in the code, the routers and pages that they belong to, and how far each of these has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["left", "migrated", "unknown"]
"""Of a place: of the old mechanism, of Clerk's, or for a person to say."""
State = Literal["left", "mixed", "migrated", "unknown", "nothing"]
"""Of a router or a page: old only, both, Clerk only, for a person to say, or without anything that has to move."""
STATES: tuple[State, ...] = ("left", "mixed", "unknown", "migrated", "nothing")
"""What needs work first."""


@dataclass(frozen=True, order=True)
class Place:
    """A line of the code. `indirect`: what is meant stands in another file, so that the place is not counted again."""

    file: str
    line: int
    kind: str
    status: Status = field(compare=False)
    what: str = field(compare=False)
    indirect: bool = field(default=False, compare=False)


@dataclass
class Unit:
    """A router or a page: a file with its state, and why it has it."""

    file: str
    state: State
    places: list[Place] = field(default_factory=list)
    why: str = ""
    name: str = ""


@dataclass(frozen=True)
class Unread:
    """A file or a folder that was not read, or not wholly, and why. `meant`: left out on purpose, as tests and builds are; `blocks`:
    nobody knows what is in it, so that a count proves nothing."""

    file: str
    why: str
    meant: bool = False
    blocks: bool = False


@dataclass
class Part:
    """What was read of a backend or of a front end. `beside`: places in files that are no routers; `notes`: for a person to look at."""

    root: str
    files: int = 0
    units: list[Unit] = field(default_factory=list)
    beside: list[Place] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def states(self) -> Counter[str]:
        """How many routers or pages are in each state."""
        return Counter(unit.state for unit in self.units)

    @property
    def places(self) -> list[Place]:
        """Every place, once, in the order of files and lines."""
        return sorted({place for unit in self.units for place in unit.places} | set(self.beside))

    @property
    def legacy(self) -> list[Place]:
        """The places of the old mechanism, each where it stands."""
        return [place for place in self.places if place.status == "left" and not place.indirect]

    @property
    def unmeant(self) -> list[Unread]:
        """What was not read though it should have been."""
        return [one for one in self.unread if not one.meant]


def state_of(places: Iterable[Place], *, harmless: Iterable[str] = ()) -> State:
    """The state that places make. `harmless`: kinds of unknown places that do not keep what is migrated from being so."""
    seen = list(places)
    statuses = {place.status for place in seen}
    if {"left", "migrated"} <= statuses:
        return "mixed"
    if "left" in statuses:
        return "left"
    kinds = {place.kind for place in seen if place.status == "unknown"} - set(harmless)
    if "migrated" in statuses and not kinds:
        return "migrated"
    return "unknown" if statuses else "nothing"
