"""Sign-ups, with the verification of the address. Source: `frontend-api` (2026-05-12), tag Sign Ups."""

from __future__ import annotations

import json
from typing import Any

from harness.fake_clerk.frontend._browser import Browser, browser_of
from harness.fake_clerk.frontend._signing_in import begin_session, check_code, refuse_second_session, send_code
from harness.fake_clerk.frontend._social import account_of, connect, depart
from harness.fake_clerk.frontend._tickets import accept, invalid, invitation_of
from harness.fake_clerk.frontend.sign_ins import checked_password
from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.external_accounts import PREFIX, ExternalAccount
from harness.fake_clerk.models.sign_ups import OPTIONAL, REQUIRED, SignUp
from harness.fake_clerk.models.social import linked
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.verifications import Verification
from harness.fake_clerk.operations._bodies import address_taken, require_address
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, not_found


def _fill(browser: Browser, sign_up: SignUp, form: dict[str, str]) -> None:
    """Take what was entered; raises Refused with 422 for what cannot be, or is another's."""
    directory = browser.instance.directory
    for name in (*REQUIRED, *OPTIONAL):
        value = form.get(name)
        if not value:
            continue
        if name == "email_address":
            if directory.address_taken(require_address(value)):
                raise address_taken()
            if value != sign_up.given.get(name):
                sign_up.email = None
        if name == "password":
            checked_password(value)
        if name == "username" and any(value == user.username for user in list(directory.users.values())):
            raise Refused(error(422, "form_identifier_exists", "That username is taken. Please try another."))
        sign_up.given[name] = value
    if form.get("unsafe_metadata"):
        try:
            sign_up.unsafe_metadata = dict(json.loads(form["unsafe_metadata"]))
        except (ValueError, TypeError):
            raise Refused(error(422, "form_param_type_invalid", "unsafe_metadata must be an object")) from None
    if form.get("legal_accepted") == "true":
        sign_up.legal_accepted_at = milliseconds()


def _invited(browser: Browser, sign_up: SignUp, ticket: str) -> None:
    """A person who comes by an invitation has a verified address."""
    found = invitation_of(browser.instance, ticket)
    if found is None:
        raise invalid()
    sign_up.given["email_address"], sign_up.invitation_id = found.email_address, found.id
    sign_up.email = Verification("ticket", status="verified")
    sign_up.public_metadata = dict(found.public_metadata) if found.role is None else {}


def _strategy(sign_up: SignUp) -> str:
    if sign_up.external is not None:
        return sign_up.external.strategy
    return sign_up.email.strategy if sign_up.email else "password"


def came_back(browser: Browser, sign_up: SignUp, account: ExternalAccount) -> None:
    """Go on with a sign-up whose person is back from a provider, which has verified the address."""
    sign_up.external = Verification(PREFIX + account.provider, status="verified", account=account)
    names = {"first_name": account.first_name, "last_name": account.last_name}
    sign_up.given |= {"email_address": account.email_address} | {name: value for name, value in names.items() if value}
    sign_up.email = Verification("from_oauth_" + account.provider, status="verified")
    _finish(browser, sign_up)


def _transferred(browser: Browser, sign_up: SignUp) -> None:
    """Sign up whoever began a sign-in with an account that nobody has yet."""
    sign_in = browser.client.sign_in if browser.client is not None else None
    account = account_of(sign_in.first) if sign_in is not None else None
    if account is None or linked(list(browser.instance.directory.users.values()), account) is not None:
        raise Refused(error(400, "account_transfer_invalid", "Invalid transfer", "There is no account to transfer."))
    came_back(browser, sign_up, account)


