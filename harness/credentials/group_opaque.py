"""Group `opaque`: damaged opaque tokens (machines, OAuth clients, API keys). Only the issuer can tell them from good ones."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from harness.credentials.mint import Mint
from harness.credentials.model import Credential, Presentation, Recipe
from harness.credentials.recipes import token
from harness.fake_clerk.models.machine_tokens import PREFIXES, MachineToken
from harness.fake_clerk.models.timestamps import milliseconds

_SOURCE = "https://clerk.com/docs/guides/development/machine-auth/overview; RFC 7662 section 2.2"
_SORTS = {"m2m-opaque": "m2m", "oauth-opaque": "oauth", "api-key": "api_key"}


def _issued(mint: Mint) -> MachineToken:
    """A genuine one of the kind that is damaged."""
    sort = _SORTS.get(mint.base.name if mint.base is not None else "", "api_key")
    return mint.instance.machine_tokens[mint.instance.opaque_token(sort, mint.user.id)]


def _entry(name: str, recipe: Recipe, why: str, cwe: str = "CWE-287", **more: Any) -> Credential:
    return Credential(
        name, "opaque", recipe, cwe, _SOURCE, why, damages=frozenset({"opaque"}), fresh=True, **more
    )  # fmt: skip


def opaque_unknown(mint: Mint) -> str:
    """A token that was never issued, of the kind that is damaged."""
    return PREFIXES[_issued(mint).kind] + secrets.token_hex(24)


def _revoked(mint: Mint) -> str:
    issued = _issued(mint)
    issued.revoke("no longer needed")
    return issued.secret


def _expired(mint: Mint) -> str:
    issued = _issued(mint)
    issued.expiration = milliseconds() - 3_600_000
    return issued.secret


def _after_genuine(change: Callable[[str], str]) -> Recipe:
    """A genuine token is let in first, and then what was made of it: what Clerk said of the one is no answer for the other (CWE-524)."""

    def recipe(mint: Mint) -> Presentation:
        secret = _issued(mint).secret
        return Presentation(token=change(secret), before=(Presentation(token=secret),))

    return recipe


def _flipped(secret: str) -> str:
    return secret[:-1] + ("0" if secret[-1] != "0" else "1")


CREDENTIALS = [
    _entry("opaque-unknown", token(opaque_unknown), "A token of the right shape that was never issued: a look at its beginning lets it in.", tags=frozenset({"sentinel"})),
    _entry("opaque-truncated", _after_genuine(lambda secret: secret[:-8]), "A genuine token, and then the same without its last eight letters: a cache by the first letters lets it in."),
    _entry("opaque-flipped", _after_genuine(_flipped), "A genuine token, and then the same with another last letter: a cache by the first letters lets it in."),
    _entry("opaque-revoked", token(_revoked), "A genuine token that was revoked: the issuer says so to whoever asks.", "CWE-613"),
    _entry("opaque-expired", token(_expired), "A genuine token whose time is over: the issuer says so to whoever asks.", "CWE-613"),
]  # fmt: skip
