"""Second factors: one-time passwords of an authenticator app (RFC 6238) and backup codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.models.timestamps import milliseconds

_STEP = 30
"""Seconds for which a one-time password is shown."""


@dataclass
class Totp:
    """A user's authenticator app; only a verified one is asked for."""

    secret: str = field(default_factory=lambda: base64.b32encode(secrets.token_bytes(20)).decode())
    verified: bool = False
    id: str = field(default_factory=lambda: new_id("totp"))
    created_at: int = field(default_factory=milliseconds)

    def password(self, at: float) -> str:
        """The one-time password at a time in seconds since 1970 (RFC 6238, section 4; RFC 4226, section 5.3)."""
        digest = hmac.digest(base64.b32decode(self.secret), struct.pack(">Q", int(at) // _STEP), hashlib.sha1)
        start = digest[-1] & 15
        return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"

    def accepts(self, password: str, at: float) -> bool:
        """Whether that is the password of now, or of the step before or after (RFC 6238, section 5.2)."""
        return any(hmac.compare_digest(password.encode(), self.password(at + _STEP * n).encode()) for n in (-1, 0, 1))

    def as_json(self, name: str, issuer: str, codes: list[str]) -> dict[str, Any]:
        """The Frontend API's `TOTP` object; the secret is told until it is verified."""
        secret = None if self.verified else self.secret
        return {
            "object": "totp",
            "id": self.id,
            "secret": secret,
            "uri": secret and f"otpauth://totp/{issuer}:{name}?issuer={issuer}&secret={secret}",
            "verified": self.verified,
            "backup_codes": codes or None,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }


def new_backup_codes() -> list[str]:
    """Ten codes, each for one sign-in."""
    return [secrets.token_hex(4) for _ in range(10)]
