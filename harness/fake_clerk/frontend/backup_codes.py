"""The user's backup codes. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Backup Codes."""

from __future__ import annotations

from harness.fake_clerk.frontend._browser import signed_in
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.second_factors import new_backup_codes
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front


def _create(instance: Instance, request: ApiRequest) -> Answer:
    browser, _, user = signed_in(instance, request)
    if not user.totp_enabled:
        raise Refused(error(400, "backup_codes_not_available", "verify an authenticator app first"))
    user.backup_codes, now = new_backup_codes(), milliseconds()
    document = {"object": "backup_code", "id": new_id("bck"), "codes": list(user.backup_codes)}
    return browser.answer(document | {"created_at": now, "updated_at": now})


OPERATIONS = [front("POST", "/v1/me/backup_codes", "createBackupCodes", _create)]
