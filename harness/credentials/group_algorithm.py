"""Group `algorithm`: the token says how it wants to be verified, and lies."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.credentials import jose
from harness.credentials.mint import Mint
from harness.credentials.model import JWT, Credential, Presentation, Recipe
from harness.credentials.recipes import several, token
from harness.credentials.shared_secrets import shared_secrets

_NONE = "RFC 8725 section 2.1; CVE-2015-9235"
_CONFUSION = "RFC 8725 section 2.1; CVE-2016-10555, CVE-2022-29217"
_ALG = "RFC 7515 section 4.1.1"
WEAK_SECRETS = ("secret", "your_secret_key", "changeme", "your-256-bit-secret", "jwt_secret", "password", "test")


def _entry(name: str, recipe: Recipe, source: str, why: str, cwe: str = "CWE-347", **more: Any) -> Credential:
    return Credential(name, "algorithm", recipe, cwe, source, why, damages=JWT, **more)


_NEVER = "ins_2NeverPublishedByAnybody00000"


def _unsigned(alg: Any, signature: str = "", **header: Any) -> Recipe:
    return token(lambda m: jose.unsigned(m.header(alg=alg, **header), m.claims(), signature))


def _hmac(key: Any, alg: str = "HS256") -> Recipe:
    digest = "sha" + alg[2:]
    return token(lambda m: jose.hmac_signed(m.header(alg=alg), m.claims(), key(m), digest))


def _unknown_kid(key: Callable[[Mint], bytes]) -> Recipe:
    return token(lambda m: jose.hmac_signed(m.header(alg="HS256", kid=m.attacker.kid), m.claims(), key(m)))


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


def _forms(**keys: Callable[[Mint], bytes]) -> Recipe:
    """The same claims under several spellings of one key; each form says which."""

    def one(name: str, key: Callable[[Mint], bytes]) -> Recipe:
        signed = _hmac(key)
        return lambda mint: replace(signed(mint), form=name.replace("_", " "))

    return several(*(one(name, key) for name, key in keys.items()))


def _one_line(pem: bytes) -> bytes:
    """The base64 of a PEM without its first and last line and without line breaks (RFC 7468 section 3)."""
    return b"".join(pem.strip().splitlines()[1:-1])


def _spellings(pem: Callable[[Mint], bytes]) -> dict[str, Callable[[Mint], bytes]]:
    """How configuration and libraries hold a PEM: what HMAC is given is these very bytes."""
    return {
        "line_break_before": lambda m: b"\n" + pem(m),
        "two_line_breaks_after": lambda m: pem(m) + b"\n",
        "line_breaks_around": lambda m: b"\n" + pem(m).strip() + b"\n\n",
        "no_line_break_after": lambda m: pem(m).strip(),
        "CRLF": lambda m: pem(m).replace(b"\n", b"\r\n"),
        "CRLF,_none_after": lambda m: pem(m).strip().replace(b"\n", b"\r\n"),
        "escaped_line_breaks": lambda m: pem(m).strip().replace(b"\n", b"\\n"),
        "escaped_line_breaks,_one_after": lambda m: pem(m).replace(b"\n", b"\\n"),
        "spaces_for_line_breaks": lambda m: pem(m).strip().replace(b"\n", b" "),
        "indented": lambda m: b"\n".join(b"    " + line for line in pem(m).splitlines()),
        "indented_between_line_breaks": lambda m: b"\n    " + pem(m).strip().replace(b"\n", b"\n    ") + b"\n",
        "indented_after_the_first_line": lambda m: pem(m).strip().replace(b"\n", b"\n    "),
        "spaces_before_line_breaks": lambda m: pem(m).replace(b"\n", b" \n"),
        "carriage_returns_alone": lambda m: pem(m).replace(b"\n", b"\r"),
        "after_a_comment": lambda m: b"# Clerk's public key\n" + pem(m),
        "the_base64_lines_alone": lambda m: b"\n".join(pem(m).strip().splitlines()[1:-1]),
        "the_base64_alone": lambda m: _one_line(pem(m)),
        "base64_of_the_whole": lambda m: base64.b64encode(pem(m)),
        "quoted": lambda m: b'"' + pem(m).strip() + b'"',
    }


_KEY_ORDERS = (
    ("use", "kty", "kid", "alg", "n", "e"),
    ("kty", "n", "e", "alg", "kid", "use"),
    ("alg", "e", "kid", "kty", "n", "use"),
    ("kty", "kid", "use", "alg", "n", "e"),
    ("e", "kty", "n"),
    ("kty", "n", "e"),
)
"""As Clerk publishes it, as RFC 7517 shows it, sorted, as libraries write it, as a thumbprint has it (RFC 7638)."""


def _json_spellings(whole: bool) -> dict[str, Callable[[Mint], bytes]]:
    """The published key, or the key set, as JSON: compact, spaced and indented, in several orders of its names."""

    def spelled(order: tuple[str, ...], **style: Any) -> Callable[[Mint], bytes]:
        def make(mint: Mint) -> bytes:
            # The first key alone: what was cached before a rotation.
            key = {name: mint.instance.key.jwk[name] for name in order}
            value: Any = {"keys": [key]} if whole else key
            return json.dumps(value, **style).encode()

        return make

    styles: dict[str, dict[str, Any]] = {
        "spaced": {}, "compact": {"separators": (",", ":")}, "indented_by_two": {"indent": 2}, "by_four": {"indent": 4},
    }  # fmt: skip
    return {
        f"{style}:_{'_'.join(order)}": spelled(order, **options) for order in _KEY_ORDERS for style, options in styles.items()
    }


def _of_the_target(mint: Mint) -> Presentation:
    """HS256 under each value of the target's variables that looks like a secret, and under each public key among them."""
    forms = [
        Presentation(
            token=jose.hmac_signed(mint.header(alg="HS256"), mint.claims(), key), form=f"the value of {name}{spelling}"
        )
        for name, value in mint.target_secrets.items()
        for spelling, key in _decodings(value)
    ]
    # A target without such variables is sent one under a text that nobody has.
    first, *rest = forms or [Presentation(token=_unheard_of(mint))]
    return replace(first, also=tuple(rest))


