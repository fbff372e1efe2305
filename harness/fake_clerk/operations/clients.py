"""The operations on clients; a client is a browser.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Clients.
"""

from __future__ import annotations

import jwt

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.clients import Client
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, listed, not_found, text_in


def _list(instance: Instance, request: ApiRequest) -> Answer:
    documents = [Client(session).as_json() for session in list(instance.directory.sessions.values())]
    return listed(request, documents)


def _get(instance: Instance, request: ApiRequest, client_id: str) -> Answer:
    session = instance.directory.sessions.get("sess_" + client_id.removeprefix("client_"))
    if session is None:
        raise not_found("client", client_id)
    return 200, Client(session).as_json()


def _verify(instance: Instance, request: ApiRequest) -> Answer:
    token = text_in(request.document(), "token")
    try:
        claims = jwt.decode(token, instance.key.private.public_key(), algorithms=["RS256"], issuer=instance.issuer)
    except jwt.PyJWTError:
        raise Refused(error(401, "authentication_invalid", "Unable to authenticate the client")) from None
    session = instance.directory.sessions.get(str(claims.get("sid")))
    if session is None:
        raise not_found("client", str(claims.get("sid")))
    return 200, Client(session).as_json()


OPERATIONS = [
    Operation("GET", "/v1/clients", "GetClientList", _list),
    Operation("POST", "/v1/clients/verify", "VerifyClient", _verify),
    Operation("GET", "/v1/clients/{client_id}", "GetClient", _get),
]
