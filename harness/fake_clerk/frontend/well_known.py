"""What an instance publishes of itself. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Well Known.

The key set and the OpenID configuration are every issuer's: see `harness.fake_clerk.well_known`.
"""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.oauth_discovery import authorization_server
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _authorization_server(instance: Instance, request: ApiRequest) -> Answer:
    registration = instance.oauth.dynamic_registration
    return 200, authorization_server(instance.issuer, instance.jwks_url, registration=registration)


def _android(instance: Instance, request: ApiRequest) -> Answer:
    return 200, []


def _apple(instance: Instance, request: ApiRequest) -> Answer:
    return 200, {"webcredentials": {"apps": []}}


def _webauthn(instance: Instance, request: ApiRequest) -> Answer:
    return 200, {"origins": [instance.issuer, instance.portal]}


OPERATIONS = [
    front(
        "GET", "/.well-known/oauth-authorization-server", "getOAuth2AuthorizationServerMetadata", _authorization_server
    ),
    front("GET", "/.well-known/assetlinks.json", "getAndroidAssetLinks", _android),
    front("GET", "/.well-known/apple-app-site-association", "getAppleAppSiteAssociation", _apple),
    front("GET", "/.well-known/webauthn", "getWebAuthnRelatedOrigins", _webauthn),
]
