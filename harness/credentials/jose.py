"""Tokens put together by hand, because no library would make them (RFC 7515, compact serialization)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers

from harness.fake_clerk.keys import b64url

__all__ = [
    "DIGEST_INFO",
    "b64url",
    "hmac_over",
    "hmac_signed",
    "parts",
    "raw_rsa",
    "segment",
    "sign_with_512_bits",
    "unb64url",
    "unsigned",
    "with_signature",
]


def segment(value: Any) -> str:
    """A JOSE segment: JSON (NaN and Infinity included), base64url."""
    return b64url(json.dumps(value, separators=(",", ":")).encode())


def unb64url(text: str) -> bytes:
    """Decode base64url, padded or not."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def unsigned(header: dict[str, Any], claims: Any, signature: str = "") -> str:
    """Header and claims with whatever `signature` is given, already encoded."""
    return f"{segment(header)}.{segment(claims)}.{signature}"


def hmac_signed(header: dict[str, Any], claims: Any, key: bytes, digest: str = "sha256") -> str:
    """A JWS with an HMAC (HS256, HS384, HS512), under any key, the empty one included."""
    body = f"{segment(header)}.{segment(claims)}"
    return f"{body}.{b64url(hmac.new(key, body.encode(), getattr(hashlib, digest)).digest())}"


def hmac_over(signed: str, key: bytes) -> str:
    """The signature segment of an HS256 JWS over a finished header and payload."""
    return b64url(hmac.new(key, signed.encode(), hashlib.sha256).digest())


def parts(token: str) -> tuple[str, str, str]:
    """Header, payload and signature segments of a compact JWS."""
    header, payload, signature = token.split(".")
    return header, payload, signature


def with_signature(token: str, signature: bytes) -> str:
    """The token with another signature."""
    header, payload, _ = parts(token)
    return f"{header}.{payload}.{b64url(signature)}"


DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a hash of SHA-256 in a signature (RFC 8017 section 9.2, note 1)."""
_SMALL_PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]


def _is_prime(n: int) -> bool:
    if any(n % p == 0 for p in _SMALL_PRIMES):
        return n in _SMALL_PRIMES
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(24):
        x = pow(secrets.randbelow(n - 3) + 2, odd, n)
        if x in (1, n - 1):
            continue
        if not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


def _prime(bits: int) -> int:
    while True:
        candidate = secrets.randbits(bits) | (3 << bits - 2) | 1
        if candidate % 65537 != 1 and _is_prime(candidate):
            return candidate


def raw_rsa(key: RSAPrivateNumbers, block: bytes) -> bytes:
    """The bare RSA signature of a block as long as the key's modulus, without any padding (RFC 8017 section 5.1.2): by the key's
    primes, which takes a quarter of the time of the private exponent.
    """
    number = int.from_bytes(block, "big")
    first, second = pow(number, key.dmp1, key.p), pow(number, key.dmq1, key.q)
    whole = second + (first - second) * key.iqmp % key.p * key.q
    return whole.to_bytes(len(block), "big")


def sign_with_512_bits(body: bytes) -> bytes:
    """RS256 under a fresh 512-bit RSA key: libraries refuse to make one, attackers factor one in hours."""
    p, q = _prime(256), _prime(256)
    modulus, exponent = p * q, pow(65537, -1, (p - 1) * (q - 1))
    info = DIGEST_INFO + hashlib.sha256(body).digest()
    block = b"\x00\x01" + b"\xff" * (64 - 3 - len(info)) + b"\x00" + info
    return pow(int.from_bytes(block, "big"), exponent, modulus).to_bytes(64, "big")
