"""Mutations of a genuine token, as programs: each can be written down, repeated and made smaller.

A program is a list of steps: `["header", name, value]` and `["claims", name, value]` set a parameter or a claim (without a
value they remove it), `["sign", how]` says how the result is signed, `["segment", kind, number]` and
`["text", kind, position, letter]` change the finished text. Its credential is called `fuzz-` and the program in base64url.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from harness.core.errors import DeclarationError
from harness.credentials import jose
from harness.credentials.mint import Mint
from harness.credentials.model import JWT, Credential
from harness.credentials.recipes import token

Step = list[Any]
PREFIX = "fuzz-"
SIGNATURES = ("keep", "none", "attacker", "pem", "blank")
SEGMENTS = ("drop", "double", "empty", "swap")
TEXTS = ("insert", "delete", "replace")


def name_of(program: list[Step]) -> str:
    """The name of the credential that a program makes."""
    return PREFIX + jose.b64url(json.dumps(program, separators=(",", ":")).encode())


def program_of(name: str) -> list[Step]:
    """The program in a credential's name. Raises DeclarationError when there is none."""
    try:
        program = json.loads(base64.b64decode(name.removeprefix(PREFIX) + "==", altchars="-_", validate=False))
        assert isinstance(program, list) and all(isinstance(step, list) and _known(step) for step in program)
    except (ValueError, binascii.Error, AssertionError, RecursionError):
        raise DeclarationError(
            f"{name!r} is no mutation: copy the name as a run with --fuzz has printed it, to its end"
        ) from None
    return program


def _known(step: Step) -> bool:
    match step:
        case ["header" | "claims", str(), *rest]:
            return len(rest) < 2
        case ["sign", how]:
            return how in SIGNATURES
        case ["segment", kind, int()]:
            return kind in SEGMENTS
        case ["text", kind, int(), str()]:
            return kind in TEXTS
    return False


def words_of(program: list[Step]) -> str:
    """A program for a reader."""
    told = []
    for step in program:
        match step:
            case ["header" | "claims" as part, name]:
                told.append(f"{part}: {name} removed")
            case ["header" | "claims" as part, name, value]:
                told.append(f"{part}: {name} = {json.dumps(value)}")
            case ["sign", how]:
                told.append(_SIGNED[how])
            case ["segment", kind, number]:
                told.append(f"segment {number + 1}: {kind}")
            case ["text", kind, position, letter]:
                told.append(f"{kind} at {position}" + (f": {letter!r}" if kind != "delete" else ""))
    return "; ".join(told) or "nothing changed"


_SIGNED = {
    "keep": "the genuine signature kept",
    "none": "no signature",
    "attacker": "signed with an attacker's key",
    "pem": "signed with the public key as a shared secret",
    "blank": "signed with the empty secret",
}


def mutated(mint: Mint, program: list[Step], genuine: str | None = None) -> str:
    """The token that a program makes of a genuine one."""
    head, payload, signature = jose.parts(genuine or mint.genuine())
    parts: dict[str, Any] = {"header": json.loads(jose.unb64url(head)), "claims": json.loads(jose.unb64url(payload))}
    touched: set[str] = set()
    signed = "keep"
    for step in program:
        match step:
            case ["header" | "claims" as part, name]:
                parts[part].pop(name, None)
                touched.add(part)
            case ["header" | "claims" as part, name, value]:
                parts[part][name] = value
                touched.add(part)
            case ["sign", how]:
                signed = how
    head = jose.segment(parts["header"]) if "header" in touched else head
    payload = jose.segment(parts["claims"]) if "claims" in touched else payload
    text = f"{head}.{payload}.{_signature(mint, signed, f'{head}.{payload}', signature)}"
    for step in program:
        if step[0] == "segment":
            text = _segments(text, step[1], step[2])
        elif step[0] == "text":
            text = _text(text, step[1], step[2], step[3])
    return text


def _signature(mint: Mint, how: str, signed: str, genuine: str) -> str:
    if how == "attacker":
        return jose.b64url(mint.attacker.sign(signed.encode()))
    if how in ("pem", "blank"):
        key = mint.instance.key.public_pem if how == "pem" else b""
        return jose.hmac_over(signed, key)
    return "" if how == "none" else genuine


def _segments(text: str, kind: str, number: int) -> str:
    parts = text.split(".")
    at = number % len(parts)
    if kind == "drop":
        del parts[at]
    elif kind == "double":
        parts.insert(at, parts[at])
    elif kind == "empty":
        parts[at] = ""
    else:
        parts[at], parts[at - 1] = parts[at - 1], parts[at]
    return ".".join(parts)


def _text(text: str, kind: str, position: int, letter: str) -> str:
    at = position % (len(text) + 1)
    if kind == "insert":
        return text[:at] + letter + text[at:]
    return text[:at] + (letter if kind == "replace" else "") + text[at + 1 :]


def _content(text: str) -> list[bytes]:
    """What a lenient decoder makes of each segment: other alphabets, padding and foreign letters passed over."""
    found = []
    for part in text.split("."):
        letters = re.sub(r"[^A-Za-z0-9_-]", "", part.translate(str.maketrans("+/", "-_")))
        letters = letters[:-1] if len(letters) % 4 == 1 else letters
        found.append(jose.unb64url(letters))
    return found


def says_the_same(text: str, genuine: str) -> bool:
    """Whether both decode to the same signed bytes: another spelling of the genuine token, not another token."""
    return _content(text) == _content(genuine)


def fuzz_credential(name: str) -> Credential:
    """The credential of a mutation. Raises DeclarationError when the name holds none."""
    program = program_of(name)
    why = f"A genuine token, mutated: {words_of(program)}."
    recipe = token(lambda mint: mutated(mint, program))
    return Credential(name, "fuzz", recipe, "CWE-347", "RFC 8725 section 3.1 and 3.3", why, fresh=True, damages=JWT)
