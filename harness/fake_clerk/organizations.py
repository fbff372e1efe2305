"""The Backend API's organizations and memberships.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tags Organizations and Organization Memberships.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.directory import Directory, User, milliseconds
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.users import merged, user_of
from harness.fake_clerk.wire import (
    Answer,
    ApiRequest,
    Operation,
    Refused,
    deleted,
    dictionary_in,
    error,
    not_found,
    paged,
)

ROLES = {"org:admin": "Admin", "org:member": "Member"}
PERMISSIONS = {
    "org:admin": [
        "org:sys_profile:manage",
        "org:sys_profile:delete",
        "org:sys_memberships:read",
        "org:sys_memberships:manage",
    ],
    "org:member": ["org:sys_memberships:read"],
}
"""Clerk's default roles: what each may do."""


@dataclass
class Organization:
    """An organization, and the roles of its members by user id."""

    name: str
    slug: str
    id: str = field(default_factory=lambda: new_id("org"))
    created_by: str | None = None
    max_allowed_memberships: int = 5
    public_metadata: dict[str, Any] = field(default_factory=dict)
    private_metadata: dict[str, Any] = field(default_factory=dict)
    members: dict[str, Membership] = field(default_factory=dict)
    created_at: int = field(default_factory=milliseconds)
    updated_at: int = field(default_factory=milliseconds)

    def as_json(self) -> dict[str, Any]:
        """The Backend API's `Organization` object."""
        document: dict[str, Any] = {
            "object": "organization",
            "id": self.id,
            "name": self.name,
            "slug": self.slug,
            "image_url": "",
            "has_image": False,
            "members_count": len(self.members),
            "max_allowed_memberships": self.max_allowed_memberships,
            "admin_delete_enabled": True,
            "public_metadata": self.public_metadata,
            "private_metadata": self.private_metadata,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        return document | ({"created_by": self.created_by} if self.created_by is not None else {})


@dataclass
class Membership:
    """A user's place in an organization; `role` is written with its prefix, `org:admin`."""

    role: str
    public_metadata: dict[str, Any] = field(default_factory=dict)
    private_metadata: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("orgmem"))
    created_at: int = field(default_factory=milliseconds)

    def as_json(self, organization: Organization, user: User) -> dict[str, Any]:
        """The Backend API's `OrganizationMembership` object."""
        return {
            "object": "organization_membership",
            "id": self.id,
            "role": self.role,
            "role_name": ROLES.get(self.role, self.role),
            "permissions": PERMISSIONS.get(self.role, []),
            "public_metadata": self.public_metadata,
            "private_metadata": self.private_metadata,
            "organization": organization.as_json(),
            "public_user_data": {
                "user_id": user.id,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "profile_image_url": user.image_url,
                "image_url": user.image_url,
                "has_image": bool(user.image_url),
                "identifier": user.email,
                "username": user.username,
                "banned": user.banned,
            },
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }


def organizations_of(directory: Directory) -> dict[str, Organization]:
    """All organizations by id; those that users were given are among them, with these users as members."""
    for user in list(directory.users.values()):
        given = user.organization
        if given is not None and given["id"] not in directory.organizations:
            directory.organizations[given["id"]] = Organization(given["slug"].title(), given["slug"], id=given["id"])
        if given is not None and given["id"] not in directory.seen_members.setdefault(user.id, set()):
            directory.seen_members[user.id].add(given["id"])
            directory.organizations[given["id"]].members[user.id] = Membership(f"org:{given['role']}")
    return directory.organizations


def organization_of(instance: Instance, organization_id: str) -> Organization:
    found = organizations_of(instance.directory)
    by_slug = {organization.slug: organization for organization in found.values()}
    organization = found.get(organization_id) or by_slug.get(organization_id)
    if organization is None:
        raise not_found("organization", organization_id)
    return organization


