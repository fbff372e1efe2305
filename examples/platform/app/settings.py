"""Settings, read from the environment when the application is imported."""

import os
from typing import Literal, cast


def required(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise RuntimeError(f"missing environment variable {name}")
    return value


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
CLERK_DOMAIN = required("NEXT_PUBLIC_CLERK_DOMAIN")
CLERK_SECRET_KEY = required("CLERK_SECRET_KEY")
CLERK_WEBHOOK_SECRET = required("CLERK_WEBHOOK_SECRET")
CLERK_AUTHORIZED_PARTIES = {
    origin.strip()
    for origin in os.environ.get("CLERK_AUTHORIZED_PARTIES", "http://localhost:3000").split(",")
    if origin.strip()
}
ADMIN_EMAILS = {email.strip().lower() for email in os.environ.get("ADMIN_EMAILS", "").split(",") if email.strip()}
