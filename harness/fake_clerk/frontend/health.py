"""Whether the API answers. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Health."""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _get(instance: Instance, request: ApiRequest) -> Answer:
    return 200, {"status": "healthy"}


OPERATIONS = [front("GET", "/v1/health", "getHealth", _get)]
