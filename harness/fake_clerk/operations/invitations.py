"""The operations on invitations to the application.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Invitations.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.operations._invitations import find_invitations, read_invitation, revoke_invitation
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, listed


def _invite(instance: Instance, document: dict[str, Any]) -> dict[str, Any]:
    invitation = read_invitation(instance, document, "inv")
    pending = any(
        other.email_address.lower() == invitation.email_address.lower() and other.status == "pending"
        for other in instance.invitations.values()
        if other.role is None
    )
    if not document.get("ignore_existing") and (pending or instance.directory.address_taken(invitation.email_address)):
        raise Refused(error(400, "duplicate_record", "the address is invited or known already"))
    instance.invitations[invitation.id] = invitation
    return invitation.as_json(instance.directory.users)


def _create(instance: Instance, request: ApiRequest) -> Answer:
    return 200, _invite(instance, request.document())


def _create_all(instance: Instance, request: ApiRequest) -> Answer:
    return 200, [_invite(instance, document) for document in request.documents()]


def _list(instance: Instance, request: ApiRequest) -> Answer:
    found = [
        each.as_json(instance.directory.users)
        for each in find_invitations(instance, request, lambda each: each.role is None)
    ]
    return listed(request, found)


def _revoke(instance: Instance, request: ApiRequest, invitation_id: str) -> Answer:
    return 200, revoke_invitation(instance, invitation_id, None).as_json(instance.directory.users)


OPERATIONS = [
    Operation("POST", "/v1/invitations", "CreateInvitation", _create),
    Operation("GET", "/v1/invitations", "ListInvitations", _list),
    Operation("POST", "/v1/invitations/bulk", "CreateBulkInvitations", _create_all),
    Operation("POST", "/v1/invitations/{invitation_id}/revoke", "RevokeInvitation", _revoke),
]
