"""Webhooks as Clerk sends them through Svix: signed events on every change of the directory, delivered at least once.

Signing: https://docs.svix.com/receiving/verifying-payloads/how-manual; delivery: https://docs.svix.com/retries;
events: Clerk's OpenAPI document `webhooks` (2025-04-15).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import heapq
import hmac
import http.client
import ipaddress
import itertools
import json
import random
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.core.bounded import post
from harness.core.text import quoted
from harness.core.urls import parse_url

_LIMIT = 15.0
"""Seconds within which a receiver must answer, as with Svix."""
_SETTLE = 0.3
"""Seconds without a change after which shuffled events are delivered."""


def new_webhook_secret() -> str:
    """A signing secret: `whsec_` and base64 of 24 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode("ascii")


def sign_delivery(secret: str, body: bytes, *, at: int | None = None, message_id: str | None = None) -> dict[str, str]:
    """The three Svix headers for a delivery of `body` at the Unix time `at` (seconds; now by default).

    Raises ValueError when `secret` is not `whsec_` and base64.
    """
    if not secret.startswith("whsec_"):
        raise ValueError("a webhook secret begins with whsec_")
    identifier = message_id or f"msg_{secrets.token_hex(13)}"
    timestamp = str(int(time.time()) if at is None else at)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identifier}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "svix-id": identifier,
        "svix-timestamp": timestamp,
        "svix-signature": "v1," + base64.b64encode(digest).decode("ascii"),
    }


@dataclass
class Message:
    """The message of one event. `attempts` has the status of each delivery, or why there was none."""

    type: str
    body: bytes
    id: str = field(default_factory=lambda: f"msg_{secrets.token_hex(13)}")
    attempts: list[int | str] = field(default_factory=list)

    @property
    def delivered(self) -> bool:
        """Whether the receiver accepted it at least once."""
        return any(isinstance(status, int) and 200 <= status < 300 for status in self.attempts)

    def as_json(self) -> dict[str, Any]:
        """The control API's object for a message."""
        return {
            "id": self.id,
            "type": self.type,
            "delivered": self.delivered,
            "attempts": self.attempts,
            "payload": json.loads(self.body),
        }


@dataclass
class Endpoint:
    """A receiver of webhooks on this machine, and how messages are delivered to it.

    `events` are the types to deliver, all when empty. With `hold` nothing is delivered until `flush`. `delay` is the time
    in seconds before each delivery. Each message is delivered `duplicates` more times. After a failure there are up to
    `retries` more attempts; the wait before them begins with `retry_wait` seconds and doubles. `disorder` is the seed by
    which waiting messages are shuffled; None keeps their order. Raises ValueError for a receiver on another machine and for
    negative numbers.

    >>> Endpoint("http://127.0.0.1:3000/webhooks", events=["user.created"], duplicates=1).duplicates
    1
    >>> Endpoint("https://example.com/webhooks")
    Traceback (most recent call last):
    ValueError: webhooks go to http:// or https:// on this machine, not to 'https://example.com/webhooks'
    """

    url: str
    events: list[str] = field(default_factory=list)
    hold: bool = False
    delay: float = 0.0
    duplicates: int = 0
    retries: int = 3
    retry_wait: float = 0.2
    disorder: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a receiver on another machine, and for values of other types or negative numbers."""
        if not isinstance(self.url, str) or not isinstance(self.events, list):
            raise ValueError("url is a text and events a list of texts")
        try:
            here = _is_loopback(parse_url(self.url).host)
        except ValueError as error:
            raise ValueError(
                f"webhooks go to http:// or https:// on this machine; {quoted(self.url)!r} {error}"
            ) from None
        if not here:
            raise ValueError(f"webhooks go to http:// or https:// on this machine, not to {self.url!r}")
        if min(self.delay, self.duplicates, self.retries, self.retry_wait) < 0:
            raise ValueError("delay, duplicates, retries and retry_wait are not negative")


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


class Sender(Protocol):
    """What events come from: an instance."""

    id: str
    webhook_secret: str

    def now(self) -> int:
        """The sender's time, in seconds since 1970."""


def event_message(sender: Sender, type: str, data: dict[str, Any]) -> Message:
    """The message of an event of `type`, in the form of Clerk's webhooks."""
    body = {
        "data": data,
        "object": "event",
        "type": type,
        "timestamp": sender.now() * 1000,
        "instance_id": sender.id,
        "event_attributes": {"http_request": {"client_ip": "127.0.0.1", "user_agent": "clerk-harness"}},
    }
    return Message(type, json.dumps(body, ensure_ascii=False).encode())


