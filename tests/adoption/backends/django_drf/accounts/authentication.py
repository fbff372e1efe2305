import jwt
from django.conf import settings
from django.contrib.auth import get_user_model
from jwt import PyJWKClient
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

jwks = PyJWKClient(settings.CLERK_FRONTEND_API_URL + "/.well-known/jwks.json")


class ClerkAuthentication(BaseAuthentication):
    def authenticate(self, request):
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Invalid token header.")
        try:
            claims = jwt.decode(
                parts[1],
                jwks.get_signing_key_from_jwt(parts[1].decode("latin-1")).key,
                algorithms=["RS256"],
                issuer=settings.CLERK_FRONTEND_API_URL,
                options={"require": ["exp", "iat", "nbf", "sid", "sub"], "verify_aud": False},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise AuthenticationFailed("Invalid token.") from error
        if claims.get("azp") not in settings.CORS_ALLOWED_ORIGINS or claims.get("sts", "active") != "active":
            raise AuthenticationFailed("Invalid token.")
        user, _ = get_user_model().objects.get_or_create(
            clerk_id=claims["sub"], defaults={"username": claims["sub"]}
        )
        return user, claims

    def authenticate_header(self, request):
        return "Bearer"
