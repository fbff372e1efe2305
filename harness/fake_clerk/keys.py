"""Signing keys and the JWK Set that publishes them (RFC 7517)."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness.fake_clerk.ids import new_id


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


class SigningKey:
    """A new RSA key, in memory only.

    `kid` is by default of the form that Clerk uses, an instance's id (`ins_…`). `bits` is the size of the key.
    """

    def __init__(self, kid: str | None = None, bits: int = 2048) -> None:
        self.kid = kid or new_id("ins")
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    def sign(self, data: bytes) -> bytes:
        """The RS256 signature of `data`: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3)."""
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    @cached_property
    def public_pem(self) -> bytes:
        """The public key as PEM (SubjectPublicKeyInfo), as in Clerk's dashboard and in `CLERK_JWT_KEY`."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @cached_property
    def jwk(self) -> dict[str, Any]:
        """The public key as Clerk publishes it (RFC 7517)."""
        numbers = self.private.public_key().public_numbers()
        return {
            "use": "sig",
            "kty": "RSA",
            "kid": self.kid,
            "alg": "RS256",
            "n": b64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": b64url(numbers.e.to_bytes(3, "big")),
        }


def jwks(keys: list[SigningKey]) -> dict[str, Any]:
    """The JWK Set of these keys (RFC 7517, section 5)."""
    return {"keys": [key.jwk for key in keys]}
