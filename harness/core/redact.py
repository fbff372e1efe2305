"""Nothing that is shown carries a whole secret: tokens and keys are shortened (design.md, Safety)."""

from __future__ import annotations

import re

_KEPT = 8
_SECRETS = re.compile(
    r"\b(?:sk|pk)_(?:test|live)_[\w$=-]{8,}"  # Clerk's keys
    r"|\bwhsec_[\w+/=]{8,}"
    r"|\b[\w-]{10,}\.[\w-]{10,}\.[\w-]*"  # a compact JWS
    r"|(?<![\w+/-])(?=[\w+-]*\d)(?=[\w+-]*[a-z])(?=[\w+-]*[A-Z])[A-Za-z0-9+-]{32,}={0,2}"  # base64
)
_PASSWORD = re.compile(r"(?<=://)([^/\s:@]+):[^/\s@]+@")
_TELLING = re.compile(r"key|secret|token|password|passwd|credential|database_url|dsn", re.IGNORECASE)


def redact(text: str) -> str:
    """The text with every token and key cut to its first eight characters, and passwords of URLs taken out."""
    return _SECRETS.sub(lambda found: f"{found.group(0)[:_KEPT]}…", _PASSWORD.sub(r"\1:…@", text))


def is_secret(name: str) -> bool:
    """Whether a variable of this name is likely to hold a secret."""
    return _TELLING.search(name) is not None
