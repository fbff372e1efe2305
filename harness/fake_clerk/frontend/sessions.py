"""The sessions of a browser. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.fake_clerk.frontend._browser import browser_of, session_in
from harness.fake_clerk.frontend._reverification import REVERIFICATION
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.operations._lookup import no_member
from harness.fake_clerk.wire import Answer, ApiRequest, front, not_found


def _get(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    browser, session = session_in(instance, request, session_id)
    return browser.answer(browser.session_document(session))


def _organization(instance: Instance, session: Session, asked: str) -> str | None:
    """The id of the organization that `asked` (id or slug; empty: the personal account) names; raises Refused for others'."""
    if not asked:
        return session.organization_id if instance.organization_required else None
    chosen = instance.directory.membership_in(instance.directory.users[session.user_id], asked)
    if chosen is None:
        raise no_member()
    return chosen.id


def _touch(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    browser, session = session_in(instance, request, session_id)
    asked = request.form().get("active_organization_id")
    if asked is not None:
        session.organization_id = _organization(instance, session, asked)
        if session.organization_id is not None and "choose-organization" in session.tasks:
            session.tasks.remove("choose-organization")
            if not session.tasks and session.status == "pending":
                instance.directory.set_session(session, "active")
    session.updated_at = milliseconds()
    browser.begin().last_active_session_id = session.id
    return browser.answer(browser.session_document(session))


def _token(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    browser, session = session_in(instance, request, session_id)
    asked = request.form().get("organization_id")
    options: dict[str, Any] = {}
    if asked is not None:
        chosen = _organization(instance, session, asked)
        options["organization"] = instance.directory.organization_of(session, chosen)
    user = instance.directory.users[session.user_id]
    token = instance.session_token(user, session=session, azp=browser.origin, **options)
    return 200, {"object": "token", "jwt": token}


def _template_token(instance: Instance, request: ApiRequest, session_id: str, template_name: str) -> Answer:
    browser, session = session_in(instance, request, session_id)
    template = instance.templates.get(template_name)
    if template is None:
        raise not_found("JWT template", template_name)
    user = instance.directory.users[session.user_id]
    return 200, {"object": "token", "jwt": instance.from_template(template, user, session, azp=browser.origin)}


def _end(status: str) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
        browser, session = session_in(instance, request, session_id)
        instance.directory.set_session(session, status)
        browser.begin().updated_at = milliseconds()
        return browser.answer(browser.session_document(session))

    return answer


def _remove_all(instance: Instance, request: ApiRequest) -> Answer:
    browser = browser_of(instance, request)
    for session in browser.sessions():
        instance.directory.set_session(session, "removed")
    if browser.client is not None:
        browser.client.sign_in = browser.client.sign_up = None
        browser.client.updated_at = milliseconds()
    return browser.answer(browser.client_document())


_ONE = "/v1/client/sessions/{session_id}"
OPERATIONS = [
    front("DELETE", "/v1/client/sessions", "removeClientSessionsAndRetainCookie", _remove_all),
    front("GET", _ONE, "getSession", _get),
    front("POST", _ONE + "/touch", "touchSession", _touch),
    front("POST", _ONE + "/end", "endSession", _end("ended")),
    front("POST", _ONE + "/remove", "removeSession", _end("removed")),
    front("POST", _ONE + "/tokens", "createSessionToken", _token),
    front("POST", _ONE + "/tokens/{template_name}", "createSessionTokenWithTemplate", _template_token),
    *REVERIFICATION,
]
