"""Group `absent`: no credential, or something that is none."""

from __future__ import annotations

from harness.credentials import jose
from harness.credentials.mint import Mint
from harness.credentials.model import JWT, Credential, Presentation, Recipe
from harness.credentials.recipes import authorization, several, token

_BEARER = "RFC 6750 section 2.1"
_COMPACT = "RFC 7515 section 7.1"
_JWT = "RFC 7519 section 7.2"


def _entry(name: str, recipe: Recipe, source: str, why: str, *, cwe: str = "CWE-20", **more: object) -> Credential:
    return Credential(name, "absent", recipe, cwe, source, why, **more)  # type: ignore[arg-type]


def _parts(make: object) -> Recipe:
    return token(lambda m: make(*jose.parts(m.genuine())))  # type: ignore[operator]


def _forged(mint: Mint) -> str:
    return mint.signed(mint.claims(), key=mint.attacker)


def _both(*order: str) -> Recipe:
    def recipe(mint: Mint) -> Presentation:
        values = {"genuine": mint.genuine(), "forged": _forged(mint)}
        return Presentation(authorization=tuple(f"Bearer {values[name]}".encode() for name in order))

    return recipe


CREDENTIALS = [
    _entry("missing", lambda m: Presentation(), "RFC 9110 section 11.6.2", "No credential at all.", cwe="CWE-306", token=False, tags=frozenset({"sentinel", "without-keys", "misconfigured", "every-case"})),
    _entry("empty-header", authorization(lambda m: ""), _BEARER, "An Authorization field without a value.", token=False, placed=True),
    _entry("scheme-only", authorization(lambda m: "Bearer"), _BEARER, "The word Bearer and nothing after it.", token=False, placed=True, tags=frozenset({"misconfigured"})),
    _entry("scheme-only-spaces", authorization(lambda m: "Bearer    "), _BEARER, "The word Bearer and only spaces after it.", token=False, placed=True),
    _entry("wrong-scheme-basic", authorization(lambda m: f"Basic {m.genuine()}"), "RFC 7617", "A genuine token under the scheme of passwords.", damages=JWT, placed=True),
    _entry("wrong-scheme-token", authorization(lambda m: f"Token {m.genuine()}"), _BEARER, "A genuine token under a scheme that is not Bearer.", damages=JWT, placed=True),
    _entry("no-scheme", authorization(lambda m: m.genuine()), _BEARER, "A genuine token without the word Bearer; some SDKs take it.", tolerate=True, authentic=True, damages=JWT, placed=True),
    _entry("scheme-lowercase", authorization(lambda m: f"bearer {m.genuine()}"), "RFC 9110 section 11.1", "A genuine token after bearer in lower case: schemes are case-insensitive.", tolerate=True, authentic=True, damages=JWT, placed=True),
    _entry("double-scheme", authorization(lambda m: f"Bearer Bearer {m.genuine()}"), _BEARER, "The word Bearer twice before a genuine token.", damages=JWT, placed=True),
    _entry("garbage", token(lambda m: "not-a-token"), _COMPACT, "A word that is no token.", tags=frozenset({"malformed", "without-keys"})),
    _entry("null-token", token(lambda m: "null"), _COMPACT, "The word null, as front ends send it whose session is not there yet.", tags=frozenset({"malformed"})),
    _entry("undefined-token", token(lambda m: "undefined"), _COMPACT, "The word undefined, as front ends send it whose session is not there yet.", tags=frozenset({"malformed"})),
    _entry("one-segment", _parts(lambda h, p, s: h), _COMPACT, "Only the first of a token's three parts.", damages=JWT, tags=frozenset({"malformed"})),
    _entry("two-segments", _parts(lambda h, p, s: f"{h}.{p}"), _COMPACT, "A token whose signature part is cut off with its dot.", damages=JWT, tags=frozenset({"malformed"})),
    _entry("four-segments", _parts(lambda h, p, s: f"{h}.{p}.{s}.{s}"), _COMPACT, "A token with a part too many.", damages=JWT, tags=frozenset({"malformed"})),
    _entry("segment-missing", several(_parts(lambda h, p, s: f".{p}.{s}"), _parts(lambda h, p, s: f"{h}..{s}"), _parts(lambda h, p, s: f"{p}.{s}"), _parts(lambda h, p, s: f"{h}.{s}"), _parts(lambda h, p, s: f"..{s}")), _COMPACT, "A token without its first or its second part, with the dot and without it.", damages=JWT),
    _entry("empty-segments", token(lambda m: ".."), _COMPACT, "Two dots and nothing else.", tags=frozenset({"malformed"})),
    _entry("not-base64", token(lambda m: "%%%.$$$.!!!"), _COMPACT, "Three parts that are not base64url.", tags=frozenset({"malformed"})),
    _entry("not-json", token(lambda m: ".".join(jose.b64url(t) for t in (b"not json", b"neither", b"sig"))), _JWT, "Three parts that decode to something that is not JSON.", tags=frozenset({"malformed"})),
    _entry("json-array-payload", token(lambda m: m.signed(["sub", m.user.id])), _JWT, "Genuinely signed, but the payload is a JSON array: it has no claims.", damages=JWT, tags=frozenset({"malformed"})),
    _entry("padded-base64", _parts(lambda h, p, s: ".".join(t + "=" * (-len(t) % 4) for t in (h, p, s))), "RFC 7515 section 2", "A genuine token with padding characters, which compact JWS leaves out.", tolerate=True, authentic=True, damages=JWT),
    _entry("space-inside", _parts(lambda h, p, s: f"{h}. {p}.{s}"), _COMPACT, "A genuine token with a space in the middle.", damages=JWT),
    _entry("control-characters", authorization(lambda m: b"Bearer \x01\x0b\x7f" + m.genuine().encode()), "RFC 9110 section 5.5", "Control characters before a genuine token.", unsendable=True, damages=JWT, placed=True),
    _entry("non-ascii", authorization(lambda m: "Bearer \xfc\xdf" + _forged(m)), "RFC 9110 section 5.5", "Letters outside ASCII in the field: must be refused, not crash.", cwe="CWE-248", unsendable=True, damages=JWT, placed=True),
    _entry("nul-byte", authorization(lambda m: b"Bearer " + _forged(m).encode() + b"\x00"), "RFC 9110 section 5.5", "A NUL byte after the token: must be refused, not crash.", cwe="CWE-158", unsendable=True, damages=JWT, placed=True),
    _entry("huge-token", token(lambda m: "A" * 524_287 + "." + "B" * 524_287 + "."), "CWE-400", "A token of one mebibyte: must be refused without much work.", cwe="CWE-400", unsendable=True),
    _entry("deeply-nested-json", token(lambda m: f"{jose.b64url(b'[' * 20_000 + b']' * 20_000)}.{jose.segment(m.claims())}.c2ln"), "RFC 8259 section 9", "A header that nests 20,000 arrays: parsers run out of stack.", cwe="CWE-674", unsendable=True, damages=JWT),
    _entry("comma-joined", authorization(lambda m: f"Bearer {_forged(m)}, Bearer {m.genuine()}"), "RFC 9110 section 5.3", "Two tokens in one field, joined by a comma.", damages=JWT, placed=True),
    _entry("duplicate-header-genuine-first", _both("genuine", "forged"), "RFC 9110 section 5.3", "Two Authorization fields, the genuine one first: parts of a system may read different ones.", tolerate=True, authentic=True, damages=JWT, placed=True),
    _entry("duplicate-header-forged-first", _both("forged", "genuine"), "RFC 9110 section 5.3", "Two Authorization fields, the forged one first: parts of a system may read different ones.", tolerate=True, authentic=True, damages=JWT, placed=True),
]
