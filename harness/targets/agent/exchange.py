"""What ASGI calls, WSGI calls and function calls have in common: the answer that they fill, and how long a stream is read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .protocol import Headers, WebsocketFacts

BODY_KEPT = 2048
"""Bytes of a response's body that are kept as evidence."""
STREAM_PATIENCE = 1.0
"""Seconds that a response may stay open before the client leaves, and again before it is cut off: one of a known length after
its first part, another after the head; a websocket after a message.
"""
QUIET = 0.1
"""Seconds after a message of a websocket in which more that belongs to it may come, where the app reads in a task of its own."""
SILENCE = 3.0
"""Seconds that an accepted websocket may neither say nor ask anything, and that an app may be stuck after its first part."""


@dataclass
class Answer:
    """What has come so far of the answer to one item.

    `cut`: there was more of the body, or there may have been. `left`: the client went away and the app's task was cancelled.
    `began`: when its first part, or a websocket's first message, was there (time.monotonic).
    """

    status: int | None = None
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    cut: bool = False
    left: bool = False
    began: float | None = None
    websocket: WebsocketFacts | None = None

    def note_part(self) -> None:
        """A part of the answer is there: whatever comes of the rest, the request was answered."""
        if self.began is None:
            self.began = time.monotonic()

    def header(self, name: str) -> str:
        """The first field of that name (in lower case), or the empty text."""
        return next((value for key, value in self.headers if key.lower() == name), "")
