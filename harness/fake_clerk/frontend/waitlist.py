"""The waiting list. Source: Clerk's OpenAPI document `frontend-api` (2026-05-12), tag Waitlist."""

from __future__ import annotations

from harness.fake_clerk.ids import stable_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.operations._bodies import require_address
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _join(instance: Instance, request: ApiRequest) -> Answer:
    """An entry, the same for the same address. Everybody may sign up here, so that nobody waits for it."""
    address = require_address(request.form().get("email_address", ""))
    return 200, {"object": "waitlist_entry", "id": stable_id("wle", address.lower())}


OPERATIONS = [front("POST", "/v1/waitlist", "joinWaitlist", _join)]
