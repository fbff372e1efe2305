"""Development browsers. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag DevBrowser."""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _create(instance: Instance, request: ApiRequest) -> Answer:
    return 200, {"id": instance.new_browser()}


OPERATIONS = [front("POST", "/v1/dev_browser", "createDevBrowser", _create)]
