"""The user's authenticator app. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag TOTP."""

from __future__ import annotations

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._browser import signed_in
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.second_factors import Totp, new_backup_codes
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, not_found


def _create(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    if user.totp_enabled:
        raise Refused(error(400, "totp_already_enabled", "an authenticator app is verified already"))
    user.totp = Totp()
    return browser.answer(user.totp.as_json(user.email or user.id, instance.domain, []))


def _verify(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    if user.totp is None:
        raise not_found("TOTP", user.id)
    if not user.totp.accepts(request.form().get("code", ""), instance.clock()):
        raise Refused(error(422, "form_code_incorrect", "is incorrect", "Incorrect code"))
    user.totp.verified, user.backup_codes = True, new_backup_codes()
    instance.directory.update_user(user.id)
    return browser.answer(user.totp.as_json(user.email or user.id, instance.domain, user.backup_codes))


def _delete(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    if user.totp is None:
        raise not_found("TOTP", user.id)
    totp = user.totp
    instance.directory.update_user(user.id, totp=None, backup_codes=[])
    return browser.answer(documents.deleted("totp", totp.id))


OPERATIONS = [
    front("POST", "/v1/me/totp", "postTOTP", _create),
    front("DELETE", "/v1/me/totp", "deleteTOTP", _delete),
    front("POST", "/v1/me/totp/attempt_verification", "verifyTOTP", _verify),
]
