import os
from dataclasses import dataclass
from typing import Any

import jwt
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

DOMAIN = os.environ["CLERK_DOMAIN"]
ORIGIN = os.getenv("UI_ORIGIN", "http://localhost:5173")
keys = jwt.PyJWKClient(f"https://{DOMAIN}/.well-known/jwks.json")


@dataclass
class User:
    id: str
    organization: str | None
    role: str | None


class ClerkMiddleware(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        header = connection.headers.get("Authorization", "")
        if not header.startswith("Bearer "):
            raise NotAuthorizedException("no token")
        token = header.removeprefix("Bearer ")
        try:
            claims = jwt.decode(
                token,
                keys.get_signing_key_from_jwt(token).key,
                algorithms=["RS256"],
                issuer=f"https://{DOMAIN}",
                options={"require": ["exp", "nbf", "iat", "sub", "sid"]},
            )
        except (jwt.PyJWTError, ValueError):
            raise NotAuthorizedException("bad token") from None
        if claims.get("azp") != ORIGIN or claims.get("sts") == "pending":
            raise NotAuthorizedException("bad token")
        organization = claims.get("o") or {}
        return AuthenticationResult(User(claims["sub"], organization.get("id"), organization.get("rol")), token)


def member(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    if connection.user.organization is None:
        raise PermissionDeniedException("no organization")


def admin(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    if connection.user.role != "admin":
        raise PermissionDeniedException("admins only")
