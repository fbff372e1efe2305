"""The operations on users. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.users import User, merge_metadata
from harness.fake_clerk.operations._bodies import address_taken, require_address
from harness.fake_clerk.operations._invitations import find_invitations, with_organizations
from harness.fake_clerk.operations._lookup import find_user
from harness.fake_clerk.wire import (
    Answer,
    ApiRequest,
    Operation,
    Refused,
    deleted,
    error,
    not_found,
    paged,
    text_in,
)

_ORDERS = (
    "created_at",
    "updated_at",
    "first_name",
    "last_name",
    "username",
    "email_address",
    "last_sign_in_at",
    "last_active_at",
)
_METADATA = ("public_metadata", "private_metadata", "unsafe_metadata")
_PLAIN = ("first_name", "last_name", "username", "external_id")


def _matching(instance: Instance, request: ApiRequest) -> list[User]:
    found = instance.directory.find(emails=request.values("email_address"), ids=request.values("user_id"))
    usernames, externals = request.values("username"), request.values("external_id")
    words, banned = request.value("query"), request.value("banned")
    organizations = set(request.values("organization_id"))
    return [
        user
        for user in found
        if (not usernames or user.username in usernames)
        and (not externals or user.external_id in externals)
        and (words is None or user.matches(words))
        and (banned is None or user.banned == (banned == "true"))
        and (not organizations or (user.organization or {}).get("id") in organizations)
    ]


def _list(instance: Instance, request: ApiRequest) -> Answer:
    limit, offset = request.page()
    order = request.value("order_by") or "-created_at"
    name = order.lstrip("+-")
    if name not in _ORDERS:
        raise Refused(error(422, "form_param_value_invalid", f"order_by: one of {', '.join(_ORDERS)}"))
    field = {"email_address": "email", "last_sign_in_at": "created_at", "last_active_at": "created_at"}.get(name, name)
    users = sorted(
        _matching(instance, request),
        key=lambda user: (
            (getattr(user, field) is None, getattr(user, field) or "")
            if field not in ("created_at", "updated_at")
            else getattr(user, field)
        ),
        reverse=order.startswith("-"),
    )
    return 200, [user.as_json() for user in users[offset : offset + limit]]


def _count(instance: Instance, request: ApiRequest) -> Answer:
    return 200, {"object": "total_count", "total_count": len(_matching(instance, request))}


def _get(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    return 200, find_user(instance, user_id).as_json()


def _texts(document: dict[str, Any], name: str) -> list[str]:
    value = document.get(name) or []
    return [value] if isinstance(value, str) else [str(entry) for entry in value]


def _refuse_taken(instance: Instance, user: User | None, document: dict[str, Any]) -> None:
    """Raises Refused with 422 when another user has the address, the username or the external id."""
    others = [other for other in instance.directory.users.values() if other is not user]
    if any(instance.directory.address_taken(address, but=user) for address in _texts(document, "email_address")):
        raise address_taken()
    for name in ("username", "external_id"):
        if document.get(name) is not None and any(getattr(other, name) == document[name] for other in others):
            raise Refused(error(422, "form_identifier_exists", f"That {name} is taken. Please try another."))


def _metadata_in(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {name: document[name] for name in _METADATA if document.get(name) is not None}
    for name, value in found.items():
        if not isinstance(value, dict):
            raise Refused(error(422, "form_param_type_invalid", f"{name} must be an object"))
    return found


def _emails(addresses: list[str], states: list[str]) -> list[EmailAddress]:
    """New addresses. `states` has the state of each in the same order: `verified`, the default, or reserved."""
    states = [*states, *["verified"] * len(addresses)]
    return [
        EmailAddress(address, strategy="admin")
        if state == "verified"
        else EmailAddress(address, verified=False, reserved=True)
        for address, state in zip(addresses, states, strict=False)
    ]


def _create(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    addresses = _texts(document, "email_address")
    if not addresses and not document.get("username") and not document.get("phone_number"):
        raise Refused(error(422, "form_data_missing", "email_address, username or phone_number is missing"))
    for address in addresses:
        require_address(address)
    _refuse_taken(instance, None, document)
    given: dict[str, Any] = {name: document.get(name) for name in (*_PLAIN, "password")} | _metadata_in(document)
    user = instance.directory.add_user(
        id=new_id("user"),
        emails=_emails(addresses, _texts(document, "email_address_identification_status")),
        banned=bool(document.get("banned")),
        locked=bool(document.get("locked")),
        **given,
    )
    return 200, user.as_json()


def _update(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user, document = find_user(instance, user_id), request.document()
    _refuse_taken(instance, user, document)
    changes = {name: document[name] for name in (*_PLAIN, "password") if name in document} | _metadata_in(document)
    primary = document.get("primary_email_address_id")
    if primary is not None:
        known = [entry.id for entry in user.emails]
        if primary not in known:
            raise not_found("email address", str(primary))
        changes["primary"] = known.index(primary)
    return 200, instance.directory.update_user(user_id, **changes).as_json()


def _merge_metadata(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user = find_user(instance, user_id)
    changes = {
        name: merge_metadata(getattr(user, name), value) for name, value in _metadata_in(request.document()).items()
    }
    return 200, instance.directory.update_user(user_id, **changes).as_json()


def _replace_metadata(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    find_user(instance, user_id)
    return 200, instance.directory.update_user(user_id, **_metadata_in(request.document())).as_json()


def _verify_password(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user, given = find_user(instance, user_id), text_in(request.document(), "password")
    if user.password is None:
        raise Refused(error(400, "no_password_set", "the user has no password"))
    if given != user.password:
        raise Refused(error(422, "incorrect_password", "Incorrect password. Please try again."))
    return 200, {"verified": True}


def _delete(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    find_user(instance, user_id)
    instance.directory.remove_user(user_id)
    return deleted("user", user_id)


def _set(field: str, value: bool) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
        find_user(instance, user_id)
        return 200, instance.directory.update_user(user_id, **{field: value}).as_json()

    return answer


def _set_all(value: bool) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest) -> Answer:
        ids = request.document().get("user_ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(entry, str) for entry in ids):
            raise Refused(error(400, "form_param_missing", "user_ids is missing"))
        known = [user_id for user_id in ids if user_id in instance.directory.users]
        return 200, [instance.directory.update_user(user_id, banned=value).as_json() for user_id in known]

    return answer


def _memberships(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user = find_user(instance, user_id)
    found = [o for o in instance.directory.all_organizations().values() if user_id in o.members]
    return paged(request, [o.members[user_id].as_json(o, user) for o in found])


def _invitations(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    addresses = {entry.address.lower() for entry in find_user(instance, user_id).emails}
    found = find_invitations(
        instance, request, lambda each: each.role is not None and each.email_address.lower() in addresses
    )
    return paged(request, with_organizations(instance, found))


OPERATIONS = [
    Operation("GET", "/v1/users", "GetUserList", _list),
    Operation("POST", "/v1/users", "CreateUser", _create),
    Operation("GET", "/v1/users/count", "GetUsersCount", _count),
    Operation("POST", "/v1/users/ban", "UsersBan", _set_all(True)),
    Operation("POST", "/v1/users/unban", "UsersUnban", _set_all(False)),
    Operation("GET", "/v1/users/{user_id}", "GetUser", _get),
    Operation("PATCH", "/v1/users/{user_id}", "UpdateUser", _update),
    Operation("DELETE", "/v1/users/{user_id}", "DeleteUser", _delete),
    Operation("PATCH", "/v1/users/{user_id}/metadata", "UpdateUserMetadata", _merge_metadata),
    Operation("PUT", "/v1/users/{user_id}/metadata", "ReplaceUserMetadata", _replace_metadata),
    Operation("POST", "/v1/users/{user_id}/verify_password", "VerifyPassword", _verify_password),
    Operation("POST", "/v1/users/{user_id}/ban", "BanUser", _set("banned", True)),
    Operation("POST", "/v1/users/{user_id}/unban", "UnbanUser", _set("banned", False)),
    Operation("POST", "/v1/users/{user_id}/lock", "LockUser", _set("locked", True)),
    Operation("POST", "/v1/users/{user_id}/unlock", "UnlockUser", _set("locked", False)),
    Operation("GET", "/v1/users/{user_id}/organization_memberships", "UsersGetOrganizationMemberships", _memberships),
    Operation("GET", "/v1/users/{user_id}/organization_invitations", "UsersGetOrganizationInvitations", _invitations),
]
