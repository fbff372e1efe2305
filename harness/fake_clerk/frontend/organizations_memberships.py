"""In which organizations the user is, and into which she is invited.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Organizations Memberships.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._browser import Browser, signed_in
from harness.fake_clerk.frontend._membership import keep_an_admin, member
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.invitations import Invitation
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User
from harness.fake_clerk.operations._invitations import with_organizations
from harness.fake_clerk.operations.organization_memberships import remove_member
from harness.fake_clerk.wire import Answer, ApiRequest, front, not_found


def _page(browser: Browser, request: ApiRequest, found: list[dict[str, Any]]) -> Answer:
    limit, offset = request.page()
    part = found[offset : offset + limit]
    return browser.answer({"data": part, "total_count": len(found)} if request.value("paginated") != "false" else part)


def _list(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    return _page(browser, request, documents.memberships(instance, user))


def _leave(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, user, organization = member(instance, request, organization_id)
    keep_an_admin(organization, user, None)
    membership = organization.members[user.id]
    remove_member(instance, organization, user)
    return browser.answer(documents.deleted("organization_membership", membership.id))


def _invitations(instance: Instance, user: User) -> list[Invitation]:
    addresses = {entry.address.lower() for entry in user.emails if entry.verified}
    return [i for i in instance.invitations.values() if i.role is not None and i.email_address.lower() in addresses]


def _document(instance: Instance, invitation: Invitation) -> dict[str, Any]:
    hidden = ("private_metadata", "inviter_id", "public_inviter_data")
    (document,) = with_organizations(instance, [invitation]) or [invitation.as_json(instance.directory.users)]
    return {name: value for name, value in document.items() if name not in hidden}


def _list_invitations(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    states = request.values("status")
    found = [i for i in _invitations(instance, user) if not states or i.status in states]
    limit, offset = request.page()
    part = [_document(instance, each) for each in found[offset : offset + limit]]
    return browser.answer({"data": part, "total_count": len(found)})


def _accept(instance: Instance, request: ApiRequest, invitation_id: str) -> Answer:
    browser, _, user = signed_in(instance, request)
    invitation = next(
        (i for i in _invitations(instance, user) if i.id == invitation_id and i.status == "pending"), None
    )
    organization = instance.directory.all_organizations().get((invitation and invitation.organization_id) or "")
    if invitation is None or organization is None:
        raise not_found("invitation", invitation_id)
    invitation.status, invitation.updated_at = "accepted", milliseconds()
    instance.directory.join(organization, user, invitation.role or "org:member")
    return browser.answer(_document(instance, invitation))


def _none(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, _ = signed_in(instance, request)
    return browser.answer({"data": [], "total_count": 0})


OPERATIONS = [
    front("GET", "/v1/me/organization_memberships", "getOrganizationMemberships", _list),
    front("DELETE", "/v1/me/organization_memberships/{organization_id}", "deleteOrganizationMemberships", _leave),
    front("GET", "/v1/me/organization_invitations", "getUsersOrganizationInvitations", _list_invitations),
    front("POST", "/v1/me/organization_invitations/{invitation_id}/accept", "acceptOrganizationInvitation", _accept),
    front("GET", "/v1/me/organization_suggestions", "getOrganizationSuggestions", _none),
]
