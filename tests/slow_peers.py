"""Peers that drip, or go on for ever, and waiting for what must have an end all the same."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from harness.core.errors import HarnessError

Part = bytes | float
"""Bytes to send, or seconds to wait."""
Result = TypeVar("Result")
_HANGS = 60.0


def within(work: Callable[[], Result]) -> Result:
    """Return what `work` returns; a test that would hang fails instead."""
    done: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_HANGS)
    if failed:
        raise failed[0]
    assert done, f"it hangs: no end after {_HANGS:g} s"
    return done[0]


def told(work: Callable[[], object]) -> str:
    """Return the message of the error by which `work` ends, as a user reads it."""
    try:
        within(work)
    except HarnessError as error:
        return str(error)
    raise AssertionError("it raised nothing")


@contextmanager
def peer(answer: Callable[[], Iterable[Part]], *, read: bool = True) -> Iterator[str]:
    """A server on this machine that sends each client what `answer` gives, and says no more; the address as `host:port`.

    `read`: it reads a request first. It ends with the test, whoever still waits for it.
    """
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        try:
            if read:
                connection.recv(1 << 16)
            for part in answer():
                if isinstance(part, bytes):
                    connection.sendall(part)
                elif over.wait(part):
                    return
            over.wait()
        except OSError:
            pass  # The client has left.

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            connection.close()
        thread.join()


def dripping(begin: bytes, drop: bytes = b"x", pause: float = 0.05) -> Callable[[], Iterator[Part]]:
    """What begins with some bytes and goes on with a drop now and then, for ever."""

    def answer() -> Iterator[Part]:
        yield begin
        while True:
            yield pause
            yield drop

    return answer


def endless(begin: bytes, more: bytes) -> Callable[[], Iterator[Part]]:
    """What begins with some bytes and goes on for ever, as fast as it is read."""

    def answer() -> Iterator[Part]:
        yield begin
        while True:
            yield more

    return answer
