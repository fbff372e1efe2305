"""The operations on API keys. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag API Keys."""

from __future__ import annotations

import re
from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.machine_tokens import MachineToken
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.operations._bodies import expiration_in, strings_in, verify_token
from harness.fake_clerk.operations._lookup import find_token, list_tokens
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, deleted, error, paged, text_in

_SUBJECT = re.compile(r"(user|org|mch)_\w{27}")


def create_api_key(instance: Instance, document: dict[str, Any]) -> Answer:
    """Make a key as `document` describes it; raises Refused with 400 where it does not. Its secret is told this once."""
    subject, creator = _text(document, "subject"), document.get("created_by")
    # A person or an organization that a test has named may have a shorter id than Clerk's.
    if not _SUBJECT.fullmatch(subject) and subject not in {
        *instance.directory.users,
        *instance.directory.all_organizations(),
    }:
        raise Refused(error(400, "form_param_format_invalid", "subject is a user, an organization or a machine"))
    token = MachineToken(
        "api_key",
        subject,
        name=_text(document, "name"),
        description=document.get("description"),
        scopes=strings_in(document, "scopes"),
        claims=document.get("claims"),
        expiration=expiration_in(document, None),
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


def _create(instance: Instance, request: ApiRequest) -> Answer:
    return create_api_key(instance, request.document())


def list_api_keys(instance: Instance, request: ApiRequest) -> Answer:
    """The keys of the `subject` of the query; raises Refused with 400 where there is none."""
    subject = request.value("subject")
    if subject is None:
        raise Refused(error(400, "form_param_missing", "subject is missing"))
    every = request.value("include_invalid") == "true"
    found = [
        t for t in list_tokens(instance, "api_key") if t.subject == subject and (every or not (t.revoked or t.expired))
    ]
    return paged(request, [token.as_json() for token in found])


def _get(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    return 200, find_token(instance, "api_key", apiKeyID).as_json()


def _update(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    token, document = find_token(instance, "api_key", apiKeyID), request.document()
    if document.get("scopes") is not None:
        token.scopes = strings_in(document, "scopes")
    for name in ("description", "claims"):
        if name in document:
            setattr(token, name, document[name])
    if "seconds_until_expiration" in document:
        token.expiration = expiration_in(document, None)
    token.updated_at = milliseconds()
    return 200, token.as_json()


def _delete(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    del instance.machine_tokens[find_token(instance, "api_key", apiKeyID).secret]
    return deleted("api_key", apiKeyID)


def _get_secret(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    return 200, {"secret": find_token(instance, "api_key", apiKeyID).secret}


def _revoke(instance: Instance, request: ApiRequest, apiKeyID: str) -> Answer:
    token = find_token(instance, "api_key", apiKeyID)
    token.revoke(request.document().get("revocation_reason"))
    return 200, token.as_json()


def _verify(instance: Instance, request: ApiRequest) -> Answer:
    return 200, verify_token(instance.machine_tokens, "api_key", request.document()).as_json()


_ONE = "/v1/api_keys/{apiKeyID}"
OPERATIONS = [
    Operation("POST", "/v1/api_keys", "createApiKey", _create),
    Operation("GET", "/v1/api_keys", "getApiKeys", list_api_keys),
    Operation("GET", _ONE, "getApiKey", _get),
    Operation("PATCH", _ONE, "updateApiKey", _update),
    Operation("DELETE", _ONE, "deleteApiKey", _delete),
    Operation("GET", _ONE + "/secret", "getApiKeySecret", _get_secret),
    Operation("POST", _ONE + "/revoke", "revokeApiKey", _revoke),
    Operation("POST", "/v1/api_keys/verify", "verifyApiKey", _verify),
]
