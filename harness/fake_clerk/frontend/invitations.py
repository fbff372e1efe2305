"""Invitations by members to their organization.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Invitations.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from harness.fake_clerk.frontend._membership import member
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.invitations import Invitation
from harness.fake_clerk.operations._invitations import find_invitations, revoke_invitation
from harness.fake_clerk.operations.organization_invitations import invite
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front

_READ, _MANAGE = "org:sys_memberships:read", "org:sys_memberships:manage"
_HIDDEN = ("private_metadata", "inviter_id", "public_inviter_data")
"""What only backends see."""


def _document(instance: Instance, invitation: Invitation) -> dict[str, Any]:
    whole = invitation.as_json(instance.directory.users)
    return {name: value for name, value in whole.items() if name not in _HIDDEN}


def _create(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, user, organization = member(instance, request, organization_id, _MANAGE)
    form = {name: value for name, value in request.form().items() if name in ("email_address", "role")}
    invitation = invite(instance, organization, form | {"inviter_user_id": user.id})
    return browser.answer(_document(instance, invitation))


def _create_all(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    browser, user, organization = member(instance, request, organization_id, _MANAGE)
    form = parse_qs(request.body.decode(errors="replace"))
    addresses = form.get("email_address", []) + form.get("email_address[]", [])
    if not addresses:
        raise Refused(error(422, "form_param_missing", "email_address is missing"))
    role = form.get("role", [""])[0]
    made = [
        invite(instance, organization, {"email_address": address, "role": role, "inviter_user_id": user.id})
        for address in addresses
    ]
    return browser.answer([_document(instance, each) for each in made])


def _list(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    return _listed(instance, request, organization_id, request.values("status"))


def _list_pending(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    return _listed(instance, request, organization_id, ["pending"])


def _listed(instance: Instance, request: ApiRequest, organization_id: str, states: list[str]) -> Answer:
    browser, _, organization = member(instance, request, organization_id, _READ)
    limit, offset = request.page()
    query = ApiRequest("GET", request.path, "", {})
    every = find_invitations(instance, query, lambda each: each.organization_id == organization.id)
    found = [each for each in every if not states or each.status in states]
    part = [_document(instance, each) for each in found[offset : offset + limit]]
    return browser.answer({"data": part, "total_count": len(found)})


def _revoke(instance: Instance, request: ApiRequest, organization_id: str, invitation_id: str) -> Answer:
    browser, _, organization = member(instance, request, organization_id, _MANAGE)
    invitation = revoke_invitation(instance, invitation_id, organization)
    instance.directory.changed("organizationInvitation.revoked", invitation.as_json(instance.directory.users))
    return browser.answer(_document(instance, invitation))


_ALL = "/v1/organizations/{organization_id}/invitations"
OPERATIONS = [
    front("POST", _ALL, "createOrganizationInvitations", _create),
    front("GET", _ALL, "getOrganizationInvitations", _list),
    front("POST", _ALL + "/bulk", "bulkCreateOrganizationInvitations", _create_all),
    front("GET", _ALL + "/pending", "getAllPendingOrganizationInvitations", _list_pending),
    front("POST", _ALL + "/{invitation_id}/revoke", "revokePendingOrganizationInvitation", _revoke),
]
