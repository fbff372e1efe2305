"""The browser that sends a request, and what it is answered: `{response, client}`.

A development browser is known by `__clerk_db_jwt` (query or cookie) or `__dev_session` (query), any other by the cookie `__client`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.clients import Client
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, not_found


@dataclass
class Browser:
    """Who sends `request`. `client` is None until it has signed in or up."""

    instance: Instance
    request: ApiRequest
    token: str | None
    client: Client | None

    @property
    def origin(self) -> str | None:
        """The origin of its page, which becomes `azp` of its tokens."""
        return self.request.headers.get("origin")

    def begin(self) -> Client:
        """Its client, made now where it has none."""
        if self.client is None:
            self.client = Client()
            self.instance.directory.clients[self.client.id] = self.client
            if self.token is None:
                self.token = self.instance.new_browser()
            self.instance.browsers[self.token] = self.client.id
        return self.client

    def sessions(self) -> list[Session]:
        """Its open sessions of people who still exist."""
        if self.client is None:
            return []
        directory = self.instance.directory
        return [s for s in directory.sessions_of(self.client) if s.open and s.user_id in directory.users]

    def client_document(self) -> dict[str, Any] | None:
        """The Frontend API's `Client` object, or None."""
        if self.client is None:
            return None
        return documents.client(self.instance, self.client, self.sessions(), self.origin)

    def session_document(self, session: Session) -> dict[str, Any]:
        """The Frontend API's `Session` object."""
        return documents.session(self.instance, session, self.origin)

    def answer(self, response: Any) -> Answer:
        """The answer with the state of the client. Whoever came without a token is known by a cookie from now on."""
        return 200, {"response": response, "client": self.client_document()}, self.cookie()

    def cookie(self) -> dict[str, str]:
        """The field that makes a browser known from now on; none where it has no client."""
        cookie = f"__client={self.token}; Path=/; HttpOnly; Secure; SameSite=None"
        return {"Set-Cookie": cookie} if self.client is not None and self.token is not None else {}

    def started(self, session: Session, strategy: str) -> None:
        """Note that `session` was begun here."""
        client = self.begin()
        client.last_active_session_id, client.last_strategy = session.id, strategy
        client.updated_at = milliseconds()


def development_token(request: ApiRequest) -> str | None:
    """By what the query names a development browser: as Clerk's SDK says it, or as the document does (scheme `DevBrowser`)."""
    return request.value("__clerk_db_jwt") or request.value("__dev_session")


def browser_of(instance: Instance, request: ApiRequest) -> Browser:
    """The browser that sends `request`; raises Refused with 401 for a development browser that nobody knows."""
    try:
        jar = {name: morsel.value for name, morsel in SimpleCookie(request.headers.get("cookie", "")).items()}
    except CookieError:
        jar = {}
    token = development_token(request) or jar.get("__clerk_db_jwt") or jar.get("__client")
    if token is not None and token not in instance.browsers:
        raise Refused(error(401, "dev_browser_unauthenticated", "Browser unauthenticated"))
    client_id = instance.browsers.get(token or "") or ""
    return Browser(instance, request, token, instance.directory.clients.get(client_id))


def signed_in(instance: Instance, request: ApiRequest) -> tuple[Browser, Session, User]:
    """The browser, its session (the one that the request names, else the active one) and its user; raises Refused with 401."""
    browser = browser_of(instance, request)
    wanted = request.value("_clerk_session_id")
    found = [s for s in browser.sessions() if wanted in (None, s.id)]
    session = browser.client.active(found) if browser.client is not None else None
    if session is None:
        raise Refused(error(401, "signed_out", "Signed out", "You are signed out"))
    return browser, session, instance.directory.users[session.user_id]


def session_in(instance: Instance, request: ApiRequest, session_id: str) -> tuple[Browser, Session]:
    """A session of this browser; raises Refused with 404 for another's, with 401 for one that has ended."""
    browser, session = browser_of(instance, request), instance.directory.sessions.get(session_id)
    if browser.client is None or session is None or session.client_id != browser.client.id:
        raise not_found("session", session_id)
    if not session.open or session.user_id not in instance.directory.users:
        raise Refused(error(401, "signed_out", "Signed out", "You are signed out"))
    return browser, session
