"""What ASGI calls, WSGI calls and function calls have in common: the answer that they fill, and how long a stream is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from .protocol import Headers, WebsocketFacts

BODY_KEPT = 2048
"""Bytes of a response's body that are kept as evidence."""
STREAM_PATIENCE = 1.0
"""Seconds that a response without a length may stay open before the client leaves, and again before it is cut off."""


@dataclass
class Answer:
    """What has come so far of the answer to one item.

    `cut`: there was more of the body, or there may have been. `left`: the client went away and the app's task was cancelled.
    """

    status: int | None = None
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    cut: bool = False
    left: bool = False
    websocket: WebsocketFacts | None = None

    def header(self, name: str) -> str:
        """The first field of that name (in lower case), or the empty text."""
        return next((value for key, value in self.headers if key.lower() == name), "")
