"""The messages between the harness and its agent, and how they cross the socket.

Both sides use this one file: the harness imports it as `harness.targets.agent.protocol`, the agent in the target's own Python
(standard library only, Python 3.9 and later). A message is one frame: four bytes of length (big-endian), then a JSON list of
the message's tag and its fields in their order.

The harness sends `Configuration` and `Go`; the agent answers `Hello` or `Failure`. Then, for each `Batch`, the agent sends
`Heartbeat`s while it works and `Results` at the end, or `Hung` and ends its process. `Stop` ends the agent.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Type, Union

from .characters import whole_characters

LENGTH = struct.Struct(">I")
"""The head of a frame: the number of bytes that follow."""
LARGE = 4096
"""Header values longer than this cross the wire once, and are referred to by a number afterwards."""
LIVE_KEY = "live-key"
"""The kind of a `Failure` that tells of an app that runs on a live key; it may come in place of `Results`, too."""

Headers = List[Tuple[str, str]]
Source = Tuple[str, int]
"""A source file, by its absolute path, and the line in it where something begins, counted from 1."""
Ran = Tuple[int, bool, int]
"""Number of a watched function, whether it returned a consent, and the phase: 0 before the route's handler was entered, 1 while
it ran, 2 after it had ended.
"""


class RouteDescription(NamedTuple):
    """One method of one path of the app, as the agent found it.

    `endpoint` and `dependencies` are `module:qualified name`. `handlers` are the probe's numbers of the handler; `inside` are
    the watched functions that the handler's code mentions. `parameters` holds a valid value for each path parameter whose type
    is known. `source` is where the handler's code begins; None for a library's. The other fields are those of
    `harness.targets.base.Route`.
    """

    method: str
    path: str
    kind: str
    hidden: bool
    tags: List[str]
    module: str
    endpoint: str
    dependencies: List[str]
    mount: str
    handlers: List[int]
    inside: List[str]
    any_method: bool
    prefixes: List[str]
    host: str
    parameters: Dict[str, object]
    source: Optional[Source]


class Item(NamedTuple):
    """One request, or one function call, to execute.

    `kind` is `http`, `websocket` or `call`. Of a call, `method` names the function, and `body` holds its arguments (see
    `function_call`). `stop`: the probe stops the request when the route's handler is entered. `messages` are sent over a
    websocket once it is accepted. `handlers` are the numbers of the handler of the request's route. `learn`: note what the app
    asks of the request (`Trace.asked`).
    """

    kind: str
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    stop: bool
    messages: List[str]
    handlers: List[int]
    learn: bool


class Asked(NamedTuple):
    """A name that the app's code asked a request for.

    `place` is `header` (the name is in lower case then), `cookie`, `query`, `body`, or `code` where a function had the request in
    its hands and no name is known (`name` is empty). `reader` is the function that asked, `module:qualified name`, or empty where
    a framework asked and no function of the app is known to want it. `words` are texts that the reader's code compares with or
    builds upon, nearest first. `phase` is that of `Ran`.
    """

    place: str
    name: str
    reader: str
    words: List[str]
    phase: int


class Trace(NamedTuple):
    """What the probe saw of one request.

    `entered`: the route's handler was entered. `elsewhere`: another route's handler was, and this one's was not. `stopped`: the
    probe stopped the request there. `finished`: the handler returned, and what it returned is no refusal. `ran`: the watched
    functions that returned, in their order. `asked`: what the app asked the request for, where the item says `learn`.
    """

    entered: bool
    elsewhere: bool
    stopped: bool
    finished: bool
    ran: List[Ran]
    asked: List[Asked]


@dataclass
class WebsocketFacts:
    """How a websocket went.

    `accepted`: the handshake succeeded. `close`: the close code of the server (RFC 6455, section 7.4), None without one.
    `sent`: how many messages the server sent, `first` being the first of them. `left`: the client had to end the connection.
    `waited`: the server accepted, and then waited for a message without having sent one.
    """

    accepted: bool = False
    close: Optional[int] = None
    sent: int = 0
    left: bool = False
    waited: bool = False
    first: str = ""


class Result(NamedTuple):
    """What came of one item.

    `body` is the beginning of the response's body; `cut`: there was, or may have been, more. `micros` is the duration in
    microseconds, `waited` how many of these nothing in the process was running; 0 where others may not run meanwhile. `error` is
    the exception that the target raised, in one line.
    """

    status: Optional[int]
    headers: Headers
    body: str
    cut: bool
    trace: Trace
    micros: int
    waited: int
    error: Optional[str]
    websocket: Optional[WebsocketFacts]


class Configuration(NamedTuple):
    """What the agent is to load. `names` lead to the fake Clerk at `fake_port`; `patterns` name more functions to watch; `hooks`
    are the variables by which processes that the app starts are redirected too, and which say what else may be reached.
    """

    app: str
    app_dir: str
    names: List[str]
    fake_port: int
    patterns: List[str]
    hooks: Dict[str, str]


class Go(NamedTuple):
    """Start the app up: its database is ready, or it has none."""


class Stop(NamedTuple):
    """Shut the app down and end the process."""


class Batch(NamedTuple):
    """Items to execute one after the other, `at_once` of them beside each other. `limit` is in seconds for each item."""

    number: int
    limit: float
    items: List[Item]
    at_once: int


class Failure(NamedTuple):
    """The app cannot be loaded or started. `message` is for the user; `blocked` are the hosts that it was refused."""

    kind: str
    message: str
    blocked: List[str]


class Hello(NamedTuple):
    """The app has started. `functions` are the names of the watched functions, by their number.

    `missing_variables` are variables of the environment that the app looked for in vain. `openapi` is the app's own OpenAPI
    document, or None with a reason in `openapi_problem`; `mounted_documents` are (prefix, document) of mounted apps. `packages`
    are versions of what the app is built on, as far as they are installed; `sources` has where each watched function and each
    dependency begins that is not a library's, by its name.
    """

    python: str
    interface: str
    probe: str
    routes: List[RouteDescription]
    functions: List[str]
    missing_variables: List[str]
    openapi: Optional[Dict[str, Any]]
    openapi_problem: Optional[str]
    mounted_documents: List[Tuple[str, Dict[str, Any]]]
    blocked: List[str]
    packages: Dict[str, str]
    sources: Dict[str, Source]


class Heartbeat(NamedTuple):
    """The agent's process is alive, and a batch is under way."""

    ticks: int


