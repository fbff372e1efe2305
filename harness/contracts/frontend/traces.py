"""Credentials in texts: what is one, or decodes to one, wherever a browser keeps, sends or shows it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from harness.core.secret_shapes import random

_JWT = re.compile(r"(?<![\w.-])(ey[\w-]{6,})\.([\w-]{8,})\.([\w-]*)", re.ASCII)
_BASE64 = re.compile(r"(?<![\w+/-])[\w+/-]{16,}={0,2}", re.ASCII)
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{2}){12,}(?![0-9A-Za-z])", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s\"':@<>]+@[^\s\"':@<>]+\.[a-z]{2,}", re.IGNORECASE)
_TELLING = re.compile(r"token|jwt|auth|bearer|credential|session|secret|api[_-]?key|passw", re.IGNORECASE)
_TELLING_WITHIN = re.compile(r"token|jwt|bearer|credential|secret|api[_-]?key|passw", re.IGNORECASE)
"""Within a document every library has its sessions and its states of auth."""
_IDENTITY = {"sub", "user_id", "userid", "uid", "email", "clerk_id", "token", "access_token"}
_DEPTH = 3
_MOST = 200_000
"""So many characters of a text are looked at: a page's state may be long, a credential in it is at its beginning or not."""


@dataclass(frozen=True)
class Trace:
    """A credential that was found. `text`: as it stands there; `what`: in words; `token`: the JSON Web Token, if it is one."""

    text: str
    what: str
    token: str | None = None


def claims_of(token: str) -> dict[str, Any] | None:
    """The claims of a JSON Web Token, not verified; None for what is none (RFC 7515, section 3)."""
    parts = token.split(".")
    header, claims = (_json(_bytes(part)) for part in parts[:2]) if len(parts) == 3 else (None, None)
    return claims if header is not None and claims is not None and "alg" in header else None


def traces(text: str, marks: frozenset[str] = frozenset(), depth: int = _DEPTH) -> Iterator[Trace]:
    """The credentials in a text, also those that are encoded. `marks`: addresses and ids of the people who use the browser."""
    text = _unquoted(text[:_MOST])
    seen: list[tuple[int, int]] = []
    for found in _JWT.finditer(text):
        if (claims := claims_of(found[0])) is not None:
            seen.append(found.span())
            if not _speaks_of_somebody(claims, marks):
                continue  # A key for everybody, as databases for browsers have them.
            yield Trace(found[0], "a session token of Clerk" if "sid" in claims else "a JSON Web Token", found[0])
    for found in (*_BASE64.finditer(text), *_HEX.finditer(text)):
        if any(start <= found.start() < end for start, end in seen):
            continue
        for plain in _plain(found[0]):
            what = _meaning(plain, marks)
            if what is not None:
                yield Trace(found[0], what)
                break
            if depth > 1 and (inner := next(traces(plain, marks, depth - 1), None)) is not None:
                yield Trace(found[0], f"an encoding of {inner.what}", inner.token)
                break


def _unquoted(text: str) -> str:
    """The text without percent-encoding, of which an address in an address has two (RFC 3986, section 2.1).

    Only so a credential is seen whole: the digits of `%3D` before it would be taken for its beginning.
    """
    for _ in range(_DEPTH):
        if "%" not in text or (decoded := unquote(text)) == text:
            break
        text = decoded
    return text


def named(name: str, value: str) -> Trace | None:
    """A value that its name says to be a credential: a long random text under `token`, `session_id` and the like.

    Of a JSON document, as stores of state are kept, each text by its own name.
    """
    if _TELLING.search(name) and _opaque(value):
        return Trace(value, "a long random text under a name of credentials")
    for key, text in _members(_json(_unquoted(value).encode("utf-8", "replace")), _DEPTH * 2):
        if _TELLING_WITHIN.search(key) and _opaque(text):
            return Trace(text, f"a long random text under `{key}`, a name of credentials")
    return None


def _opaque(text: str) -> bool:
    return re.fullmatch(r"[\w.+/=-]{16,}", text, re.ASCII) is not None and random(text.strip("="), 16)


def _members(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Names and texts of a document, however deep."""
    pairs = (
        value.items() if isinstance(value, dict) else (("", each) for each in value) if isinstance(value, list) else ()
    )
    for key, each in pairs:
        if isinstance(each, str):
            yield str(key), each
        elif depth > 0:
            yield from _members(each, depth - 1)


def _speaks_of_somebody(claims: dict[str, Any], marks: frozenset[str]) -> bool:
    text = json.dumps(claims, ensure_ascii=False)
    return bool(_IDENTITY & {str(name).lower() for name in claims}) or any(mark in text for mark in marks)


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(
            text.replace("+", "-").replace("/", "_").rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        )
    except (binascii.Error, ValueError):
        return b""


def _json(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _plain(text: str) -> Iterator[str]:
    """The readable texts to which a text decodes: base64 in both alphabets, hexadecimal digits."""
    candidates = [_bytes(text)]
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text):
        candidates.insert(0, bytes.fromhex(text))
    for data in candidates:
        try:
            plain = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if len(plain) >= 6 and plain.isprintable():
            yield _unquoted(plain)


def _meaning(plain: str, marks: frozenset[str]) -> str | None:
    """What a decoded text says of somebody; None where it says nothing."""
    document = _json(plain.encode())
    if document is not None:
        if known := sorted({str(name).lower() for name in document} & _IDENTITY):
            return f"base64 of JSON with {', '.join(known)}"
        return None
    if mark := next((mark for mark in sorted(marks) if mark in plain), None):
        return (
            f"an encoding of a text with {'an e-mail address' if '@' in mark else 'the id or the name'} of the person"
        )
    if _ADDRESS.search(plain) and re.search(r"[:;|]", plain):
        return "base64 of an e-mail address and more"
    return None
