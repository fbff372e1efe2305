"""Back from the provider of a social connection, which is a page of the fake's own with a button for each person.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag OAuth2 Callbacks;
https://clerk.com/docs/guides/configure/auth-strategies/social-connections/overview
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from harness.fake_clerk.frontend._browser import Browser
from harness.fake_clerk.frontend._pages import hidden, name_of, page
from harness.fake_clerk.frontend._social import failure
from harness.fake_clerk.frontend.sign_ins import came_back as signs_in
from harness.fake_clerk.frontend.sign_ups import came_back as signs_up
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.external_accounts import ExternalAccount
from harness.fake_clerk.models.sign_ins import SignIn
from harness.fake_clerk.models.sign_ups import SignUp
from harness.fake_clerk.models.social import Connection, Detour, linked
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import Verification
from harness.fake_clerk.operations._bodies import require_address
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, not_found


def _detour(instance: Instance, state: str) -> Detour:
    found = instance.social.detours.get(state)
    if found is None:
        raise Refused(
            error(400, "authorization_invalid", "Invalid state", "The state is unknown, or was used already.")
        )
    return found


def _provider_page(instance: Instance, request: ApiRequest, provider: str) -> Answer:
    detour = _detour(instance, request.value("state") or "")
    if detour.provider != provider:
        raise not_found("social connection", provider)
    buttons = "".join(
        f'<button name="email_address" value="{escape(user.email)}" formnovalidate>{escape(name_of(user))}</button>'
        for user in list(instance.directory.users.values())
        if user.email is not None
    )
    state = hidden({"state": detour.state})
    field = '<label>E-mail address <input name="email_address" type="email" required></label><button>Continue</button>'
    deny = '<button name="error" value="access_denied">Cancel</button>'
    forms = "".join(f'<form method="post">{state}{inside}</form>' for inside in (buttons, field, deny))
    return page(f"Sign in with {provider}", f"<p>This page stands for the provider.</p>{forms}")


def _provider(instance: Instance, request: ApiRequest, provider: str) -> Answer:
    """What the provider answers: a code for whoever was chosen, or an error."""
    form = request.form()
    detour = _detour(instance, form.get("state", ""))
    if form.get("error"):
        answer = {"error": form["error"]}
    else:
        address = require_address(form.get("email_address", ""))
        (known,) = instance.directory.find(emails=[address], ids=[])[:1] or (None,)
        names = (known.first_name or "", known.last_name or "") if known is not None else ("", "")
        answer = {"code": instance.social.code_for(ExternalAccount(detour.provider, address, *names))}
    query = urlencode(answer | {"state": detour.state})
    return 303, "", {"Location": f"/v1/oauth_callback?{query}", "Cache-Control": "no-store"}


def _callback(instance: Instance, request: ApiRequest) -> Answer:
    detour = _detour(instance, request.value("state") or "")
    del instance.social.detours[detour.state]
    account = instance.social.codes.pop(request.value("code") or "", None)
    client_id = instance.browsers.get(detour.browser) or ""
    browser = Browser(instance, request, detour.browser, instance.directory.clients.get(client_id))
    if account is not None:
        _arrived(browser, detour.attempt, account)
    elif (verification := _verification(detour.attempt)) is not None:
        verification.status = "failed"
        verification.error = failure("oauth_access_denied", "You did not grant access to your account.")
    target = detour.complete_url if detour.attempt.status == "complete" else detour.redirect_url
    return 303, "", {"Location": target, "Cache-Control": "no-store"} | browser.cookie()


def _verification(attempt: SignIn | SignUp | Connection) -> Verification | None:
    if isinstance(attempt, Connection):
        return attempt.verification
    return attempt.first if isinstance(attempt, SignIn) else attempt.external


def _connected(browser: Browser, attempt: Connection, account: ExternalAccount, owner: User | None) -> None:
    """Keep the account for whoever connects it, unless it is somebody else's, or hers already."""
    user, verification = browser.instance.directory.users.get(attempt.user_id), attempt.verification
    if user is None or verification is None:
        return
    same = [a for a in user.external_accounts if a is not attempt.account and a.connected]
    if owner is not None and owner is not user:
        verification.status = "failed"
        verification.error = failure("oauth_identification_claimed", "The account is another user's.")
    elif (account.provider, account.subject) in [(each.provider, each.subject) for each in same]:
        verification.status = "failed"
        verification.error = failure("external_account_exists", "The External Account already exists.")
    else:
        verification.status, verification.account, verification.url = "verified", account, None
        for name in ("email_address", "first_name", "last_name"):
            setattr(attempt.account, name, getattr(account, name))
    browser.instance.directory.update_user(user.id)


def _arrived(browser: Browser, attempt: SignIn | SignUp | Connection, account: ExternalAccount) -> None:
    """Go on with an attempt, or note that the other kind of attempt is the right one."""
    user, verification = linked(list(browser.instance.directory.users.values()), account), _verification(attempt)
    if isinstance(attempt, Connection):
        _connected(browser, attempt, account, user)
        return
    if verification is None:
        return
    verification.account = account
    if isinstance(attempt, SignIn):
        if user is None:
            verification.status = "transferable"
            verification.error = failure("external_account_not_found", "The External Account was not found.")
        else:
            verification.status = "verified"
            signs_in(browser, attempt, account, user)
    elif user is not None:
        verification.status = "transferable"
        verification.error = failure("external_account_exists", "The External Account already exists.")
    else:
        verification.status = "verified"
        signs_up(browser, attempt, account)


def _posted(instance: Instance, request: ApiRequest) -> Answer:
    """Some providers send a form: it becomes the query (as the document says)."""
    names = ("code", "scope", "state", "error")
    query = urlencode({name: value for name, value in request.form().items() if name in names})
    return 303, "", {"Location": f"/v1/oauth_callback?{query}"}


OPERATIONS = [
    front("GET", "/v1/oauth_callback", "getOauthCallback", _callback),
    front("POST", "/v1/oauth_callback", "postOauthCallback", _posted),
]
BESIDE = [
    front("GET", "/social/{provider}", "socialProviderPage", _provider_page),
    front("POST", "/social/{provider}", "socialProvider", _provider),
]
"""The page that stands for a provider."""