def _list(instance: Instance, request: ApiRequest) -> Answer:
    words, users, ids = (
        (request.value("query") or "").lower(),
        request.values("user_id"),
        request.values("organization_id"),
    )
    found = [
        organization
        for organization in organizations_of(instance.directory).values()
        if words in f"{organization.id} {organization.name} {organization.slug}".lower()
        and (not users or any(user in organization.members for user in users))
        and (not ids or organization.id in ids)
    ]
    return paged(request, [organization.as_json() for organization in found])


def _slug(instance: Instance, document: dict[str, Any], name: str) -> str:
    slug = document.get("slug") or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or new_id("slug").lower()
    taken = {organization.slug for organization in organizations_of(instance.directory).values()}
    if document.get("slug") in taken:
        raise Refused(error(422, "form_identifier_exists", "That slug is taken. Please try another."))
    return str(slug) if slug not in taken else f"{slug}-{new_id('n')[-8:].lower()}"


def _create(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    name, creator = document.get("name"), document.get("created_by")
    if not isinstance(name, str) or not name:
        raise Refused(error(422, "form_param_missing", "name is missing"))
    organization = Organization(name, _slug(instance, document, name), created_by=creator)
    if creator is not None:
        organization.members[user_of(instance, str(creator)).id] = Membership("org:admin")
    set_metadata(organization, document)
    if isinstance(document.get("max_allowed_memberships"), int):
        organization.max_allowed_memberships = document["max_allowed_memberships"]
    organizations_of(instance.directory)[organization.id] = organization
    instance.directory.changed("organization.created", organization.as_json())
    if creator is not None:
        joined = organization.members[creator].as_json(organization, user_of(instance, creator))
        instance.directory.changed("organizationMembership.created", joined)
    return 200, organization.as_json()


def _get(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    return 200, organization_of(instance, organization_id).as_json()


def _update(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization, document = organization_of(instance, organization_id), request.document()
    for name, kind in (("name", str), ("slug", str), ("max_allowed_memberships", int)):
        if isinstance(document.get(name), kind):
            setattr(organization, name, document[name])
    return _changed(instance, organization)


def _changed(instance: Instance, organization: Organization) -> Answer:
    organization.updated_at = milliseconds()
    instance.directory.changed("organization.updated", organization.as_json())
    return 200, organization.as_json()


def _metadata(merge: bool) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
        organization, document = organization_of(instance, organization_id), request.document()
        set_metadata(organization, document, merge=merge)
        return _changed(instance, organization)

    return answer


def set_metadata(of: Any, document: dict[str, Any], *, merge: bool = False) -> None:
    """Take over `public_metadata` and `private_metadata` from a body; raises Refused for what is no object."""
    for name in ("public_metadata", "private_metadata"):
        if document.get(name) is not None:
            given = dictionary_in(document, name)
            setattr(of, name, merged(getattr(of, name), given) if merge else given)


def _delete(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization = organization_of(instance, organization_id)
    del instance.directory.organizations[organization.id]
    for user in instance.directory.users.values():
        if (user.organization or {}).get("id") == organization.id:
            user.organization = None
    status, document = deleted("organization", organization.id)
    instance.directory.changed("organization.deleted", document | {"slug": organization.slug})
    return status, document


def _members(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization = organization_of(instance, organization_id)
    users, roles = request.values("user_id"), request.values("role")
    return paged(
        request,
        [
            membership.as_json(organization, instance.directory.users[user_id])
            for user_id, membership in organization.members.items()
            if user_id in instance.directory.users
            and (not users or user_id in users)
            and (not roles or membership.role in roles)
        ],
    )


def _of_user(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user = user_of(instance, user_id)
    found = [o for o in organizations_of(instance.directory).values() if user_id in o.members]
    return paged(request, [o.members[user_id].as_json(o, user) for o in found])


def role_in(document: dict[str, Any]) -> str:
    """The role that a body names; raises Refused for one that does not exist."""
    role = document.get("role")
    if role not in ROLES:
        raise Refused(error(422, "form_param_value_invalid", f"role: one of {', '.join(ROLES)}"))
    return str(role)


def join(instance: Instance, organization: Organization, user: User, role: str) -> dict[str, Any]:
    """Make a user a member, and tell it; the `OrganizationMembership` object."""
    membership = organization.members[user.id] = Membership(role)
    user.organization = user.organization or {
        "id": organization.id, "slug": organization.slug, "role": role.removeprefix("org:"), "permissions": "",
    }  # fmt: skip
    instance.directory.seen_members.setdefault(user.id, set()).add(organization.id)
    document = membership.as_json(organization, user)
    instance.directory.changed("organizationMembership.created", document)
    return document


def _join(instance: Instance, request: ApiRequest, organization_id: str) -> Answer:
    organization, role = organization_of(instance, organization_id), role_in(request.document())
    user = user_of(instance, str(request.document().get("user_id")))
    if user.id in organization.members:
        raise Refused(error(400, "already_a_member_in_organization", "already a member"))
    return 200, join(instance, organization, user, role)


def _member(instance: Instance, organization_id: str, user_id: str) -> tuple[Organization, Membership, User]:
    organization, user = organization_of(instance, organization_id), user_of(instance, user_id)
    if user_id not in organization.members:
        raise not_found("organization membership", user_id)
    return organization, organization.members[user_id], user


def _change_role(instance: Instance, request: ApiRequest, organization_id: str, user_id: str) -> Answer:
    organization, membership, user = _member(instance, organization_id, user_id)
    membership.role = role_in(request.document())
    if user.organization is not None and user.organization["id"] == organization.id:
        user.organization = user.organization | {"role": membership.role.removeprefix("org:")}
    return _told(instance, "updated", organization, membership, user)


def _told(instance: Instance, what: str, organization: Organization, membership: Membership, user: User) -> Answer:
    document = membership.as_json(organization, user)
    instance.directory.changed(f"organizationMembership.{what}", document)
    return 200, document


def _membership_metadata(instance: Instance, request: ApiRequest, organization_id: str, user_id: str) -> Answer:
    organization, membership, user = _member(instance, organization_id, user_id)
    set_metadata(membership, request.document(), merge=True)
    return _told(instance, "updated", organization, membership, user)


def _every_membership(instance: Instance, request: ApiRequest) -> Answer:
    users = instance.directory.users
    found = organizations_of(instance.directory).values()
    return paged(request, [m.as_json(o, users[u]) for o in found for u, m in o.members.items() if u in users])


def _leave(instance: Instance, request: ApiRequest, organization_id: str, user_id: str) -> Answer:
    organization, membership, user = _member(instance, organization_id, user_id)
    del organization.members[user_id]
    if user.organization is not None and user.organization["id"] == organization.id:
        user.organization = None
    return _told(instance, "deleted", organization, membership, user)


_ONE = "/v1/organizations/{organization_id}"
OPERATIONS = [
    Operation("GET", "/v1/organizations", "ListOrganizations", _list),
    Operation("POST", "/v1/organizations", "CreateOrganization", _create),
    Operation("GET", _ONE, "GetOrganization", _get),
    Operation("PATCH", _ONE, "UpdateOrganization", _update),
    Operation("DELETE", _ONE, "DeleteOrganization", _delete),
    Operation("PATCH", _ONE + "/metadata", "MergeOrganizationMetadata", _metadata(merge=True)),
    Operation("PUT", _ONE + "/metadata", "ReplaceOrganizationMetadata", _metadata(merge=False)),
    Operation("GET", _ONE + "/memberships", "ListOrganizationMemberships", _members),
    Operation("POST", _ONE + "/memberships", "CreateOrganizationMembership", _join),
    Operation("PATCH", _ONE + "/memberships/{user_id}", "UpdateOrganizationMembership", _change_role),
    Operation("DELETE", _ONE + "/memberships/{user_id}", "DeleteOrganizationMembership", _leave),
    Operation(
        "PATCH", _ONE + "/memberships/{user_id}/metadata", "UpdateOrganizationMembershipMetadata", _membership_metadata
    ),
    Operation("GET", "/v1/organization_memberships", "InstanceGetOrganizationMemberships", _every_membership),
    Operation("GET", "/v1/users/{user_id}/organization_memberships", "UsersGetOrganizationMemberships", _of_user),
]
