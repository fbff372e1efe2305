"""The part of the Frontend API that backends meet: the published keys, and the handshake by which a browser's session is
renewed.

Source: Clerk's OpenAPI document `frontend-api` (2026-05-12); https://clerk.com/docs/guides/how-clerk-works/overview (handshake).
The payload of a nonce is an operation of the Backend API that only SDKs use (@clerk/backend, `clients.getHandshakePayload`).
"""

from __future__ import annotations

import secrets
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Operation, Refused, error, not_found

SLOW_SECONDS = 1.0
"""How late a slow key set comes: longer than an impatient client waits, shorter than any default limit."""


def published_keys(instance: Instance, request: ApiRequest) -> Answer:
    """The JWK Set, unless it is in trouble."""
    instance.jwks_asked += 1
    trouble = instance.jwks_fault
    if trouble == "outage":
        return error(503, "service_unavailable", "the service is not available")
    if trouble == "malformed":
        return 200, "<html><body>We are back in a minute.</body></html>"
    if trouble == "empty":
        return 200, {"keys": []}
    if trouble == "slow":
        time.sleep(SLOW_SECONDS)
    return 200, instance.jwks()


def _discovery(instance: Instance, request: ApiRequest) -> Answer:
    issuer = instance.issuer
    return 200, {
        "issuer": issuer,
        "jwks_uri": instance.jwks_url,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _handshake(instance: Instance, request: ApiRequest) -> Answer:
    """Sends the browser back with its session's cookies, in a signed token or behind a nonce."""
    target = urlsplit(request.value("redirect_url") or "")
    if target.scheme not in ("http", "https") or not target.netloc:
        raise Refused(error(422, "form_param_missing", "redirect_url is missing"))
    directives = instance.handshake_directives(
        request.value("__clerk_db_jwt"), suffixed=request.value("suffixed_cookies") != "false"
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


OPERATIONS = [
    Operation("GET", "/.well-known/jwks.json", "getJWKS", published_keys, needs_key=False),
    Operation("GET", "/.well-known/openid-configuration", "getOpenIDConfiguration", _discovery, needs_key=False),
    Operation("GET", "/v1/client/handshake", "handshakeClient", _handshake, needs_key=False),
    Operation("GET", "/v1/clients/handshake_payload", "getHandshakePayload", _payload),
]