def _finish(browser: Browser, sign_up: SignUp) -> Answer:
    """Create the user and the session once nothing is missing."""
    instance = browser.instance
    if sign_up.user_id is None and not sign_up.missing and not sign_up.unverified:
        given: dict[str, Any] = dict(sign_up.given)
        address = given.pop("email_address")
        if instance.directory.address_taken(address):
            raise address_taken()
        user = instance.directory.add_user(
            id=new_id("user"),
            emails=[EmailAddress(address)],
            unsafe_metadata=sign_up.unsafe_metadata,
            public_metadata=sign_up.public_metadata,
            **given,
        )
        if sign_up.external is not None and sign_up.external.account is not None:
            connect(instance, user, sign_up.external.account)
        invitation = instance.invitations.get(sign_up.invitation_id or "")
        if invitation is not None:
            accept(instance, invitation, user)
        sign_up.user_id = user.id
        sign_up.session_id = begin_session(browser, user, _strategy(sign_up)).id
    return browser.answer(sign_up.as_json())


def _create(instance: Instance, request: ApiRequest) -> Answer:
    browser, form, sign_up = browser_of(instance, request), request.form(), SignUp()
    refuse_second_session(browser)
    strategy = form.get("strategy", "")
    social = strategy.startswith(PREFIX)
    if strategy not in ("", "ticket", "email_code") and not social:
        raise Refused(
            error(422, "form_param_value_invalid", "is invalid", f"the fake has no strategy {strategy!r} here")
        )
    _fill(browser, sign_up, form)
    if strategy == "ticket" or form.get("ticket"):
        _invited(browser, sign_up, form.get("ticket", ""))
    if social:
        sign_up.external = depart(browser, form, sign_up)
    if form.get("transfer") == "true":
        _transferred(browser, sign_up)
    browser.begin().sign_up = sign_up
    return _finish(browser, sign_up)


def _find(instance: Instance, request: ApiRequest, sign_up_id: str) -> tuple[Browser, SignUp]:
    browser = browser_of(instance, request)
    sign_up = browser.client.sign_up if browser.client is not None else None
    if sign_up is None or sign_up.id != sign_up_id:
        raise not_found("sign up", sign_up_id)
    return browser, sign_up


def _get(instance: Instance, request: ApiRequest, sign_up_id: str) -> Answer:
    browser, sign_up = _find(instance, request, sign_up_id)
    return browser.answer(sign_up.as_json())


def _open(instance: Instance, request: ApiRequest, sign_up_id: str) -> tuple[Browser, SignUp]:
    browser, sign_up = _find(instance, request, sign_up_id)
    if sign_up.user_id is not None:
        raise Refused(error(400, "sign_up_already_complete", "the sign-up is complete already"))
    return browser, sign_up


def _update(instance: Instance, request: ApiRequest, sign_up_id: str) -> Answer:
    browser, sign_up = _open(instance, request, sign_up_id)
    _fill(browser, sign_up, request.form())
    return _finish(browser, sign_up)


def _prepare(instance: Instance, request: ApiRequest, sign_up_id: str) -> Answer:
    browser, sign_up = _open(instance, request, sign_up_id)
    if request.form().get("strategy") != "email_code" or "email_address" not in sign_up.given:
        raise Refused(
            error(422, "form_param_value_invalid", "strategy: email_code, after an email_address was entered")
        )
    sign_up.email = send_code(browser, sign_up.given["email_address"], "email_code")
    return browser.answer(sign_up.as_json())


def _attempt(instance: Instance, request: ApiRequest, sign_up_id: str) -> Answer:
    browser, sign_up = _open(instance, request, sign_up_id)
    form = request.form()
    check_code(sign_up.email, form.get("strategy", ""), form.get("code"))
    return _finish(browser, sign_up)


_ONE = "/v1/client/sign_ups/{sign_up_id}"
OPERATIONS = [
    front("POST", "/v1/client/sign_ups", "createSignUps", _create),
    front("GET", _ONE, "getSignUps", _get),
    front("PATCH", _ONE, "updateSignUps", _update),
    front("POST", _ONE + "/prepare_verification", "prepareSignUpsVerification", _prepare),
    front("POST", _ONE + "/attempt_verification", "attemptSignUpsVerification", _attempt),
]
