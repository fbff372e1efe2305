"""The Backend API's users. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.fake_clerk.directory import EmailAddress, User
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, deleted, error, not_found, text_in

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


def user_of(instance: Instance, user_id: str) -> User:
    """The user of that id; raises Refused with 404."""
    user = instance.directory.users.get(user_id)
    if user is None:
        raise not_found("user", user_id)
    return user


def address_taken(instance: Instance, address: str, *, but: User | None = None) -> bool:
    """Whether the address is that of another user than `but`."""
    others = (user for user in instance.directory.users.values() if user is not but)
    return any(address.lower() == entry.address.lower() for user in others for entry in user.emails)


def user_in(instance: Instance, request: ApiRequest) -> User:
    """The user whom the body names by `user_id`; raises Refused with 422 or 404."""
    user_id = request.document().get("user_id")
    if not isinstance(user_id, str):
        raise Refused(error(422, "form_param_missing", "user_id is missing"))
    return user_of(instance, user_id)


def _says(user: User, words: str) -> bool:
    text = " ".join(
        filter(None, (user.id, user.first_name, user.last_name, user.username, *(e.address for e in user.emails)))
    )
    return words.lower() in text.lower()


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
        and (words is None or _says(user, words))
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
    return 200, user_of(instance, user_id).as_json()


def _texts(document: dict[str, Any], name: str) -> list[str]:
    value = document.get(name) or []
    return [value] if isinstance(value, str) else [str(entry) for entry in value]


def _taken(instance: Instance, user: User | None, document: dict[str, Any]) -> None:
    """Raises Refused when an address, a username or an external id is somebody else's."""
    others = [other for other in instance.directory.users.values() if other is not user]
    if any(address_taken(instance, address, but=user) for address in _texts(document, "email_address")):
        raise Refused(error(422, "form_identifier_exists", "That email address is taken. Please try another."))
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
    """New addresses: verified by the backend's word, or reserved, as `states` says in the same order."""
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
    if any("@" not in address for address in addresses):
        raise Refused(error(422, "form_param_format_invalid", "Email address must be a valid email address."))
    _taken(instance, None, document)
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
    user, document = user_of(instance, user_id), request.document()
    _taken(instance, user, document)
    changes = {name: document[name] for name in (*_PLAIN, "password") if name in document} | _metadata_in(document)
    primary = document.get("primary_email_address_id")
    if primary is not None:
        known = [entry.id for entry in user.emails]
        if primary not in known:
            raise not_found("email address", str(primary))
        changes["primary"] = known.index(primary)
    return 200, instance.directory.update_user(user_id, **changes).as_json()


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Metadata as Clerk merges them: deeply, and null removes a name."""
    result = dict(old)
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = merged(result[name], value)
        else:
            result[name] = value
    return result


def _merge_metadata(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user = user_of(instance, user_id)
    changes = {name: merged(getattr(user, name), value) for name, value in _metadata_in(request.document()).items()}
    return 200, instance.directory.update_user(user_id, **changes).as_json()


def _replace_metadata(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user_of(instance, user_id)
    return 200, instance.directory.update_user(user_id, **_metadata_in(request.document())).as_json()


def _verify_password(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user, given = user_of(instance, user_id), text_in(request.document(), "password")
    if user.password is None:
        raise Refused(error(400, "no_password_set", "the user has no password"))
    if given != user.password:
        raise Refused(error(422, "incorrect_password", "Incorrect password. Please try again."))
    return 200, {"verified": True}


def _delete(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user_of(instance, user_id)
    instance.directory.remove_user(user_id)
    return deleted("user", user_id)


def _set(field: str, value: bool) -> Callable[..., Answer]:
    def answer(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
        user_of(instance, user_id)
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
]
