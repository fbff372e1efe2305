"""The operations on the instance itself.

Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Instance Settings.
"""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Operation


def _get(instance: Instance, request: ApiRequest) -> Answer:
    return 200, {
        "object": "instance",
        "id": instance.id,
        "environment_type": "development",
        "allowed_origins": [],
        "workspace_id": None,
    }


OPERATIONS = [Operation("GET", "/v1/instance", "GetInstance", _get)]
