"""The verification of OAuth access tokens.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag OAuth Access Tokens.
"""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.operations._bodies import verify_token
from harness.fake_clerk.wire import Answer, ApiRequest, Operation


def _verify(instance: Instance, request: ApiRequest) -> Answer:
    return 200, verify_token(instance.machine_tokens, "oauth", request.document()).as_json()


OPERATIONS = [
    Operation("POST", "/v1/oauth_applications/access_tokens/verify", "verifyOAuthAccessToken", _verify),
]
