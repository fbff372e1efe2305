"""Shared workers: Playwright tells nothing of what they send (https://playwright.dev/docs/api/class-worker: dedicated ones only).

They are noticed, so that no check passes by what nobody has seen. They are not attached to: a shared worker with a debugger does not
end with its page, and the next page gets no other.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from harness.contracts.frontend.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page


class SharedWorkers:
    """The shared workers of a visitor's browser."""

    def __init__(self, browser: Browser, visitor: Visitor) -> None:
        self.visitor = visitor
        self._session: CDPSession = browser.new_browser_cdp_session()
        self._new: list[dict[str, Any]] = []
        self._own = ""
        self._session.on("Target.targetCreated", lambda event: self._new.append(event["targetInfo"]))
        self._session.send("Target.setDiscoverTargets", {"discover": True, "filter": [{"type": "shared_worker"}]})

    def opened(self, page: Page) -> None:
        """Take note of a tab: its workers are those of this browser."""
        if not self._own:
            tab = page.context.new_cdp_session(page)
            self._own = tab.send("Target.getTargetInfo")["targetInfo"].get("browserContextId", "")
            tab.detach()

    def look(self) -> None:
        """Tell the visitor of the workers that are new."""
        while self._new:
            worker = self._new.pop()
            if worker.get("browserContextId", "") == self._own:
                self.visitor.unseen(worker["url"])

    def close(self) -> None:
        """Look no more."""
        with suppress(Exception):
            self._session.detach()
