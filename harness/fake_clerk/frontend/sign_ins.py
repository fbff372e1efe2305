"""Sign-ins: password, code, ticket, second factors, a new password. Source: `frontend-api` (2026-05-12), tag Sign Ins."""

from __future__ import annotations

import jwt

from harness.fake_clerk.frontend._browser import Browser, browser_of
from harness.fake_clerk.frontend._signing_in import (
    begin_session,
    check_code,
    check_password,
    check_second,
    refuse_second_session,
    refuse_state,
    send_code,
    verified_address,
)
from harness.fake_clerk.frontend._social import account_of, connect, depart, failure
from harness.fake_clerk.frontend._tickets import accept, follow, invalid, invitation_of
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.external_accounts import PREFIX, ExternalAccount
from harness.fake_clerk.models.sign_ins import RESET, SignIn, second_factors
from harness.fake_clerk.models.social import linked
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import Verification
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, not_found

_CODES = ("email_code", RESET)


def _person(instance: Instance, identifier: str) -> User:
    """Whose verified address or username that is; raises Refused with 422."""
    wanted = identifier.lower()
    for user in list(instance.directory.users.values()):
        names = [entry.address.lower() for entry in user.emails if entry.verified] + [(user.username or "").lower()]
        if wanted and wanted in names:
            return user
    raise Refused(error(422, "form_identifier_not_found", "Couldn't find your account."))


def _unsupported(strategy: str) -> Refused:
    return Refused(error(422, "form_param_value_invalid", "is invalid", f"the fake has no strategy {strategy!r} here"))


def _confirmed(browser: Browser, sign_in: SignIn, strategy: str) -> None:
    """After the first factor: end the sign-in, unless a new password or a second factor is wanted."""
    if sign_in.user is not None and not sign_in.new_password and not second_factors(sign_in.user):
        sign_in.session_id = begin_session(browser, sign_in.user, strategy, sign_in.actor).id


def _password(browser: Browser, sign_in: SignIn, given: str) -> None:
    user = sign_in.user
    if user is None:
        raise Refused(error(422, "form_param_missing", "identifier is missing"))
    refuse_state(user)
    check_password(user, given)
    sign_in.first = Verification("password", status="verified")
    _confirmed(browser, sign_in, "password")


def _ticket(browser: Browser, sign_in: SignIn, ticket: str) -> None:
    """Redeem a sign-in or actor token, once, or the ticket of an invitation of somebody who has an account."""
    instance = browser.instance
    if (invitation := invitation_of(instance, ticket)) is not None:
        sign_in.user = _person(instance, invitation.email_address)
        sign_in.identifier, sign_in.first = sign_in.user.email, Verification("ticket", status="verified")
        refuse_state(sign_in.user)
        accept(instance, invitation, sign_in.user)
        sign_in.session_id = begin_session(browser, sign_in.user, "ticket").id
        return
    found = next((t for t in instance.one_time_tokens.values() if t.token == ticket), None)
    if found is None or found.user_id not in instance.directory.users:
        raise invalid()
    try:
        jwt.decode(ticket, instance.key.public_pem, algorithms=["RS256"])
    except jwt.PyJWTError:
        raise Refused(error(400, "ticket_expired_code", "is expired", "The ticket is expired")) from None
    if found.status != "pending":
        raise Refused(
            error(400, "sign_in_token_already_used_code", "already used", f"The ticket is {found.status} already")
        )
    sign_in.user = instance.directory.users[found.user_id]
    sign_in.identifier, sign_in.actor = sign_in.user.email, (found.actor or {}).get("sub")
    sign_in.first = Verification("ticket", status="verified")
    refuse_state(sign_in.user)
    found.status = "accepted"
    # A ticket stands for both factors.
    sign_in.session_id = begin_session(browser, sign_in.user, "ticket", sign_in.actor).id


def _prepare_code(browser: Browser, sign_in: SignIn, strategy: str, address_id: str | None) -> None:
    if sign_in.user is None:
        raise Refused(error(422, "form_param_missing", "identifier is missing"))
    sign_in.first = send_code(browser, verified_address(sign_in.user, address_id).address, strategy)


def came_back(browser: Browser, sign_in: SignIn, account: ExternalAccount, user: User) -> None:
    """Go on with a sign-in whose person is back from a provider; a person who may not sign in finds out why."""
    sign_in.user, sign_in.identifier = user, account.email_address
    if user.banned or user.locked:
        code, message = ("user_banned", "User is banned") if user.banned else ("user_locked", "Account locked")
        sign_in.user = None
        sign_in.first = Verification(PREFIX + account.provider, status="failed", error=failure(code, message))
        return
    sign_in.first = Verification(PREFIX + account.provider, status="verified", account=account)
    connect(browser.instance, user, account)
    _confirmed(browser, sign_in, PREFIX + account.provider)


def _transferred(browser: Browser, sign_in: SignIn) -> None:
    """Sign in whoever began a sign-up with an account that somebody has."""
    sign_up = browser.client.sign_up if browser.client is not None else None
    account = account_of(sign_up.external) if sign_up is not None else None
    user = linked(list(browser.instance.directory.users.values()), account) if account is not None else None
    if account is None or user is None:
        raise Refused(error(400, "account_transfer_invalid", "Invalid transfer", "There is no account to transfer."))
    refuse_state(user)
    came_back(browser, sign_in, account, user)


