"""Organizations of the user. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Organization."""

from __future__ import annotations

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._browser import signed_in
from harness.fake_clerk.frontend._membership import member
from harness.fake_clerk.frontend._pictures import uploaded
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.operations.organizations import create_organization, remove_organization
from harness.fake_clerk.wire import Answer, ApiRequest, front, not_found


def _create(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    form = request.form()
    wanted = {name: form[name] for name in ("name", "slug") if form.get(name)}
    return browser.answer(documents.organization(create_organization(instance, wanted | {"created_by": user.id})))


def _get(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id)
    return browser.answer(documents.organization(organization))


def _update(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, "org:sys_profile:manage")
    form = request.form()
    organization.name = form.get("name") or organization.name
    organization.slug = form.get("slug") or organization.slug
    organization.updated_at = milliseconds()
    instance.directory.changed("organization.updated", organization.as_json())
    return browser.answer(documents.organization(organization))


def _logo(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, "org:sys_profile:manage")
    organization.image_url = uploaded(instance, request)["public_url"]
    instance.directory.changed("organization.updated", organization.as_json())
    return browser.answer(documents.organization(organization))


def _delete_logo(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, "org:sys_profile:manage")
    if not organization.image_url:
        raise not_found("logo of the organization", organization.id)
    organization.image_url = ""
    instance.directory.changed("organization.updated", organization.as_json())
    return browser.answer(documents.deleted("image", organization.id))


def _delete(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, "org:sys_profile:delete")
    remove_organization(instance, organization)
    return browser.answer(documents.deleted("organization", organization.id))


_ONE = "/v1/organizations/{organization_id}"
OPERATIONS = [
    front("POST", "/v1/organizations", "createOrganization", _create),
    front("GET", _ONE, "getOrganization", _get),
    front("PATCH", _ONE, "updateOrganization", _update),
    front("DELETE", _ONE, "deleteOrganization", _delete),
    front("PUT", _ONE + "/logo", "updateOrganizationLogo", _logo),
    front("DELETE", _ONE + "/logo", "deleteOrganizationLogo", _delete_logo),
]
