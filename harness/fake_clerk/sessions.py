"""The Backend API's sessions. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Sessions."""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.directory import Session
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.users import user_in, user_of
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error

_DAY = 86_400_000


def as_json(instance: Instance, session: Session) -> dict[str, Any]:
    """The Backend API's `Session` object."""
    now = instance.now() * 1000
    user = instance.directory.users.get(session.user_id)
    return {
        "object": "session",
        "id": session.id,
        "user_id": session.user_id,
        "client_id": "client_" + session.id.removeprefix("sess_"),
        "actor": None,
        "status": session.status,
        "last_active_organization_id": (user.organization or {}).get("id") if user is not None else None,
        "last_active_at": now,
        "expire_at": now + 7 * _DAY,
        "abandon_at": now + 30 * _DAY,
        "created_at": now,
        "updated_at": now,
    }


def _session(instance: Instance, session_id: str) -> Session:
    session = instance.directory.sessions.get(session_id)
    if session is None:
        told = f"No session was found with id {session_id}"
        raise Refused(error(404, "resource_not_found", "Session not found", told))
    return session


def _list(instance: Instance, request: ApiRequest) -> Answer:
    limit, offset = request.page()
    user, status = request.value("user_id"), request.value("status")
    found = [
        session
        for session in instance.directory.sessions.values()
        if user in (None, session.user_id) and status in (None, session.status)
    ]
    return 200, [as_json(instance, session) for session in found[offset : offset + limit]]


def _create(instance: Instance, request: ApiRequest) -> Answer:
    return 200, as_json(instance, instance.directory.new_session(user_in(instance, request).id))


def _get(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    return 200, as_json(instance, _session(instance, session_id))


def _revoke(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    session = _session(instance, session_id)
    if session.status != "active":
        raise Refused(error(400, "resource_invalid", f"the session is {session.status} already"))
    session.status = "revoked"
    return 200, as_json(instance, session)


def _token(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    session = _session(instance, session_id)
    lifetime = request.document().get("expires_in_seconds") or 60
    if session.status != "active" or not isinstance(lifetime, int):
        raise Refused(error(404, "resource_not_found", "not found", f"Session {session_id} is {session.status}."))
    claims = instance.claims_for(user_of(instance, session.user_id), lifetime=lifetime) | {"sid": session.id}
    return 200, {"object": "token", "jwt": instance.sign(claims)}


def _template_token(instance: Instance, request: ApiRequest, session_id: str, template_name: str) -> Answer:
    session = _session(instance, session_id)
    user = user_of(instance, session.user_id)
    return 200, {"object": "token", "jwt": instance.template_token(user, audience=template_name)}


OPERATIONS = [
    Operation("GET", "/v1/sessions", "GetSessionList", _list),
    Operation("POST", "/v1/sessions", "createSession", _create),
    Operation("GET", "/v1/sessions/{session_id}", "GetSession", _get),
    Operation("POST", "/v1/sessions/{session_id}/revoke", "RevokeSession", _revoke),
    Operation("POST", "/v1/sessions/{session_id}/tokens", "CreateSessionToken", _token),
    Operation(
        "POST", "/v1/sessions/{session_id}/tokens/{template_name}", "CreateSessionTokenFromTemplate", _template_token
    ),
]
