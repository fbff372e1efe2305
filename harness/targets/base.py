"""What every kind of target has in common: routes, requests, observations, lanes."""

from __future__ import annotations

import select
from dataclasses import dataclass, field
from typing import Any, Protocol

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Route:
    """Method and path template of the target. `method` is `WS` for a websocket.

    `endpoint` and `dependencies` are `module:qualified name`; `handlers` are the probe's numbers for the
    handler, `inside` the authentication functions that its code names; `any_method`: the same view answers every method.
    `prefixes`: where it may be served besides none (a root path); `host`: the Host header that its routing wants; `parameters`:
    a valid value for each parameter of the path whose kind is known.
    `operation` is the route's operation in the OpenAPI document, `document` that document, where there is one.
    """

    method: str
    path: str
    kind: str = "http"
    endpoint: str = ""
    module: str = ""
    tags: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    hidden: bool = False
    mount: str = ""
    handlers: frozenset[int] = frozenset()
    inside: tuple[str, ...] = ()
    any_method: bool = False
    prefixes: tuple[str, ...] = ()
    host: str = ""
    parameters: dict[str, Any] = field(default_factory=dict, compare=False)
    operation: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    document: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> str:
        """How declarations, reports and commands name it: `GET /peers/{peer_id}`."""
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Request:
    """A request as it goes over the wire: `path` is percent-encoded, header values are latin-1 text."""

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    kind: str = "http"
    messages: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Observation:
    """What happened.

    `entered`: whether the route's handler was entered; None where no probe can tell. `elsewhere`: another route's handler was,
    and this one's was not. `finished`: the handler returned, and what it returned is no refusal by itself. `ran`: (function,
    returned something true, phase: 0 before the handler was entered, 1 while it ran, 2 after it had ended). `cut`: the body that
    was kept is not the whole one. `micros`: duration.
    `lured`: an address that the token names was fetched. `crossed`: what of another person's answer was in this one.
    `wrote`: the tables that were written to; known only of requests that went alone.
    """

    status: int | None = None
    headers: Headers = field(default_factory=list)
    body: str = ""
    entered: bool | None = None
    elsewhere: bool = False
    stopped: bool = False
    finished: bool = False
    cut: bool = False
    ran: list[tuple[str, bool, int]] = field(default_factory=list)
    micros: int = 0
    error: str | None = None
    websocket: dict[str, Any] | None = None
    hung: bool = False
    died: bool = False
    canary_fetched: bool = False
    cross_user_leak: str = ""
    wrote: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The first field of that name, or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(slots=True)
class Call:
    """A request to a route; `stop`: the probe stops it at the handler's door."""

    route: Route
    request: Request
    stop: bool = False


@dataclass(slots=True)
class Partial:
    """What a lane has done of a batch. `alone`: the rest must be tried one by one, for one of them killed the agent."""

    observations: list[Observation]
    alone: bool = False


class Lane(Protocol):
    """Executes batches one after the other; several lanes work side by side."""

    def submit(self, calls: list[Call], limit: float, *, together: bool = False) -> None:
        """Hand over a batch; `limit` is in seconds for each call. `together`: all at the same moment."""

    def fileno(self) -> int:
        """Readable when `collect` has something."""

    def collect(self) -> Partial | None:
        """What was done of the batch; None when there is nothing yet."""

    def overdue(self) -> Partial | None:
        """Called now and then: kills what gives no sign of life, and says what was done."""


def exchange(lane: Lane, calls: list[Call], limit: float, *, together: bool = False) -> Partial:
    """What a lane does of one batch, waited for. `together`: all at the same moment."""
    lane.submit(calls, limit, together=together)
    partial = None
    while partial is None:
        readable, _, _ = select.select([lane], [], [], 0.5)
        partial = lane.collect() if readable else lane.overdue()
    return partial


def ask(lane: Lane, calls: list[Call], limit: float) -> list[Observation]:
    """Observations of calls by one lane, in their order, where nothing else is to be done meanwhile."""
    answers: list[Observation] = []
    rest = calls
    alone = False
    while rest:
        partial = exchange(lane, rest[:1] if alone else rest[:32], limit)
        alone = partial.alone
        answers += partial.observations
        rest = rest[len(partial.observations) :]
    return answers


class Target(Protocol):
    """The system under test."""

    routes: list[Route]
    probed: bool
    renewable: bool
    """Whether `renew` can start it anew."""
    functions: list[str]
    """Authentication functions that the probe watches; empty without one."""
    missing_variables: list[str]
    """Variables of the environment that the app asked for while it started, and did not find; only what may matter."""
    description: dict[str, str]

    @property
    def lanes(self) -> list[Lane]:
        """The lanes, started."""

    def blocked(self) -> list[str]:
        """Hosts outside this machine that the target tried to reach, and was refused."""

    def renew(self, lane: int) -> None:
        """Begin the app of a lane anew, so that it remembers nothing. Raises TargetError when it will not start."""

    def close(self) -> None:
        """End every process and connection."""
