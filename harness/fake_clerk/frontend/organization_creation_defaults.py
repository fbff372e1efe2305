"""What a new organization could be called. Source: `frontend-api` (2026-05-12), tag Organization Creation Defaults."""

from __future__ import annotations

from harness.fake_clerk.frontend._browser import signed_in
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, front


def _get(instance: Instance, request: ApiRequest) -> Answer:
    """Nothing: the instance has no template for names."""
    browser, _, _ = signed_in(instance, request)
    return browser.answer({"form": {"name": None, "logo": None}, "advisory": None})


OPERATIONS = [front("GET", "/v1/me/organization_creation_defaults", "getOrganizationCreationDefaults", _get)]
