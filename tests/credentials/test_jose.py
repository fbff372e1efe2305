"""Signatures made by hand are those of the library, where it makes them too."""

from __future__ import annotations

import hashlib

from harness.credentials import jose
from harness.fake_clerk.keys import SigningKey


def test_a_bare_signature_is_the_library_s_over_the_same_block() -> None:
    key = SigningKey()
    size = key.private.key_size // 8
    info = jose.DIGEST_INFO + hashlib.sha256(b"body").digest()
    block = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
    assert jose.raw_rsa(key.private.private_numbers(), block) == key.sign(b"body")
