"""Clerk's identifiers: a prefix and 27 characters of base62 (a KSUID)."""

from __future__ import annotations

import hashlib
import secrets

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 27


def _base62(number: int) -> str:
    digits = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, 62)
        digits.append(_ALPHABET[rest])
    return "".join(digits)


def new_id(prefix: str) -> str:
    """A new random identifier, for example `user_2x…` for prefix `user`."""
    return f"{prefix}_{_base62(secrets.randbits(160))}"


def stable_id(prefix: str, seed: str) -> str:
    """An identifier made from a seed, the same one in every run."""
    return f"{prefix}_{_base62(int.from_bytes(hashlib.sha256(f'{prefix}:{seed}'.encode()).digest()[:20], 'big'))}"
