"""The user's addresses. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Email Addresses."""

from __future__ import annotations

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._browser import Browser, signed_in
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.email_addresses import MAX_ATTEMPTS, EmailAddress
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import Mail, code_for
from harness.fake_clerk.operations._bodies import address_taken, require_address
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, not_found


def _find(instance: Instance, request: ApiRequest, email_id: str) -> tuple[Browser, User, EmailAddress]:
    browser, _, user = signed_in(instance, request)
    entry = next((entry for entry in user.emails if entry.id == email_id), None)
    if entry is None:
        raise not_found("email address", email_id)
    return browser, user, entry


def _list(instance: Instance, request: ApiRequest) -> Answer:
    _, _, user = signed_in(instance, request)
    return 200, [documents.email_address(entry) for entry in user.emails]


def _create(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    address = require_address(request.form().get("email_address", ""))
    if instance.directory.address_taken(address):
        raise address_taken()
    entry = EmailAddress(address, verified=False)
    instance.directory.update_user(user.id, emails=[*user.emails, entry])
    return browser.answer(documents.email_address(entry))


def _get(instance: Instance, request: ApiRequest, email_id: str) -> Answer:
    browser, _, entry = _find(instance, request, email_id)
    return browser.answer(documents.email_address(entry))


def _delete(instance: Instance, request: ApiRequest, email_id: str) -> Answer:
    browser, user, entry = _find(instance, request, email_id)
    primary = user.emails[user.primary]
    rest = [other for other in user.emails if other is not entry]
    instance.directory.update_user(user.id, emails=rest, primary=rest.index(primary) if primary in rest else 0)
    return browser.answer(documents.deleted("email_address", email_id))


def _prepare(instance: Instance, request: ApiRequest, email_id: str) -> Answer:
    browser, _, entry = _find(instance, request, email_id)
    if entry.verified:
        raise Refused(error(400, "verification_already_verified", "the address is verified already"))
    entry.start_verification()
    entry.code = code_for(entry.address)
    instance.mails.append(Mail(entry.address, entry.code))
    return browser.answer(documents.email_address(entry))


def _attempt(instance: Instance, request: ApiRequest, email_id: str) -> Answer:
    browser, user, entry = _find(instance, request, email_id)
    entry.attempts = (entry.attempts or 0) + 1
    if entry.code is None or entry.attempts > MAX_ATTEMPTS:
        raise Refused(error(400, "verification_failed", "prepare the verification anew"))
    if request.form().get("code") != entry.code:
        raise Refused(error(422, "form_code_incorrect", "is incorrect", "Incorrect code"))
    entry.verified, entry.code = True, None
    instance.directory.update_user(user.id)
    return browser.answer(documents.email_address(entry))


_ALL = "/v1/me/email_addresses"
_ONE = _ALL + "/{email_id}"
OPERATIONS = [
    front("GET", _ALL, "getEmailAddresses", _list),
    front("POST", _ALL, "createEmailAddresses", _create),
    front("GET", _ONE, "getEmailAddress", _get),
    front("DELETE", _ONE, "DeleteEmailAddress", _delete),
    front("POST", _ONE + "/prepare_verification", "sendVerificationEmail", _prepare),
    front("POST", _ONE + "/attempt_verification", "verifyEmailAddress", _attempt),
]