def _decodings(value: str) -> list[tuple[str, bytes]]:
    """A secret as it stands, and what it says in base64 or hex: libraries take either. Svix's say it after `whsec_`."""
    found = [("", value.encode())]
    text = value.removeprefix("whsec_")
    for name, alphabet, decode in (
        (", decoded from base64", r"[A-Za-z0-9+/_-]{32,}={0,2}", jose.unb64url),
        (", decoded from hex", r"([0-9A-Fa-f]{2}){16,}", bytes.fromhex),
    ):
        if re.fullmatch(alphabet, text):
            with contextlib.suppress(ValueError):
                found.append((name, decode(text.replace("+", "-").replace("/", "_").rstrip("="))))
    return found


def _unheard_of(mint: Mint) -> str:
    return jose.hmac_signed(mint.header(alg="HS256"), mint.claims(), secrets.token_bytes(32))


def _shared(mint: Mint) -> Presentation:
    """HS256 under each secret that public documentation prints."""
    header, claims = mint.header(alg="HS256"), mint.claims()
    forms = [
        Presentation(token=jose.hmac_signed(header, claims, key), form=f"a secret of {secret.source}{spelling}")
        for secret in shared_secrets()
        for spelling, key in _decodings(secret.value)
    ]
    return replace(forms[0], also=tuple(forms[1:]))


def _es256(mint: Mint) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(mint.claims(), key, algorithm="ES256", headers=mint.header(alg=...))


