"""The harness's own clients and servers do not wait for ever for a peer that drips."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from harness.credentials import SsrfListener
from harness.database.statement_proxy import StatementProxy
from harness.fake_clerk import Endpoint, FakeClerk, server, webhooks
from harness.run import minting
from tests.slow_peers import dripping, endless, peer, told, within

OK = b"HTTP/1.1 200 OK\r\n"
SLOW = {
    "status line": dripping(b"HTTP/1.1 2"),
    "headers": dripping(OK + b"X: "),
    "interim answers": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
}


@pytest.fixture
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk() as started:
        yield started


@pytest.mark.parametrize("what", SLOW)
def test_a_receiver_that_drips_gets_no_more_time_than_another(
    monkeypatch: pytest.MonkeyPatch, clerk: FakeClerk, what: str
) -> None:
    monkeypatch.setattr(webhooks, "_LIMIT", 0.5)
    with peer(SLOW[what]) as address:
        clerk.outbox.send_to(Endpoint(f"http://{address}/webhooks", retries=0))
        clerk.directory.add_user("ada@example.com")
        assert within(lambda: clerk.outbox.flush(timeout=30))
    (attempt,) = clerk.outbox.messages[0].attempts
    assert str(attempt).startswith("TimeoutError")


def test_the_body_of_a_receiver_s_answer_is_not_waited_for(clerk: FakeClerk) -> None:
    with peer(dripping(OK + b"Content-Length: 1000\r\n\r\n")) as address:
        clerk.outbox.send_to(Endpoint(f"http://{address}/webhooks", retries=0))
        clerk.directory.add_user("ada@example.com")
        assert within(lambda: clerk.outbox.flush(timeout=30))
    assert clerk.outbox.messages[0].attempts == [200]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        *((answer, 0.5) for answer in SLOW.values()),
        (dripping(OK + b"\r\n"), 0.5),
        (endless(OK + b"\r\n", b" " * 65536), 30.0),
    ],
    ids=[*SLOW, "body", "endless body"],
)
def test_an_issuer_that_drips_is_told(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Iterator[bytes | float]], seconds: float
) -> None:
    monkeypatch.setattr(minting, "_LIMIT", seconds)
    with peer(answer) as address:
        message = told(lambda: minting.from_issuer(f"http://{address}", "clerk", option="--issuer "))
    assert message.startswith(f"--issuer http://{address}: no `clerk-harness issuer` answers there")


@pytest.mark.parametrize("words", [b"SSH-2.0-OpenSSH_9.6\r\n", OK + b"Content-Length: 2\r\n\r\n17"])
def test_what_is_no_issuer_is_told(words: bytes) -> None:
    with peer(lambda: [words]) as address:
        message = told(lambda: minting.from_issuer(f"http://{address}", "clerk", option="--issuer "))
    assert "no `clerk-harness issuer` answers there" in message


REQUESTS = {
    "nothing": b"",
    "request line": b"GET /.well-kn",
    "headers": b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\nX: ",
    "body": b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00",
}


def _dripped(connection: socket.socket, drop: bytes) -> bytes:
    """What comes of a client that sends a drop now and then, until the server ends the connection."""
    connection.settimeout(0.05)
    said = b""
    while True:
        try:
            if drop:
                connection.sendall(drop)
            part = connection.recv(1 << 16)
        except TimeoutError:
            continue
        except OSError:
            return said
        if not part:
            return said
        said += part


@pytest.mark.parametrize("what", REQUESTS)
def test_a_client_that_drips_is_left(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(server, "_IDLE_SECONDS", 0.5)
    with FakeClerk() as clerk, socket.create_connection(("127.0.0.1", clerk.port)) as slow:
        slow.sendall(REQUESTS[what])
        assert within(lambda: _dripped(slow, b"x" if what not in ("nothing",) else b"")) == b""


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("kind", ["fake", "listener"])
def test_a_client_that_waits_is_sent_away_at_the_end(kind: str, what: str) -> None:
    with FakeClerk() as clerk:
        listener = SsrfListener(clerk.tls.context)
        url = listener.canary_url().url
        port = clerk.port if kind == "fake" else int(url.split(":")[2].split("/")[0])
        slow = socket.create_connection(("127.0.0.1", port))
        slow.sendall(REQUESTS[what])
        within(listener.close)
        within(clerk.close)
    with slow:
        assert within(lambda: _dripped(slow, b"")) == b""


@pytest.mark.parametrize("what", ["nothing", "TLS"])
def test_a_client_whose_turn_comes_while_the_server_closes_is_sent_away(clerk: FakeClerk, what: str) -> None:
    assert clerk._server is not None
    clerk._server._server.closing = True
    with socket.create_connection(("127.0.0.1", clerk.port)) as slow:
        slow.sendall(REQUESTS[what])
        assert within(lambda: _dripped(slow, b"")) == b""


@pytest.mark.parametrize(
    ("length", "status"),
    [(b"999999999999", b"413"), (b"-1", b"400"), (b"many", b"400"), ("²".encode("latin-1"), b"400")],
)
def test_a_request_s_length_is_held_to_what_can_be_meant(clerk: FakeClerk, length: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", clerk.port)) as client:
        client.sendall(b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + b"\r\n\r\n")
        assert within(lambda: _dripped(client, b"")).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    "begin", [b"", b"\x00\x00", b"\x7f\xff\xff\xff\x00\x03\x00\x00", b"\x00\x00\x00\x04\x00\x03\x00\x00"]
)
def test_a_client_of_the_statement_proxy_that_drips(begin: bytes) -> None:
    """It holds up nobody else, and `close` ends it; a start-up message that cannot be meant is not waited for."""
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        proxy = StatementProxy(f"postgresql://x@127.0.0.1:{upstream.getsockname()[1]}/x")
        address = proxy.url.rpartition("@")[2].partition("/")[0].split(":")
        with socket.create_connection((address[0], int(address[1]))) as slow:
            slow.sendall(begin)
            if len(begin) < 8:
                with socket.create_connection((address[0], int(address[1]))) as other:
                    other.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")  # It asks for encryption, and is declined.
                    assert within(lambda: other.recv(1)) == b"N"
                within(proxy.close)
            assert within(lambda: _dripped(slow, b"")) == b""
        proxy.close()