class Results(NamedTuple):
    """A whole batch was executed."""

    number: int
    results: List[Result]
    blocked: List[str]


class Hung(NamedTuple):
    """An item exceeded the limit. `results` are those of the items before it; `where` names the places it is stuck in.

    `answered`: a part of the item's own answer was there, which is the last of `results`. `beside`: others ran beside it.
    """

    number: int
    results: List[Result]
    blocked: List[str]
    where: str
    answered: bool = False
    beside: bool = False


Message = Union[Configuration, Go, Stop, Batch, Failure, Hello, Heartbeat, Results, Hung]

_KINDS: Dict[str, Type[Message]] = {
    "configuration": Configuration,
    "go": Go,
    "stop": Stop,
    "batch": Batch,
    "failure": Failure,
    "hello": Hello,
    "heartbeat": Heartbeat,
    "results": Results,
    "hung": Hung,
}
_TAGS = {kind: tag for tag, kind in _KINDS.items()}
_OF_TARGETS = ("failure", "hello", "results", "hung")
"""Messages with texts of the target's. Those of the harness may have paths that are not UTF-8."""


class ProtocolError(Exception):
    """A frame that is not a message of this protocol."""


class Codec:
    """Encodes and decodes the messages of one connection. Each side keeps one while the connection lasts.

    It remembers the large header values of the batches that were encoded or decoded, so that each crosses once.
    """

    def __init__(self) -> None:
        self._numbers: Dict[str, int] = {}
        self._values: List[str] = []

    def encode(self, message: Message) -> bytes:
        """Return the message as a frame."""
        fields: List[object] = list(message)
        if isinstance(message, Batch):
            fields[2] = self._items_to_wire(message.items)
        elif isinstance(message, (Results, Hung)):
            fields[1] = [_result_to_wire(result) for result in message.results]
        data = json.dumps([_TAGS[type(message)], *fields]).encode("ascii")
        return LENGTH.pack(len(data)) + data

    def decode(self, data: Union[bytes, bytearray]) -> Message:
        """Return the message of a frame, given without its head. Raises ProtocolError for an unknown one."""
        tag, *fields = json.loads(data)
        if tag not in _KINDS:
            raise ProtocolError("unknown message: %r" % (tag,))
        if tag in _OF_TARGETS and b"\\ud" in data:
            fields = whole_characters(fields)
        if tag == "batch":
            fields[2] = self._items_from_wire(*fields[2])
        elif tag in ("results", "hung"):
            fields[1] = [_result_from_wire(result) for result in fields[1]]
        elif tag == "hello":
            fields[3] = [RouteDescription._make([*route, source and tuple(source)]) for *route, source in fields[3]]
            fields[8] = [(prefix, document) for prefix, document in fields[8]]
            fields[11] = {name: tuple(source) for name, source in fields[11].items()}
        return _KINDS[tag](*fields)

    def _items_to_wire(self, items: List[Item]) -> object:
        """(items, large values that the other side does not know yet): such values are numbers in the items."""
        new: List[str] = []

        def refer(value: str) -> int:
            number = self._numbers.get(value)
            if number is None:
                number = self._numbers[value] = len(self._numbers)
                new.append(value)
            return number

        wire = [
            (
                *item[:4],
                [field if len(field[1]) <= LARGE else (field[0], refer(field[1])) for field in item.headers],
                base64.b64encode(item.body).decode("ascii") if item.body else "",
                *item[6:],
            )
            for item in items
        ]
        return wire, new

    def _items_from_wire(self, wire: List[Any], new: List[str]) -> List[Item]:
        values = self._values
        values.extend(new)
        items = []
        for fields in wire:
            headers = fields[4]
            fields[4] = [(name, value if isinstance(value, str) else values[value]) for name, value in headers]
            fields[5] = base64.b64decode(fields[5]) if fields[5] else b""
            items.append(Item._make(fields))
        return items


def _result_to_wire(result: Result) -> object:
    facts = result.websocket
    if facts is None:
        return result
    return (*result[:-1], (facts.accepted, facts.close, facts.sent, facts.left, facts.waited, facts.first))


def _result_from_wire(wire: List[Any]) -> Result:
    wire[1] = list(map(tuple, wire[1]))
    trace = wire[4]
    trace[4] = list(map(tuple, trace[4]))
    trace[5] = list(map(Asked._make, trace[5]))
    wire[4] = Trace._make(trace)
    if wire[-1] is not None:
        wire[-1] = WebsocketFacts(*wire[-1])
    return Result._make(wire)
