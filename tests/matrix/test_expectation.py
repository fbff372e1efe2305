"""What a policy expects of each credential: a table of policies, without any target."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.expectation import expectation
from harness.contracts.matrix.tables import Policy
from harness.credentials import CATALOGUE


@pytest.mark.parametrize(
    ("policy", "name", "more", "expected"),
    [
        # The policy's own names, the strictest first.
        ({"accept": ["clerk"]}, "clerk", {}, "accept"),
        ({"accept": ["genuine"]}, "m2m-jwt", {}, "accept"),
        ({"accept": ["clerk"], "tolerate": ["clerk"]}, "clerk", {}, "tolerate"),
        ({"accept": ["clerk"], "tolerate": ["clerk"], "reject": ["clerk"]}, "clerk", {}, "reject"),
        ({"accept": ["time"]}, "expired", {}, "accept"),
        ({"accept": ["clerk"], "reject": ["genuine"]}, "clerk", {}, "reject"),
        ({"accept": []}, "forged", {}, "reject"),
        # `legacy` is a credential and a group: only the credential is meant.
        ({"accept": ["legacy"]}, "legacy", {}, "accept"),
        ({"accept": ["legacy"]}, "legacy-wrong-email", {}, "reject"),
        ({"accept": ["legacy"]}, "legacy-urlsafe", {}, "tolerate"),
        # A genuine token in a carrier of the route counts as its base.
        ({"accept": ["clerk"]}, "query-token", {"carriers": ("query:token",)}, "accept"),
        ({"accept": ["clerk"]}, "query-token", {"carriers": ("bearer", "query:token")}, "accept"),
        ({"accept": ["m2m-jwt"]}, "query-token", {"carriers": ("query:token",), "base": CATALOGUE["m2m-jwt"]}, "accept"),
        ({"accept": ["m2m-jwt"]}, "query-token", {"carriers": ("query:token",)}, "reject"),
        ({"accept": ["clerk"]}, "query-token", {}, "reject"),
        ({"accept": ["clerk"], "reject": ["query-token"]}, "query-token", {"carriers": ("query:token",)}, "accept"),
        ({"accept": ["clerk"]}, "clerk-cookie", {"carriers": ("cookie:__session",)}, "accept"),
        # It damages nothing: it counts as Clerk's session, whatever the base.
        ({"accept": ["m2m-jwt"]}, "clerk-cookie", {"carriers": ("cookie:__session",), "base": CATALOGUE["m2m-jwt"]}, "reject"),
        # On a websocket, a genuine token beside its carriers may be accepted.
        ({"accept": ["clerk"]}, "query-token", {"websocket": True}, "tolerate"),
        ({"accept": ["legacy"]}, "query-token", {"websocket": True}, "reject"),
        ({"accept": ["clerk"]}, "forged", {"websocket": True}, "reject"),
        # Drills that are about genuine tokens.
        ({"accept": ["clerk"]}, "two-identities-at-once", {}, "accept"),
        ({"accept": ["legacy"]}, "two-identities-at-once", {"base": CATALOGUE["legacy"]}, "reject"),
        ({"accept": ["clerk"], "reject": ["two-identities-at-once"]}, "two-identities-at-once", {}, "reject"),
        ({"accept": ["clerk"], "tolerate": ["two-identities-at-once"]}, "two-identities-at-once", {}, "tolerate"),
        ({"accept": ["clerk"]}, "jwks-heals", {}, "accept"),
        ({"accept": ["m2m-jwt"]}, "jwks-heals", {"base": CATALOGUE["m2m-jwt"]}, "accept"),
        ({"accept": ["m2m-jwt"]}, "jwks-heals", {}, "reject"),
        ({"accept": ["clerk"], "reject": ["jwks-heals"]}, "jwks-heals", {}, "reject"),
        ({"accept": ["clerk"], "tolerate": ["jwks-heals"]}, "jwks-heals", {}, "tolerate"),
        ({"accept": ["clerk"]}, "jwks-outage", {}, "reject"),
        # Bypasses.
        ({"accept": ["clerk"]}, "trailing-slash", {}, "reject"),
        ({"accept": ["*"]}, "trailing-slash", {}, "tolerate"),
        ({"accept": ["missing", "clerk"]}, "trailing-slash", {}, "tolerate"),
        ({"accept": ["*"], "reject": ["trailing-slash"]}, "trailing-slash", {}, "reject"),
        # Browsers.
        ({"accept": ["clerk"]}, "cors-preflight", {}, "accept"),
        ({"accept": ["clerk"]}, "cors-foreign-origin", {}, "reject"),
        ({"accept": ["*"]}, "cors-foreign-origin", {}, "reject"),
        # Everybody.
        ({"accept": ["*"]}, "garbage", {}, "accept"),
        ({"accept": ["*"], "tolerate": ["garbage"]}, "garbage", {}, "tolerate"),
        # What follows another.
        ({"accept": ["clerk"]}, "clerk-v1", {}, "tolerate"),
        ({"accept": ["legacy"]}, "clerk-v1", {}, "reject"),
        ({"accept": ["clerk"]}, "no-scheme", {}, "tolerate"),
        ({"accept": ["m2m-jwt"]}, "no-scheme", {}, "reject"),
        ({"accept": ["m2m-jwt"]}, "no-scheme", {"base": CATALOGUE["m2m-jwt"]}, "tolerate"),
        ({"accept": ["clerk"]}, "no-scheme", {"base": CATALOGUE["m2m-jwt"]}, "reject"),
        ({"accept": ["genuine"]}, "no-scheme", {"base": CATALOGUE["m2m-jwt"]}, "tolerate"),
        ({"accept": ["genuine"]}, "clerk-rotated", {}, "accept"),
        ({"accept": ["m2m-jwt"]}, "clerk-rotated", {"base": CATALOGUE["m2m-jwt"]}, "tolerate"),
        ({"accept": ["genuine"]}, "forged", {}, "reject"),
        ({"accept": ["clerk"]}, "sub-banned-user", {}, "tolerate"),
        # The session in its cookie is accepted by a route that takes the cookie.
        ({"accept": ["clerk-cookie"]}, "header-expired-cookie-genuine", {}, "tolerate"),
        ({"accept": ["clerk"]}, "header-expired-cookie-genuine", {}, "reject"),
        ({"accept": ["clerk"]}, "header-expired-cookie-genuine", {"carriers": ("bearer", "cookie:__session")}, "tolerate"),
    ],
)  # fmt: skip
def test_what_a_policy_expects(policy: dict[str, list[str]], name: str, more: dict[str, Any], expected: str) -> None:
    assert expectation(Policy.model_validate(policy), CATALOGUE[name], **more) == expected
