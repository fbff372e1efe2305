"""Clerk's Backend API, as far as the platform needs it."""

from dataclasses import dataclass
from typing import Any

import httpx

from app import settings

API = "https://api.clerk.com/v1"


@dataclass(frozen=True)
class Profile:
    """A Clerk user as the platform keeps it."""

    clerk_user_id: str
    email: str
    email_verified: bool
    first_name: str | None
    last_name: str | None
    active: bool


def profile_from(data: dict[str, Any]) -> Profile | None:
    """From the Backend API's or a webhook's `User` object; None without a primary address."""
    addresses = {entry["id"]: entry for entry in data.get("email_addresses") or []}
    primary = addresses.get(data.get("primary_email_address_id") or "")
    if primary is None:
        return None
    return Profile(
        clerk_user_id=data["id"],
        email=primary["email_address"],
        email_verified=(primary.get("verification") or {}).get("status") == "verified",
        first_name=data.get("first_name"),
        last_name=data.get("last_name"),
        active=not data.get("banned", False) and not data.get("locked", False),
    )


def fetch_user(clerk_user_id: str) -> Profile | None:
    """The user's profile; None when Clerk does not know the user."""
    answer = httpx.get(
        f"{API}/users/{clerk_user_id}",
        headers={"Authorization": f"Bearer {settings.CLERK_SECRET_KEY}"},
        timeout=10,
    )
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    return profile_from(answer.json())
