"""The Backend API's machines, machine-to-machine tokens, API keys and the verification of OAuth access tokens.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags Machines, M2M Tokens, API Keys, OAuth Access Tokens.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import jwt

from harness.fake_clerk.directory import milliseconds
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.machines import Machine, MachineToken
from harness.fake_clerk.wire import (
    Answer,
    ApiRequest,
    Operation,
    Refused,
    deleted,
    error,
    integer_in,
    not_found,
    paged,
    text_in,
)

_SUBJECT = re.compile(r"(user|org|mch)_\w{27}")
_FIELDS = ("token", "secret", "access_token")


def _tokens(instance: Instance, kind: str) -> list[MachineToken]:
    return [token for token in instance.machine_tokens.values() if token.kind == kind]


def _token(instance: Instance, kind: str, token_id: str) -> MachineToken:
    for token in _tokens(instance, kind):
        if token.id == token_id:
            return token
    raise not_found(kind.replace("_", " "), token_id)


def _asking(instance: Instance, request: ApiRequest) -> Machine | None:
    """The machine whose secret key came with the request; None for the instance's own key."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return next((m for m in instance.machines.values() if secrets.compare_digest(m.secret, given)), None)


def _verified(kind: str) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest) -> Answer:
        body = request.document()
        given = next((body[name] for name in _FIELDS if name in body), None)
        token = instance.machine_tokens.get(given) if isinstance(given, str) else None
        asking = _asking(instance, request) if kind == "m2m" else None
        if token is not None and asking is not None and asking.id not in token.scopes:
            token = None
        if token is None or token.kind != kind or token.revoked or token.expired:
            raise Refused(error(404, "resource_not_found", "not found", "No such token, or it was revoked."))
        return 200, token.as_json()

    return answer


def _expiration(document: dict[str, Any], default: int | None) -> int | None:
    seconds = document.get("seconds_until_expiration")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0):
        raise Refused(error(400, "form_param_value_invalid", "seconds_until_expiration is a positive number"))
    chosen = seconds if seconds is not None else default
    return milliseconds() + int(min(chosen, 1e10) * 1000) if chosen is not None else None


# Machine-to-machine tokens


def _create_m2m(instance: Instance, request: ApiRequest) -> Answer:
    machine, document = _asking(instance, request), request.document()
    if machine is None:
        told = "authenticate with the secret key of a machine (POST /v1/machines), not with that of the instance"
        raise Refused(error(400, "machine_secret_key_required", told))
    expiration = _expiration(document, machine.ttl)
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


def _list_m2m(instance: Instance, request: ApiRequest) -> Answer:
    subject, asking = request.value("subject"), _asking(instance, request)
    if subject is None:
        raise Refused(error(400, "form_param_missing", "subject is missing"))
    if asking is not None and subject != asking.id:
        raise Refused(error(403, "forbidden", "a machine sees its own tokens only"))
    limit, offset = request.page()
    found = [
        token.as_json()
        for token in _tokens(instance, "m2m")
        if token.subject == subject
        and (request.value("revoked") == "true" or not token.revoked)
        and (request.value("expired") == "true" or not token.expired)
    ]
    return 200, {"m2m_tokens": found[offset : offset + limit], "total_count": len(found)}


def _revoke_m2m(instance: Instance, request: ApiRequest, m2m_token_id: str) -> Answer:
    token, asking = _token(instance, "m2m", m2m_token_id), _asking(instance, request)
    if asking is not None and token.subject != asking.id:
        raise not_found("m2m token", m2m_token_id)
    token.revoke(request.document().get("revocation_reason"))
    return 200, token.as_json()


# API keys


def _strings(document: dict[str, Any], name: str) -> list[str]:
    value = document.get(name) or []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise Refused(error(400, "form_param_type_invalid", f"{name} must be a list of texts"))
    return value


