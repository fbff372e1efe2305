"""How a sign-in or a sign-up by a social connection begins, and what it is once the person is back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from harness.fake_clerk.frontend._browser import Browser
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.external_accounts import PREFIX, ExternalAccount
from harness.fake_clerk.models.sign_ins import SignIn
from harness.fake_clerk.models.sign_ups import SignUp
from harness.fake_clerk.models.social import Connection, Detour
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import Verification
from harness.fake_clerk.wire import Refused, error


def failure(code: str, message: str) -> dict[str, Any]:
    """What a verification says of why it failed."""
    return {"code": code, "message": message, "long_message": message, "meta": {}}


def _page_url(form: dict[str, str], name: str) -> str:
    url = form.get(name, "")
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.netloc)
    except ValueError:
        right = False
    if not right:
        raise Refused(error(422, "form_param_value_invalid", f"{name}: a URL that begins with http:// or https://"))
    return url


def depart(browser: Browser, form: dict[str, str], attempt: SignIn | SignUp | Connection) -> Verification:
    """Send the browser to the provider of `strategy`: the verification with the address to which it goes.

    Raises Refused with 422 for a provider that the instance does not have, or an address that is none.
    """
    instance, strategy = browser.instance, form.get("strategy", "")
    provider = strategy.removeprefix(PREFIX)
    if not strategy.startswith(PREFIX) or provider not in instance.social.providers:
        known = ", ".join(PREFIX + name for name in instance.social.providers) or "none"
        raise Refused(
            error(
                422, "form_param_value_invalid", "is invalid", f"no strategy {strategy!r}; social connections: {known}"
            )
        )
    back = _page_url(form, "redirect_url")
    complete = _page_url(form, "action_complete_redirect_url") if form.get("action_complete_redirect_url") else back
    browser.begin()
    detour = instance.social.leave(Detour(provider, browser.token or "", back, complete, attempt))
    query = urlencode({"state": detour.state, "redirect_uri": f"{instance.issuer}/v1/oauth_callback"})
    # At the name by which the browser came: not every browser is led to the real one.
    host = browser.request.headers.get("host", "")
    at_own = not host or host.partition(":")[0].lower() == instance.domain.lower()
    origin = instance.issuer if at_own else f"http://{host}"
    return Verification(strategy, url=f"{origin}/social/{provider}?{query}")


def account_of(verification: Verification | None) -> ExternalAccount | None:
    """The account of a verification that may be transferred from a sign-in to a sign-up or back; else None."""
    return verification.account if verification is not None and verification.status == "transferable" else None


def connect(instance: Instance, user: User, account: ExternalAccount) -> None:
    """Note that `user` has this account at a provider."""
    known = [(each.provider, each.subject) for each in user.external_accounts]
    if (account.provider, account.subject) not in known:
        instance.directory.update_user(user.id, external_accounts=[*user.external_accounts, account])
