"""The operations on machine-to-machine tokens.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag M2M Tokens.
"""

from __future__ import annotations

import jwt

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.machine_tokens import MachineToken
from harness.fake_clerk.operations._bodies import expiration_in, token_unknown, verify_token
from harness.fake_clerk.operations._lookup import calling_machine, find_token, list_tokens
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, not_found


def _create(instance: Instance, request: ApiRequest) -> Answer:
    machine, document = calling_machine(instance, request), request.document()
    if machine is None:
        message = "authenticate with the secret key of a machine (POST /v1/machines), not with that of the instance"
        raise Refused(error(400, "machine_secret_key_required", message))
    expiration = expiration_in(document, machine.ttl)
    token = MachineToken(
        "m2m", machine.id, scopes=list(machine.scopes), claims=document.get("claims"), expiration=expiration
    )
    secret = token.secret
    if document.get("token_format") == "jwt":
        assert expiration is not None
        claims = jwt.decode(instance.machine_token(machine.id, machine.scopes), options={"verify_signature": False})
        own = document["claims"] if isinstance(document.get("claims"), dict) else {}
        secret = instance.sign_machine(own | claims | {"exp": expiration // 1000})
    else:
        instance.machine_tokens[secret] = token
    return 201, token.as_json() | {"token": secret}


def _list(instance: Instance, request: ApiRequest) -> Answer:
    subject, calling = request.value("subject"), calling_machine(instance, request)
    if subject is None:
        raise Refused(error(400, "form_param_missing", "subject is missing"))
    if calling is not None and subject != calling.id:
        raise Refused(error(403, "forbidden", "a machine sees its own tokens only"))
    limit, offset = request.page()
    found = [
        token.as_json()
        for token in list_tokens(instance, "m2m")
        if token.subject == subject
        and (request.value("revoked") == "true" or not token.revoked)
        and (request.value("expired") == "true" or not token.expired)
    ]
    return 200, {"m2m_tokens": found[offset : offset + limit], "total_count": len(found)}


def _revoke(instance: Instance, request: ApiRequest, m2m_token_id: str) -> Answer:
    token, calling = find_token(instance, "m2m", m2m_token_id), calling_machine(instance, request)
    if calling is not None and token.subject != calling.id:
        raise not_found("m2m token", m2m_token_id)
    token.revoke(request.document().get("revocation_reason"))
    return 200, token.as_json()


def _verify(instance: Instance, request: ApiRequest) -> Answer:
    token, calling = (
        verify_token(instance.machine_tokens, "m2m", request.document()),
        calling_machine(instance, request),
    )
    if calling is not None and calling.id not in token.scopes:
        raise token_unknown()
    return 200, token.as_json()


_ALL = "/v1/m2m_tokens"
OPERATIONS = [
    Operation("POST", _ALL, "createM2MToken", _create, machines=True),
    Operation("GET", _ALL, "getM2MTokens", _list, machines=True),
    Operation("POST", _ALL + "/{m2m_token_id}/revoke", "revokeM2MToken", _revoke, machines=True),
    Operation("POST", _ALL + "/verify", "verifyM2MToken", _verify, machines=True),
]
