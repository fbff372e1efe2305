"""The messages between the harness and its agent: each arrives as it was sent, and large header values cross once."""

from __future__ import annotations

import json

import pytest

from harness.targets.agent.characters import whole_characters
from harness.targets.agent.protocol import (
    LARGE,
    LENGTH,
    Asked,
    Batch,
    Codec,
    Configuration,
    Failure,
    Go,
    Heartbeat,
    Hello,
    Hung,
    Item,
    Message,
    ProtocolError,
    Result,
    Results,
    RouteDescription,
    Stop,
    Trace,
    WebsocketFacts,
)

ITEM = Item("http", "POST", "/p", "a=b", [("host", "x"), ("x-é", "\xff")], b"\x00\xff", True, ["one"], [3, 4], True)
ASKED = [Asked("header", "x-é", "m:f", ["dev_", "ñ"], 0), Asked("code", "", "", [], 1)]
RESULT = Result(
    401,
    [("a", "b")],
    "ñ ",
    True,
    Trace(True, False, False, True, [(0, True, 1), (2, False, 0)], ASKED),
    12,
    7,
    "E: x",
    None,
)
SOCKET = RESULT._replace(
    status=None,
    websocket=WebsocketFacts(accepted=True, close=1008, sent=2, left=True, waited=True, first="é"),
)
ROUTE = RouteDescription(
    "GET", "/p/{id}", "http", True, ["t"], "m", "m:f", ["m:d"], "/mount", [1], ["m:v"], False, ["/v1"], "h", {"id": 1},
    ("/app/m.py", 3),
)  # fmt: skip
MESSAGES = [
    Configuration("backend:app", "/app", ["api.clerk.com"], 8080, ["m:*"], {"A": "b"}),
    Go(),
    Stop(),
    Batch(7, 2.5, [ITEM, ITEM._replace(kind="call", body=b"", headers=[], messages=[])], 8),
    Failure("import", "importing backend failed", ["example.com"]),
    Hello(
        "3.11.0",
        "asgi",
        "wrapping",
        [ROUTE],
        ["m:v"],
        ["CLERK_KEY"],
        {"paths": {}},
        None,
        [("/sub", {})],
        [],
        {"fastapi": "0.137.0"},
        {"m:v": ("/app/m.py", 9)},
    ),
    Heartbeat(10),
    Results(7, [RESULT, SOCKET], []),
    Hung(7, [], ["example.com"], "backend.py:3 wait"),
    Hung(7, [RESULT], [], "backend.py:3 wait", beside=True),
]


def sent(message: Message, sender: Codec, receiver: Codec) -> Message:
    """The message on the other side."""
    frame = sender.encode(message)
    (length,) = LENGTH.unpack(frame[: LENGTH.size])
    assert length == len(frame) - LENGTH.size
    return receiver.decode(frame[LENGTH.size :])


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    arrived = sent(message, Codec(), Codec())
    assert type(arrived) is type(message)
    assert arrived == message


def test_a_large_value_crosses_once() -> None:
    sender, receiver = Codec(), Codec()
    first, second = "a" * (LARGE + 1), "b" * (LARGE + 1)

    def batch(number: int, *values: str) -> Batch:
        return Batch(number, 1.0, [ITEM._replace(headers=[("x", value)]) for value in values], False)

    messages = [batch(1, first, first), batch(2, second, first), batch(3, "small", second)]
    assert [sent(message, sender, receiver) for message in messages] == messages
    assert [len(sender.encode(message)) > LARGE for message in messages] == [False] * 3


def test_a_value_that_is_not_large_is_sent_each_time() -> None:
    sender = Codec()
    message = Batch(1, 1.0, [ITEM._replace(headers=[("x", "a" * LARGE)])], False)
    assert [len(sender.encode(message)) > LARGE for _ in range(2)] == [True, True]


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="unknown message: 'bye'"):
        Codec().decode(json.dumps(["bye", 1]).encode())


def test_half_characters_of_a_target_arrive_as_what_can_be_written() -> None:
    codec = Codec()
    failure = codec.decode(codec.encode(Failure("import", "a \ud800 b \U0001f600", []))[LENGTH.size :])
    assert failure == Failure("import", "a \ufffd b \U0001f600", [])
    configuration = Configuration("a:b", "/home/\udcff", [], 1, [], {})
    assert codec.decode(codec.encode(configuration)[LENGTH.size :]) == configuration
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep, {"\ud800": "\udfff"}]
    assert whole_characters(deep)[1] == {"\ufffd": "\ufffd"}
