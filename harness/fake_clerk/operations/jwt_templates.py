"""The operations on JWT templates. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag JWT Templates."""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.templates import Template
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.wire import (
    Answer,
    ApiRequest,
    Operation,
    Refused,
    deleted,
    error,
    integer_in,
    listed,
    not_found,
    text_in,
)


def _template(instance: Instance, template_id: str) -> Template:
    for template in instance.templates.values():
        if template.id == template_id:
            return template
    raise not_found("JWT template", template_id)


def _read(document: dict[str, Any]) -> tuple[str, dict[str, Any], int, int]:
    name, claims = text_in(document, "name"), document.get("claims")
    if not isinstance(claims, dict):
        raise Refused(error(422, "form_param_missing", "claims is missing"))
    lifetime = integer_in(document, "lifetime", 60)
    if not 30 <= lifetime <= 315_360_000:
        raise Refused(error(422, "form_param_value_invalid", "lifetime is between 30 and 315360000"))
    return name, claims, lifetime, integer_in(document, "allowed_clock_skew", 5)


def _list(instance: Instance, request: ApiRequest) -> Answer:
    documents = [template.as_json() for template in instance.templates.values()]
    return listed(request, documents)


def _create(instance: Instance, request: ApiRequest) -> Answer:
    name, claims, lifetime, skew = _read(request.document())
    if name in instance.templates:
        raise Refused(error(422, "form_identifier_exists", "That name is taken. Please try another."))
    template = instance.templates[name] = Template(name, claims, lifetime, skew)
    return 200, template.as_json()


def _get(instance: Instance, request: ApiRequest, template_id: str) -> Answer:
    return 200, _template(instance, template_id).as_json()


def _update(instance: Instance, request: ApiRequest, template_id: str) -> Answer:
    template = _template(instance, template_id)
    name, claims, lifetime, skew = _read(request.document())
    if instance.templates.get(name, template) is not template:
        raise Refused(error(422, "form_identifier_exists", "That name is taken. Please try another."))
    del instance.templates[template.name]
    template.name, template.claims, template.lifetime, template.allowed_clock_skew = name, claims, lifetime, skew
    template.updated_at = milliseconds()
    instance.templates[name] = template
    return 200, template.as_json()


def _delete(instance: Instance, request: ApiRequest, template_id: str) -> Answer:
    del instance.templates[_template(instance, template_id).name]
    return deleted("jwt_template", template_id)


_ONE = "/v1/jwt_templates/{template_id}"
OPERATIONS = [
    Operation("GET", "/v1/jwt_templates", "ListJWTTemplates", _list),
    Operation("POST", "/v1/jwt_templates", "CreateJWTTemplate", _create),
    Operation("GET", _ONE, "GetJWTTemplate", _get),
    Operation("PATCH", _ONE, "UpdateJWTTemplate", _update),
    Operation("DELETE", _ONE, "DeleteJWTTemplate", _delete),
]