def _create(instance: Instance, request: ApiRequest) -> Answer:
    browser, form = browser_of(instance, request), request.form()
    refuse_second_session(browser)
    sign_in, strategy = SignIn(), form.get("strategy") or ("password" if form.get("password") else "")
    if form.get("identifier"):
        sign_in.identifier, sign_in.user = form["identifier"], _person(instance, form["identifier"])
    if form.get("transfer") == "true":
        _transferred(browser, sign_in)
    elif strategy.startswith(PREFIX):
        sign_in.first = depart(browser, form, sign_in)
    elif strategy == "password":
        _password(browser, sign_in, form.get("password", ""))
    elif strategy == "ticket":
        _ticket(browser, sign_in, form.get("ticket", ""))
    elif strategy in _CODES:
        _prepare_code(browser, sign_in, strategy, None)
    elif strategy:
        raise _unsupported(strategy)
    browser.begin().sign_in = sign_in
    return browser.answer(sign_in.as_json())


def _find(instance: Instance, request: ApiRequest, sign_in_id: str) -> tuple[Browser, SignIn]:
    browser = browser_of(instance, request)
    sign_in = browser.client.sign_in if browser.client is not None else None
    if sign_in is None or sign_in.id != sign_in_id:
        raise not_found("sign in", sign_in_id)
    return browser, sign_in


def _at(sign_in: SignIn, *states: str) -> User:
    """The user of a sign-in that is in one of these states; raises Refused with 400 in another."""
    if sign_in.status not in states or sign_in.user is None:
        raise Refused(error(400, "sign_in_status_invalid", "wrong state", f"the sign-in is {sign_in.status}"))
    return sign_in.user


def _get(instance: Instance, request: ApiRequest, sign_in_id: str) -> Answer:
    browser, sign_in = _find(instance, request, sign_in_id)
    return browser.answer(sign_in.as_json())


def _prepare_first(instance: Instance, request: ApiRequest, sign_in_id: str) -> Answer:
    (browser, sign_in), form = _find(instance, request, sign_in_id), request.form()
    _at(sign_in, "needs_first_factor")
    strategy = form.get("strategy", "")
    if strategy.startswith(PREFIX):
        sign_in.first = depart(browser, form, sign_in)
        return browser.answer(sign_in.as_json())
    if strategy not in _CODES:
        raise _unsupported(strategy)
    _prepare_code(browser, sign_in, strategy, form.get("email_address_id"))
    return browser.answer(sign_in.as_json())


def _attempt_first(instance: Instance, request: ApiRequest, sign_in_id: str) -> Answer:
    (browser, sign_in), form = _find(instance, request, sign_in_id), request.form()
    _at(sign_in, "needs_first_factor")
    strategy = form.get("strategy", "")
    if strategy == "password":
        _password(browser, sign_in, form.get("password", ""))
    elif strategy in _CODES:
        check_code(sign_in.first, strategy, form.get("code"))
        sign_in.new_password = strategy == RESET
        _confirmed(browser, sign_in, strategy)
    else:
        raise _unsupported(strategy)
    return browser.answer(sign_in.as_json())


def _reset_password(instance: Instance, request: ApiRequest, sign_in_id: str) -> Answer:
    (browser, sign_in), form = _find(instance, request, sign_in_id), request.form()
    user = _at(sign_in, "needs_new_password")
    instance.directory.update_user(user.id, password=checked_password(form.get("password", "")))
    if form.get("sign_out_of_other_sessions") == "true":
        instance.directory.end_sessions(user.id)
    sign_in.new_password = False
    _confirmed(browser, sign_in, RESET)
    return browser.answer(sign_in.as_json())


def checked_password(given: str) -> str:
    """A new password; raises Refused with 422 for one that is too short."""
    if len(given) < 8:
        message = "Passwords must be 8 characters or more."
        raise Refused(error(422, "form_password_length_too_short", message))
    return given


def _attempt_second(instance: Instance, request: ApiRequest, sign_in_id: str) -> Answer:
    (browser, sign_in), form = _find(instance, request, sign_in_id), request.form()
    user = _at(sign_in, "needs_second_factor")
    strategy, code = form.get("strategy", ""), form.get("code", "")
    check_second(instance, user, strategy, code)
    sign_in.second = Verification(strategy, status="verified")
    sign_in.session_id = begin_session(browser, user, strategy, sign_in.actor, second=True).id
    return browser.answer(sign_in.as_json())


_ONE = "/v1/client/sign_ins/{sign_in_id}"
OPERATIONS = [
    front("GET", "/v1/tickets/accept", "acceptTicket", follow),
    front("POST", "/v1/client/sign_ins", "createSignIn", _create),
    front("GET", _ONE, "getSignIn", _get),
    front("POST", _ONE + "/reset_password", "resetPassword", _reset_password),
    front("POST", _ONE + "/prepare_first_factor", "prepareSignInFactorOne", _prepare_first),
    front("POST", _ONE + "/attempt_first_factor", "attemptSignInFactorOne", _attempt_first),
    front("POST", _ONE + "/attempt_second_factor", "attemptSignInFactorTwo", _attempt_second),
]
