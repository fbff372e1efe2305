"""Plans, states, answers and lanes that are made by hand, for tests of the matrix' rules."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.mechanisms import Mechanisms
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.state import RouteState, Twin
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.verdicts import CellVerdict
from harness.contracts.matrix.ways import Way
from harness.credentials import CATALOGUE, Credential, Legacy, Mint, Presentation, register
from harness.fake_clerk import Instance
from harness.targets.base import Call, Lane, Observation, Partial, Request, Route
from harness.targets.request_builder import Example


def plan_of(
    accept: tuple[str, ...] = ("clerk",),
    key: str = "GET /x",
    *carriers: str,
    example: Example | None = None,
    route: dict[str, Any] | None = None,
    **policy: Any,
) -> RoutePlan:
    """The plan of a route; `policy` are further fields of its policy, `route` of the route."""
    method, _, path = key.partition(" ")
    found = Route(method, path, kind="websocket" if method == "WS" else "http", **route or {})
    rules = Policy.model_validate({"accept": list(accept)} | policy)
    return RoutePlan(found, "app", "p", rules, example or Example(), rules.guard, carriers=carriers or ("bearer",))


def admitted(state: RouteState, answer: Observation | None = None, way: Way | None = None) -> RouteState:
    """The state, in which the genuine credential of a way was admitted."""
    way = way or state.plan.ways[0]
    answer = answer or Observation(200, entered=True)
    state.twins[way.label] = Twin(way.base, True, "it was admitted", answer)
    return state


def kept_out(state: RouteState, answer: Observation | None = None, way: Way | None = None) -> RouteState:
    """The state, in which the genuine credential of a way was refused."""
    way = way or state.plan.ways[0]
    state.twins[way.label] = Twin(way.base, False, "it was refused", answer or Observation(401, entered=False))
    return state


NO_MECHANISMS = Mechanisms({}, [])
FUNCTIONS = ["app.clerk:verify", "app.clerk:check", "app.old:verify", "app.log:request", "app.machines:verify"]
PATTERNS = {"clerk": ["app.clerk:*"], "legacy": ["app.old:verify"], "machines": ["app.machines:*"]}
DECLARED = Mechanisms(PATTERNS, FUNCTIONS)
GUESSED = Mechanisms(PATTERNS, FUNCTIONS, declared=False)
BY_CLERK, BY_OLD, BY_MACHINES = (
    ("app.clerk:verify", True, 0),
    ("app.old:verify", True, 0),
    ("app.machines:verify", True, 0),
)


def judged(
    cell: Cell,
    state: RouteState,
    *answers: Observation,
    mechanisms: Mechanisms = NO_MECHANISMS,
    probed: bool = True,
    sees_inside: bool = True,
) -> CellVerdict:
    """The judge's verdict on the answers to a cell."""
    return Judge(mechanisms, probed=probed, sees_inside=sees_inside).judge(cell, list(answers), state)


def cell(state: RouteState, name: str, expect: Any = None, label: str = "") -> Cell:
    """The cell of a credential in a way, with another expectation if one is given."""
    way = next(way for way in state.plan.ways if way.label == label)
    made = state.plan.cell(CATALOGUE[name], way)
    return made if expect is None else replace(made, expect=expect)


def seen(status: int | None = 200, **more: Any) -> Observation:
    """An answer."""
    return Observation(status, **more)


def state_of(plan: RoutePlan | None = None, guard: Any = "door", **more: Any) -> RouteState:
    """What is known of a route that has admitted the genuine credential of its usual way."""
    return admitted(RouteState(plan or plan_of(), guard=guard, **more))


class RecordingMint(Mint):
    """A mint that remembers of which credential each request is made."""

    def __init__(self, **more: Any) -> None:
        instance = Instance("unit-test.clerk.accounts.dev")
        super().__init__(instance, register(instance, {}), Legacy(), **more)
        self.names: dict[str, str] = {}

    def present(self, credential: Credential, base: Credential | None = None) -> Presentation:
        """As the mint does."""
        presented = super().present(credential, base)
        for form in (presented, *presented.before, *presented.also):
            if form.token is not None:
                self.names.setdefault(f"Bearer {form.token}", credential.name)
            for value in form.authorization:
                self.names.setdefault(value.decode("latin-1"), credential.name)
        return presented

    def name_in(self, request: Request) -> str:
        """The credential in a request's Authorization field; `missing` without such a field."""
        value = next((value for name, value in request.headers if name == "authorization"), None)
        return "missing" if value is None else self.names.get(value, "unknown")


Answering = Callable[[Call], Observation]


class TableLane:
    """A lane that answers each call from a table. It is readable, through a pipe, when it has answers."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.batches: list[list[Call]] = []
        self.limits: list[float] = []
        self.at_once: list[int] = []
        self.reading, self.writing = os.pipe()

    def submit(self, calls: list[Call], limit: float, *, at_once: int = 1) -> None:
        """Take a batch."""
        self.batches.append(calls)
        self.limits.append(limit)
        self.at_once.append(at_once)
        os.write(self.writing, b"!")

    def fileno(self) -> int:
        """What is readable."""
        return self.reading

    def collect(self) -> Partial | None:
        """All answers at once."""
        os.read(self.reading, 1)
        return Partial([self.answering(call) for call in self.batches[-1]])

    def overdue(self) -> Partial | None:
        """It always gives a sign of life."""
        return None

    @property
    def calls(self) -> list[Call]:
        """Every call so far."""
        return [call for batch in self.batches for call in batch]

    def close(self) -> None:
        """Close the pipe."""
        os.close(self.reading)
        os.close(self.writing)


@dataclass
class TableTarget:
    """A target whose lanes answer from tables. `start_errors`: raised by `renew`, one for each call, until there are none."""

    lanes: list[Lane]
    probed: bool = True
    sees_inside: bool = True
    renewable: bool = True
    routes: list[Route] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    sources: dict[str, tuple[str, int]] = field(default_factory=dict)
    missing_variables: list[str] = field(default_factory=list)
    description: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    renewed: list[int] = field(default_factory=list)
    start_errors: list[Exception] = field(default_factory=list)
    on_renew: Callable[[], None] = lambda: None

    def blocked(self) -> list[str]:
        """Nothing."""
        return []

    def renew(self, lane: int) -> None:
        """Remember the lane."""
        self.renewed.append(lane)
        self.on_renew()
        if self.start_errors:
            raise self.start_errors.pop(0)

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def lanes(*answering: Answering) -> Iterator[list[TableLane]]:
    """A lane for each table, closed afterwards."""
    made = [TableLane(each) for each in answering]
    try:
        yield made
    finally:
        for lane in made:
            lane.close()


class FakeTime:
    """A clock in place of the module `time`, which only passes while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """The seconds on the clock."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds
