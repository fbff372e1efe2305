"""The API keys of the signed-in person and of her organizations. Source: `frontend-api` (2026-05-12), tag API Keys."""

from __future__ import annotations

import jwt

from harness.fake_clerk.frontend._browser import signed_in
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.machine_tokens import MachineToken
from harness.fake_clerk.models.roles import permission_keys
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User
from harness.fake_clerk.operations._lookup import find_token
from harness.fake_clerk.operations.api_keys import create_api_key, list_api_keys
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, not_found


def _person(instance: Instance, request: ApiRequest) -> User:
    """Whose session's token the request bears, which Clerk's SDK sends here; else who is signed in. Raises Refused with 401."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer":
        return signed_in(instance, request)[2]
    try:
        claims = jwt.decode(token, instance.key.public_pem, algorithms=["RS256"], options={"require": ["sid", "exp"]})
    except jwt.PyJWTError:
        claims = {}
    session = instance.directory.sessions.get(claims.get("sid", ""))
    user = instance.directory.users.get(session.user_id) if session is not None and session.open else None
    if user is None:
        raise Refused(error(401, "signed_out", "Signed out", "You are signed out"))
    return user


def _allowed(instance: Instance, user: User, subject: str, permission: str) -> bool:
    organization = instance.directory.membership_in(user, subject) if subject.startswith("org_") else None
    if organization is None:
        return subject == user.id
    return permission in permission_keys(organization.members[user.id].role)


def _require(instance: Instance, user: User, subject: str, permission: str) -> None:
    if not _allowed(instance, user, subject, permission):
        raise not_found("subject", subject)


def _list(instance: Instance, request: ApiRequest) -> Answer:
    _require(instance, _person(instance, request), request.value("subject") or "", "org:sys_api_keys:read")
    return list_api_keys(instance, request)


def _create(instance: Instance, request: ApiRequest) -> Answer:
    user, document = _person(instance, request), request.document()
    names = ("type", "name", "description", "subject", "seconds_until_expiration")
    wanted = {name: document[name] for name in names if name in document}
    subject = wanted.setdefault("subject", user.id)
    if not isinstance(subject, str) or not _allowed(instance, user, subject, "org:sys_api_keys:manage"):
        raise Refused(error(400, "form_param_value_invalid", "subject: yourself, or an organization that you manage"))
    return create_api_key(instance, wanted | {"created_by": user.id})


def _find(instance: Instance, request: ApiRequest, apiKeyID: str) -> MachineToken:
    user, token = _person(instance, request), find_token(instance, "api_key", apiKeyID)
    _require(instance, user, token.subject, "org:sys_api_keys:manage")
    return token


def _update(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    token, document = _find(instance, request, apiKeyID), request.document()
    if "description" in document:
        token.description, token.updated_at = document["description"], milliseconds()
    return 200, token.as_json()


def _revoke(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    token = _find(instance, request, apiKeyID)
    token.revoke(request.document().get("revocation_reason"))
    return 200, token.as_json()


OPERATIONS = [
    front("GET", "/api_keys", "getApiKeys", _list),
    front("POST", "/api_keys", "createApiKey", _create),
    front("PATCH", "/api_keys/{apiKeyID}", "updateApiKey", _update),
    front("POST", "/api_keys/{apiKeyID}/revoke", "revokeApiKey", _revoke),
]
