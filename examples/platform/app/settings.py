"""Settings, read from the environment when the application is imported."""

import base64
import binascii
import os
import re
from typing import Literal, cast


def required(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise RuntimeError(f"missing environment variable {name}")
    return value


def matching(name: str, pattern: str, told: str) -> str:
    """A required variable of a certain form. Its value is not repeated: it may be a secret."""
    value = required(name)
    if re.fullmatch(pattern, value) is None:
        raise RuntimeError(f"{name} is not {told}")
    return value


def _secret_key() -> str:
    value = matching("CLERK_SECRET_KEY", r"sk_(test|live)_\S{8,}", "a secret key of Clerk (sk_test_…, sk_live_…)")
    if value.startswith("sk_live_") and os.environ.get("ENVIRONMENT") != "production":
        raise RuntimeError("CLERK_SECRET_KEY is a live key, and ENVIRONMENT is not production")
    return value


def _webhook_secret() -> str:
    value = matching("CLERK_WEBHOOK_SECRET", r"whsec_\S+", "a signing secret of Svix (whsec_…)")
    try:
        if base64.b64decode(value.removeprefix("whsec_"), validate=True):
            return value
    except binascii.Error:
        pass
    raise RuntimeError("CLERK_WEBHOOK_SECRET is not a signing secret of Svix (whsec_…)")


def _authorized_parties() -> set[str]:
    given = os.environ.get("CLERK_AUTHORIZED_PARTIES", "http://localhost:3000")
    origins = {origin.strip() for origin in given.split(",") if origin.strip()}
    if not origins or not all(re.fullmatch(r"https?://[\w.-]+(:\d+)?", origin) for origin in origins):
        raise RuntimeError("CLERK_AUTHORIZED_PARTIES must name origins, separated by commas")
    return origins


Stage = Literal["mixed", "unified"]


def _stage() -> Stage:
    value = os.environ.get("PLATFORM_STAGE", "unified")
    if value not in ("mixed", "unified"):
        raise RuntimeError(f"PLATFORM_STAGE must be mixed or unified, not {value!r}")
    return cast(Stage, value)


Verification = Literal["jwks", "pem", "sdk"]
"""How session tokens are verified: with the published keys, with the one key of CLERK_JWT_KEY, or by Clerk's SDK."""


def _verification() -> Verification:
    value = os.environ.get("CLERK_VERIFICATION", "jwks")
    if value not in ("jwks", "pem", "sdk"):
        raise RuntimeError(f"CLERK_VERIFICATION must be jwks, pem or sdk, not {value!r}")
    return cast(Verification, value)


STAGE: Stage = _stage()
CLERK_VERIFICATION: Verification = _verification()
CLERK_JWT_KEY = required("CLERK_JWT_KEY") if CLERK_VERIFICATION == "pem" else ""
DATABASE_URL = required("DATABASE_URL")
CLERK_DOMAIN = matching("NEXT_PUBLIC_CLERK_DOMAIN", r"([a-z0-9-]+\.)+[a-z]+", "a host name")
CLERK_SECRET_KEY = _secret_key()
CLERK_WEBHOOK_SECRET = _webhook_secret()
CLERK_AUTHORIZED_PARTIES = _authorized_parties()
if STAGE == "unified" and "JWT_SECRET_KEY" in os.environ:
    raise RuntimeError("JWT_SECRET_KEY is of the old login, which is gone: take it out")
ADMIN_EMAILS = {email.strip().lower() for email in os.environ.get("ADMIN_EMAILS", "").split(",") if email.strip()}
