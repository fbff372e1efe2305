"""The operations by which a person who is signed in proves again who she is.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Sessions.
"""

from __future__ import annotations

from harness.fake_clerk.frontend._browser import Browser, session_in
from harness.fake_clerk.frontend._signing_in import (
    check_code,
    check_password,
    check_second,
    send_code,
    verified_address,
)
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.reverifications import LEVELS, Reverification
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.verifications import Verification
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front

_ONE = "/v1/client/sessions/{session_id}/verify"


def _unsupported(strategy: str) -> Refused:
    return Refused(error(422, "form_param_value_invalid", "is invalid", f"the fake has no strategy {strategy!r} here"))


def _answered(browser: Browser, session: Session, found: Reverification) -> Answer:
    return browser.answer(found.as_json(browser.session_document(session)))


def _at(
    instance: Instance, request: ApiRequest, session_id: str, *factor: str
) -> tuple[Browser, Session, Reverification]:
    browser, session = session_in(instance, request, session_id)
    found = session.reverification
    if found is None or found.wanted[:1] != list(factor):
        message = "no reverification is under way" if found is None else f"the reverification is at {found.status}"
        raise Refused(error(400, "verification_missing", "wrong state", message))
    return browser, session, found


def _start(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    browser, session = session_in(instance, request, session_id)
    level = request.form().get("level", "")
    if level not in LEVELS:
        raise Refused(error(422, "form_param_value_invalid", f"level: one of {', '.join(LEVELS)}"))
    session.reverification = Reverification(level, instance.directory.users[session.user_id])
    return _answered(browser, session, session.reverification)


def _prepare_first(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    browser, session, found = _at(instance, request, session_id, "first")
    form = request.form()
    if form.get("strategy") != "email_code":
        raise _unsupported(form.get("strategy", ""))
    address = verified_address(found.user, form.get("email_address_id"))
    found.first = send_code(browser, address.address, "email_code")
    return _answered(browser, session, found)


def _attempt_first(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    browser, session, found = _at(instance, request, session_id, "first")
    form = request.form()
    strategy = form.get("strategy", "")
    if strategy == "password":
        check_password(found.user, form.get("password", ""))
        found.first = Verification("password", status="verified")
    elif strategy == "email_code":
        check_code(found.first, strategy, form.get("code"))
    else:
        raise _unsupported(strategy)
    session.first_verified_at = milliseconds()
    return _answered(browser, session, found)


def _prepare_second(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    _at(instance, request, session_id, "second")
    # Authenticator apps and backup codes need no preparation, and the fake has no telephones.
    raise _unsupported(request.form().get("strategy", ""))


def _attempt_second(instance: Instance, request: ApiRequest, session_id: str) -> Answer:
    browser, session, found = _at(instance, request, session_id, "second")
    form = request.form()
    check_second(instance, found.user, form.get("strategy", ""), form.get("code", ""))
    found.second = Verification(form["strategy"], status="verified")
    session.second_verified_at = milliseconds()
    return _answered(browser, session, found)


REVERIFICATION = [
    front("POST", _ONE, "startSessionReverification", _start),
    front("POST", _ONE + "/prepare_first_factor", "prepareSessionReverificationFirstFactor", _prepare_first),
    front("POST", _ONE + "/attempt_first_factor", "attemptSessionReverificationFirstFactor", _attempt_first),
    front("POST", _ONE + "/prepare_second_factor", "prepareSessionReverificationSecondFactor", _prepare_second),
    front("POST", _ONE + "/attempt_second_factor", "attemptSessionReverificationSecondFactor", _attempt_second),
]
