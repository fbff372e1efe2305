"""The operations on sessions. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Sessions."""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.operations._lookup import find_user, find_user_in_body, no_member
from harness.fake_clerk.wire import (
    Answer,
    ApiRequest,
    Operation,
    Refused,
    error,
    integer_in,
    listed,
    not_found,
    text_in,
)


def _session(instance: Instance, session_id: str) -> Session:
    session = instance.directory.sessions.get(session_id)
    if session is None:
        message = f"No session was found with id {session_id}"
        raise Refused(error(404, "resource_not_found", "Session not found", message))
    return session


def _list(instance: Instance, request: ApiRequest) -> Answer:
    user, status = request.value("user_id"), request.value("status")
    found = [
        session
        for session in instance.directory.sessions.values()
        if user in (None, session.user_id) and status in (None, session.status)
    ]
    return listed(request, [session.as_json() for session in found])


def _create(instance: Instance, request: ApiRequest) -> Answer:
    user, organization = find_user_in_body(instance, request), request.document().get("active_organization_id")
    more: dict[str, str] = {}
    if isinstance(organization, str):
        chosen = instance.directory.membership_in(user, organization)
        if chosen is None:
            raise no_member()
        more["organization_id"] = chosen.id
    return 200, instance.directory.new_session(user.id, **more).as_json()


def _get(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    return 200, _session(instance, session_id).as_json()


def _revoke(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    session = _session(instance, session_id)
    if session.status != "active":
        raise Refused(error(400, "resource_invalid", f"the session is {session.status} already"))
    instance.directory.set_session(session, "revoked")
    return 200, session.as_json()


def _lifetime(request: ApiRequest, default: int) -> int:
    lifetime = integer_in(request.document(), "expires_in_seconds", default)
    if not 30 <= lifetime <= 315_360_000:
        raise Refused(error(404, "form_param_value_invalid", "expires_in_seconds is between 30 and 315360000"))
    return lifetime


def _open_session(instance: Instance, session_id: str) -> Session:
    session = _session(instance, session_id)
    if not session.open:
        raise Refused(error(404, "resource_not_found", "not found", f"Session {session_id} is {session.status}."))
    return session


def _token(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    session, lifetime = _open_session(instance, session_id), _lifetime(request, 60)
    user = find_user(instance, session.user_id)
    return 200, {"object": "token", "jwt": instance.session_token(user, session=session, lifetime=lifetime, azp=None)}


def _template_token(instance: Instance, request: ApiRequest, session_id: str, template_name: str) -> Answer:
    session = _open_session(instance, session_id)
    user, template = find_user(instance, session.user_id), instance.templates.get(template_name)
    if template is None:
        raise not_found("JWT template", template_name)
    return 200, {
        "object": "token",
        "jwt": instance.from_template(template, user, session, _lifetime(request, template.lifetime)),
    }


def _refresh(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    """Always refuses: refresh tokens are made in browsers, which the fake does not have. After a 401 SDKs start a handshake."""
    document = request.document()
    for name in ("expired_token", "refresh_token", "request_origin"):
        text_in(document, name)
    raise Refused(error(401, "refresh_token_invalid", "the refresh token is not one of this session"))


OPERATIONS = [
    Operation("GET", "/v1/sessions", "GetSessionList", _list),
    Operation("POST", "/v1/sessions", "createSession", _create),
    Operation("GET", "/v1/sessions/{session_id}", "GetSession", _get),
    Operation("POST", "/v1/sessions/{session_id}/refresh", "RefreshSession", _refresh),
    Operation("POST", "/v1/sessions/{session_id}/revoke", "RevokeSession", _revoke),
    Operation("POST", "/v1/sessions/{session_id}/tokens", "CreateSessionToken", _token),
    Operation(
        "POST", "/v1/sessions/{session_id}/tokens/{template_name}", "CreateSessionTokenFromTemplate", _template_token
    ),
]