class Outbox:
    """Makes a message of each change and delivers it to the endpoint, if there is one, in a thread.

    Time and secret are taken from `sender` at each delivery, so that changes of them take effect at once.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.changes = threading.Condition()
        """Notified after each delivery."""
        self._waiting: list[Message] = []
        self._queue: list[tuple[float, int, Message, int]] = []
        self._numbers = itertools.count()
        self._busy = self._flushing = self._closed = False
        self._last = 0.0
        self._thread: threading.Thread | None = None
        self.endpoint: Endpoint | None = None
        self.messages: list[Message] = []
        """All messages since the endpoint was set, in the order of the changes."""

    def send_to(self, endpoint: Endpoint | None) -> None:
        """Deliver the events from now on to `endpoint`; None ends the deliveries.

        >>> from harness.fake_clerk import Endpoint, FakeClerk
        >>> with FakeClerk() as clerk:
        ...     clerk.outbox.send_to(Endpoint("http://127.0.0.1:9/webhooks", retries=0))
        ...     ada = clerk.directory.add_user("ada@example.com")
        ...     clerk.outbox.flush()
        ...     [(message.type, message.delivered) for message in clerk.outbox.messages]
        True
        [('user.created', False)]
        """
        with self.changes:
            self.endpoint = endpoint
            self._waiting, self._queue, self.messages = [], [], []
            self.changes.notify_all()

    def event(self, type: str, data: dict[str, Any]) -> None:
        """Listen to the directory: make a message of a change and queue it, if the endpoint wants events of this type."""
        endpoint = self.endpoint
        if endpoint is None or (endpoint.events and type not in endpoint.events):
            return
        message = event_message(self._sender, type, data)
        with self.changes:
            self.messages.append(message)
            self._waiting.append(message)
            self._last = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="clerk-harness-webhooks", daemon=True)
                self._thread.start()
            self.changes.notify_all()

    def replay(self, message_id: str) -> Message:
        """Deliver a message again, at once, as `resend` in Clerk's dashboard does. Raises KeyError for an unknown id.

        >>> from harness.fake_clerk import Endpoint, FakeClerk
        >>> with FakeClerk() as clerk:
        ...     clerk.outbox.send_to(Endpoint("http://127.0.0.1:9/webhooks", hold=True))
        ...     ada = clerk.directory.add_user("ada@example.com")
        ...     len(clerk.outbox.replay(clerk.outbox.messages[0].id).attempts)
        1
        """
        message = next((m for m in self.messages if m.id == message_id), None)
        if message is None:
            raise KeyError(message_id)
        self.deliver(message)
        return message

    def flush(self, timeout: float = 30.0) -> bool:
        """Deliver everything at once, retries included, and wait for it; whether that was done within `timeout` seconds.

        >>> from harness.fake_clerk import FakeClerk
        >>> with FakeClerk() as clerk:
        ...     clerk.outbox.flush(timeout=1.0)
        True
        """
        with self.changes:
            self._flushing = True
            self.changes.notify_all()
            done = self.changes.wait_for(lambda: not (self._waiting or self._queue or self._busy), timeout)
            self._flushing = False
        return done

    def deliver(self, message: Message, endpoint: Endpoint | None = None) -> int | str:
        """Deliver a message once, in this thread; the status, or why there was none. Redirects are not followed.

        Raises RuntimeError when there is no endpoint.
        """
        endpoint = endpoint or self.endpoint
        if endpoint is None:
            raise RuntimeError("there is no endpoint: call send_to first")
        headers = {"content-type": "application/json", "user-agent": "Svix-Webhooks/1.0 (clerk-harness)"}
        headers |= sign_delivery(
            self._sender.webhook_secret, message.body, at=self._sender.now(), message_id=message.id
        )
        result: int | str
        try:
            result = post(endpoint.url, message.body, headers, seconds=_LIMIT)
        except (OSError, ValueError, http.client.HTTPException) as error:
            result = f"{type(error).__name__}: {error}"
        message.attempts.append(result)
        return result

    def close(self) -> None:
        """End the thread; waiting messages are not delivered."""
        with self.changes:
            self._closed = True
            self.changes.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)

    # The thread

    def _run(self) -> None:
        while True:
            with self.changes:
                work = self._next()
                while work is None and not self._closed:
                    self.changes.wait(self._pause())
                    work = self._next()
                if work is None:
                    return
                self._busy = True
            message, attempt, endpoint = work
            status = self.deliver(message, endpoint)
            with self.changes:
                failed = not (isinstance(status, int) and 200 <= status < 300)
                if failed and attempt < endpoint.retries and self.endpoint is endpoint:
                    self._push(message, endpoint.retry_wait * 2**attempt, attempt + 1)
                self._busy = False
                self.changes.notify_all()

    def _next(self) -> tuple[Message, int, Endpoint] | None:
        """The message that is due, its attempt's number and its endpoint; None when nothing is due."""
        endpoint = self.endpoint
        if endpoint is None or self._closed:
            return None
        if self._waiting and (self._flushing or not (endpoint.hold or self._unsettled(endpoint))):
            leaving = [message for message in self._waiting for _ in range(endpoint.duplicates + 1)]
            self._waiting = []
            if endpoint.disorder is not None:
                random.Random(endpoint.disorder).shuffle(leaving)
            for message in leaving:
                self._push(message, endpoint.delay, 0)
        if self._queue and (self._flushing or self._queue[0][0] <= time.monotonic()):
            _, _, message, attempt = heapq.heappop(self._queue)
            return message, attempt, endpoint
        return None

    def _unsettled(self, endpoint: Endpoint) -> bool:
        return endpoint.disorder is not None and time.monotonic() - self._last < _SETTLE

    def _push(self, message: Message, after: float, attempt: int) -> None:
        heapq.heappush(self._queue, (time.monotonic() + after, next(self._numbers), message, attempt))

    def _pause(self) -> float | None:
        """Seconds until a message may be due; None when none waits."""
        endpoint = self.endpoint
        if endpoint is None:
            return None
        times = [self._queue[0][0]] if self._queue else []
        if self._waiting and not endpoint.hold and endpoint.disorder is not None:
            times.append(self._last + _SETTLE)
        return max(0.0, min(times) - time.monotonic()) if times else None
