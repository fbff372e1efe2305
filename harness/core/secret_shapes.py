"""What a secret looks like, for those that nobody told of: keys, tokens, passwords, long random texts."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from itertools import pairwise

KEPT = 8
"""So many first characters of a secret are shown, where it is at least twice as long; of passwords none."""
_ENDLESS = 1000
"""A word of so many characters is none that anybody reads."""

PASSWORD_NAME = re.compile(r"passw(?:or)?d|pwd|passphrase|(?:^|[_.-])pass$", re.IGNORECASE)
_NOTHING = re.compile(r"none|null|true|false|str|string|required|missing|invalid|secretstr|\*+|x+", re.IGNORECASE)

_PEM = re.compile(
    r"-----BEGIN ([A-Z0-9 ]{3,40})-----"
    r"(?:.{0,8000}?-----END \1-----|(?:(?:\s|\\+[nr])*[A-Za-z0-9+/=]{12,})*)…?",
    re.DOTALL,
)
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@\"'<>]*):[^/\s\"'<>]+@")
_BROKEN_OFF = re.compile(r"(?<=://)([^/\s:@\"'<>]*):(?!\d*\Z)[^/\s\"'<>@{…$]+\Z")
"""A URL that ends in what must be a password, for a port is a number: somebody's limit lay before the `@`."""
_PREFIXED = re.compile(
    r"\b(?:sk|pk|rk)_(?:test|live)_[\w$=+/-]{8,}"  # Clerk's and Stripe's keys
    r"|(?:sk|pk)_(?:test|live)_[A-Za-z0-9$=-]{16,}"  # glued to a word
    r"|whsec_[\w+/=-]{8,}"  # secrets of webhooks (Standard Webhooks, Svix)
    r"|\bv\da?,[\w+/=-]{20,}"  # and their signatures
    r"|\b(?:ak|mt|oat|rt)_(?=[\w-]*\d)[\w-]{16,}|\bdvb_[\w-]{16,}"  # Clerk's opaque tokens, development browsers
    r"|\b1\d{9}-(?:c_[\w-]{20,}|[0-9a-f]{32,})"  # Clerk's testing tokens
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-)[\w-]{16,}"  # GitHub, GitLab, Slack
    r"|\bAKIA[0-9A-Z]{16}\b",  # AWS
    re.ASCII,
)
_DOTTED = re.compile(r"(?<![\w.-])[\w-]{8,}=*(?:\.[\w=-]*){1,4}", re.ASCII)
_OBJECT = ("eyJ", "eyA", "ew")
"""How base64url of a JSON object begins: `{"`, `{ `, `{` and a line's end."""
_AUTHORIZATION = re.compile(r"\b(basic|bearer|token)(\s+|%20)([\w+/=.~-]{8,})(?![\w+/=.~…-])", re.IGNORECASE | re.ASCII)
_COOKIES = re.compile(r"\b((?:set-)?cookie[\"']?\s?[:=,]\s?[bB]?[\"']?)([^\r\n\"']+)", re.IGNORECASE)
_COOKIE = re.compile(r"([\w.-]+)=([^;,\s]{6,})")
_ATTRIBUTES = {"path", "domain", "expires", "max-age", "samesite", "priority"}
_NAMED = re.compile(
    r"(?<![\w.-])(?P<name>[\w.-]{0,40}?(?:key|secret|token|passw(?:or)?d|pwd|passphrase|credential|signature|session|auth|"
    r"private|salt|dsn)[\w.-]{0,40})(?P<between>\\{0,3}[\"']?\s?(?:=>|=|:|%3D)\s?)"
    r"(?:(?P<quote>\\{0,3}[\"'])(?P<quoted>(?:(?!(?P=quote))[^\r\n])+)(?P=quote)|(?P<bare>[^\s\"'\\,;&)}\]<>…]+))",
    re.IGNORECASE | re.ASCII,
)
_LONG = re.compile(r"(?<![\w+/-])[\w+/-]{32,}={0,2}", re.ASCII)
_PIECE = re.compile(r"[\w+-]{32,}={0,2}", re.ASCII)
_ID = re.compile(r"[a-z]{2,12}_[A-Za-z0-9]{20,29}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)


def _changes(text: str) -> int:
    """How often a character is of another kind (digit, small, capital) than the one before it."""
    kinds = ["0" if c.isdigit() else "a" if c.islower() else "A" for c in text if c.isalnum()]
    return sum(1 for one, other in pairwise(kinds) if one != other)


def random(text: str, least: int = 32, often: float = 0.3) -> bool:
    """Whether a text of letters and digits was made by chance: words change their kind of character seldom, base64 does often.

    base64 changes at two of three characters, names in camel case at one of four; those with one digit (`OAuth2`) at more.
    """
    if len(text) < least or _ID.fullmatch(text):
        return False
    digits, changes = sum(map(str.isdigit, text)), _changes(text)
    mixed = digits and any(map(str.islower, text)) and any(map(str.isupper, text))
    return bool(mixed) and changes >= often * len(text) and (digits > 1 or changes >= 0.4 * len(text))


def _valuable(text: str) -> bool:
    """Whether what stands after a name that tells is a value, and no word."""
    text = text.strip("=")
    if _HEX.fullmatch(text) or _UUID.fullmatch(text) or random(text, 16):
        return True
    return len(text) >= 20 and text.isalnum() and any(map(str.isalpha, text)) and sum(map(str.isdigit, text)) >= 4


def _cut(text: str, kept: int = KEPT) -> str:
    """What is shown of a secret."""
    return f"{text[:kept] if len(text) >= 2 * kept else ''}…"


def _dotted(found: re.Match[str]) -> str:
    """A JSON Web Token, signed or encrypted, whole or with a segment too few; host and module names stay."""
    text = found.group(0)
    segments = text.split(".")
    token = text.startswith(_OBJECT) and len(text) >= 16
    return _cut(text) if token or any(random(segment, 20) for segment in segments) else text


def _long(found: re.Match[str]) -> str:
    """A long random text; between slashes each part for itself, unless the whole is base64 with slashes in it."""
    text = found.group(0)
    if len(text) >= _ENDLESS:
        return _cut(text)
    if "/" not in text:
        return _cut(text) if random(text) else text
    if (
        not text.startswith("/")
        and "_" not in text
        and "-" not in text
        and random(text, 40, 0.3 if text.endswith("=") else 0.4)
    ):
        return _cut(text)
    return _PIECE.sub(lambda piece: _cut(piece.group(0)) if random(piece.group(0)) else piece.group(0), text)


def _authorization(found: re.Match[str]) -> str:
    scheme, space, value = found.groups()
    if scheme.lower() == "basic":
        try:
            told = b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
        except (binascii.Error, ValueError):
            return found.group(0)
        return f"{scheme}{space}…" if told else found.group(0)
    if scheme.lower() == "token" and not _valuable(value):
        return found.group(0)
    return f"{scheme}{space}{_cut(value)}" if any(map(str.isdigit, value)) or len(value) >= 24 else found.group(0)


def _cookies(found: re.Match[str]) -> str:
    def one(pair: re.Match[str]) -> str:
        name, value = pair.groups()
        return pair.group(0) if name.lower() in _ATTRIBUTES or "…" in value else f"{name}={_cut(value)}"

    return found.group(1) + _COOKIE.sub(one, found.group(2))


def _password(value: str, *, certain: bool) -> bool:
    """Whether what follows the name of a password is one; `certain`: it is assigned or quoted, and no sentence goes on."""
    if value.startswith(("$", "…", "{", "<", "%(")) or _NOTHING.fullmatch(value):
        return False
    return certain or (len(value) >= 6 and not value.isalpha())


def _named(found: re.Match[str]) -> str:
    name, quoted = found["name"], found["quoted"]
    value = quoted if quoted is not None else found["bare"]
    if PASSWORD_NAME.search(name):
        sentence = " " in value and ":" in found["between"]
        if sentence or not _password(value, certain=quoted is not None or ":" not in found["between"]):
            return found.group(0)
        shown = "…"
    elif _valuable(value):
        shown = _cut(value)
    else:
        return found.group(0)
    quote = found["quote"] or ""
    return f"{name}{found['between']}{quote}{shown}{quote}"


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_PEM, lambda found: f"-----BEGIN {found.group(1)}-----…"),
    (_URL_PASSWORD, lambda found: f"{found.group(1)}:…@"),
    (_BROKEN_OFF, lambda found: f"{found.group(1)}:…"),
    (_PREFIXED, lambda found: _cut(found.group(0))),
    (_DOTTED, _dotted),
    (_AUTHORIZATION, _authorization),
    (_COOKIES, _cookies),
    (_NAMED, _named),
    (_LONG, _long),
)


def by_shape(text: str) -> str:
    """The text with all that looks like a secret cut, and nothing of passwords left."""
    for pattern, rule in _RULES:
        text = pattern.sub(rule, text)
    return text
