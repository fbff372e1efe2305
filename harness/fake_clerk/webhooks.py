"""Signing of webhook deliveries as Svix does it (https://docs.svix.com/receiving/verifying-payloads/how-manual)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time


def new_webhook_secret() -> str:
    """A signing secret: `whsec_` and base64 of 24 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode("ascii")


def sign_delivery(secret: str, body: bytes, *, at: int | None = None, message_id: str | None = None) -> dict[str, str]:
    """The three Svix headers for a delivery of `body` at the Unix time `at` (seconds; now by default).

    Raises ValueError when `secret` is not `whsec_` and base64.
    """
    if not secret.startswith("whsec_"):
        raise ValueError("a webhook secret begins with whsec_")
    identifier = message_id or f"msg_{secrets.token_hex(13)}"
    timestamp = str(int(time.time()) if at is None else at)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identifier}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "svix-id": identifier,
        "svix-timestamp": timestamp,
        "svix-signature": "v1," + base64.b64encode(digest).decode("ascii"),
    }
