"""The Backend API against Clerk's own OpenAPI document: schemathesis generates requests, and every answer must conform.

`openapi/backend-api.json` is Clerk's document (MIT), cut down to what is implemented; see `openapi/reduce.py`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from harness.fake_clerk import CLERK, FakeClerk, operations
from harness.fake_clerk.api import operations_of

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "openapi" / "backend-api.json").read_text())
# Clerk's own SDK of that version takes 201 only.
DOCUMENT["paths"]["/api_keys"]["post"]["responses"]["201"] = DOCUMENT["paths"]["/api_keys"]["post"]["responses"]["200"]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
ALL = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]
SELDOM = (
    "/sessions/{session_id}/refresh",  # always 401; see operations/sessions.py
    "/clients/verify",
    "/organizations/{organization_id}/invitations/bulk",
    "/invitations/bulk",
    "/email_addresses/{email_address_id}/attempt_verification",
    "/users/{user_id}/verify_password",
    "/m2m_tokens/verify",
    "/oauth_applications/access_tokens/verify",
    "/api_keys/verify",
    "/oauth_applications/{oauth_application_id}/revoke_token",  # 204; test_oauth reaches it
)
"""Operations whose success is seldom generated; `test_backend_api` reaches it."""


KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    # Path parameter -> the request that creates an object for it.
    "email_address_id": ("/email_addresses", {"email_address": "second@example.com"}),
    "machine_id": ("/machines", {"name": "one"}),
    "other_machine_id": ("/machines", {"name": "two"}),
    "apiKeyID": ("/api_keys", {"name": "key", "scopes": ["read"]}),
    "template_id": ("/jwt_templates", {"name": "backend", "claims": {"aud": "backend"}}),
    "oauth_application_id": ("/oauth_applications", {"name": "Reports"}),
    "sign_in_token_id": ("/sign_in_tokens", {}),
    "actor_token_id": ("/actor_tokens", {"actor": {"sub": "user_admin"}}),
    "invitation_id": (
        "/organizations/org_known/invitations",
        {"email_address": "guest@example.com", "role": "org:member"},
    ),
}


def known_ids(clerk: FakeClerk, api: httpx.Client) -> dict[str, str]:
    """Values for path parameters whose objects exist; all of them are created through the API."""
    user = next(iter(clerk.directory.users))
    api.post("/invitations", json={"email_address": "new@example.com"}).raise_for_status()
    ids = {
        name: api.post(path, json={"user_id": user, "inviter_user_id": user, "subject": user} | body)
        .raise_for_status()
        .json()["id"]
        for name, (path, body) in KNOWN.items()
    }
    api.post(f"/machines/{ids['machine_id']}/scopes", json={"to_machine_id": ids["other_machine_id"]})
    secret = api.get(f"/machines/{ids['machine_id']}/secret_key").json()["secret"]
    token = api.post("/m2m_tokens", json={}, headers={"authorization": f"Bearer {secret}"}).raise_for_status().json()
    return ids | {
        "m2m_token_id": token["id"],
        "user_id": user,
        "stranger": api.post("/users", json={"email_address": ["stranger@example.com"]}).json()["id"],
        "session_id": next(iter(clerk.directory.sessions)),
        "client_id": "client_" + next(iter(clerk.directory.sessions)).removeprefix("sess_"),
        "organization_id": "org_known",
        "organization_role_id": "org:admin",
        "permission_id": "org:sys_memberships:read",
        "template_name": "backend",
    }


def test_every_operation_is_one_of_clerk_s() -> None:
    named = {(method.upper(), f"/v1{path}"): DOCUMENT["paths"][path][method]["operationId"] for path, method in ALL}
    assert {(o.method, o.path): o.name for o in operations.OPERATIONS} == named


@pytest.mark.parametrize("module", operations.TAGS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_each_module_has_the_operations_of_its_tag(module: ModuleType) -> None:
    tags = {(m.upper(), f"/v1{path}"): DOCUMENT["paths"][path][m]["tags"] for path, m in ALL}
    wanted = module.__name__.rpartition(".")[2]
    for operation in module.OPERATIONS:
        names = [tag.lower().replace(" ", "_").replace("-", "_") for tag in tags[operation.method, operation.path]]
        assert names == [wanted], operation.name


def test_the_documentation_lists_every_operation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "fake-clerk.md").read_text()
    served = operations_of(CLERK)
    for path in {operation.path.removeprefix("/v1") for operation in served}:
        methods = "/".join(o.method for o in served if o.path.removeprefix("/v1") == path)
        assert f"`{methods} {path}`" in page


@pytest.mark.parametrize(("path", "method"), ALL, ids=lambda part: part)
def test_answers_conform_to_the_document(clerk: FakeClerk, api: httpx.Client, path: str, method: str) -> None:
    operation, known, answered = SCHEMA[path][method], known_ids(clerk, api), set()
    secret = next(iter(clerk.machines.values())).secret
    keys = [secret] if path == "/m2m_tokens" and method == "post" else [clerk.secret_key]
    if (path, method) == ("/invitations/{invitation_id}/revoke", "post"):
        known["invitation_id"] = api.get("/invitations").json()[0]["id"]

    fitting: dict[str, Callable[[int], Any]] = {
        "user_id": lambda _: known["user_id" if "membership" not in path else "stranger"],
        "inviter_user_id": lambda _: known["user_id"],
        "created_by": lambda _: known["user_id"],
        "to_machine_id": lambda _: known["machine_id"],
        "email_address": lambda number: f"number-{number}@example.com",
        "role": lambda _: "org:member",
        "redirect_uris": lambda number: [f"https://{number}.example/callback"],
        "scopes": lambda _: "profile email" if path.startswith("/oauth_applications") else ["read"],
    }
    numbers = itertools.count()

    @settings(
        max_examples=8, database=None, derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )  # fmt: skip
    @given(operation.as_strategy())
    def request(case: Any) -> None:
        number = next(numbers)
        (case.query or {}).pop("paginated", None)  # The document describes no page; the JavaScript client reads them.
        if number % 2:  # Every second request is about objects that exist.
            for name in case.path_parameters or {}:
                case.path_parameters[name] = known[name]
            for body in case.body if isinstance(case.body, list) else [case.body]:
                if isinstance(body, dict):
                    body.update(
                        {name: value(number) for name, value in fitting.items() if name in body or path == "/users"}
                    )
            if "subject" in (case.query or {}):
                case.query["subject"] = next(iter(clerk.machines)) if path == "/m2m_tokens" else known["user_id"]
        response = case.call(base_url=f"{clerk.url}/v1", headers={"authorization": f"Bearer {keys[0]}"})
        answered.add(response.status_code)
        case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])

    request()
    # An operation that never succeeds has not been examined.
    assert answered & {200, 201} or path in SELDOM, answered
