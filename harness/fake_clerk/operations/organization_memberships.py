"""The operations on the memberships of users in organizations.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Organization Memberships.
"""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.organizations import Membership, Organization
from harness.fake_clerk.models.users import User
from harness.fake_clerk.operations._bodies import role_in, set_metadata
from harness.fake_clerk.operations._lookup import find_membership, find_organization, find_user
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, paged


def _list(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization = find_organization(instance, organization_id)
    users, roles = request.values("user_id"), request.values("role")
    return paged(
        request,
        [
            membership.as_json(organization, instance.directory.users[user_id])
            for user_id, membership in organization.members.items()
            if user_id in instance.directory.users
            and (not users or user_id in users)
            and (not roles or membership.role in roles)
        ],
    )


def _create(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization, role = find_organization(instance, organization_id), role_in(request.document())
    user = find_user(instance, str(request.document().get("user_id")))
    if user.id in organization.members:
        raise Refused(error(400, "already_a_member_in_organization", "already a member"))
    return 200, instance.directory.join(organization, user, role).as_json(organization, user)


def _update(instance: Instance, request: ApiRequest, organization_id: str, user_id: str) -> Answer:
    organization, _, user = find_membership(instance, organization_id, user_id)
    return change_role(instance, organization, user, role_in(request.document()))


def change_role(instance: Instance, organization: Organization, user: User, role: str) -> Answer:
    """Give a member another role, and report it."""
    membership = organization.members[user.id]
    membership.role = role
    if user.organization is not None and user.organization["id"] == organization.id:
        user.organization = user.organization | {"role": role.removeprefix("org:")}
    return _report(instance, "updated", organization, membership, user)


def _report(instance: Instance, change: str, organization: Organization, membership: Membership, user: User) -> Answer:
    document = membership.as_json(organization, user)
    instance.directory.changed(f"organizationMembership.{change}", document)
    return 200, document


def _merge_metadata(instance: Instance, request: ApiRequest, organization_id: str, user_id: str) -> Answer:
    organization, membership, user = find_membership(instance, organization_id, user_id)
    set_metadata(membership, request.document(), merge=True)
    return _report(instance, "updated", organization, membership, user)


def _list_all(instance: Instance, request: ApiRequest) -> Answer:
    users = instance.directory.users
    found = instance.directory.all_organizations().values()
    return paged(request, [m.as_json(o, users[u]) for o in found for u, m in o.members.items() if u in users])


def _delete(instance: Instance, request: ApiRequest, organization_id: str, user_id: str) -> Answer:
    organization, _, user = find_membership(instance, organization_id, user_id)
    return remove_member(instance, organization, user)


def remove_member(instance: Instance, organization: Organization, user: User) -> Answer:
    """End a membership, and report it."""
    membership = organization.members.pop(user.id)
    if user.organization is not None and user.organization["id"] == organization.id:
        user.organization = None
    return _report(instance, "deleted", organization, membership, user)


_ALL = "/v1/organizations/{organization_id}/memberships"
_ONE = _ALL + "/{user_id}"
OPERATIONS = [
    Operation("GET", _ALL, "ListOrganizationMemberships", _list),
    Operation("POST", _ALL, "CreateOrganizationMembership", _create),
    Operation("PATCH", _ONE, "UpdateOrganizationMembership", _update),
    Operation("DELETE", _ONE, "DeleteOrganizationMembership", _delete),
    Operation("PATCH", _ONE + "/metadata", "UpdateOrganizationMembershipMetadata", _merge_metadata),
    Operation("GET", "/v1/organization_memberships", "InstanceGetOrganizationMemberships", _list_all),
]
