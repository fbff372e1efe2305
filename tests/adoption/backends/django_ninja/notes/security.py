import base64
import binascii

import jwt
from django.conf import settings
from ninja.security import HttpBearer

from .models import Member

client = jwt.PyJWKClient(settings.CLERK_JWKS_URL)


class ClerkAuth(HttpBearer):
    def authenticate(self, request, token):
        try:
            key = client.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                issuer=settings.CLERK_JWKS_URL.removesuffix("/.well-known/jwks.json"),
                options={"require": ["exp", "nbf", "sub", "sid"]},
            )
        except jwt.PyJWTError:
            return None
        if claims.get("azp") not in settings.CLERK_AUTHORIZED_PARTIES or claims.get("sts") == "pending":
            return None
        member, _ = Member.objects.get_or_create(clerk_id=claims["sub"])
        return member


class OldAuth(HttpBearer):
    """The desktop client sends base64("member_id|email")."""

    def authenticate(self, request, token):
        try:
            number, email = base64.urlsafe_b64decode(token).decode().split("|")
            return Member.objects.filter(id=int(number), email=email).first()
        except (ValueError, binascii.Error):
            return None
