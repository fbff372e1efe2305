"""The Backend API's invitations, to the application and to an organization. No mail is sent.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags Invitations and Organization Invitations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.directory import milliseconds
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.organizations import ROLES, Organization, organization_of, organizations_of, role_in
from harness.fake_clerk.users import address_taken, user_of
from harness.fake_clerk.wire import (
    Answer,
    ApiRequest,
    Operation,
    Refused,
    dictionary_in,
    error,
    integer_in,
    listed,
    not_found,
    paged,
    text_in,
)

_DAY = 86_400_000
_LONGEST = 365
_STATES = ("pending", "accepted", "revoked", "expired")


@dataclass
class Invitation:
    """An invitation of an address; with `role`, `organization_id` and `inviter_id` to an organization."""

    email_address: str
    url: str
    expires_at: int
    id: str
    status: str = "pending"
    public_metadata: dict[str, Any] = field(default_factory=dict)
    private_metadata: dict[str, Any] = field(default_factory=dict)
    role: str | None = None
    organization_id: str | None = None
    inviter_id: str | None = None
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def as_json(self, instance: Instance) -> dict[str, Any]:
        """The Backend API's `Invitation` or `OrganizationInvitation` object."""
        document: dict[str, Any] = {
            "object": "invitation",
            "id": self.id,
            "email_address": self.email_address,
            "public_metadata": self.public_metadata,
            "status": self.status,
            "url": self.url,
            "expires_at": self.expires_at,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        if self.role is None:
            return document | {"revoked": self.status == "revoked"}
        inviter = instance.directory.users.get(self.inviter_id or "")
        return document | {
            "object": "organization_invitation",
            "role": self.role,
            "role_name": ROLES.get(self.role, self.role),
            "organization_id": self.organization_id,
            "private_metadata": self.private_metadata,
            "inviter_id": self.inviter_id,
            "public_inviter_data": None
            if inviter is None
            else {
                "user_id": inviter.id,
                "first_name": inviter.first_name,
                "last_name": inviter.last_name,
                "image_url": inviter.image_url,
                "has_image": bool(inviter.image_url),
                "identifier": inviter.email or inviter.username or inviter.id,
            },
        }


def _read(instance: Instance, document: dict[str, Any], prefix: str, **more: Any) -> Invitation:
    address, days = text_in(document, "email_address"), integer_in(document, "expires_in_days", 30)
    if "@" not in address:
        raise Refused(error(422, "form_param_format_invalid", "Email address must be a valid email address."))
    if not 1 <= days <= _LONGEST:
        raise Refused(error(422, "form_param_value_invalid", f"expires_in_days is between 1 and {_LONGEST}"))
    ticket = instance.ticket(new_id("inv"), days * 86_400)
    return Invitation(
        address,
        f"{instance.issuer}/v1/tickets/accept?ticket={ticket}",
        milliseconds() + days * _DAY,
        new_id(prefix),
        public_metadata=dictionary_in(document, "public_metadata"),
        private_metadata=dictionary_in(document, "private_metadata"),
        **more,
    )


def _found(instance: Instance, request: ApiRequest, wanted: Callable[[Invitation], bool]) -> list[Invitation]:
    status, words = request.value("status"), (request.value("query") or "").lower()
    addresses = [address.lower() for address in request.values("email_address")]
    if status is not None and status not in _STATES:
        raise Refused(error(422, "form_param_value_invalid", f"status: one of {', '.join(_STATES)}"))
    found = [
        each
        for each in instance.invitations.values()
        if wanted(each)
        and status in (None, each.status)
        and words in f"{each.email_address} {each.id}".lower()
        and (not addresses or each.email_address.lower() in addresses)
    ]
    return sorted(found, key=lambda each: each.created_at, reverse=True)


def _revoked(instance: Instance, invitation_id: str, organization: Organization | None) -> Invitation:
    invitation: Invitation | None = instance.invitations.get(invitation_id)
    if invitation is None or invitation.organization_id != (organization.id if organization is not None else None):
        raise not_found("invitation", invitation_id)
    if invitation.status != "pending":
        raise Refused(error(400, "invitation_already_used", f"the invitation is {invitation.status} already"))
    invitation.status, invitation.updated_at = "revoked", milliseconds()
    return invitation


# To the application


def _invite(instance: Instance, document: dict[str, Any]) -> dict[str, Any]:
    invitation = _read(instance, document, "inv")
    pending = any(
        other.email_address.lower() == invitation.email_address.lower() and other.status == "pending"
        for other in instance.invitations.values()
        if other.role is None
    )
    if not document.get("ignore_existing") and (pending or address_taken(instance, invitation.email_address)):
        raise Refused(error(400, "duplicate_record", "the address is invited or known already"))
    instance.invitations[invitation.id] = invitation
    return invitation.as_json(instance)


def _create(instance: Instance, request: ApiRequest) -> Answer:
    return 200, _invite(instance, request.document())


def _create_all(instance: Instance, request: ApiRequest) -> Answer:
    return 200, [_invite(instance, document) for document in request.documents()]


def _list(instance: Instance, request: ApiRequest) -> Answer:
    found = [each.as_json(instance) for each in _found(instance, request, lambda each: each.role is None)]
    return listed(request, found)


def _revoke(instance: Instance, request: ApiRequest, invitation_id: str) -> Answer:
    return 200, _revoked(instance, invitation_id, None).as_json(instance)


# To an organization


def _invite_to(instance: Instance, organization: Organization, document: dict[str, Any]) -> dict[str, Any]:
    inviter = document.get("inviter_user_id")
    if inviter is not None:
        inviter = user_of(instance, str(inviter)).id
    role = role_in(document)
    invitation = _read(instance, document, "orginv", role=role, organization_id=organization.id, inviter_id=inviter)
    same = [each for each in instance.invitations.values() if each.organization_id == organization.id]
    if any(each.email_address == invitation.email_address and each.status == "pending" for each in same):
        raise Refused(error(400, "duplicate_record", "the address is invited already"))
    instance.invitations[invitation.id] = invitation
    instance.directory.changed("organizationInvitation.created", invitation.as_json(instance))
    return invitation.as_json(instance)


def _create_in(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    return 200, _invite_to(instance, organization_of(instance, organization_id), request.document())


def _create_all_in(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization = organization_of(instance, organization_id)
    made = [_invite_to(instance, organization, document) for document in request.documents()]
    return 200, {"data": made, "total_count": len(made)}


def _list_in(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization = organization_of(instance, organization_id)
    found = _found(instance, request, lambda each: each.organization_id == organization.id)
    return paged(request, [each.as_json(instance) for each in found])


def _get_in(instance: Instance, request: ApiRequest, organization_id: str, invitation_id: str) -> Answer:
    organization, invitation = organization_of(instance, organization_id), instance.invitations.get(invitation_id)
    if invitation is None or invitation.organization_id != organization.id:
        raise not_found("organization invitation", invitation_id)
    return 200, invitation.as_json(instance)


def _revoke_in(instance: Instance, request: ApiRequest, organization_id: str, invitation_id: str) -> Answer:
    document = _revoked(instance, invitation_id, organization_of(instance, organization_id)).as_json(instance)
    instance.directory.changed("organizationInvitation.revoked", document)
    return 200, document


def _with_organization(instance: Instance, found: list[Invitation]) -> list[dict[str, Any]]:
    organizations = organizations_of(instance.directory)
    return [
        each.as_json(instance)
        | {
            "public_organization_data": {
                "id": organization.id,
                "name": organization.name,
                "slug": organization.slug,
                "image_url": "",
                "has_image": False,
            }
        }
        for each in found
        if (organization := organizations.get(each.organization_id or "")) is not None
    ]


def _everywhere(instance: Instance, request: ApiRequest) -> Answer:
    return paged(request, _with_organization(instance, _found(instance, request, lambda each: each.role is not None)))


def _of_user(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    addresses = {entry.address.lower() for entry in user_of(instance, user_id).emails}
    found = _found(instance, request, lambda each: each.role is not None and each.email_address.lower() in addresses)
    return paged(request, _with_organization(instance, found))


_IN = "/v1/organizations/{organization_id}/invitations"
OPERATIONS = [
    Operation("POST", "/v1/invitations", "CreateInvitation", _create),
    Operation("GET", "/v1/invitations", "ListInvitations", _list),
    Operation("POST", "/v1/invitations/bulk", "CreateBulkInvitations", _create_all),
    Operation("POST", "/v1/invitations/{invitation_id}/revoke", "RevokeInvitation", _revoke),
    Operation("POST", _IN, "CreateOrganizationInvitation", _create_in),
    Operation("GET", _IN, "ListOrganizationInvitations", _list_in),
    Operation("POST", _IN + "/bulk", "CreateOrganizationInvitationBulk", _create_all_in),
    Operation("GET", _IN + "/{invitation_id}", "GetOrganizationInvitation", _get_in),
    Operation("POST", _IN + "/{invitation_id}/revoke", "RevokeOrganizationInvitation", _revoke_in),
    Operation("GET", "/v1/organization_invitations", "ListInstanceOrganizationInvitations", _everywhere),
    Operation("GET", "/v1/users/{user_id}/organization_invitations", "UsersGetOrganizationInvitations", _of_user),
]
