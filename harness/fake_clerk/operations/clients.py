"""The operations on clients; a client is a browser.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Clients.
"""

from __future__ import annotations

from typing import Any

import jwt

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.clients import Client
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, listed, not_found, text_in


def _document(instance: Instance, client: Client) -> dict[str, Any]:
    return client.as_json(instance.directory.sessions_of(client))


def _list(instance: Instance, request: ApiRequest) -> Answer:
    return listed(request, [_document(instance, client) for client in list(instance.directory.clients.values())])


def _get(instance: Instance, request: ApiRequest, client_id: str) -> Answer:
    client = instance.directory.clients.get(client_id)
    if client is None:
        raise not_found("client", client_id)
    return 200, _document(instance, client)


def _verify(instance: Instance, request: ApiRequest) -> Answer:
    token = text_in(request.document(), "token")
    try:
        claims = jwt.decode(token, instance.key.private.public_key(), algorithms=["RS256"], issuer=instance.issuer)
    except jwt.PyJWTError:
        raise Refused(error(401, "authentication_invalid", "Unable to authenticate the client")) from None
    session = instance.directory.sessions.get(str(claims.get("sid")))
    if session is None:
        raise not_found("client", str(claims.get("sid")))
    return 200, _document(instance, instance.directory.clients[session.client_id])


OPERATIONS = [
    Operation("GET", "/v1/clients", "GetClientList", _list),
    Operation("POST", "/v1/clients/verify", "VerifyClient", _verify),
    Operation("GET", "/v1/clients/{client_id}", "GetClient", _get),
]
