"""The signed-in user. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag User."""

from __future__ import annotations

import json
from typing import Any

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._browser import signed_in
from harness.fake_clerk.frontend._pictures import uploaded
from harness.fake_clerk.frontend._signing_in import check_password
from harness.fake_clerk.frontend.sign_ins import checked_password
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.users import User, merge_metadata
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, not_found

_TEXTS = ("first_name", "last_name", "username")


def _get(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    return browser.answer(documents.person(instance, user))


def _metadata(form: dict[str, str], user: User) -> dict[str, Any]:
    try:
        return merge_metadata(user.unsafe_metadata, dict(json.loads(form["unsafe_metadata"])))
    except (ValueError, TypeError):
        raise Refused(error(422, "form_param_type_invalid", "unsafe_metadata must be an object")) from None


def _update(instance: Instance, request: ApiRequest) -> Answer:
    (browser, _, user), form = signed_in(instance, request), request.form()
    changes: dict[str, Any] = {name: form[name] or None for name in _TEXTS if name in form}
    others = [other for other in list(instance.directory.users.values()) if other is not user]
    if changes.get("username") and any(changes["username"] == other.username for other in others):
        raise Refused(error(422, "form_identifier_exists", "That username is taken. Please try another."))
    if form.get("primary_email_address_id"):
        ids = [entry.id for entry in user.emails if entry.verified]
        if form["primary_email_address_id"] not in ids:
            raise Refused(
                error(422, "form_param_value_invalid", "primary_email_address_id: no verified address of yours")
            )
        changes["primary"] = [entry.id for entry in user.emails].index(form["primary_email_address_id"])
    if form.get("unsafe_metadata"):
        changes["unsafe_metadata"] = _metadata(form, user)
    instance.directory.update_user(user.id, **changes)
    return browser.answer(documents.person(instance, user))


def _update_metadata(instance: Instance, request: ApiRequest) -> Answer:
    (browser, _, user), form = signed_in(instance, request), request.form()
    if form.get("unsafe_metadata"):
        instance.directory.update_user(user.id, unsafe_metadata=_metadata(form, user))
    return browser.answer(documents.person(instance, user))


def _delete(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    instance.directory.remove_user(user.id)
    return browser.answer(documents.deleted("user", user.id))


def _change_password(instance: Instance, request: ApiRequest) -> Answer:
    (browser, session, user), form = signed_in(instance, request), request.form()
    if user.password is not None:
        check_password(user, form.get("current_password", ""))
    instance.directory.update_user(user.id, password=checked_password(form.get("new_password", "")))
    if form.get("sign_out_of_other_sessions") == "true":
        for other in list(instance.directory.sessions.values()):
            if other.user_id == user.id and other is not session and other.open:
                instance.directory.set_session(other, "revoked")
    return browser.answer(documents.person(instance, user))


def _remove_password(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    if user.password is None:
        raise Refused(error(400, "no_password_set", "The user has no password."))
    check_password(user, request.form().get("current_password", ""))
    instance.directory.update_user(user.id, password=None)
    return browser.answer(documents.person(instance, user))


def _set_picture(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    image = uploaded(instance, request)
    instance.directory.update_user(user.id, image_url=image["public_url"])
    return browser.answer(image)


def _delete_picture(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    if not user.image_url:
        raise not_found("profile image", user.id)
    instance.directory.update_user(user.id, image_url="")
    return browser.answer(documents.deleted("image", user.id))


OPERATIONS = [
    front("GET", "/v1/me", "getUser", _get),
    front("PATCH", "/v1/me", "patchUser", _update),
    front("DELETE", "/v1/me", "deleteUser", _delete),
    front("PATCH", "/v1/me/metadata", "patchUserMetadata", _update_metadata),
    front("POST", "/v1/me/change_password", "changePassword", _change_password),
    front("POST", "/v1/me/remove_password", "removePassword", _remove_password),
    front("POST", "/v1/me/profile_image", "updateProfileImage", _set_picture),
    front("DELETE", "/v1/me/profile_image", "deleteProfileImage", _delete_picture),
]
