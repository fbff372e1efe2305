"""The operations on OAuth applications.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag OAuth Applications.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.oauth_applications import SCOPES, OAuthApplication, new_secret, valid_redirect
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.operations._bodies import strings_in
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, deleted, error, not_found, paged, text_in

_SWITCHES = ("consent_screen_enabled", "pkce_required", "public")


def _document(instance: Instance, application: OAuthApplication, *, secret: bool = False) -> dict[str, Any]:
    return application.as_json(instance.id, instance.issuer, secret=secret)


def _find(instance: Instance, oauth_application_id: str) -> OAuthApplication:
    found = [a for a in list(instance.oauth.applications.values()) if a.id == oauth_application_id]
    if not found:
        raise not_found("OAuth application", oauth_application_id)
    return found[0]


def _invalid(message: str) -> Refused:
    return Refused(error(422, "form_param_value_invalid", message))


def _redirects(document: dict[str, Any]) -> list[str]:
    given = strings_in(document, "redirect_uris")
    callback = document.get("callback_url")
    if not given and isinstance(callback, str) and callback:
        given = [callback]
    for uri in given:
        if not valid_redirect(uri):
            raise _invalid("redirect_uris: absolute URLs without a fragment")
    return given


def _given(document: dict[str, Any]) -> dict[str, Any]:
    """The fields that a body sets; raises Refused with 422 for what they cannot be."""
    fields: dict[str, Any] = {}
    for name in _SWITCHES:
        value = document.get(name)
        if value is not None and not isinstance(value, bool):
            raise _invalid(f"{name} must be true or false")
        fields |= {name: value} if value is not None else {}
    if document.get("name") is not None:
        fields["name"] = text_in(document, "name")
        if len(fields["name"]) > 256:
            raise _invalid("name: at most 256 characters")
    if document.get("redirect_uris") is not None or document.get("callback_url") is not None:
        fields["redirect_uris"] = _redirects(document)
    if document.get("scopes") is not None:
        scopes = document["scopes"]
        if not isinstance(scopes, str) or any(scope not in SCOPES for scope in scopes.split()):
            raise _invalid(f"scopes: some of {' '.join(SCOPES)}, separated by spaces")
        fields["scopes"] = list(dict.fromkeys(scopes.split()))
    return fields


def _create(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    text_in(document, "name")
    application = OAuthApplication(**{"scopes": list(instance.oauth.default_scopes)} | _given(document))
    instance.oauth.applications[application.client_id] = application
    return 200, _document(instance, application, secret=True)


def _list(instance: Instance, request: ApiRequest) -> Answer:
    words, order = (request.value("name_query") or ""), request.value("order_by") or "+created_at"
    by = order.lstrip("+- ")
    if by not in ("created_at", "name"):
        raise _invalid("order_by: created_at or name")
    found = [
        each
        for each in list(instance.oauth.applications.values())
        if words.lower() in each.name.lower() or words == each.client_id
    ]
    found.sort(key=lambda each: getattr(each, by), reverse=order.startswith("-"))
    return paged(request, [_document(instance, each) for each in found])


def _get(instance: Instance, request: ApiRequest, oauth_application_id: str) -> Answer:
    return 200, _document(instance, _find(instance, oauth_application_id))


def _update(instance: Instance, request: ApiRequest, oauth_application_id: str) -> Answer:
    application, fields = _find(instance, oauth_application_id), _given(request.document())
    if application.dynamically_registered and fields.get("consent_screen_enabled") is False:
        raise _invalid("consent_screen_enabled: an application that registered itself always asks")
    for name, value in fields.items():
        setattr(application, name, value)
    application.updated_at = milliseconds()
    return 200, _document(instance, application)


def _delete(instance: Instance, request: ApiRequest, oauth_application_id: str) -> Answer:
    application = _find(instance, oauth_application_id)
    instance.oauth.remove(application)
    return deleted("oauth_application", application.id)


def _rotate(instance: Instance, request: ApiRequest, oauth_application_id: str) -> Answer:
    application = _find(instance, oauth_application_id)
    application.client_secret, application.updated_at = new_secret(), milliseconds()
    return 200, _document(instance, application, secret=True)


def _revoke(instance: Instance, request: ApiRequest, oauth_application_id: str) -> Answer:
    application, token = _find(instance, oauth_application_id), text_in(request.document(), "token")
    grant = instance.oauth.grant_of(token)
    if grant is None or grant.application is not application:
        raise not_found("OAuth token", "of this application")
    grant.revoke()
    return 204, ""


_ONE = "/v1/oauth_applications/{oauth_application_id}"
OPERATIONS = [
    Operation("GET", "/v1/oauth_applications", "ListOAuthApplications", _list),
    Operation("POST", "/v1/oauth_applications", "CreateOAuthApplication", _create),
    Operation("GET", _ONE, "GetOAuthApplication", _get),
    Operation("PATCH", _ONE, "UpdateOAuthApplication", _update),
    Operation("DELETE", _ONE, "DeleteOAuthApplication", _delete),
    Operation("POST", _ONE + "/rotate_secret", "RotateOAuthApplicationSecret", _rotate),
    Operation("POST", _ONE + "/revoke_token", "RevokeOAuthApplicationToken", _revoke),
]
