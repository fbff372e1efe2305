"""Three ways to verify a session token's signature and times; CLERK_VERIFICATION chooses one."""

from collections.abc import Callable
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from app import settings
from app.auth.jwks import KeysUnavailable, keys

Verify = Callable[[str, dict[str, Any]], dict[str, Any] | None]


def _decoded(token: str, key: Any) -> dict[str, Any]:
    required = ["exp", "iat", "nbf", "iss", "sub", "sid"]
    options: Any = {"require": required, "verify_aud": False}
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], leeway=5, options=options)
    return claims


def with_jwks(token: str, header: dict[str, Any]) -> dict[str, Any] | None:
    """With PyJWT and the published key that the token names."""
    kid = header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    return _decoded(token, key) if key is not None else None


def with_pem() -> Verify:
    """With PyJWT and the key from the dashboard: no network, and no rotation without a restart."""
    key = load_pem_public_key(settings.CLERK_JWT_KEY.encode())
    return lambda token, header: _decoded(token, key)


def with_sdk() -> Verify:
    """By `authenticate_request` of Clerk's SDK, which asks https://api.clerk.com for the keys."""
    from clerk_backend_api.security import authenticate_request
    from clerk_backend_api.security.types import AuthenticateRequestOptions, TokenVerificationErrorReason

    options = AuthenticateRequestOptions(secret_key=settings.CLERK_SECRET_KEY, accepts_token=["session_token"])
    unavailable = (
        TokenVerificationErrorReason.JWK_FAILED_TO_LOAD,
        TokenVerificationErrorReason.JWK_REMOTE_INVALID,
    )

    def verify(token: str, header: dict[str, Any]) -> dict[str, Any] | None:
        # Only the header that was looked at before: the SDK reads cookies too.
        request = httpx.Request("GET", "/", headers={"authorization": f"Bearer {token}"})
        try:
            state = authenticate_request(request, options)
        except httpx.HTTPError as error:
            raise KeysUnavailable from error
        if state.reason in unavailable:
            raise KeysUnavailable
        return state.payload if state.is_signed_in else None

    return verify


verify: Verify = {"jwks": lambda: with_jwks, "pem": with_pem, "sdk": with_sdk}[settings.CLERK_VERIFICATION]()
