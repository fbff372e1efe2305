"""What requests name by an id: found, or refused with the Backend API's answer."""

from __future__ import annotations

import secrets

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.machine_tokens import MachineToken
from harness.fake_clerk.models.machines import Machine
from harness.fake_clerk.models.organizations import Membership, Organization
from harness.fake_clerk.models.users import User
from harness.fake_clerk.wire import ApiRequest, Refused, error, not_found


def find_user(instance: Instance, user_id: str) -> User:
    """The user of that id; raises Refused with 404."""
    user = instance.directory.users.get(user_id)
    if user is None:
        raise not_found("user", user_id)
    return user


def find_user_in_body(instance: Instance, request: ApiRequest) -> User:
    """The user whom the body names by `user_id`; raises Refused with 422 or 404."""
    user_id = request.document().get("user_id")
    if not isinstance(user_id, str):
        raise Refused(error(422, "form_param_missing", "user_id is missing"))
    return find_user(instance, user_id)


def find_organization(instance: Instance, organization_id: str) -> Organization:
    """The organization of that id or slug; raises Refused with 404."""
    known = instance.directory.all_organizations()
    by_slug = {organization.slug: organization for organization in known.values()}
    organization = known.get(organization_id) or by_slug.get(organization_id)
    if organization is None:
        raise not_found("organization", organization_id)
    return organization


def find_membership(instance: Instance, organization_id: str, user_id: str) -> tuple[Organization, Membership, User]:
    """A membership with its organization and its user; raises Refused with 404 when one of the three is unknown."""
    organization, user = find_organization(instance, organization_id), find_user(instance, user_id)
    if user_id not in organization.members:
        raise not_found("organization membership", user_id)
    return organization, organization.members[user_id], user


def no_member() -> Refused:
    """The refusal of an organization in which the user is no member, or which does not exist."""
    message = "Given organization not found, or you don't have permission to access it."
    return Refused(error(404, "organization_not_found_or_unauthorized", "Organization not found", message))


def find_machine(instance: Instance, machine_id: str) -> Machine:
    """The machine of that id; raises Refused with 404."""
    machine = instance.machines.get(machine_id)
    if machine is None:
        raise not_found("machine", machine_id)
    return machine


def calling_machine(instance: Instance, request: ApiRequest) -> Machine | None:
    """The machine whose secret key came with the request; None for the instance's own key."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return next((m for m in instance.machines.values() if secrets.compare_digest(m.secret, given)), None)


def list_tokens(instance: Instance, kind: str) -> list[MachineToken]:
    """All opaque tokens of a kind."""
    return [token for token in instance.machine_tokens.values() if token.kind == kind]


def find_token(instance: Instance, kind: str, token_id: str) -> MachineToken:
    """The opaque token of that kind and id; raises Refused with 404."""
    for token in list_tokens(instance, kind):
        if token.id == token_id:
            return token
    raise not_found(kind.replace("_", " "), token_id)
