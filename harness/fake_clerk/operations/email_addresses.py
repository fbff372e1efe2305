"""The operations on e-mail addresses.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Email Addresses.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.email_addresses import MAX_ATTEMPTS, EmailAddress
from harness.fake_clerk.models.users import User
from harness.fake_clerk.operations._bodies import address_taken, require_address
from harness.fake_clerk.operations._lookup import find_user, find_user_in_body
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, deleted, error, not_found, text_in


def _address(instance: Instance, address_id: str) -> tuple[User, EmailAddress]:
    for user in list(instance.directory.users.values()):
        for entry in user.emails:
            if entry.id == address_id:
                return user, entry
    raise not_found("email address", address_id)


def _new_address(instance: Instance, document: dict[str, Any]) -> str:
    address = require_address(text_in(document, "email_address"))
    if instance.directory.address_taken(address):
        raise address_taken()
    return address


def _fields(emails: list[EmailAddress], primary: EmailAddress | None) -> dict[str, Any]:
    """The fields of a user to update when these are the addresses; the first is the primary one without `primary`."""
    return {"emails": emails, "primary": emails.index(primary) if primary is not None and primary in emails else 0}


def _create(instance: Instance, request: ApiRequest) -> Answer:
    user, document = find_user_in_body(instance, request), request.document()
    verified = bool(document.get("verified"))
    entry = EmailAddress(_new_address(instance, document), verified, strategy="admin" if verified else "email_code")
    old = user.emails[user.primary] if user.emails else None
    instance.directory.update_user(
        user.id, **_fields([*user.emails, entry], entry if document.get("primary") or old is None else old)
    )
    return 200, entry.as_json()


def _get(instance: Instance, request: ApiRequest, email_address_id: str) -> Answer:
    return 200, _address(instance, email_address_id)[1].as_json()


def _update(instance: Instance, request: ApiRequest, email_address_id: str) -> Answer:
    (user, entry), document = _address(instance, email_address_id), request.document()
    if isinstance(document.get("verified"), bool):
        entry.set_verified(document["verified"])
    changes = _fields(user.emails, entry if document.get("primary") else user.emails[user.primary])
    instance.directory.update_user(user.id, **changes)
    return 200, entry.as_json()


def _delete(instance: Instance, request: ApiRequest, email_address_id: str) -> Answer:
    user, entry = _address(instance, email_address_id)
    primary = user.emails[user.primary]
    rest = [other for other in user.emails if other is not entry]
    instance.directory.update_user(user.id, **_fields(rest, primary))
    return deleted("email_address", email_address_id)


def _verification(entry: EmailAddress) -> Answer:
    return 200, entry.verification() | {"id": entry.verification_id}


def _prepare(instance: Instance, request: ApiRequest, email_address_id: str) -> Answer:
    _, entry = _address(instance, email_address_id)
    if entry.verified:
        raise Refused(error(400, "verification_already_verified", "the address is verified already"))
    entry.start_verification()
    return _verification(entry)


def _attempt(instance: Instance, request: ApiRequest, email_address_id: str) -> Answer:
    user, entry = _address(instance, email_address_id)
    document = request.document()
    identifier, code = document.get("verification_id"), document.get("code")
    if entry.code is None or identifier != entry.verification_id:
        raise Refused(error(404, "resource_not_found", "not found", f"No verification was found with id {identifier}."))
    entry.attempts = (entry.attempts or 0) + 1
    if entry.attempts > MAX_ATTEMPTS:
        raise Refused(error(400, "verification_failed", "too many attempts: prepare the verification anew"))
    if code != entry.code:
        raise Refused(error(400, "form_code_incorrect", "is incorrect"))
    entry.verified, entry.code = True, None
    instance.directory.update_user(user.id)
    return _verification(entry)


def _replace(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    user, document = find_user(instance, user_id), request.document()
    address, status = text_in(document, "email_address"), document.get("identification_status") or "verified"
    if "@" not in address or status not in ("verified", "reserved", "unverified"):
        raise Refused(error(422, "form_param_format_invalid", "email_address or identification_status is invalid"))
    if instance.directory.address_taken(address, but=user):
        raise address_taken()
    verified = status == "verified"
    entry = EmailAddress(
        address, verified, reserved=status == "reserved", strategy="admin" if verified else "email_code"
    )
    instance.directory.update_user(user_id, emails=[entry], primary=0)
    return 200, entry.as_json()


_ONE = "/v1/email_addresses/{email_address_id}"
OPERATIONS = [
    Operation("POST", "/v1/email_addresses", "CreateEmailAddress", _create),
    Operation("GET", _ONE, "GetEmailAddress", _get),
    Operation("PATCH", _ONE, "UpdateEmailAddress", _update),
    Operation("DELETE", _ONE, "DeleteEmailAddress", _delete),
    Operation("POST", _ONE + "/prepare_verification", "PrepareEmailAddressVerification", _prepare),
    Operation("POST", _ONE + "/attempt_verification", "AttemptEmailAddressVerification", _attempt),
    Operation("PUT", "/v1/users/{user_id}/email_address", "ReplaceUserEmailAddress", _replace),
]
