"""The user's accounts at other providers.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag External Accounts.
"""

from __future__ import annotations

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._browser import signed_in
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, front, not_found


def _delete(instance: Instance, request: ApiRequest, external_account_id: str) -> Answer:
    browser, _, user = signed_in(instance, request)
    kept = [account for account in user.external_accounts if account.id != external_account_id]
    if len(kept) == len(user.external_accounts):
        raise not_found("external account", external_account_id)
    instance.directory.update_user(user.id, external_accounts=kept)
    return browser.answer(documents.deleted("external_account", external_account_id))


OPERATIONS = [
    front("DELETE", "/v1/me/external_accounts/{external_account_id}", "deleteExternalAccount", _delete),
]
