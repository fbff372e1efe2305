"""Members of an organization. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Members."""

from __future__ import annotations

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._membership import keep_an_admin, member
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.operations._bodies import role_in
from harness.fake_clerk.operations._lookup import find_membership, find_user
from harness.fake_clerk.operations.organization_memberships import change_role, remove_member
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, text_in

_MANAGE = "org:sys_memberships:manage"


def _list(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, "org:sys_memberships:read")
    limit, offset = request.page()
    users, roles, words = instance.directory.users, request.values("role"), request.value("query") or ""
    found = [
        documents.membership(membership, organization, users[user_id])
        for user_id, membership in organization.members.items()
        if user_id in users and (not roles or membership.role in roles) and users[user_id].matches(words)
    ]
    return browser.answer({"data": found[offset : offset + limit], "total_count": len(found)})


def _create(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, _MANAGE)
    form = request.form()
    user, role = find_user(instance, text_in(form, "user_id")), role_in(form)
    if user.id in organization.members:
        raise Refused(error(400, "already_a_member_in_organization", "already a member"))
    made = instance.directory.join(organization, user, role)
    return browser.answer(documents.membership(made, organization, user))


def _update(instance: Instance, request: ApiRequest, organization_id: str, user_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, _MANAGE)
    _, membership, user = find_membership(instance, organization.id, user_id)
    role = role_in(request.form())
    keep_an_admin(organization, user, role)
    change_role(instance, organization, user, role)
    return browser.answer(documents.membership(membership, organization, user))


def _remove(instance: Instance, request: ApiRequest, organization_id: str, user_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, _MANAGE)
    _, membership, user = find_membership(instance, organization.id, user_id)
    keep_an_admin(organization, user, None)
    remove_member(instance, organization, user)
    return browser.answer(documents.membership(membership, organization, user))


_ALL = "/v1/organizations/{organization_id}/memberships"
OPERATIONS = [
    front("GET", _ALL, "ListOrganizationMemberships", _list),
    front("POST", _ALL, "CreateOrganizationMembership", _create),
    front("PATCH", _ALL + "/{user_id}", "UpdateOrganizationMembership", _update),
    front("DELETE", _ALL + "/{user_id}", "removeOrganizationMember", _remove),
]
