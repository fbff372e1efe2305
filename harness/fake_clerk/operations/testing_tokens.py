"""The operations on testing tokens, by which test suites get past the bot detection of browsers.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Testing Tokens.
"""

from __future__ import annotations

import secrets

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Operation


def _create(instance: Instance, request: ApiRequest) -> Answer:
    now = instance.now()
    token = f"{now}-c_{secrets.token_urlsafe(30)}"
    return 200, {"object": "testing_token", "token": token, "expires_at": now + 3_600}


OPERATIONS = [Operation("POST", "/v1/testing_tokens", "CreateTestingToken", _create)]
