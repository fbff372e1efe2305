"""Group `signature`: the content may be right, the signature is not the issuer's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from harness.credentials import jose
from harness.credentials.mint import Mint
from harness.credentials.model import JWT, Credential, Recipe
from harness.credentials.recipes import several, tampered, token

_VALIDATE = "RFC 7515 section 5.2"


def _entry(name: str, recipe: Recipe, why: str, source: str = _VALIDATE, cwe: str = "CWE-347", **more: Any) -> Credential:
    return Credential(name, "signature", recipe, cwe, source, why, damages=JWT, **more)


def _flip(position: int) -> Recipe:
    def change(signature: bytearray) -> bytearray:
        signature[position] ^= 1
        return signature

    return tampered(change)


def _another_payload(mint: Mint, **changes: Any) -> str:
    header, _, signature = jose.parts(mint.genuine())
    return f"{header}.{jose.segment(mint.claims(**changes))}.{signature}"


def _another_header(mint: Mint) -> str:
    _, payload, signature = jose.parts(mint.genuine())
    return f"{jose.segment(mint.header(nonce='1'))}.{payload}.{signature}"


def _of_another_token(mint: Mint) -> str:
    other = mint.genuine(mint.identities["bob"].user)
    header, payload, _ = jose.parts(mint.genuine())
    return f"{header}.{payload}.{jose.parts(other)[2]}"


def _other_instance(mint: Mint) -> str:
    """Under its own key and in its own name."""
    other = mint.foreign
    return mint.signed(mint.claims(iss=other.issuer), key=other.key, kid=other.key.kid)


def _weak(mint: Mint) -> str:
    body = f"{jose.segment(mint.header())}.{jose.segment(mint.claims())}"
    return f"{body}.{jose.b64url(jose.sign_with_512_bits(body.encode()))}"


def _pss(mint: Mint) -> str:
    body = f"{jose.segment(mint.header())}.{jose.segment(mint.claims())}"
    signature = mint.instance.key.private.sign(
        body.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
    )
    return f"{body}.{jose.b64url(signature)}"


def _padded(change: Callable[[bytes], bytes]) -> Recipe:
    """A signature of the genuine key whose padding (RFC 8017 section 9.2) was changed before it was signed."""

    def make(mint: Mint) -> str:
        numbers = mint.instance.key.private.private_numbers()
        body = f"{jose.segment(mint.header())}.{jose.segment(mint.claims())}"
        size = mint.instance.key.private.key_size // 8
        info = change(jose.DIGEST_INFO + hashlib.sha256(body.encode()).digest())
        block = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
        return f"{body}.{jose.b64url(jose.raw_rsa(numbers, block))}"

    return token(make)


CREDENTIALS = [
    _entry("forged", token(lambda m: m.signed(m.claims(), key=m.attacker)), "Everything as in a genuine token, but signed with the attacker's own key.", tags=frozenset({"sentinel", "spot-check", "without-keys", "misconfigured", "every-case"})),
    _entry("forged-unknown-kid", token(lambda m: m.signed(m.claims(), key=m.attacker, kid=m.attacker.kid)), "Signed with the attacker's key, under a key id that was never published.", "RFC 7515 section 4.1.4", tags=frozenset({"without-keys"})),
    _entry("forged-no-kid", token(lambda m: m.signed(m.claims(), key=m.attacker, kid=...)), "Signed with the attacker's key, without saying which key.", "RFC 7515 section 4.1.4"),
    _entry("signature-stripped", token(lambda m: ".".join(jose.parts(m.genuine())[:2]) + "."), "A genuine token whose signature was taken away; the algorithm still says RS256."),
    _entry("signature-empty", tampered(lambda s: b"\x00"), "A signature of a single zero byte."),
    _entry("signature-flipped-first", _flip(0), "A genuine token with the first bit string of its signature changed.", tags=frozenset({"sentinel"})),
    _entry("signature-flipped-last", _flip(-1), "A genuine token with the last byte of its signature changed."),
    _entry("signature-truncated", tampered(lambda s: s[: len(s) // 2]), "A genuine token with half of its signature."),
    _entry("signature-zeros", tampered(lambda s: bytes(len(s))), "A signature of zeros, as long as a genuine one."),
    _entry("signature-of-another-token", token(_of_another_token), "Alice's claims under the signature of Bob's genuine token."),
    _entry("payload-swapped-sub", token(lambda m: _another_payload(m, sub=m.other_subject)), "A genuine token in which the user was replaced by another."),
    _entry("payload-extended-exp", token(lambda m: _another_payload(m, exp=m.now() + 31_536_000)), "A genuine token whose end was moved by a year."),
    _entry("header-swapped", token(_another_header), "A genuine token with another header than the one that was signed."),
    _entry("signed-by-other-instance", token(_other_instance), "A genuine token of somebody else's Clerk instance.", "RFC 8725 section 3.8", "CWE-346"),
    _entry("weak-512-bit-key", token(_weak), "Signed with a 512-bit RSA key, which can be factored.", "RFC 8725 section 3.5; RFC 7518 section 3.3", "CWE-326"),
    _entry("pkcs1-padding-modified", several(_padded(lambda info: info + bytes(8)), _padded(lambda info: info[-32:]), _padded(lambda info: bytes([info[0], info[1] + 1]) + info[2:]), _padded(lambda info: bytes(4) + info)), "Signed by the genuine key with another padding around the hash: who only looks for the hash in it would take forgeries under weaker keys.", "RFC 8017 section 9.2; Wycheproof (ModifiedPadding)"),
    _entry("pss-for-pkcs1", token(_pss), "A signature of another padding (PSS) than the algorithm in the header says.", "RFC 7518 sections 3.3 and 3.5"),
]
