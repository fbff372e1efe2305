"""The operations on invitations to an organization.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Organization Invitations.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.invitations import Invitation
from harness.fake_clerk.models.organizations import Organization
from harness.fake_clerk.operations._bodies import role_in
from harness.fake_clerk.operations._invitations import (
    find_invitations,
    read_invitation,
    revoke_invitation,
    with_organizations,
)
from harness.fake_clerk.operations._lookup import find_organization, find_user
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, not_found, paged


def invite(instance: Instance, organization: Organization, document: dict[str, Any]) -> Invitation:
    """Invite an address to an organization, and report it; raises Refused with 404, 422 or 400."""
    inviter = document.get("inviter_user_id")
    if inviter is not None:
        inviter = find_user(instance, str(inviter)).id
    role = role_in(document)
    invitation = read_invitation(
        instance, document, "orginv", role=role, organization_id=organization.id, inviter_id=inviter
    )
    same = [each for each in instance.invitations.values() if each.organization_id == organization.id]
    if any(each.email_address == invitation.email_address and each.status == "pending" for each in same):
        raise Refused(error(400, "duplicate_record", "the address is invited already"))
    instance.invitations[invitation.id] = invitation
    instance.directory.changed("organizationInvitation.created", invitation.as_json(instance.directory.users))
    return invitation


def _create(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    invitation = invite(instance, find_organization(instance, organization_id), request.document())
    return 200, invitation.as_json(instance.directory.users)


def _create_all(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization = find_organization(instance, organization_id)
    made = [
        invite(instance, organization, document).as_json(instance.directory.users) for document in request.documents()
    ]
    return 200, {"data": made, "total_count": len(made)}


def _list(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization = find_organization(instance, organization_id)
    found = find_invitations(instance, request, lambda each: each.organization_id == organization.id)
    return paged(request, [each.as_json(instance.directory.users) for each in found])


def _get(instance: Instance, request: ApiRequest, organization_id: str, invitation_id: str) -> Answer:
    organization, invitation = find_organization(instance, organization_id), instance.invitations.get(invitation_id)
    if invitation is None or invitation.organization_id != organization.id:
        raise not_found("organization invitation", invitation_id)
    return 200, invitation.as_json(instance.directory.users)


def _revoke(instance: Instance, request: ApiRequest, organization_id: str, invitation_id: str) -> Answer:
    document = revoke_invitation(instance, invitation_id, find_organization(instance, organization_id)).as_json(
        instance.directory.users
    )
    instance.directory.changed("organizationInvitation.revoked", document)
    return 200, document


def _list_everywhere(instance: Instance, request: ApiRequest) -> Answer:
    return paged(
        request, with_organizations(instance, find_invitations(instance, request, lambda each: each.role is not None))
    )


_ALL = "/v1/organizations/{organization_id}/invitations"
OPERATIONS = [
    Operation("POST", _ALL, "CreateOrganizationInvitation", _create),
    Operation("GET", _ALL, "ListOrganizationInvitations", _list),
    Operation("POST", _ALL + "/bulk", "CreateOrganizationInvitationBulk", _create_all),
    Operation("GET", _ALL + "/{invitation_id}", "GetOrganizationInvitation", _get),
    Operation("POST", _ALL + "/{invitation_id}/revoke", "RevokeOrganizationInvitation", _revoke),
    Operation("GET", "/v1/organization_invitations", "ListInstanceOrganizationInvitations", _list_everywhere),
]
