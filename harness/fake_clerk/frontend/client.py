"""The client, which is a browser, and the handshake, which renews its session cookies.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12); https://clerk.com/docs/guides/how-clerk-works/overview (handshake).
`getHandshakePayload` is an operation of the Backend API that its document does not have; SDKs use it to redeem a nonce
(@clerk/backend: `clients.getHandshakePayload`).
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.fake_clerk.frontend._browser import browser_of, development_token
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, front, not_found


def _handshake(instance: Instance, request: ApiRequest) -> Answer:
    """Redirects the browser back with the cookies of its session, in a signed token or to be fetched by a nonce."""
    target = urlsplit(request.value("redirect_url") or "")
    if target.scheme not in ("http", "https") or not target.netloc:
        raise Refused(error(422, "form_param_missing", "redirect_url is missing"))
    directives = instance.handshake_directives(
        development_token(request),
        suffixed=request.value("suffixed_cookies") != "false",
        organization=dict(parse_qsl(request.query, keep_blank_values=True)).get("organization_id"),
    )
    if request.value("format") == "nonce":
        nonce = secrets.token_urlsafe(24)
        instance.handshakes[nonce] = directives
        added = {"__clerk_handshake_nonce": nonce}
    else:
        added = {"__clerk_handshake": instance.sign_handshake(directives)}
    query = [*parse_qsl(target.query, keep_blank_values=True), *added.items()]
    return 307, "", {"Location": target._replace(query=urlencode(query)).geturl(), "Cache-Control": "no-store"}


def _payload(instance: Instance, request: ApiRequest) -> Answer:
    nonce = request.value("nonce") or ""
    if nonce not in instance.handshakes:
        raise not_found("handshake", nonce)
    return 200, {"directives": instance.handshakes.pop(nonce)}


def _get(instance: Instance, request: ApiRequest) -> Answer:
    browser = browser_of(instance, request)
    return browser.answer(browser.client_document())


def _make(instance: Instance, request: ApiRequest) -> Answer:
    browser = browser_of(instance, request)
    browser.begin()
    return browser.answer(browser.client_document())


def _delete(instance: Instance, request: ApiRequest) -> Answer:
    browser = browser_of(instance, request)
    for session in browser.sessions():
        instance.directory.set_session(session, "removed")
    if browser.token is not None:
        instance.browsers[browser.token], browser.client = None, None
    return browser.answer(None)


OPERATIONS = [
    front("GET", "/v1/client/handshake", "handshakeClient", _handshake),
    front("GET", "/v1/client", "getClient", _get),
    front("PUT", "/v1/client", "putClient", _make),
    front("POST", "/v1/client", "postClient", _make),
    front("DELETE", "/v1/client", "deleteClientSessions", _delete),
]
BACKEND = [Operation("GET", "/v1/clients/handshake_payload", "getHandshakePayload", _payload)]
"""An operation of the Backend API that its document does not have."""
