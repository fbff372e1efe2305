"""Clerk as an OAuth 2.0 and OpenID provider. A person consents on a page of the fake's own, by a button.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag OAuth2 Identity Provider; RFC 6749 (OAuth 2.0), RFC 7009
(revocation), RFC 7591 (registration), RFC 7636 (PKCE), RFC 7662 (introspection).
"""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness.fake_clerk.frontend._browser import Browser, browser_of, signed_in
from harness.fake_clerk.frontend._oauth_requests import (
    AuthorizationRequest,
    oauth_error,
    parameters_of,
    read_authorization,
)
from harness.fake_clerk.frontend._oauth_tokens import (
    access_of,
    bearer,
    claims_about,
    client_of,
    issue,
    person_of,
    refresh_of,
)
from harness.fake_clerk.frontend._pages import hidden, page, person_buttons
from harness.fake_clerk.frontend._signing_in import begin_session, refuse_state
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.oauth_applications import SCOPES, OAuthApplication, valid_redirect
from harness.fake_clerk.models.oauth_grants import Grant
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.operations._lookup import no_member
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front, not_found

_METHODS = ("client_secret_basic", "client_secret_post", "none")
_INVALID_GRANT = "the authorization code or the refresh token is invalid, expired, used or another client's"


def _session_in(browser: Browser) -> Session | None:
    return browser.client.active(browser.sessions()) if browser.client is not None else None


def _granted(
    instance: Instance, asked: AuthorizationRequest, session: Session, organization: str | None = None
) -> Answer:
    """The code for what the session's person granted."""
    grant = Grant(
        asked.application,
        session.user_id,
        asked.scopes,
        asked.given.get("redirect_uri"),
        asked.given.get("code_challenge"),
        asked.given.get("nonce"),
        organization or session.organization_id,
    )
    return asked.answer({"code": instance.oauth.grant(grant).code, "scope": " ".join(grant.scopes)})


def _consent_page(instance: Instance, asked: AuthorizationRequest, session: Session | None, token: str) -> Answer:
    """The page with a button for each person who may consent: the one who is signed in, or everybody."""
    users = instance.directory.users
    buttons = person_buttons(instance, [users[session.user_id]] if session is not None else None, verb="Allow as ")
    scopes = "".join(f"<li>{escape(SCOPES[scope])}</li>" for scope in asked.scopes)
    fields = hidden(asked.given | ({"__clerk_db_jwt": token} if token else {}))
    deny = '<button name="consented" value="false">Deny</button>'
    form = f'<form method="post" action="/oauth/authorize">{fields}{buttons}{deny}</form>'
    return page(f"{asked.application.name} asks to", f"<ul>{scopes}</ul>{form}")


def _authorize(instance: Instance, request: ApiRequest) -> Answer:
    given = parameters_of(request)
    asked = read_authorization(instance, given)
    token = given.get("__clerk_db_jwt", "")
    browser = browser_of(instance, request) if not token else Browser(
        instance, request, token, instance.directory.clients.get(instance.browsers.get(token) or "")
    )  # fmt: skip
    chosen = given if request.method == "POST" else {}  # A link must not choose for anybody.
    if chosen.get("consented") == "false":
        raise asked.refusal("access_denied", "The resource owner denied the request")
    if chosen.get("user_id"):
        return _chosen(browser, asked, chosen["user_id"])
    session = _session_in(browser) if "login" not in asked.prompts else None
    if session is None and "none" in asked.prompts:
        raise asked.refusal("login_required", "nobody is signed in")
    known = session is not None and instance.oauth.consented(session.user_id, asked.application, asked.scopes)
    needed = (asked.application.consent_screen_enabled and not known) or "consent" in asked.prompts
    if session is not None and needed and "none" in asked.prompts:
        raise asked.refusal("consent_required", "the person has not consented")
    if session is None or needed:
        return _consent_page(instance, asked, session, token)
    return _granted(instance, asked, session)


def _chosen(browser: Browser, asked: AuthorizationRequest, user_id: str) -> Answer:
    """What follows when a person was chosen on the page: she is signed in here from now on, alone, and has consented."""
    instance = browser.instance
    user = instance.directory.users.get(user_id)
    if user is None:
        raise Refused(error(422, "form_identifier_not_found", "Couldn't find your account."))
    refuse_state(user)
    session = _session_in(browser)
    if session is None or session.user_id != user.id or "login" in asked.prompts:
        for other in browser.sessions():
            instance.directory.set_session(other, "removed")
        session = begin_session(browser, user, "password")
    status, body, *more = _granted(instance, asked, session)
    return status, body, (more[0] if more else {}) | browser.cookie()


