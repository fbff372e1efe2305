"""The agent's side of the socket to the harness."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable

from .exchange import SILENCE, Answer
from .protocol import LENGTH, Codec, Heartbeat, Message, Result


class Wire:
    """Messages over a socket. Each is written whole, whichever thread writes it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.codec = Codec()
        self.lock = threading.Lock()

    def read(self) -> Message | None:
        """Return the next message; None when the harness is gone."""
        head = self._exactly(LENGTH.size)
        if head is None:
            return None
        data = self._exactly(LENGTH.unpack(head)[0])
        return None if data is None else self.codec.decode(data)

    def _exactly(self, count: int) -> bytes | None:
        parts = []
        while count:
            part = self.connection.recv(min(count, 1 << 20))
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def write(self, message: Message) -> None:
        """Send a message. Raises OSError when the harness is gone."""
        frame = self.codec.encode(message)
        with self.lock:
            self.connection.sendall(frame)


class Watchdog(threading.Thread):
    """Ends the process when one item takes longer than the limit, after it has sent what `report` returns.

    While a `deadline` is set, it sends a sign of life each second: without one the harness takes the whole process for stuck
    and kills it. An item whose `answer` has begun and not ended may be stuck for some seconds only; `current` returns what is there of it.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__(name="clerk-harness-watchdog", daemon=True)
        self.wire = wire
        self.deadline: float | None = None
        self.report: Callable[[], Message | None] | None = None
        self.current: Callable[[], Result | None] | None = None
        self.answer: Answer | None = None

    def run(self) -> None:
        """Look at the deadline ten times a second."""
        ticks = 0
        while True:
            time.sleep(0.1)
            deadline = self.deadline
            ticks += 1
            if deadline is not None and ticks % 10 == 0:
                self.wire.write(Heartbeat(ticks))
            if deadline is None or self.report is None:
                continue
            answer = self.answer
            if answer is not None and answer.began is not None and answer.cut:
                deadline = min(deadline, answer.began + SILENCE)
            if time.monotonic() > deadline:
                message = self.report()
                if message is None:
                    continue
                try:
                    self.wire.write(message)
                finally:
                    os._exit(17)
