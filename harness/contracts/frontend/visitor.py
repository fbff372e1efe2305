"""One person's browser: a context of Chromium with its tabs, and a record of all that they send, say and keep."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, Page, Request, Response, WebSocket

_TICK = 20
_QUIET = 0.35
"""Seconds without a request after which a page has come to rest."""
NO_WORKER_TIMERS = """
const Plain = window.Worker;
if (Plain) window.Worker = class extends Plain {
  constructor(address, options) {
    if (options?.name === 'clerk-timers') throw new Error('timers run on the clock of the page');
    super(address, options);
  }
};
"""
"""Clerk's SDK counts its time in a worker, which a page's clock does not reach; without one it counts in the page."""
_STORAGE = resources.files(__package__).joinpath("storage.js").read_text(encoding="utf-8")
_POSTED = """
(() => {
  const note = (to, data) => {
    try { window.__harnessPosted(to, (typeof data === 'string' ? data : JSON.stringify(data)).slice(0, 20000)); } catch { }
  };
  const own = window.postMessage;
  window.postMessage = function (message, to) {
    if ((to !== null && typeof to === 'object' ? to.targetOrigin : to) === '*') note('*', message);
    return own.apply(this, arguments);
  };
  window.addEventListener('message', event => { if (event.origin && event.origin !== location.origin) note(location.origin, event.data); });
})();
"""
"""Tells of what windows send each other without saying to whom, or from one origin to another."""
_FRAMES = 100_000
"""Letters of what a websocket sends that are kept."""
_STORES = ("localStorage", "sessionStorage", "indexedDB", "cache", "files", "window")


@dataclass
class Sent:
    """A request of a page. `page`: the address of the tab; `at`: the issuer's time; `status`: None while nothing has answered."""

    method: str
    url: str
    headers: dict[str, str]
    body: str
    page: str
    at: int
    kind: str = ""
    status: int | None = None
    failed: bool = False

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return origin_of(self.url)

    @property
    def path(self) -> str:
        """The path without its query."""
        return urlsplit(self.url).path or "/"

    def told(self) -> str:
        """The request in a line; the output redacts it."""
        names = [n for n in self.headers if n in ("authorization", "cookie") or "token" in n or "auth" in n]
        fields = ", ".join(f"{name}: {self.headers[name]}" for name in dict.fromkeys(names))
        return f"{self.method} {self.url}" + (f" with {fields}" if fields else "")


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL; those of a websocket as the page's (`http` for `ws`)."""
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc}"