def _token(instance: Instance, request: ApiRequest) -> Answer:
    form = request.form()
    kind = form.get("grant_type", "")
    if not kind:
        raise Refused(oauth_error(400, "invalid_request", "grant_type is missing"))
    application = client_of(instance, request, form)
    if kind == "authorization_code":
        return _exchange(instance, application, form)
    if kind == "refresh_token":
        return _refresh(instance, application, form)
    # 400 in RFC 6749; Clerk's document has it under 401.
    raise Refused(oauth_error(401, "unsupported_grant_type", "grant_type: authorization_code or refresh_token"))


def _exchange(instance: Instance, application: OAuthApplication, form: dict[str, str]) -> Answer:
    if not form.get("code"):
        raise Refused(oauth_error(400, "invalid_request", "code is missing"))
    grant = instance.oauth.grants.get(form["code"])
    wrong = Refused(oauth_error(400, "invalid_grant", _INVALID_GRANT))
    if grant is None or grant.application is not application:
        raise wrong
    if grant.used:
        grant.revoke()  # Somebody has stolen it: RFC 6749, section 4.1.2.
        raise wrong
    if grant.revoked or grant.expires_at <= milliseconds() or person_of(instance, grant.user_id) is None:
        raise wrong
    if form.get("redirect_uri") != grant.redirect_uri:
        raise Refused(oauth_error(400, "invalid_grant", "redirect_uri is not that of the authorization request"))
    if not grant.proves(form.get("code_verifier")):
        raise Refused(oauth_error(400, "invalid_grant", "code_verifier does not belong to the code_challenge"))
    if not instance.oauth.use(grant):
        grant.revoke()
        raise wrong
    return issue(instance, grant)


def _refresh(instance: Instance, application: OAuthApplication, form: dict[str, str]) -> Answer:
    token = form.get("refresh_token", "")
    if not token:
        raise Refused(oauth_error(400, "invalid_request", "refresh_token is missing"))
    grant = instance.oauth.refreshes.get(token)
    if grant is None or grant.application is not application:
        raise Refused(oauth_error(400, "invalid_grant", _INVALID_GRANT))
    if grant.refresh_token != token:
        grant.revoke()  # One that was used before: RFC 9700, section 4.14.2.
    if refresh_of(instance, token) is None:
        raise Refused(oauth_error(400, "invalid_grant", _INVALID_GRANT))
    scopes = list(dict.fromkeys(form.get("scope", "").split()))
    if any(scope not in grant.scopes for scope in scopes):
        raise Refused(oauth_error(400, "invalid_scope", "scope: no more than was granted"))
    if not instance.oauth.use_refresh(grant, token):
        raise Refused(oauth_error(400, "invalid_grant", _INVALID_GRANT))
    return issue(instance, grant, scopes)


def _user_info(instance: Instance, request: ApiRequest) -> Answer:
    found = bearer(instance, request)
    ids = {"object": "oauth_user_info", "instance_id": instance.id, "user_id": found.user.id, "sub": found.user.id}
    return 200, ids | claims_about(instance, found.user, found.scopes, found.organization_id)


def _token_info(instance: Instance, request: ApiRequest) -> Answer:
    form = request.form()
    application = client_of(instance, request, form)
    if application.public:
        raise Refused(oauth_error(401, "invalid_client", "a public client cannot prove who it is"))
    token = form.get("token", "")
    found = access_of(instance, token) or refresh_of(instance, token)
    if found is None or any(scope not in found.scopes for scope in form.get("scope", "").split()):
        return 200, {"active": False}
    document: dict[str, Any] = {
        "active": True,
        "client_id": found.client_id,
        "iat": found.issued_at,
        "scope": " ".join(found.scopes),
        "sub": found.user.id,
    }
    with_organization = "user:org:read" in found.scopes and found.organization_id is not None
    return 200, document | ({"org_id": found.organization_id} if with_organization else {})


def _revoke(instance: Instance, request: ApiRequest) -> Answer:
    form = request.form()
    application, token = client_of(instance, request, form), form.get("token", "")
    if not token:
        raise Refused(oauth_error(400, "invalid_request", "token is missing"))
    grant = instance.oauth.grant_of(token)
    if grant is not None and grant.application is application:
        grant.revoke()
    elif grant is None and token.count(".") == 2 and access_of(instance, token) is not None:
        raise Refused(oauth_error(400, "unsupported_token_type", "a JWT cannot be revoked"))
    return 200, ""


def _register(instance: Instance, request: ApiRequest) -> Answer:
    if not instance.oauth.dynamic_registration:
        message = (
            "Dynamic client registration is not enabled: PATCH /v1/instance/oauth_application_settings with "
            '{"dynamic_oauth_client_registration": true}, or set it in the seed'
        )
        raise Refused(error(422, "dynamic_client_registration_disabled", "not enabled", message))
    application = _registered(instance, request)
    instance.oauth.applications[application.client_id] = application
    document: dict[str, Any] = {
        "client_id": application.client_id,
        "client_id_issued_at": application.created_at // 1000,
        "client_secret_expires_at": 0,
        "client_name": application.name,
        "redirect_uris": application.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": " ".join(application.scopes),
        "token_endpoint_auth_method": application.auth_method,
    }
    more = {"client_uri": application.client_uri, "logo_uri": application.client_image_url}
    document |= {name: value for name, value in more.items() if value is not None}
    return 201, document | ({} if application.public else {"client_secret": application.client_secret})


