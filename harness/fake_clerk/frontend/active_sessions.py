"""The user's sessions on all devices. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Active Sessions."""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.frontend._browser import signed_in
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.wire import Answer, ApiRequest, front, not_found


def _document(session: Session) -> dict[str, Any]:
    activity = {
        "object": "session_activity",
        "id": "sess_activity_" + session.id.removeprefix("sess_"),
        "is_mobile": False,
    }
    return session.as_json() | {"latest_activity": activity}


def _list(instance: Instance, request: ApiRequest) -> Answer:
    _, _, user = signed_in(instance, request)
    sessions = list(instance.directory.sessions.values())
    return 200, [_document(session) for session in sessions if session.user_id == user.id and session.open]


def _list_whole(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    sessions = list(instance.directory.sessions.values())
    return 200, [
        browser.session_document(session) for session in sessions if session.user_id == user.id and session.open
    ]


def _revoke(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    browser, _, user = signed_in(instance, request)
    session = instance.directory.sessions.get(session_id)
    if session is None or session.user_id != user.id or not session.open:
        raise not_found("session", session_id)
    instance.directory.set_session(session, "revoked")
    return browser.answer(browser.session_document(session))


OPERATIONS = [
    front("GET", "/v1/me/sessions", "getUsersSessions", _list_whole),
    front("GET", "/v1/me/sessions/active", "getSessions", _list),
    front("POST", "/v1/me/sessions/{session_id}/revoke", "revokeSession", _revoke),
]
