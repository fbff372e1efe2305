"""What every kind of target has in common: routes, requests, observations, and lanes that execute batches of requests."""

from __future__ import annotations

import select
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from harness.core.errors import TargetError
from harness.targets.agent.protocol import Asked, Source, WebsocketFacts

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Route:
    """Method and path template of the target. `method` is `WS` for a websocket.

    `kind` is `http`, `websocket`, or `opaque` for a mounted app whose routes are not known. `endpoint` and `dependencies` are
    `module:qualified name`; `handlers` are the probe's numbers of the handler, `inside` the authentication functions that its
    code mentions. `any_method`: the same view answers every method. `hidden`: the route is not in the OpenAPI document.
    `mount` is the path of the mounted app that it belongs to; `prefixes` are paths below which it may be served as well (root
    paths); `host` is the Host header that its routing wants; `parameters` holds a valid value for each path parameter whose
    type is known. `source` is where the handler's code begins, where an agent saw it. `operation` is the route's operation in the
    OpenAPI document, `document` that document, where there is one.
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
    source: Source | None = field(default=None, compare=False, repr=False)
    operation: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    document: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> str:
        """The name of the route in declarations, reports and commands: `GET /peers/{peer_id}`."""
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


class ChangedRow(NamedTuple):
    """A row that was written: as it is now (`added`), or as it was before; one that was changed is in both."""

    table: str
    added: bool
    row: dict[str, Any]


@dataclass(slots=True)
class Observation:
    """What came of one request.

    `rows`: the rows that it wrote; None where they are not known.

    `entered`: whether the route's handler was entered; None where no probe can tell. `elsewhere`: another route's handler was,
    and this one's was not. `stopped`: the probe stopped the request where the handler begins. `finished`: the handler returned,
    and what it returned is no refusal by itself. `ran`: (function, returned a consent, phase: 0 before the handler was entered,
    1 while it ran, 2 after it had ended). `cut`: the body that was kept is not the whole one. `micros` is the duration in
    microseconds, `waited` how many of these the target's process did nothing and another request could have run.
    `hung`: there was no answer within the limit. `died`: the target's process ended.
    `form`: which of several forms of its credential the request was, in words.
    `canary_fetched`: an address that the token names was fetched. `cross_user_leak`: what of another person's answer was in
    this one. `left_behind`: which row of a first sign-in was written, though the token was refused. `wrote`: the tables that
    were written to; known only of requests that were sent alone. `asked`: what the app's code asked the request for; known only
    where the call says `learn`. `untried`: why the request was not sent; empty where it was.
    `error` of a process that `died` says how it ended.
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
    waited: int = 0
    error: str | None = None
    websocket: WebsocketFacts | None = None
    hung: bool = False
    died: bool = False
    canary_fetched: bool = False
    form: str = ""
    cross_user_leak: str = ""
    wrote: tuple[str, ...] = ()
    asked: list[Asked] = field(default_factory=list)
    rows: list[ChangedRow] | None = None
    left_behind: str = ""
    untried: str = ""

    def header(self, name: str) -> str | None:
        """Return the first field of that name, or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(slots=True)
class Call:
    """A request to a route; `stop`: the probe stops it where the handler begins; `learn`: note what the app asks it for."""

    route: Route
    request: Request
    stop: bool = False
    learn: bool = False


@dataclass(slots=True)
class Partial:
    """The observations of the first calls of a batch. `alone`: the rest must be sent one by one, because one of them killed the agent."""

    observations: list[Observation]
    alone: bool = False


class Lane(Protocol):
    """Executes one batch at a time; several lanes work at the same time."""

    def submit(self, calls: list[Call], limit: float, *, at_once: int = 1) -> None:
        """Begin to execute a batch; `limit` is in seconds for each call. `at_once`: so many run beside each other, then the next."""

    def fileno(self) -> int:
        """Return a descriptor that is readable when `collect` has something."""

    def collect(self) -> Partial | None:
        """Return the observations of the batch, or of its first calls; None when there are none yet."""

    def overdue(self) -> Partial | None:
        """Kill a target that gives no sign of life, and return what is known of its batch; None otherwise. Called now and then."""


def exchange(lane: Lane, calls: list[Call], limit: float) -> Partial:
    """Execute one batch and wait for it. `limit` is in seconds for each call."""
    lane.submit(calls, limit)
    partial = None
    while partial is None:
        readable, _, _ = select.select([lane], [], [], 0.5)
        partial = lane.collect() if readable else lane.overdue()
    return partial


def exchange_at_once(batches: list[tuple[Lane, list[Call]]], limit: float) -> list[Observation]:
    """Execute the calls of several lanes, all at the same moment; their observations, lane by lane. `limit` is in seconds for each call.

    Raises TargetError where a target ended meanwhile.
    """
    for lane, calls in batches:
        lane.submit(calls, limit, at_once=len(calls))
    found: dict[int, list[Observation]] = {}
    while len(found) < len(batches):
        waiting = [number for number in range(len(batches)) if number not in found]
        readable, _, _ = select.select([batches[number][0] for number in waiting], [], [], 0.5)
        for number in waiting:
            lane, calls = batches[number]
            partial = lane.collect() if lane in readable else lane.overdue()
            if partial is not None:
                found[number] = partial.observations
    if any(len(found[number]) != len(calls) for number, (_, calls) in enumerate(batches)):
        raise TargetError("the target ended while requests ran side by side")
    return [observation for number in range(len(batches)) for observation in found[number]]


def ask(lane: Lane, calls: list[Call], limit: float) -> list[Observation]:
    """Return the observations of calls by one lane, in their order. Blocks until all are done."""
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
    """Whether it shows which handlers were entered: of routes that have `handlers`."""
    sees_inside: bool
    """Whether it shows, too, which functions run inside handlers, and what the code asks of a request."""
    renewable: bool
    """Whether `renew` can start it again."""
    functions: list[str]
    """Authentication functions that the probe watches; empty without one."""
    sources: dict[str, Source]
    """Where functions of the target begin, by their names; only what an agent saw."""
    missing_variables: list[str]
    """Variables of the environment that the app looked for while it started and did not find; only names that may matter here."""
    description: dict[str, str]
    notes: list[str]
    """What a reader of the report must know of how it was examined."""

    @property
    def lanes(self) -> list[Lane]:
        """The lanes, once the target has started."""

    def blocked(self) -> list[str]:
        """Return the hosts outside this machine that the target tried to reach, and was refused."""

    def renew(self, lane: int) -> None:
        """Start the app of a lane again, so that it loses its state. Raises TargetError when it does not start."""

    def close(self) -> None:
        """End every process and connection."""
