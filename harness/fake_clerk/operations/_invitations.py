"""What the operations on invitations to the application and on those to an organization share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.invitations import LONGEST_DAYS, STATES, Invitation
from harness.fake_clerk.models.organizations import Organization
from harness.fake_clerk.models.timestamps import DAY, milliseconds
from harness.fake_clerk.operations._bodies import require_address
from harness.fake_clerk.wire import ApiRequest, Refused, dictionary_in, error, integer_in, not_found, text_in


def read_invitation(instance: Instance, document: dict[str, Any], prefix: str, **more: Any) -> Invitation:
    """The invitation that a body asks for, with an id of that prefix; it is not stored yet. Raises Refused with 422."""
    address, days = text_in(document, "email_address"), integer_in(document, "expires_in_days", 30)
    require_address(address)
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(error(422, "form_param_value_invalid", f"expires_in_days is between 1 and {LONGEST_DAYS}"))
    ticket = instance.ticket(new_id("inv"), days * 86_400)
    return Invitation(
        address,
        f"{instance.issuer}/v1/tickets/accept?ticket={ticket}",
        milliseconds() + days * DAY,
        new_id(prefix),
        public_metadata=dictionary_in(document, "public_metadata"),
        private_metadata=dictionary_in(document, "private_metadata"),
        redirect_url=_page(document),
        **more,
    )


def _page(document: dict[str, Any]) -> str | None:
    """The page that a body names; raises Refused with 422 for what is no address of one."""
    page = document.get("redirect_url")
    if page and not (isinstance(page, str) and page.startswith(("http://", "https://"))):
        raise Refused(
            error(422, "form_param_value_invalid", "redirect_url: a URL that begins with http:// or https://")
        )
    return page or None


def find_invitations(instance: Instance, request: ApiRequest, wanted: Callable[[Invitation], bool]) -> list[Invitation]:
    """The `wanted` invitations that match the query, newest first; raises Refused with 422 for an unknown status."""
    status, words = request.value("status"), (request.value("query") or "").lower()
    addresses = [address.lower() for address in request.values("email_address")]
    if status is not None and status not in STATES:
        raise Refused(error(422, "form_param_value_invalid", f"status: one of {', '.join(STATES)}"))
    found = [
        each
        for each in instance.invitations.values()
        if wanted(each)
        and status in (None, each.status)
        and words in f"{each.email_address} {each.id}".lower()
        and (not addresses or each.email_address.lower() in addresses)
    ]
    return sorted(found, key=lambda each: each.created_at, reverse=True)


def revoke_invitation(instance: Instance, invitation_id: str, organization: Organization | None) -> Invitation:
    """Revoke an invitation to `organization`, or to the application when that is None; raises Refused with 404 or 400."""
    invitation = instance.invitations.get(invitation_id)
    if invitation is None or invitation.organization_id != (organization.id if organization is not None else None):
        raise not_found("invitation", invitation_id)
    if invitation.status != "pending":
        raise Refused(error(400, "invitation_already_used", f"the invitation is {invitation.status} already"))
    invitation.revoke()
    return invitation


def with_organizations(instance: Instance, found: list[Invitation]) -> list[dict[str, Any]]:
    """The JSON forms of invitations to organizations, each with the public data of its organization."""
    organizations = instance.directory.all_organizations()
    return [
        each.as_json(instance.directory.users)
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
