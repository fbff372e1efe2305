"""The user's accounts at other providers: connected by herself, authorized anew, taken away.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag External Accounts.
"""

from __future__ import annotations

from harness.fake_clerk.frontend import _documents as documents
from harness.fake_clerk.frontend._browser import Browser, signed_in
from harness.fake_clerk.frontend._social import depart
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.external_accounts import PREFIX, ExternalAccount
from harness.fake_clerk.models.social import Connection
from harness.fake_clerk.models.users import User
from harness.fake_clerk.wire import Answer, ApiRequest, front, not_found


def _find(instance: Instance, request: ApiRequest, external_account_id: str) -> tuple[Browser, User, ExternalAccount]:
    browser, _, user = signed_in(instance, request)
    account = next((each for each in user.external_accounts if each.id == external_account_id), None)
    if account is None:
        raise not_found("external account", external_account_id)
    return browser, user, account


def _create(instance: Instance, request: ApiRequest) -> Answer:
    """Send the browser to the provider; the account is the user's when she comes back."""
    (browser, _, user), form = signed_in(instance, request), request.form()
    account = ExternalAccount(form.get("strategy", "").removeprefix(PREFIX), "")
    account.verification = depart(browser, form, Connection(user.id, account))
    # One that she has not come back from is left behind.
    kept = [each for each in user.external_accounts if each.connected]
    instance.directory.update_user(user.id, external_accounts=[*kept, account])
    return browser.answer(account.as_json())


def _reauthorize(instance: Instance, request: ApiRequest, external_account_id: str) -> Answer:
    browser, user, account = _find(instance, request, external_account_id)
    form = request.form() | {"strategy": PREFIX + account.provider}
    account.verification = depart(browser, form, Connection(user.id, account))
    return browser.answer(account.as_json())


def _revoke_tokens(instance: Instance, request: ApiRequest, external_account_id: str) -> Answer:
    """Nothing is to be done: the fake keeps no token of a provider."""
    browser, user, _ = _find(instance, request, external_account_id)
    return browser.answer(documents.person(instance, user))


def _delete(instance: Instance, request: ApiRequest, external_account_id: str) -> Answer:
    browser, user, account = _find(instance, request, external_account_id)
    kept = [each for each in user.external_accounts if each is not account]
    instance.directory.update_user(user.id, external_accounts=kept)
    return browser.answer(documents.deleted("external_account", external_account_id))


_ALL = "/v1/me/external_accounts"
_ONE = _ALL + "/{external_account_id}"
OPERATIONS = [
    front("POST", _ALL, "postOAuthAccounts", _create),
    front("PATCH", _ONE + "/reauthorize", "reauthorizeExternalAccount", _reauthorize),
    front("DELETE", _ONE, "deleteExternalAccount", _delete),
    front("DELETE", _ONE + "/tokens", "revokeExternalAccountTokens", _revoke_tokens),
]
