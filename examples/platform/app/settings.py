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


STAGE: Stage = _stage()
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
