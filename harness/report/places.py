"""Where what a report tells of is written: functions and handlers of the backend, lines of the declaration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from harness.contracts.registry import MATRIX_FILE


class Place(NamedTuple):
    """A line of a file. `file` is relative to the repository (see `harness.run.places`); lines are counted from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class Location:
    """A place with what begins there: a function (`module:qualified name`), a route, or empty for a line of a declaration."""

    file: str
    line: int
    function: str = ""

    def told(self) -> dict[str, str | int]:
        """As the JSON report has it."""
        return asdict(self)


@dataclass
class Places:
    """All that is known of a run's places; empty for a target whose code nobody sees, but for its declaration.

    `functions` by `module:qualified name`; `handlers` and `declared` by a route's key; `files`: the declaration's files by their names
    (`auth_matrix.toml`, `budget.toml`), and those of routers by `routers/NAME`, at the policy for all of their routes.
    """

    functions: dict[str, Place] = field(default_factory=dict)
    handlers: dict[str, Place] = field(default_factory=dict)
    declared: dict[str, Place] = field(default_factory=dict)
    files: dict[str, Place] = field(default_factory=dict)

    def line_of(self, route: str, router: str) -> Place | None:
        """The line that declares a route; else that of its router's own policy, else the matrix."""
        return self.declared.get(route) or self.files.get(f"routers/{router}") or self.files.get(MATRIX_FILE)

    def contract(self, name: str) -> Place | None:
        """The file that declares a contract; the matrix where it is held without one."""
        return self.files.get(f"{name}.toml") or self.files.get(MATRIX_FILE)

    def locations(self, functions: Iterable[str], routes: Iterable[str]) -> list[Location]:
        """Where functions begin; where none of them is known, the handlers of the routes, each place once."""
        known = [(name, self.functions.get(name)) for name in functions]
        found = [Location(*place, name) for name, place in known if place is not None]
        if not found:
            handlers = dict.fromkeys(place for place in map(self.handlers.get, routes) if place is not None)
            found = [Location(*place) for place in handlers]
        return found
