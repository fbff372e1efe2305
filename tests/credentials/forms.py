"""The forms of a credential and what is in their tokens, for tests of the catalogue."""

from __future__ import annotations

import hmac
import json
from typing import Any

import jwt

from harness.credentials import CATALOGUE, Mint, Presentation
from harness.credentials.jose import parts, unb64url
from harness.fake_clerk import SigningKey


def forms(mint: Mint, name: str, base: str = "") -> list[Presentation]:
    """Every form of a credential, made of another where one is named."""
    presented = mint.present(CATALOGUE[name], CATALOGUE[base] if base else None)
    return [presented, *presented.also]


def token_of(form: Presentation) -> str:
    """The token of a form that has one."""
    assert form.token is not None
    return form.token


def header_of(token: str) -> dict[str, Any]:
    """What the token says of itself."""
    found: dict[str, Any] = json.loads(unb64url(token.partition(".")[0]))
    return found


def claims_of(token: str) -> dict[str, Any]:
    """What the token says of its holder."""
    found: dict[str, Any] = json.loads(unb64url(token.split(".")[1]))
    return found


def signed_under(token: str, key: bytes) -> bool:
    """Whether a token is HS256 under exactly this key."""
    header, payload, signature = parts(token)
    made = hmac.digest(key, f"{header}.{payload}".encode(), "sha256")
    return header_of(token)["alg"] == "HS256" and made == unb64url(signature)


def signed_by(token: str, key: SigningKey) -> bool:
    """Whether a token is RS256 by this key."""
    try:
        jwt.decode(token, key.private.public_key(), algorithms=["RS256"], options={"verify_aud": False})
    except jwt.InvalidSignatureError:
        return False
    return True
