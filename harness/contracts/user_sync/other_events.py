"""Events that a webhook gets beside those about users: an endpoint that names no types is told all of them.

Their `data.id` is that of a session, an organization or a membership, and no user's.
Source: https://clerk.com/docs/guides/development/webhooks/overview (event types, and which object each carries).
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk import FakeClerk, User
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.organizations import Membership, Organization
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.webhooks import Message, event_message

TYPES = (
    "session.created",
    "organization.created",
    "organizationMembership.created",
    "session.removed",
    "organizationMembership.deleted",
    "organization.deleted",
)


def other_event(clerk: FakeClerk, user: User, which: int) -> Message:
    """A message of one of `TYPES`, counted modulo their number, about something of a user's."""
    kind = TYPES[which % len(TYPES)]
    data: dict[str, Any]
    if kind.startswith("session."):
        data = Session(new_id("sess"), user.id, status=kind.partition(".")[2].replace("created", "active")).as_json()
    else:
        organization = Organization(name="Analytical Engines", slug="analytical-engines", created_by=user.id)
        data = organization.as_json()
        if kind == "organization.deleted":
            data = {"id": organization.id, "object": "organization", "deleted": True, "slug": organization.slug}
        elif kind.startswith("organizationMembership."):
            data = Membership("org:admin").as_json(organization, user)
    return event_message(clerk, kind, data)
