"""The Backend API's clients (a client is a browser, here with one session each), and the instance itself.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags Clients and Instance Settings.
"""

from __future__ import annotations

from typing import Any

import jwt

from harness.fake_clerk.directory import Session
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, listed, not_found, text_in


def _client(session: Session) -> dict[str, Any]:
    document = session.as_json()
    return {
        "object": "client",
        "id": document["client_id"],
        "session_ids": [session.id],
        "sessions": [document],
        "sign_in_id": None,
        "sign_up_id": None,
        "last_active_session_id": session.id if session.status == "active" else None,
        "last_authentication_strategy": None,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
    }


def _list(instance: Instance, request: ApiRequest) -> Answer:
    documents = [_client(session) for session in list(instance.directory.sessions.values())]
    return listed(request, documents)


def _get(instance: Instance, request: ApiRequest, client_id: str) -> Answer:
    session = instance.directory.sessions.get("sess_" + client_id.removeprefix("client_"))
    if session is None:
        raise not_found("client", client_id)
    return 200, _client(session)


def _verify(instance: Instance, request: ApiRequest) -> Answer:
    token = text_in(request.document(), "token")
    try:
        claims = jwt.decode(token, instance.key.private.public_key(), algorithms=["RS256"], issuer=instance.issuer)
    except jwt.PyJWTError:
        raise Refused(error(401, "authentication_invalid", "Unable to authenticate the client")) from None
    session = instance.directory.sessions.get(str(claims.get("sid")))
    if session is None:
        raise not_found("client", str(claims.get("sid")))
    return 200, _client(session)


def _instance(instance: Instance, request: ApiRequest) -> Answer:
    return 200, {
        "object": "instance",
        "id": instance.id,
        "environment_type": "development",
        "allowed_origins": [],
        "workspace_id": None,
    }


OPERATIONS = [
    Operation("GET", "/v1/clients", "GetClientList", _list),
    Operation("POST", "/v1/clients/verify", "VerifyClient", _verify),
    Operation("GET", "/v1/clients/{client_id}", "GetClient", _get),
    Operation("GET", "/v1/instance", "GetInstance", _instance),
]