CREDENTIALS = [
    _entry("alg-none", _unsigned("none"), _NONE, "A token that says it needs no signature, and has none.", tags=frozenset({"sentinel", "spot-check", "without-keys", "misconfigured"})),
    _entry("alg-none-mixed-case", several(*map(_unsigned, ("None", "NONE", "nOnE"))), _NONE, "The same in other spellings of none, which a filter may miss."),
    _entry("alg-none-with-signature", token(lambda m: jose.unsigned(m.header(alg="none"), m.claims(), jose.parts(m.genuine())[2])), _NONE, "A token that says it needs no signature, with a signature from elsewhere."),
    _entry("alg-none-unknown-kid", several(*(_unsigned(alg, kid=_NEVER) for alg in ("none", "None", "NONE"))), _NONE, "The same under a key id that was never published: who finds no key must not verify without one."),
    _entry("alg-none-no-kid", several(*(_unsigned(alg, kid=...) for alg in ("none", "None", "NONE"))), _NONE, "The same without a key id, as a token that another library made."),
    _entry("alg-missing", _unsigned(...), _ALG, "A token that does not say how it is signed, and is not."),
    _entry("alg-null", _unsigned(None), _ALG, "A token whose algorithm is null, unsigned."),
    _entry("alg-number", _unsigned(256, "c2ln"), _ALG, "A token whose algorithm is a number: must be refused, not crash.", "CWE-248"),
    _entry("alg-array", _unsigned(["RS256", "none"], "c2ln"), _ALG, "A token whose algorithm is a list: must be refused, not crash.", "CWE-248"),
    _entry("alg-empty", _unsigned(""), _ALG, "A token whose algorithm is the empty word, unsigned."),
    _entry("alg-lowercase-rs256", token(lambda m: m.signed(m.claims(), alg="rs256", key=m.attacker)), _ALG, "An algorithm in lower case, which is none, and the attacker's signature: a case-blind lookup may fall through."),
    _entry("hs256-with-pem", _hmac(_pem), _CONFUSION, "Signed with the published public key as if it were a shared secret.", tags=frozenset({"sentinel", "spot-check"})),
    _entry("hs256-with-pem-no-newline", _hmac(lambda m: _pem(m).strip()), _CONFUSION, "The same, without the newline at the end, as configuration often holds it."),
    _entry("hs256-with-pkcs1-pem", _hmac(_pkcs1), _CONFUSION, "The public key in its older text form, used as a shared secret."),
    _entry("hs256-with-der", _hmac(_der), _CONFUSION, "The public key in its binary form, used as a shared secret."),
    _entry("hs256-with-ssh-public-key", _hmac(_ssh), "CVE-2022-29217; CVE-2024-33663", "The public key as SSH writes it, used as a shared secret: filters for PEM do not know it."),
    _entry("hs256-with-jwk-json", _hmac(lambda m: json.dumps(m.instance.key.jwk).encode()), _CONFUSION, "The published key document of one key, used as a shared secret."),
    _entry("hs256-with-jwks-json", _hmac(lambda m: json.dumps(m.instance.jwks()).encode()), _CONFUSION, "The whole published key document, used as a shared secret."),
    _entry("hs256-with-modulus", _hmac(lambda m: jose.unb64url(m.instance.key.jwk["n"])), _CONFUSION, "The public key's modulus, used as a shared secret."),
    _entry("hs256-with-pem-spellings", _forms(**_spellings(_pem)), _CONFUSION, "The public key as a shared secret, in the spellings in which configuration and libraries hold it: other line breaks, comments, one line.", sparse=True),
    _entry("hs256-with-pkcs1-spellings", _forms(**_spellings(_pkcs1)), _CONFUSION, "The same for the older text form.", sparse=True),
    _entry("hs256-with-jwk-spellings", _forms(**_json_spellings(False)), _CONFUSION, "The published key as JSON in other spellings (spaces, order of names), used as a shared secret.", sparse=True),
    _entry("hs256-with-jwks-spellings", _forms(**_json_spellings(True)), _CONFUSION, "The published key set as JSON in other spellings, used as a shared secret.", sparse=True),
    _entry("hs256-unknown-kid", several(_unknown_kid(_pem), _unknown_kid(lambda m: b"")), _CONFUSION, "The public key, or the empty text, as a shared secret under a key id that was never published."),
    _entry("hs384-with-pem", _hmac(_pem, "HS384"), _CONFUSION, "The public key as a shared secret, with another hash."),
    _entry("hs512-with-pem", _hmac(_pem, "HS512"), _CONFUSION, "The public key as a shared secret, with another hash."),
    _entry("hs256-blank-secret", _hmac(lambda m: b""), "RFC 7518 section 3.2", "Signed with the empty secret, as when a setting is missing.", "CWE-1391", tags=frozenset({"without-keys", "misconfigured"})),
    _entry("hs256-weak-secret", several(*map(_under, WEAK_SECRETS)), "RFC 8725 section 3.5", "Signed with secrets that tutorials print.", "CWE-1391"),
    _entry("hs256-shared-secrets", _shared, "RFC 8725 section 3.5; CWE-798", "Signed with one of the secrets that tutorials, templates and documentation print, of which backends forget to change many.", "CWE-798", sparse=True),
    _entry("hs256-with-target-secret", _of_the_target, "RFC 8725 section 2.1", "Signed with the value of one of the target's own variables that look like a secret or a public key: a second kind of token that nobody declared.", "CWE-323", sparse=True),
    _entry("hs256-with-secret-key-env", _hmac(lambda m: m.instance.secret_key.encode()), "RFC 8725 section 2.1", "Signed with the Backend API's secret key, which is not a token key.", "CWE-323"),
    _entry("hs256-with-publishable-key", _hmac(lambda m: m.instance.publishable_key.encode()), "RFC 8725 section 2.1", "Signed with the publishable key, which everybody can read.", "CWE-1391"),
    _entry("es256-zero", token(lambda m: jose.unsigned(m.header(alg="ES256"), m.claims(), jose.b64url(bytes(64)))), "CVE-2022-21449", "An elliptic-curve signature of two zeros, which broken libraries hold valid for every message."),
    _entry("es256-own-key", token(_es256), "RFC 8725 section 3.1", "Signed with the attacker's elliptic-curve key, under the genuine key id."),
    _entry("eddsa-zero", token(lambda m: jose.unsigned(m.header(alg="EdDSA"), m.claims(), jose.b64url(bytes(64)))), "RFC 8037 section 3.1", "An Edwards-curve signature of zeros."),
    _entry("rs256-as-rs512", token(lambda m: jose.unsigned(m.header(alg="RS512"), m.claims(), jose.parts(m.genuine())[2])), "RFC 8725 section 3.1", "A header that names another hash than the signature uses."),
]
