"""What a member may do in an organization."""

from __future__ import annotations

from harness.fake_clerk.frontend._browser import Browser, signed_in
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.organizations import Organization
from harness.fake_clerk.models.roles import permission_keys
from harness.fake_clerk.models.users import User
from harness.fake_clerk.operations._lookup import no_member
from harness.fake_clerk.wire import ApiRequest, Refused, error


def member(
    instance: Instance, request: ApiRequest, organization_id: str, permission: str | None = None
) -> tuple[Browser, User, Organization]:
    """The browser, its user and an organization in which the user has that permission; raises Refused with 404 or 403."""
    browser, _, user = signed_in(instance, request)
    organization = instance.directory.membership_in(user, organization_id)
    if organization is None:
        raise no_member()
    if permission is not None and permission not in permission_keys(organization.members[user.id].role):
        message = f"You need the permission {permission}."
        raise Refused(error(403, "missing_organization_permission", "Missing permission", message))
    return browser, user, organization


def keep_an_admin(organization: Organization, user: User, role: str | None) -> None:
    """Raises Refused where `user` is the last who may manage the members and would not be any more.

    `role` is the new one, None where the membership ends.
    """
    managing = [
        user_id
        for user_id, membership in organization.members.items()
        if "org:sys_memberships:manage" in permission_keys(membership.role)
    ]
    if managing == [user.id] and (role is None or "org:sys_memberships:manage" not in permission_keys(role)):
        message = "There has to be at least one organization member with the minimum required permissions"
        raise Refused(error(400, "organization_minimum_permissions_needed", "Minimum permissions needed", message))
