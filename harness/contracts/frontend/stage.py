"""Everything that stands while the front-end contract is held: the fake, the backend, the front end and the browser."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.contracts.frontend.declaration import FrontendFile
from harness.contracts.frontend.shared_workers import SharedWorkers
from harness.contracts.frontend.visitor import NO_WORKER_TIMERS, Sent, Visitor, origin_of
from harness.core.redact import learn_made
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.models.users import User

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Broken(Exception):
    """A check does not hold; the text says in plain words what was seen."""


class Unknown(Exception):
    """Nothing can be said of a check; the text says why."""


@dataclass
class Story:
    """What was done for one check, step by step, and what of it does not hold. `shot`: takes a picture of a tab."""

    name: str
    shot: Callable[[str, Visitor, Any], str] = lambda name, visitor, page: ""
    steps: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    picture: str = ""
    count: int = 0

    def step(self, text: str) -> None:
        """The next step."""
        self.steps.append(text)

    def look(self, visitor: Visitor, page: Any) -> None:
        """Take a picture of the tab in which something does not hold; the first one is kept."""
        self.picture = self.picture or self.shot(self.name, visitor, page)

    def finding(self, text: str, request: Sent | None = None) -> None:
        """Something does not hold. The same is said once."""
        if text not in self.broken:
            self.broken.append(text)
            if request is not None and len(self.broken) == 1:
                self.step(f"sent: {request.told()}")


@dataclass
class Person:
    """Somebody who uses the front end."""

    user: User
    email: str
    password: str

    @property
    def marks(self) -> frozenset[str]:
        """What speaks of this person wherever it stands."""
        names = (self.email, self.user.id, self.user.first_name or "", self.user.last_name or "")
        return frozenset(filter(None, names))


@dataclass
class Stage:
    """See the module. `folder`: where pictures are put; `stopping`: whether the run is to end."""

    file: FrontendFile
    clerk: FakeClerk
    backend: str
    origin: str
    browser: Browser
    folder: Path
    stopping: Callable[[], bool] = lambda: False

    def path(self, page: Page) -> str:
        """The path of a tab at the front end; with its origin elsewhere."""
        url = page.url
        path = urlsplit(url).path or "/"
        return path if origin_of(url) == self.origin else f"{origin_of(url)}{path}"

    def to_backend(self, sent: Sent) -> bool:
        """Whether a request goes to the backend: to its own origin, or to the paths of the front end that lead there."""
        if sent.method == "OPTIONS":
            return False
        if sent.origin == self.origin and any(sent.path.startswith(prefix) for prefix in self.file.api):
            return True
        return sent.origin.replace("//localhost:", "//127.0.0.1:") == self.backend.replace(
            "//localhost:", "//127.0.0.1:"
        )

    def person(self, name: str, **more: Any) -> Person:
        """Somebody new, who is known to Clerk already."""
        mark = secrets.token_hex(3)
        password = f"Harness-{secrets.token_hex(8)}"
        learn_made(password)
        email = f"{name.lower()}.{mark}+clerk_test@example.com"
        user = self.clerk.directory.add_user(
            email, first_name=f"{name}{mark}", last_name=f"Of{mark}", password=password, **more
        )
        return Person(user, email, password)

    @contextmanager
    def visitor(self, person: Person | None = None, *, clock: bool = False) -> Iterator[Visitor]:
        """A new browser; `person` has been signed in there before, as Clerk's cookies say. `clock`: its time can be moved."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 800})
        visitor = Visitor(context, self.clerk.now, self.file.patience, self.file.navigations, self.stopping)
        workers = SharedWorkers(self.browser, visitor)
        visitor.opened, visitor.turn = workers.opened, workers.look
        try:
            if clock:
                context.clock.install()
                context.add_init_script(NO_WORKER_TIMERS)
            if person is not None:
                self.enter(visitor, person)
            yield visitor
        finally:
            workers.close()
            visitor.close()

    def enter(self, visitor: Visitor, person: Person, organization: str | None = None) -> None:
        """Give a browser the cookies of a sign-in that was made in it before."""
        session = self.clerk.directory.new_session(person.user.id, organization_id=organization)
        client = self.clerk.directory.clients[session.client_id]
        client.last_active_session_id = session.id
        cookies = self.clerk.cookies(person.user, session=session, azp=self.origin)
        visitor.context.clear_cookies()
        visitor.context.add_cookies(
            [{"name": name, "value": value, "url": self.origin, "sameSite": "Lax"} for name, value in cookies.items()]
        )

    def on_portal(self, page: Page) -> bool:
        """Whether a tab shows a page of the account portal."""
        return origin_of(page.url) == self.clerk.portal

    def at_sign_in(self, visitor: Visitor, page: Page) -> bool:
        """Whether a tab shows the sign-in: the portal's page, the front end's own, or its form in place."""
        own = self.file.sign_in
        if self.on_portal(page):
            return urlsplit(page.url).path.startswith("/sign-in")
        if origin_of(page.url) != self.origin:
            return False
        here = urlsplit(page.url).path or "/"
        return here == own.page or here.startswith(f"{own.page}/") or visitor.seen(page, own.identifier)

    def shows(self, visitor: Visitor, page: Page, path: str) -> bool:
        """Whether a tab shows the page that is declared at `path`, as those see it who may."""
        if origin_of(page.url) != self.origin or (urlsplit(page.url).path or "/") != path:
            return False
        selector = self.file.pages[path].shows
        if selector is not None:
            return visitor.seen(page, selector)
        return not self.at_sign_in(visitor, page)

    def answered(self, visitor: Visitor, since: int) -> list[Sent]:
        """The requests to the backend since a place of the record, and what came of them."""
        return [sent for sent in visitor.sent[since:] if self.to_backend(sent)]
