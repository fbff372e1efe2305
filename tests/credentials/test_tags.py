"""Which credentials each selection holds."""

from __future__ import annotations

from typing import get_args

import pytest

from harness.credentials import CATALOGUE, tagged
from harness.credentials.model import Tag

SELECTIONS: dict[Tag, list[str]] = {
    "spot-check": ["expired", "forged", "alg-none", "hs256-with-pem", "iss-other", "azp-foreign"],
    "malformed": [
        "garbage", "null-token", "undefined-token", "one-segment", "two-segments", "four-segments", "empty-segments",
        "not-base64", "not-json", "json-array-payload",
    ],
    "without-keys": [
        "legacy", "missing", "garbage", "expired", "forged", "forged-unknown-kid", "alg-none", "hs256-blank-secret",
    ],
    "misconfigured": [
        "legacy", "missing", "scheme-only", "expired", "forged", "alg-none", "hs256-blank-secret", "iss-driven-jwks",
        "iss-other", "azp-foreign", "legacy-hs256-default-secret", "forwarded-user",
        "x-user-id", "x-clerk-user-id", "remote-user", "x-forwarded-for-loopback",
    ],
    "sentinel": [
        "clerk", "legacy", "missing", "expired", "forged", "signature-flipped-first", "alg-none", "hs256-with-pem",
        "jwk-embedded-genuine-kid", "iss-other", "azp-foreign", "machine-for-session", "opaque-unknown", "webhook-unsigned",
        "webhook-wrong-secret", "legacy-unknown-user", "query-token", "x-user-id", "role-lookalike", "own-object",
        "others-object", "trailing-slash", "cors-preflight",
    ],
    "every-case": ["clerk", "legacy", "missing", "expired", "forged"],
}  # fmt: skip


@pytest.mark.parametrize("tag", get_args(Tag))
def test_a_selection_in_the_order_of_the_catalogue(tag: Tag) -> None:
    assert [credential.name for credential in tagged(tag)] == SELECTIONS[tag]


def test_no_other_tag_is_in_use() -> None:
    assert {tag for credential in CATALOGUE.values() for tag in credential.tags} == set(get_args(Tag))