def _registered(instance: Instance, request: ApiRequest) -> OAuthApplication:
    """The application that registers itself; raises Refused with 400 (RFC 7591, section 3.2.2)."""
    try:
        document = json.loads(request.body or b"{}")
    except ValueError:
        document = None
    wrong = "invalid_client_metadata"
    if not isinstance(document, dict):
        raise Refused(oauth_error(400, wrong, "the body is not a JSON object"))
    redirects = document.get("redirect_uris")
    valid = isinstance(redirects, list) and all(isinstance(uri, str) and valid_redirect(uri) for uri in redirects)
    if not valid or not redirects:
        message = "redirect_uris: at least one absolute URL without a fragment"
        raise Refused(oauth_error(400, "invalid_redirect_uri", message))
    method = document.get("token_endpoint_auth_method") or _METHODS[0]
    if method not in _METHODS:
        raise Refused(oauth_error(400, wrong, f"token_endpoint_auth_method: one of {', '.join(_METHODS)}"))
    texts = {name: document.get(name) for name in ("client_name", "client_uri", "logo_uri", "scope")}
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise Refused(oauth_error(400, wrong, f"{name} must be a text"))
    scopes = list(dict.fromkeys((texts["scope"] or "").split())) or list(instance.oauth.default_scopes)
    if any(scope not in SCOPES for scope in scopes):
        raise Refused(oauth_error(400, wrong, f"scope: some of {' '.join(SCOPES)}"))
    application = OAuthApplication(
        texts["client_name"] or "", list(redirects), scopes, public=method == "none", dynamically_registered=True,
        client_uri=texts["client_uri"], client_image_url=texts["logo_uri"], auth_method=method,
    )  # fmt: skip
    application.name = application.name or application.client_id
    return application


def _consent_of(instance: Instance, client_id: str) -> OAuthApplication:
    application = instance.oauth.applications.get(client_id)
    if application is None:
        raise not_found("OAuth application", client_id)
    if not application.consent_screen_enabled:
        raise Refused(error(422, "oauth_consent_screen_disabled", "The application has no consent screen."))
    return application


def _domain(uri: str) -> str | None:
    """The last two labels of a host; None for this machine."""
    host = (urlsplit(uri).hostname or "") if valid_redirect(uri) else ""
    return ".".join(host.split(".")[-2:]) if "." in host and not host[-1].isdigit() else None


def _consent(instance: Instance, request: ApiRequest, client_id: str) -> Answer:
    signed_in(instance, request)
    application, uri = _consent_of(instance, client_id), request.value("redirect_uri") or ""
    wanted = (request.value("scope") or "").split()
    scopes = [scope for scope in application.scopes if not wanted or scope in wanted]
    return 200, {
        "oauth_application_name": application.name,
        "oauth_application_logo_url": application.client_image_url,
        "oauth_application_url": application.client_uri,
        "client_id": application.client_id,
        "redirect_domain": _domain(uri) if application.redirects_to(uri) else None,
        "scopes": [
            {"scope": scope, "description": SCOPES[scope], "requires_consent": scope != "openid"} for scope in scopes
        ],
    }


def _submit_consent(instance: Instance, request: ApiRequest, client_id: str) -> Answer:
    _, session, user = signed_in(instance, request)
    _consent_of(instance, client_id)
    form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    asked = read_authorization(instance, form | {"client_id": client_id})
    if form.get("consented") != "true":
        raise asked.refusal("access_denied", "The resource owner denied the request")
    organization = form.get("organization_id") or None
    if organization is not None and instance.directory.membership_in(user, organization) is None:
        raise no_member()
    return _granted(instance, asked, session, organization)


OPERATIONS = [
    front("GET", "/oauth/authorize", "requestOAuthAuthorize", _authorize),
    front("POST", "/oauth/authorize", "requestOAuthAuthorizePOST", _authorize),
    front("POST", "/oauth/token", "getOAuthToken", _token),
    front("POST", "/oauth/token/revoke", "revokeOAuthToken", _revoke),
    front("GET", "/oauth/userinfo", "getOAuthUserInfo", _user_info),
    front("POST", "/oauth/userinfo", "getOAuthUserInfoPOST", _user_info),
    front("POST", "/oauth/token_info", "getOAuthTokenInfo", _token_info),
    front("POST", "/oauth/register", "registerOAuthClient", _register),
    front("GET", "/v1/me/oauth/consent/{client_id}", "getOAuthConsent", _consent),
    front("POST", "/v1/me/oauth/consent/{client_id}", "submitOAuthConsent", _submit_consent),
]
