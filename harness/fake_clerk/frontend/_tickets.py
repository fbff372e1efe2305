"""Tickets of invitations: the link that Clerk mails, and what becomes of whoever follows it.

Source: https://clerk.com/docs/guides/development/custom-flows/authentication/application-invitations, and `Accept ticket` of the document.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.invitations import Invitation
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error


def invalid() -> Refused:
    """That a ticket is none of this instance's, or is used up."""
    return Refused(error(400, "ticket_invalid_code", "is invalid", "The ticket is invalid"))


def invitation_of(instance: Instance, ticket: str) -> Invitation | None:
    """The invitation whose link has this ticket; None where it is no invitation's. Raises Refused with 400 when it is over."""
    found = next((i for i in instance.invitations.values() if ticket and i.url.endswith(f"ticket={ticket}")), None)
    if found is not None and (found.status != "pending" or found.expires_at < milliseconds()):
        raise invalid()
    return found


def accept(instance: Instance, invitation: Invitation, user: User) -> None:
    """Take an invitation up: a member of the organization that it is to, if it is to one."""
    invitation.status, invitation.updated_at = "accepted", milliseconds()
    organization = instance.directory.all_organizations().get(invitation.organization_id or "")
    if organization is not None:
        instance.directory.join(organization, user, invitation.role or "org:member")


def follow(instance: Instance, request: ApiRequest) -> Answer:
    """Lead whoever follows the link of a mail to the page that signs in or up with its ticket."""
    ticket = request.value("ticket") or ""
    invitation = invitation_of(instance, ticket)
    if invitation is None:
        if all(token.token != ticket for token in instance.one_time_tokens.values()):
            raise invalid()
        return _lead(f"{instance.portal}/sign-in", ticket, "sign_in")
    known = instance.directory.address_taken(invitation.email_address)
    status = "sign_in" if known else "sign_up"
    return _lead(invitation.redirect_url or f"{instance.portal}/{status.replace('_', '-')}", ticket, status)


def _lead(target: str, ticket: str, status: str) -> Answer:
    parts = urlsplit(target)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("__clerk_ticket", ticket), ("__clerk_status", status)]
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return 303, "", headers | {"Location": parts._replace(query=urlencode(query)).geturl()}
