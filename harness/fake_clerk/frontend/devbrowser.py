"""Development browsers. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag DevBrowser."""

from __future__ import annotations

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _create(instance: Instance, request: ApiRequest) -> Answer:
    token = instance.new_browser()
    return 200, {"id": token, "token": token}  # Clerk's SDK reads the one, older clients the other.


OPERATIONS = [front("POST", "/v1/dev_browser", "createDevBrowser", _create)]
