"""The operations on the instance itself.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Instance Settings.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.oauth_applications import DEFAULT_SCOPES, SCOPES
from harness.fake_clerk.operations._bodies import strings_in
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error

_SWITCHES = {
    "dynamic_oauth_client_registration": "dynamic_registration",
    "oauth_jwt_access_tokens": "jwt_access_tokens",
}
_NEVER = (
    "client_id_metadata_documents_advertised",
    "client_id_metadata_documents_only_allow_pre_registered_clients",
    "client_id_metadata_documents_block_implicitly_allowed_clients",
)
"""Settings of what the fake does not have."""


def _get(instance: Instance, request: ApiRequest) -> Answer:
    return 200, {
        "object": "instance",
        "id": instance.id,
        "environment_type": "development",
        "allowed_origins": [],
        "workspace_id": None,
    }


def _oauth_settings(instance: Instance) -> dict[str, Any]:
    switches = {name: getattr(instance.oauth, field) for name, field in _SWITCHES.items()}
    return (
        {"object": "oauth_application_settings", "default_scopes": instance.oauth.default_scopes}
        | switches
        | dict.fromkeys(_NEVER, False)
    )


def _get_oauth(instance: Instance, request: ApiRequest) -> Answer:
    return 200, _oauth_settings(instance)


def _update_oauth(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    for name in (*_SWITCHES, *_NEVER):
        value = document.get(name)
        if value is not None and not isinstance(value, bool):
            raise Refused(error(422, "form_param_type_invalid", f"{name} must be true or false"))
        if name in _NEVER and value:
            raise Refused(
                error(422, "form_param_value_invalid", f"{name}: the fake has no client ID metadata documents")
            )
    if "default_scopes" in document:
        scopes = strings_in(document, "default_scopes")
        if any(scope not in SCOPES for scope in scopes):
            raise Refused(error(422, "form_param_value_invalid", f"default_scopes: some of {', '.join(SCOPES)}"))
        instance.oauth.default_scopes = list(dict.fromkeys(scopes)) or list(DEFAULT_SCOPES)
    for name, field in _SWITCHES.items():
        if document.get(name) is not None:
            setattr(instance.oauth, field, document[name])
    return 200, _oauth_settings(instance)


OPERATIONS = [
    Operation("GET", "/v1/instance", "GetInstance", _get),
    Operation("GET", "/v1/instance/oauth_application_settings", "GetInstanceOAuthApplicationSettings", _get_oauth),
    Operation(
        "PATCH", "/v1/instance/oauth_application_settings", "UpdateInstanceOAuthApplicationSettings", _update_oauth
    ),
]
