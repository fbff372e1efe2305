"""The operations on organizations. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Organizations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.organizations import Membership, Organization
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.operations._bodies import set_metadata
from harness.fake_clerk.operations._lookup import find_organization, find_user
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, deleted, error, paged


def _list(instance: Instance, request: ApiRequest) -> Answer:
    words, users, ids = (
        (request.value("query") or "").lower(),
        request.values("user_id"),
        request.values("organization_id"),
    )
    found = [
        organization
        for organization in instance.directory.all_organizations().values()
        if words in f"{organization.id} {organization.name} {organization.slug}".lower()
        and (not users or any(user in organization.members for user in users))
        and (not ids or organization.id in ids)
    ]
    return paged(request, [organization.as_json() for organization in found])


def _slug(instance: Instance, document: dict[str, Any], name: str) -> str:
    slug = document.get("slug") or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or new_id("slug").lower()
    taken = {organization.slug for organization in instance.directory.all_organizations().values()}
    if document.get("slug") in taken:
        raise Refused(error(422, "form_identifier_exists", "That slug is taken. Please try another."))
    return str(slug) if slug not in taken else f"{slug}-{new_id('n')[-8:].lower()}"


def create_organization(instance: Instance, document: dict[str, Any]) -> Organization:
    """Create what a body describes; `created_by` becomes its administrator. Raises Refused with 422 or 404."""
    name, creator = document.get("name"), document.get("created_by")
    if not isinstance(name, str) or not name:
        raise Refused(error(422, "form_param_missing", "name is missing"))
    organization = Organization(name, _slug(instance, document, name), created_by=creator)
    if creator is not None:
        organization.members[find_user(instance, str(creator)).id] = Membership("org:admin")
    set_metadata(organization, document)
    if isinstance(document.get("max_allowed_memberships"), int):
        organization.max_allowed_memberships = document["max_allowed_memberships"]
    instance.directory.all_organizations()[organization.id] = organization
    instance.directory.changed("organization.created", organization.as_json())
    if creator is not None:
        joined = organization.members[creator].as_json(organization, find_user(instance, creator))
        instance.directory.changed("organizationMembership.created", joined)
    return organization


def _create(instance: Instance, request: ApiRequest) -> Answer:
    return 200, create_organization(instance, request.document()).as_json()


def _get(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    return 200, find_organization(instance, organization_id).as_json()


def _update(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization, document = find_organization(instance, organization_id), request.document()
    for name, kind in (("name", str), ("slug", str), ("max_allowed_memberships", int)):
        if isinstance(document.get(name), kind):
            setattr(organization, name, document[name])
    return _updated(instance, organization)


def _updated(instance: Instance, organization: Organization) -> Answer:
    organization.updated_at = milliseconds()
    instance.directory.changed("organization.updated", organization.as_json())
    return 200, organization.as_json()


def _metadata(merge: bool) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
        organization, document = find_organization(instance, organization_id), request.document()
        set_metadata(organization, document, merge=merge)
        return _updated(instance, organization)

    return answer


def remove_organization(instance: Instance, organization: Organization) -> Answer:
    """Delete an organization with its memberships."""
    del instance.directory.organizations[organization.id]
    for user in instance.directory.users.values():
        if (user.organization or {}).get("id") == organization.id:
            user.organization = None
    status, document = deleted("organization", organization.id)
    instance.directory.changed("organization.deleted", document | {"slug": organization.slug})
    return status, document


def _delete(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    return remove_organization(instance, find_organization(instance, organization_id))


_ONE = "/v1/organizations/{organization_id}"
OPERATIONS = [
    Operation("GET", "/v1/organizations", "ListOrganizations", _list),
    Operation("POST", "/v1/organizations", "CreateOrganization", _create),
    Operation("GET", _ONE, "GetOrganization", _get),
    Operation("PATCH", _ONE, "UpdateOrganization", _update),
    Operation("DELETE", _ONE, "DeleteOrganization", _delete),
    Operation("PATCH", _ONE + "/metadata", "MergeOrganizationMetadata", _metadata(merge=True)),
    Operation("PUT", _ONE + "/metadata", "ReplaceOrganizationMetadata", _metadata(merge=False)),
]