@dataclass
class Visitor:
    """A context and its record. `now` gives the issuer's time; `patience`: seconds until something must have happened."""

    context: BrowserContext
    now: Callable[[], int]
    patience: float
    most: int
    stopping: Callable[[], bool] = lambda: False
    sent: list[Sent] = field(default_factory=list)
    console: list[tuple[str, str]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    kept: list[tuple[str, str, str, str]] = field(default_factory=list)
    """What was found in storage: (where, key, value, page), each once."""
    posted: list[tuple[str, str, str]] = field(default_factory=list)
    """What windows have sent each other: (the origin that got it or `*` for any, the text, the page that sent or got it)."""
    looped: str = ""
    """The visit that took too many navigations."""
    refused_scripts: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    """The scripts of shared workers: what these send cannot be seen."""
    opened: Callable[[Page], None] = lambda page: None
    turn: Callable[[], None] = lambda: None
    """Called for each new tab, and while something is waited for."""
    _handshakes: list[tuple[str, str]] = field(default_factory=list)
    """Of each websocket, in order: its address, and the subprotocols that its client named."""
    _known: dict[Request, Sent] = field(default_factory=dict)
    _pending: set[Request] = field(default_factory=set)
    _navigations: dict[Page, int] = field(default_factory=dict)
    _last: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Watch everything that the context does."""
        self.context.set_default_timeout(self.patience * 1000)
        self.context.expose_binding("__harnessPosted", self._post)
        self.context.add_init_script(_POSTED)
        self.context.on("request", self._request)
        self.context.on("response", self._response)
        self.context.on("requestfinished", self._done)
        self.context.on("requestfailed", self._failed)
        self.context.on("console", self._said)
        self.context.on("page", self._tab)

    # What is recorded

    def _request(self, request: Request) -> None:
        self._last = time.monotonic()
        page = ""
        with suppress(Exception):  # A service worker's has no frame.
            page = request.frame.page.url
        body = ""
        with suppress(Exception):  # What is no text is no place of a token.
            body = request.post_data or ""
        seen = Sent(
            request.method, request.url, dict(request.headers), body[:100_000], page, self.now(), request.resource_type
        )
        self._known[request] = seen
        if request.resource_type != "eventsource":  # A stream does not end.
            self._pending.add(request)
        self.sent.append(seen)

    def unseen(self, worker: str) -> None:
        """Note a shared worker, and wait no more for its script, of which Playwright never tells that it is done."""
        self.hidden.append(worker)
        self._pending = {request for request in self._pending if request.url != worker}

    def _response(self, response: Response) -> None:
        self._last = time.monotonic()
        if (seen := self._known.get(response.request)) is not None:
            seen.status = response.status
            if seen.status == 404 and "/npm/@clerk/" in seen.url:
                self.refused_scripts.append(seen.path)

    def _done(self, request: Request) -> None:
        self._last = time.monotonic()
        self._pending.discard(request)

    def _failed(self, request: Request) -> None:
        self._done(request)
        if (seen := self._known.get(request)) is not None:
            seen.failed = True

    def _said(self, message: ConsoleMessage) -> None:
        self.console.append((message.page.url if message.page is not None else "", message.text))

    def _tab(self, page: Page) -> None:
        page.on("framenavigated", lambda frame: self._navigated(page, frame))
        page.on("websocket", lambda socket: self._socket(page, socket))

    def _navigated(self, page: Page, frame: Frame) -> None:
        if frame.parent_frame is None:
            self._last = time.monotonic()
            self._navigations[page] = self._navigations.get(page, 0) + 1
            self.addresses.append(frame.url)

    def _socket(self, page: Page, socket: WebSocket) -> None:
        seen = Sent("WEBSOCKET", socket.url, {}, "", page.url, self.now(), "websocket", 101)
        self.sent.append(seen)

        def frame(payload: str | bytes) -> None:
            text = payload if isinstance(payload, str) else payload.decode("utf-8", "replace")
            seen.body = f"{seen.body}{text}\n"[:_FRAMES]

        socket.on("framesent", frame)

    def _handshake(self, page: Page) -> None:
        """Note the subprotocols of the websockets of a tab, which Playwright does not tell."""
        session, addresses = self.context.new_cdp_session(page), dict[str, str]()

        def shaken(event: dict[str, Any]) -> None:
            fields = {name.lower(): value for name, value in event["request"]["headers"].items()}
            self._handshakes.append((addresses.get(event["requestId"], ""), fields.get("sec-websocket-protocol", "")))

        session.on("Network.webSocketCreated", lambda event: addresses.update({event["requestId"]: event["url"]}))
        session.on("Network.webSocketWillSendHandshakeRequest", shaken)
        session.send("Network.enable")

    def _post(self, source: Any, to: str, text: str) -> None:
        self.posted.append((to, text, source["page"].url))

    def complete(self, chosen: Callable[[Sent], bool]) -> None:
        """Read the whole header fields, cookies included, of the requests that are chosen and have been answered."""
        sockets = [seen for seen in self.sent if seen.method == "WEBSOCKET"]
        for url, protocols in self._handshakes:
            own = next((seen for seen in sockets if seen.url == url), None)
            if own is not None:
                sockets.remove(own)
                own.headers = {"sec-websocket-protocol": protocols} if protocols else {}
        for request, seen in list(self._known.items()):
            if seen.status is not None and chosen(seen):
                with suppress(Exception):  # Its page is closed: what the page gave is known.
                    seen.headers = request.all_headers()
                del self._known[request]

    # What is done

    def tab(self) -> Page:
        """A new tab."""
        page = self.context.new_page()
        self._handshake(page)
        self.opened(page)
        return page

    def visit(self, page: Page, url: str, until: Callable[[], bool] | None = None) -> bool:
        """Open an address and wait until `until`, or until the page rests; whether `until` came true.

        Raises nothing for a page that cannot be opened: it is then an error page of the browser.
        """
        self._navigations[page] = 0
        with suppress(
            Exception
        ):  # Interrupted by a redirect of the page's own, or in a loop, or refused: the address tells.
            page.goto(url, wait_until="commit")
        done = self.wait(page, until)
        if self._navigations[page] > self.most or page.url.startswith("chrome-error:"):
            self.looped = self.looped or url
        return done

    def wait(self, page: Page, until: Callable[[], bool] | None = None, patience: float | None = None) -> bool:
        """Wait until a condition holds, for `patience` seconds at most; without one, until the page rests."""
        deadline = time.monotonic() + (self.patience if patience is None else patience)
        self._last = time.monotonic()
        while True:
            if self.stopping():
                raise HarnessError("the run was ended")
            self.turn()
            if until is not None and _holds(until):
                return True
            if time.monotonic() > deadline or self._navigations.get(page, 0) > self.most or page.is_closed():
                return False
            if until is None and not self._pending and time.monotonic() - self._last > _QUIET and _loaded(page):
                return True
            page.wait_for_timeout(_TICK)

    def seen(self, page: Page, selector: str) -> bool:
        """Whether an element is there and visible."""
        with suppress(Exception):  # The page is being left.
            return page.locator(selector).locator("visible=true").count() > 0
        return False

    def text(self, page: Page) -> str:
        """The text that a person sees."""
        with suppress(Exception):  # The page is being left.
            return page.locator("body").inner_text(timeout=2000)
        return ""

    def keep(self, page: Page) -> None:
        """Note what is in the stores of a page (storage.js), in readable cookies and in its HTML."""
        found: list[tuple[str, str, str]] = []
        with suppress(Exception):  # A page without storage of its own.
            box = page.evaluate_handle(_STORAGE)
            end = time.monotonic() + self.patience
            while not box.evaluate("box => box.done") and time.monotonic() < end:
                page.wait_for_timeout(_TICK)
            stores: dict[str, Any] = box.evaluate("box => box")
            found += [(where, key, str(value)) for where in _STORES for key, value in stores[where]]
        with suppress(Exception):
            cookies = self.context.cookies(page.url)
            found += [("cookie", str(c["name"]), str(c["value"])) for c in cookies if not c["httpOnly"]]
        with suppress(Exception):
            found.append(("html", "the page", page.content()))
        known = {entry[:3] for entry in self.kept}
        self.kept += [(*entry, page.url) for entry in found if entry not in known]

    def picture(self, page: Page) -> bytes | None:
        """A picture of what a person sees."""
        with suppress(Exception):
            return page.screenshot(timeout=5000)
        return None

    def close(self) -> None:
        """Close the browser of this person."""
        with suppress(Exception):
            self.context.close()


def _holds(condition: Callable[[], bool]) -> bool:
    with suppress(Exception):  # Asked while the page is being left.
        return condition()
    return False


def _loaded(page: Page) -> bool:
    with suppress(Exception):
        return bool(page.evaluate("document.readyState === 'complete'"))
    return False