def _create_key(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    subject, creator = _text(document, "subject"), document.get("created_by")
    if not _SUBJECT.fullmatch(subject):
        raise Refused(error(400, "form_param_format_invalid", "subject is a user, an organization or a machine"))
    token = MachineToken(
        "api_key",
        subject,
        name=_text(document, "name"),
        description=document.get("description"),
        scopes=_strings(document, "scopes"),
        claims=document.get("claims"),
        expiration=_expiration(document, None),
        created_by=creator if isinstance(creator, str) else None,
    )
    instance.machine_tokens[token.secret] = token
    # The document says 200, but Clerk's own SDK of that version takes 201 only (clerk-backend-api 7: `api_keys.py`).
    return 201, token.as_json() | {"secret": token.secret}


def _text(document: dict[str, Any], name: str) -> str:
    try:
        return text_in(document, name)
    except Refused:
        raise Refused(error(400, "form_param_missing", f"{name} is missing")) from None


def _list_keys(instance: Instance, request: ApiRequest) -> Answer:
    subject = request.value("subject")
    if subject is None:
        raise Refused(error(400, "form_param_missing", "subject is missing"))
    every = request.value("include_invalid") == "true"
    found = [
        t for t in _tokens(instance, "api_key") if t.subject == subject and (every or not (t.revoked or t.expired))
    ]
    return paged(request, [token.as_json() for token in found])


def _get_key(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    return 200, _token(instance, "api_key", apiKeyID).as_json()


def _update_key(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    token, document = _token(instance, "api_key", apiKeyID), request.document()
    if document.get("scopes") is not None:
        token.scopes = _strings(document, "scopes")
    for name in ("description", "claims"):
        if name in document:
            setattr(token, name, document[name])
    if "seconds_until_expiration" in document:
        token.expiration = _expiration(document, None)
    token.updated_at = milliseconds()
    return 200, token.as_json()


def _delete_key(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    del instance.machine_tokens[_token(instance, "api_key", apiKeyID).secret]
    return deleted("api_key", apiKeyID)


def _key_secret(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    return 200, {"secret": _token(instance, "api_key", apiKeyID).secret}


def _revoke_key(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    token = _token(instance, "api_key", apiKeyID)
    token.revoke(request.document().get("revocation_reason"))
    return 200, token.as_json()


# Machines


def _machine(instance: Instance, machine_id: str) -> Machine:
    machine = instance.machines.get(machine_id)
    if machine is None:
        raise not_found("machine", machine_id)
    return machine


def _with_scopes(instance: Instance, machine: Machine) -> dict[str, Any]:
    scoped = [instance.machines[other].as_json() for other in machine.scopes if other in instance.machines]
    return machine.as_json() | {"scoped_machines": scoped}


def _ttl(document: dict[str, Any], default: int) -> int:
    ttl = integer_in(document, "default_token_ttl", default)
    if not 1 <= ttl <= 315_360_000:
        raise Refused(error(422, "form_param_value_invalid", "default_token_ttl is between 1 and 315360000"))
    return ttl


def _create_machine(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    machine = Machine(text_in(document, "name"), instance.id, _ttl(document, 3600))
    for other in _strings(document, "scoped_machines"):
        machine.scopes.append(_machine(instance, other).id)
    for other in machine.scopes:  # A scope holds in both directions.
        instance.machines[other].scopes.append(machine.id)
    instance.machines[machine.id] = machine
    return 200, _with_scopes(instance, machine) | {"secret_key": machine.secret}


def _list_machines(instance: Instance, request: ApiRequest) -> Answer:
    words = (request.value("query") or "").lower()
    found = [m for m in instance.machines.values() if words in f"{m.id} {m.name}".lower()]
    return paged(request, [_with_scopes(instance, machine) for machine in found])


def _get_machine(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    return 200, _with_scopes(instance, _machine(instance, machine_id))


def _update_machine(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    machine, document = _machine(instance, machine_id), request.document()
    machine.ttl = _ttl(document, machine.ttl)
    if document.get("name") is not None:
        machine.name = text_in(document, "name")
    machine.updated_at = milliseconds()
    return 200, _with_scopes(instance, machine)


def _delete_machine(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    del instance.machines[_machine(instance, machine_id).id]
    for other in instance.machines.values():
        other.scopes = [entry for entry in other.scopes if entry != machine_id]
    return deleted("machine", machine_id)


def _machine_secret(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    return 200, {"object": "machine_secret_key", "secret": _machine(instance, machine_id).secret}


def _rotate(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    machine = _machine(instance, machine_id)
    integer_in(request.document(), "previous_token_ttl", 0)
    machine.secret = Machine(machine.name, instance.id).secret
    return _machine_secret(instance, request, machine_id)


def _add_scope(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    machine, other = (
        _machine(instance, machine_id),
        _machine(instance, text_in(request.document(), "to_machine_id")),
    )
    if other.id in machine.scopes:
        raise Refused(error(409, "machine_scope_exists", "the machines may talk to each other already"))
    machine.scopes.append(other.id)
    other.scopes.append(machine.id)
    scope = {"object": "machine_scope", "from_machine_id": machine.id, "to_machine_id": other.id}
    return 200, scope | {"created_at": milliseconds()}


def _remove_scope(instance: Instance, request: ApiRequest, machine_id: str, other_machine_id: str) -> Answer:
    machine, other = _machine(instance, machine_id), _machine(instance, other_machine_id)
    if other.id not in machine.scopes:
        raise not_found("machine scope", other_machine_id)
    machine.scopes.remove(other.id)
    other.scopes.remove(machine.id)
    scope = {"object": "machine_scope", "from_machine_id": machine.id, "to_machine_id": other.id}
    return 200, scope | {"deleted": True}


_M2M, _KEY, _MACHINE = "/v1/m2m_tokens", "/v1/api_keys/{apiKeyID}", "/v1/machines/{machine_id}"
OPERATIONS = [
    Operation("POST", _M2M, "createM2MToken", _create_m2m, machines=True),
    Operation("GET", _M2M, "getM2MTokens", _list_m2m, machines=True),
    Operation("POST", _M2M + "/{m2m_token_id}/revoke", "revokeM2MToken", _revoke_m2m, machines=True),
    Operation("POST", _M2M + "/verify", "verifyM2MToken", _verified("m2m"), machines=True),
    Operation("POST", "/v1/oauth_applications/access_tokens/verify", "verifyOAuthAccessToken", _verified("oauth")),
    Operation("POST", "/v1/api_keys", "createApiKey", _create_key),
    Operation("GET", "/v1/api_keys", "getApiKeys", _list_keys),
    Operation("GET", _KEY, "getApiKey", _get_key),
    Operation("PATCH", _KEY, "updateApiKey", _update_key),
    Operation("DELETE", _KEY, "deleteApiKey", _delete_key),
    Operation("GET", _KEY + "/secret", "getApiKeySecret", _key_secret),
    Operation("POST", _KEY + "/revoke", "revokeApiKey", _revoke_key),
    Operation("POST", "/v1/api_keys/verify", "verifyApiKey", _verified("api_key")),
    Operation("GET", "/v1/machines", "ListMachines", _list_machines),
    Operation("POST", "/v1/machines", "CreateMachine", _create_machine),
    Operation("GET", _MACHINE, "GetMachine", _get_machine),
    Operation("PATCH", _MACHINE, "UpdateMachine", _update_machine),
    Operation("DELETE", _MACHINE, "DeleteMachine", _delete_machine),
    Operation("GET", _MACHINE + "/secret_key", "GetMachineSecretKey", _machine_secret),
    Operation("POST", _MACHINE + "/secret_key/rotate", "RotateMachineSecretKey", _rotate),
    Operation("POST", _MACHINE + "/scopes", "CreateMachineScope", _add_scope),
    Operation("DELETE", _MACHINE + "/scopes/{other_machine_id}", "DeleteMachineScope", _remove_scope),
]
