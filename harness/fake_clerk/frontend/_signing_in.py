"""How a sign-in or a sign-up ends: in a session of the browser."""

from __future__ import annotations

import hmac

from harness.fake_clerk.frontend._browser import Browser
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.sign_ins import second_factors
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import TOO_MANY, Mail, Verification, code_for
from harness.fake_clerk.wire import Refused, error


def refuse_second_session(browser: Browser) -> None:
    """Raises Refused where somebody is signed in here already: the instance is in single session mode."""
    if browser.sessions():
        message = "You're currently in single session mode. You can only be signed into one account at a time."
        raise Refused(error(400, "session_exists", "Session already exists", message))


def refuse_state(user: User) -> None:
    """Raises Refused where `user` may not sign in."""
    if user.banned:
        raise Refused(error(403, "user_banned", "User is banned", "You are banned from this application."))
    if user.locked:
        raise Refused(error(403, "user_locked", "Account locked", "Your account is locked."))


def begin_session(
    browser: Browser, user: User, strategy: str, actor: str | None = None, *, second: bool = False
) -> Session:
    """Begin the session of `user` in this browser; pending where an organization must be chosen first.

    `second`: whether a second factor was verified too.
    """
    refuse_state(user)
    instance, client = browser.instance, browser.begin()
    pending = instance.organization_required and user.organization is None
    session = instance.directory.new_session(
        user.id,
        client_id=client.id,
        actor=actor,
        status="pending" if pending else "active",
        second_verified_at=milliseconds() if second else None,
        tasks=["choose-organization"] if pending else [],
    )
    browser.started(session, strategy)
    return session


def send_code(browser: Browser, address: str, strategy: str) -> Verification:
    """Send a code to `address`: it is in `Instance.mails`."""
    code = code_for(address)
    browser.instance.mails.append(Mail(address, code))
    return Verification(strategy, code=code)


def check_code(verification: Verification | None, strategy: str, code: str | None) -> None:
    """Raises Refused unless `code` is what was sent for `strategy`."""
    if verification is None or verification.strategy != strategy:
        raise Refused(
            error(400, "verification_missing", "no verification was prepared", "Prepare the verification first.")
        )
    right = verification.attempt(code)
    if right == TOO_MANY:
        raise Refused(
            error(400, "verification_failed", "failed", "Too many failed attempts. Try again with a new code.")
        )
    if not right:
        raise Refused(error(422, "form_code_incorrect", "is incorrect", "Incorrect code"))


def check_password(user: User, given: str) -> None:
    """Raises Refused unless `given` is the password of `user`."""
    if user.password is None:
        raise Refused(
            error(400, "strategy_for_user_invalid", "The verification strategy is not valid for this account")
        )
    if not hmac.compare_digest(user.password.encode(), given.encode()):
        message = "Password is incorrect. Try again, or use another method."
        raise Refused(error(422, "form_password_incorrect", message))


def check_second(instance: Instance, user: User, strategy: str, code: str) -> None:
    """Raises Refused unless `code` is of the authenticator app of `user`, or an unused backup code, which is used up."""
    if strategy not in [factor["strategy"] for factor in second_factors(user)]:
        message = f"the fake has no strategy {strategy!r} here"
        raise Refused(error(422, "form_param_value_invalid", "is invalid", message))
    by_app = strategy == "totp" and user.totp is not None and user.totp.accepts(code, instance.clock())
    if not by_app and not (strategy == "backup_code" and code in user.backup_codes):
        raise Refused(error(422, "form_code_incorrect", "is incorrect", "Incorrect code"))
    if strategy == "backup_code":
        user.backup_codes.remove(code)


def verified_address(user: User, address_id: str | None) -> EmailAddress:
    """The verified address of that id, or the first one; raises Refused with 422."""
    verified = [entry for entry in user.emails if entry.verified]
    chosen = [entry for entry in verified if entry.id == address_id] if address_id else verified
    if not chosen:
        raise Refused(error(422, "form_param_value_invalid", "email_address_id is invalid"))
    return chosen[0]
