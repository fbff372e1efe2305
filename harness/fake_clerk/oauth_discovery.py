"""The documents by which clients find the OAuth provider. What they name exists.

Source: RFC 8414 (authorization server metadata), OpenID Connect Discovery 1.0; Clerk's OpenAPI document `frontend-api`
(2026-05-12), tag Well Known.
"""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.models.oauth_applications import SCOPES


def _common(issuer: str, jwks_url: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/token/revoke",
        "jwks_uri": jwks_url,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "none", "client_secret_post"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "email", "name"],
        "code_challenge_methods_supported": ["S256"],
    }


def openid_configuration(issuer: str, jwks_url: str) -> dict[str, Any]:
    """The OpenID configuration of the instance at `issuer`."""
    return _common(issuer, jwks_url) | {
        "introspection_endpoint": f"{issuer}/oauth/token_info",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "response_modes_supported": ["form_post", "query"],
        "backchannel_logout_supported": False,
        "frontchannel_logout_supported": False,
    }


def authorization_server(issuer: str, jwks_url: str, *, registration: bool) -> dict[str, Any]:
    """The authorization server metadata; `registration`: whether clients may register themselves."""
    more = {"registration_endpoint": f"{issuer}/oauth/register"} if registration else {}
    return _common(issuer, jwks_url) | {"client_id_metadata_document_supported": False} | more
