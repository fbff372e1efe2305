"""The account portal: pages at https://NAME.accounts.dev where a person is chosen by a button, and redirects lead somewhere.

Source: https://clerk.com/docs/guides/account-portal/overview
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.fake_clerk.frontend._browser import Browser
from harness.fake_clerk.frontend._pages import name_of, page, person_buttons
from harness.fake_clerk.frontend._signing_in import begin_session
from harness.fake_clerk.frontend._tickets import accept, invitation_of
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.users import User
from harness.fake_clerk.operations._bodies import require_address
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front

_SCRIPT = """<script>
const asked = new URLSearchParams(location.hash.split('?')[1]).get('redirect_url')
if (asked) document.querySelector('[name=redirect_url]').value = asked
</script>"""
"""Clerk's SDK says behind the `#` where the browser is to go afterwards."""


def _back(request: ApiRequest, form: dict[str, str]) -> str:
    """Where the browser goes afterwards; raises Refused with 422 for what is no address of a page."""
    target = form.get("redirect_url") or request.value("redirect_url") or ""
    parts = urlsplit(target)
    if target and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise Refused(
            error(422, "form_param_value_invalid", "redirect_url: a URL that begins with http:// or https://")
        )
    return target


def _browser(instance: Instance, request: ApiRequest, form: dict[str, str]) -> Browser:
    given = form.get("__clerk_db_jwt") or request.value("__clerk_db_jwt") or ""
    token = given if given in instance.browsers else instance.new_browser()
    return Browser(instance, request, token, instance.directory.clients.get(instance.browsers.get(token) or ""))


def _hidden(request: ApiRequest) -> str:
    fields = {"redirect_url": _back(request, {})} | {
        name: request.value(name) or "" for name in ("__clerk_db_jwt", "__clerk_ticket")
    }
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())


def _sign_in_page(instance: Instance, request: ApiRequest) -> Answer:
    return page("Sign in", f'<form method="post">{_hidden(request)}{person_buttons(instance)}</form>{_SCRIPT}')


def _sign_up_page(instance: Instance, request: ApiRequest) -> Answer:
    if (invitation := invitation_of(instance, request.value("__clerk_ticket") or "")) is not None:
        address = escape(invitation.email_address)
        return page(
            "Sign up",
            f'<form method="post">{_hidden(request)}<p>{address}</p><button>Accept the invitation</button></form>',
        )
    field = '<label>E-mail address <input name="email_address" type="email" required></label><button>Sign up</button>'
    return page("Sign up", f'<form method="post">{_hidden(request)}{field}</form>{_SCRIPT}')


def _enter(browser: Browser, user: User, target: str) -> Answer:
    """Sign `user` in, alone, and send the browser back with the token by which the instance knows it."""
    for session in browser.sessions():
        browser.instance.directory.set_session(session, "removed")
    begin_session(browser, user, "password")
    if not target:
        return page("Signed in", f"<p>{escape(user.email or user.id)}</p>")
    parts = urlsplit(target)
    query = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "__clerk_db_jwt"
    ]
    query.append(("__clerk_db_jwt", browser.token or ""))
    return 303, "", {"Location": parts._replace(query=urlencode(query)).geturl(), "Cache-Control": "no-store"}


def _sign_in(instance: Instance, request: ApiRequest) -> Answer:
    form = request.form()
    user = instance.directory.users.get(form.get("user_id", ""))
    if user is None:
        raise Refused(error(422, "form_identifier_not_found", "Couldn't find your account."))
    invitation = invitation_of(instance, form.get("__clerk_ticket", ""))
    if invitation is not None and invitation.email_address.lower() in (each.address.lower() for each in user.emails):
        accept(instance, invitation, user)
    return _enter(_browser(instance, request, form), user, _back(request, form))


def _sign_up(instance: Instance, request: ApiRequest) -> Answer:
    form = request.form()
    invitation = invitation_of(instance, form.get("__clerk_ticket", ""))
    given = form.get("email_address", "") if invitation is None else invitation.email_address
    address, target = require_address(given), _back(request, form)
    if instance.directory.address_taken(address):
        raise Refused(error(422, "form_identifier_exists", "That email address is taken. Please try another."))
    metadata = {} if invitation is None or invitation.role else dict(invitation.public_metadata)
    user = instance.directory.add_user(emails=[EmailAddress(address)], public_metadata=metadata)
    if invitation is not None:
        accept(instance, invitation, user)
    return _enter(_browser(instance, request, form), user, target)


def _sign_out(instance: Instance, request: ApiRequest) -> Answer:
    for session in _browser(instance, request, {}).sessions():
        instance.directory.set_session(session, "removed")
    target = _back(request, {})
    return (303, "", {"Location": target}) if target else page("Signed out", "")


_INFORMING = {
    "/default-redirect": (
        "Welcome",
        "The app names no page to go to: give redirect_url, or set its own page for this moment.",
    ),
    "/user": ("Profile", "What the app's own UserProfile component shows."),
    "/organization": ("Organization", "What the app's own OrganizationProfile component shows."),
    "/create-organization": ("New organization", "What the app's own CreateOrganization component does."),
    "/oauth-consent": ("Consent", "The authorization endpoint asks by itself, on a page of its own."),
    "/waitlist": ("Waiting list", "This instance has none: everybody may sign up."),
    "/unauthorized-sign-in": ("Signed in elsewhere", "Somebody asked whether a sign-in on another device was theirs."),
}
"""Pages that Clerk names, and on which the fake has nothing to do; (title, sentence)."""


def _informing(instance: Instance, request: ApiRequest) -> Answer:
    """A page that says why the browser stands there, and who is signed in; back at once where the app said where to."""
    if target := _back(request, {}):
        return 303, "", {"Location": target, "Cache-Control": "no-store"}
    title, sentence = _INFORMING[request.path]
    people = [s.user_id for s in _browser(instance, request, {}).sessions()]
    known = [user for user in (instance.directory.users.get(each) for each in people) if user is not None]
    return page(title, f"<p>{escape(sentence)}</p>" + "".join(f"<p>{escape(name_of(user))}</p>" for user in known))


OPERATIONS = [
    *(
        front("GET", path, f"portal{''.join(map(str.title, re.findall('[a-z]+', path)))}Page", _informing)
        for path in _INFORMING
    ),
    front("GET", "/sign-in", "portalSignInPage", _sign_in_page),
    front("POST", "/sign-in", "portalSignIn", _sign_in),
    front("GET", "/sign-up", "portalSignUpPage", _sign_up_page),
    front("POST", "/sign-up", "portalSignUp", _sign_up),
    front("GET", "/sign-out", "portalSignOut", _sign_out),
]
