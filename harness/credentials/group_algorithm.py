"""Group `algorithm`: the token says how it wants to be verified, and lies."""

from __future__ import annotations

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.credentials import jose
from harness.credentials.mint import Mint
from harness.credentials.model import JWT, Credential, Recipe
from harness.credentials.recipes import several, token

_NONE = "RFC 8725 section 2.1; CVE-2015-9235"
_CONFUSION = "RFC 8725 section 2.1; CVE-2016-10555, CVE-2022-29217"
_ALG = "RFC 7515 section 4.1.1"
WEAK_SECRETS = ("secret", "your_secret_key", "changeme", "your-256-bit-secret", "jwt_secret", "password", "test")


def _entry(name: str, recipe: Recipe, source: str, why: str, cwe: str = "CWE-347", **more: Any) -> Credential:
    return Credential(name, "algorithm", recipe, cwe, source, why, damages=JWT, **more)


def _unsigned(alg: Any, signature: str = "") -> Recipe:
    return token(lambda m: jose.unsigned(m.header(alg=alg), m.claims(), signature))


def _hmac(key: Any, alg: str = "HS256") -> Recipe:
    digest = "sha" + alg[2:]
    return token(lambda m: jose.hmac_signed(m.header(alg=alg), m.claims(), key(m), digest))


def _under(secret: str) -> Recipe:
    return _hmac(lambda m: secret.encode())


def _pem(mint: Mint) -> bytes:
    return mint.instance.key.public_pem


def _pkcs1(mint: Mint) -> bytes:
    return mint.instance.key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)


def _der(mint: Mint) -> bytes:
    return mint.instance.key.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _ssh(mint: Mint) -> bytes:
    return mint.instance.key.private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def _es256(mint: Mint) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(mint.claims(), key, algorithm="ES256", headers=mint.header(alg=...))


CREDENTIALS = [
    _entry("alg-none", _unsigned("none"), _NONE, "A token that says it needs no signature, and has none.", tags=frozenset({"spot-check", "without-keys", "misconfigured"})),
    _entry("alg-none-mixed-case", several(*map(_unsigned, ("None", "NONE", "nOnE"))), _NONE, "The same in other spellings of none, which a filter may miss."),
    _entry("alg-none-with-signature", token(lambda m: jose.unsigned(m.header(alg="none"), m.claims(), jose.parts(m.genuine())[2])), _NONE, "A token that says it needs no signature, with a signature from elsewhere."),
    _entry("alg-missing", _unsigned(...), _ALG, "A token that does not say how it is signed, and is not."),
    _entry("alg-null", _unsigned(None), _ALG, "A token whose algorithm is null, unsigned."),
    _entry("alg-number", _unsigned(256, "c2ln"), _ALG, "A token whose algorithm is a number: must be refused, not crash.", "CWE-248"),
    _entry("alg-array", _unsigned(["RS256", "none"], "c2ln"), _ALG, "A token whose algorithm is a list: must be refused, not crash.", "CWE-248"),
    _entry("alg-empty", _unsigned(""), _ALG, "A token whose algorithm is the empty word, unsigned."),
    _entry("alg-lowercase-rs256", token(lambda m: m.signed(m.claims(), alg="rs256", key=m.attacker)), _ALG, "An algorithm in lower case, which is none, and the attacker's signature: a case-blind lookup may fall through."),
    _entry("hs256-with-pem", _hmac(_pem), _CONFUSION, "Signed with the published public key as if it were a shared secret.", tags=frozenset({"spot-check"})),
    _entry("hs256-with-pem-no-newline", _hmac(lambda m: _pem(m).strip()), _CONFUSION, "The same, without the newline at the end, as configuration often holds it."),
    _entry("hs256-with-pkcs1-pem", _hmac(_pkcs1), _CONFUSION, "The public key in its older text form, used as a shared secret."),
    _entry("hs256-with-der", _hmac(_der), _CONFUSION, "The public key in its binary form, used as a shared secret."),
    _entry("hs256-with-ssh-public-key", _hmac(_ssh), "CVE-2022-29217; CVE-2024-33663", "The public key as SSH writes it, used as a shared secret: filters for PEM do not know it."),
    _entry("hs256-with-jwk-json", _hmac(lambda m: json.dumps(m.instance.key.jwk).encode()), _CONFUSION, "The published key document of one key, used as a shared secret."),
    _entry("hs256-with-jwks-json", _hmac(lambda m: json.dumps(m.instance.jwks()).encode()), _CONFUSION, "The whole published key document, used as a shared secret."),
    _entry("hs256-with-modulus", _hmac(lambda m: jose.unb64url(m.instance.key.jwk["n"])), _CONFUSION, "The public key's modulus, used as a shared secret."),
    _entry("hs384-with-pem", _hmac(_pem, "HS384"), _CONFUSION, "The public key as a shared secret, with another hash."),
    _entry("hs512-with-pem", _hmac(_pem, "HS512"), _CONFUSION, "The public key as a shared secret, with another hash."),
    _entry("hs256-blank-secret", _hmac(lambda m: b""), "RFC 7518 section 3.2", "Signed with the empty secret, as when a setting is missing.", "CWE-1391", tags=frozenset({"without-keys", "misconfigured"})),
    _entry("hs256-weak-secret", several(*map(_under, WEAK_SECRETS)), "RFC 8725 section 3.5", "Signed with secrets that tutorials print.", "CWE-1391"),
    _entry("hs256-with-secret-key-env", _hmac(lambda m: m.instance.secret_key.encode()), "RFC 8725 section 2.1", "Signed with the Backend API's secret key, which is not a token key.", "CWE-323"),
    _entry("hs256-with-publishable-key", _hmac(lambda m: m.instance.publishable_key.encode()), "RFC 8725 section 2.1", "Signed with the publishable key, which everybody can read.", "CWE-1391"),
    _entry("es256-zero", token(lambda m: jose.unsigned(m.header(alg="ES256"), m.claims(), jose.b64url(bytes(64)))), "CVE-2022-21449", "An elliptic-curve signature of two zeros, which broken libraries hold valid for every message."),
    _entry("es256-own-key", token(_es256), "RFC 8725 section 3.1", "Signed with the attacker's elliptic-curve key, under the genuine key id."),
    _entry("eddsa-zero", token(lambda m: jose.unsigned(m.header(alg="EdDSA"), m.claims(), jose.b64url(bytes(64)))), "RFC 8037 section 3.1", "An Edwards-curve signature of zeros."),
    _entry("rs256-as-rs512", token(lambda m: jose.unsigned(m.header(alg="RS512"), m.claims(), jose.parts(m.genuine())[2])), "RFC 8725 section 3.1", "A header that names another hash than the signature uses."),
]
