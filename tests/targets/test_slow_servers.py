"""Over a socket every wait has an end for the whole of it: servers that drip, that stall and that never stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from harness.targets import http_line
from harness.targets import url as module
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Call, Observation, Request, Route
from harness.targets.url import UrlTarget
from tests.slow_peers import Part, dripping, endless, peer, told, within
from tests.targets.kit import ask_lane

Answer = Callable[[], Iterable[Part]]
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 1000000\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GREETING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def asked(address: str, *, kind: str = "http", limit: float = 0.5, scheme: str = "http") -> Observation:
    """What came of one request."""

    def ask() -> Observation:
        target = UrlTarget(f"{scheme}://{address}", "", lanes_wanted=1).start()
        try:
            request = Request("GET", "/", headers=[("host", "-")], kind=kind)
            return ask_lane(target.lanes[0], [Call(Route("GET", "/"), request)], limit)[0]
        finally:
            target.close()

    return within(ask)


@pytest.mark.parametrize(
    "answer",
    [
        dripping(b"HTTP/1.1 200 "),
        dripping(OK + b"X: "),
        dripping(OK, b"X: y\r\n"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
    ],
    ids=["status line", "header", "headers", "interim answers"],
)
def test_a_head_that_never_ends_is_no_answer(answer: Answer) -> None:
    with peer(answer) as address:
        seen = asked(address)
    assert (seen.status, seen.hung or bool(seen.error)) == (None, True)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (dripping(LENGTH), "x"),
        (dripping(OK + b"\r\n"), "x"),
        (dripping(CHUNKED, b"1\r\nx\r\n"), "x"),
        (dripping(CHUNKED + b"3\r\none\r\n0\r\n", b"X: y\r\n"), "one"),
        (endless(CHUNKED + b"3\r\none\r\n0\r\n", b"X: " + b"y" * 1000 + b"\r\n"), "one"),
        (dripping(CHUNKED + b"3\r\none\r\n", b"1"), "one"),
    ],
    ids=["length", "no length", "chunks", "trailers", "fast trailers", "chunk size"],
)
def test_a_body_that_never_ends_is_an_answer(monkeypatch: pytest.MonkeyPatch, answer: Answer, body: str) -> None:
    monkeypatch.setattr(http_line, "_STREAM_PATIENCE", 0.3)
    with peer(answer) as address:
        seen = asked(address, limit=20)
    assert (seen.status, seen.hung, seen.cut) == (200, False, True)
    assert seen.body.startswith(body)


def test_a_body_is_read_up_to_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_line, "_ANSWER_READ", 1 << 20)
    with peer(endless(OK + b"Content-Length: 999999999999\r\n\r\n", b"x" * 65536)) as address:
        seen = asked(address, limit=20)
    assert (seen.status, seen.cut, len(seen.body)) == (200, True, 2048)


@pytest.mark.parametrize("number", [100, 102, 103])
def test_interim_answers_are_skipped(number: int) -> None:
    """RFC 9110, section 15.2: a client must be able to parse one or more before the final answer."""
    interim = b"HTTP/1.1 %d Wait\r\nLink: </style.css>\r\n\r\n" % number
    with peer(lambda: [interim * 3 + b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"]) as address:
        seen = asked(address)
    assert (seen.status, seen.body, seen.error) == (401, "no", None)


def test_interim_answers_without_an_end_are_none() -> None:
    with peer(endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")) as address:
        seen = asked(address, limit=20)
    assert (seen.status, seen.error) == (None, "HTTPException: more than 16 interim answers")


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("answer", [dripping(b""), lambda: []], ids=["dripping", "stalled"])
def test_a_tls_handshake_that_never_ends_is_no_answer(answer: Answer, kind: str) -> None:
    # A record's head (RFC 8446, section 5.1) that announces more than ever comes.
    with peer(lambda: _then(answer)) as address:
        seen = asked(address, kind=kind, scheme="https")
    assert (seen.status, seen.hung) == (None, True)


def _then(answer: Answer) -> Iterable[Part]:
    yield b"\x16\x03\x03\x40\x00"
    yield from answer()


def test_a_websocket_whose_handshake_never_ends_is_no_answer() -> None:
    with peer(dripping(b"HTTP/1.1 101 Switching")) as address:
        seen = asked(address, kind="websocket")
    assert seen.hung
    assert seen.websocket == WebsocketFacts()


def test_the_body_of_a_refused_handshake_is_read_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_line, "_STREAM_PATIENCE", 0.3)
    with peer(dripping(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n", b"no")) as address:
        seen = asked(address, kind="websocket", limit=20)
    assert (seen.status, seen.hung, seen.body[:2]) == (403, False, "no")


@pytest.mark.parametrize(
    ("answer", "sent", "body"),
    [
        (endless(GREETING, b"\x81\x02hi"), 64, "hi"),
        (dripping(GREETING, b"\x81\x02hi"), None, "hi"),
        (dripping(GREETING + b"\x81\x7f" + (2**63).to_bytes(8, "big")), 1, "xxx"),
        (endless(GREETING + b"\x81\x7f" + (2**63).to_bytes(8, "big"), b"x" * 65536), 1, "xxx"),
        (dripping(GREETING + b"\x01\x01x", b"\x00\x01x"), 1, "x"),
        (dripping(GREETING, b"\x89\x00"), 0, ""),
    ],
    ids=["endless", "dripping", "huge and slow", "huge and fast", "fragments", "pings"],
)
def test_a_websocket_that_never_stops_was_accepted(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, sent: int | None, body: str
) -> None:
    monkeypatch.setattr(http_line, "_WEBSOCKET_WHOLE", 0.8)
    monkeypatch.setattr(http_line, "_ANSWER_READ", 1 << 20)
    with peer(answer) as address:
        seen = asked(address, kind="websocket", limit=20)
    assert seen.websocket is not None
    assert (seen.websocket.accepted, seen.websocket.left, seen.websocket.close, seen.error) == (True, True, None, None)
    assert seen.websocket.sent == sent or (sent is None and seen.websocket.sent > 1)
    assert seen.websocket.waited is (sent == 0)
    assert seen.body.startswith(body)


def started(address: str) -> Callable[[], object]:
    return UrlTarget(f"http://{address}", "/openapi.json", lanes_wanted=1).start


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (dripping(b"HTTP/1.1 2"), "was not there within 0.5 s"),
        (dripping(LENGTH), "was not there within 0.5 s"),
        (lambda: [], "was not there within 0.5 s"),
        (endless(LENGTH.replace(b"1000000", b"100000000"), b" " * 65536), "is larger than 1 MiB"),
        (endless(OK + b"\r\n", b" " * 65536), "is larger than 1 MiB"),
        (lambda: [OK + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000], "nested too deeply"),
        (lambda: [OK + b"Content-Length: 2\r\n\r\n[]"], "is no OpenAPI document: not a JSON object"),
    ],
    ids=["head", "body", "silence", "100 MB", "endless", "nested", "a list"],
)
def test_a_document_that_never_ends_is_told(monkeypatch: pytest.MonkeyPatch, answer: Answer, words: str) -> None:
    monkeypatch.setattr(module, "_DOCUMENT_SECONDS", 0.5)
    monkeypatch.setattr(module, "_DOCUMENT_BYTES", 1 << 20)
    if "larger" in words:
        monkeypatch.setattr(module, "_DOCUMENT_SECONDS", 20.0)
    with peer(answer) as address:
        message = told(started(address))
    assert words in message
    assert "/openapi.json" in message and "name the document with --openapi PATH" in message


def test_what_speaks_no_http_is_told() -> None:
    with peer(lambda: [b"SSH-2.0-OpenSSH_9.6\r\n"]) as address:
        assert "does not speak HTTP" in told(started(address))
