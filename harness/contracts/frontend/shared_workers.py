"""Shared workers: what they send. Playwright tells of dedicated workers only (https://playwright.dev/docs/api/class-worker).

The browser is asked itself (Chrome DevTools Protocol, domains Target and Network), as of any target that no page holds.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from harness.contracts.frontend.visitor import Sent, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page


class SharedWorkers:
    """The shared workers of a visitor's browser; what they send is noted among the visitor's requests."""

    def __init__(self, browser: Browser, visitor: Visitor) -> None:
        self.visitor = visitor
        self._session: CDPSession = browser.new_browser_cdp_session()
        self._new: list[dict[str, Any]] = []
        self._known: dict[str, Sent] = {}
        self._own = ""
        self._session.on("Target.targetCreated", lambda event: self._new.append(event["targetInfo"]))
        self._session.on("Target.receivedMessageFromTarget", lambda event: self._told(json.loads(event["message"])))
        self._session.send("Target.setDiscoverTargets", {"discover": True, "filter": [{"type": "shared_worker"}]})

    def opened(self, page: Page) -> None:
        """Take note of a tab: its workers are those of this browser."""
        if not self._own:
            tab = page.context.new_cdp_session(page)
            self._own = tab.send("Target.getTargetInfo")["targetInfo"].get("browserContextId", "")
            tab.detach()

    def listen(self) -> None:
        """Listen to the workers that are new. Not in the event itself, which must not wait for the browser."""
        while self._new:
            worker = self._new.pop()
            if worker.get("browserContextId", "") != self._own:
                continue  # Of another visitor.
            self.visitor.settled(worker["url"])
            with suppress(Exception):  # It has ended.
                found = self._session.send("Target.attachToTarget", {"targetId": worker["targetId"], "flatten": False})
                message = json.dumps({"id": 1, "method": "Network.enable"})
                self._session.send("Target.sendMessageToTarget", {"sessionId": found["sessionId"], "message": message})

    def _told(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            request = told["request"]
            fields = {name.lower(): value for name, value in request["headers"].items()}
            body = str(request.get("postData", ""))
            seen = self.visitor.note(request["method"], request["url"], fields, body)
            self._known[told["requestId"]] = seen
        elif message.get("method") == "Network.responseReceived" and (known := self._known.get(told["requestId"])):
            known.status = told["response"]["status"]

    def close(self) -> None:
        """Listen no more."""
        with suppress(Exception):
            self._session.detach()
