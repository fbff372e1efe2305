"""The fake's Backend API against Clerk's own OpenAPI document: schemathesis asks, every answer must be as the document says.

`openapi/backend-api.json` is Clerk's document (MIT), cut down to what is implemented; see `openapi/reduce.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from harness.fake_clerk import FakeClerk
from harness.fake_clerk.api import OPERATIONS

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "openapi" / "backend-api.json").read_text())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
ALL = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]


@pytest.fixture
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk() as started:
        for name in ("ada", "bob"):
            user = started.directory.add_user(f"{name}@example.com", first_name=name.title())
            started.directory.session_of(user.id)
            user.organization = {"id": "org_known", "slug": "known", "role": "admin"}
        yield started


@pytest.fixture
def api(clerk: FakeClerk) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {clerk.secret_key}"}
    with httpx.Client(base_url=f"{clerk.url}/v1", headers=headers, trust_env=False) as client:
        yield client


def test_every_operation_is_one_of_clerk_s() -> None:
    named = {(method.upper(), f"/v1{path}"): DOCUMENT["paths"][path][method]["operationId"] for path, method in ALL}
    implemented = {(o.method, o.path): o.name for o in OPERATIONS if o.path.startswith("/v1")}
    assert implemented == named


def test_the_readme_tells_which_operations_exist() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for path in {operation.path.removeprefix("/v1") for operation in OPERATIONS}:
        methods = "/".join(o.method for o in OPERATIONS if o.path.removeprefix("/v1") == path)
        assert f"`{methods} {path}`" in readme


@pytest.mark.parametrize(("path", "method"), ALL, ids=lambda part: part)
def test_answers_are_as_the_document_says(clerk: FakeClerk, path: str, method: str) -> None:
    operation = SCHEMA[path][method]
    known = {"user_id": list(clerk.directory.users), "session_id": list(clerk.directory.sessions)}
    known["organization_id"] = ["org_known"]

    @settings(
        max_examples=15, database=None, derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )  # fmt: skip
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        for name, ids in known.items():  # Half of the questions are about what is there.
            if name in (case.path_parameters or {}) and len(str(case.path_parameters[name])) % 2:
                case.path_parameters[name] = ids[0]
        response = case.call(base_url=f"{clerk.url}/v1", headers={"authorization": f"Bearer {clerk.secret_key}"})
        case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])

    ask()


# What the document does not say: that things happen.


def test_a_user_s_life(api: httpx.Client) -> None:
    made = api.post(
        "/users", json={"email_address": ["eve@example.com"], "first_name": "Eve", "public_metadata": {"a": {"b": 1}}}
    ).json()
    assert api.get(f"/users/{made['id']}").json() == made
    assert api.get("/users", params={"email_address": "eve@example.com"}).json() == [made]
    assert (
        api.post("/users", json={"email_address": ["EVE@example.com"]}).json()["errors"][0]["code"]
        == "form_identifier_exists"
    )
    changed = api.patch(f"/users/{made['id']}", json={"last_name": "Evans"}).json()
    assert (changed["first_name"], changed["last_name"]) == ("Eve", "Evans")
    merged = api.patch(f"/users/{made['id']}/metadata", json={"public_metadata": {"a": {"b": None, "c": 2}}}).json()
    assert merged["public_metadata"] == {"a": {"c": 2}}
    assert api.post(f"/users/{made['id']}/ban").json()["banned"] is True
    assert [u["id"] for u in api.get("/users", params={"banned": "true"}).json()] == [made["id"]]
    assert api.post(f"/users/{made['id']}/unban").json()["banned"] is False
    assert api.post(f"/users/{made['id']}/lock").json()["locked"] is True
    assert api.delete(f"/users/{made['id']}").json() == {"object": "user", "id": made["id"], "deleted": True}
    assert api.get(f"/users/{made['id']}").status_code == 404


def test_users_are_paged_and_ordered(api: httpx.Client) -> None:
    for name in ("zoe", "yan", "xia"):
        api.post("/users", json={"email_address": [f"{name}@paged.example"], "first_name": name, "username": name})
    names = [
        u["first_name"] for u in api.get("/users", params={"query": "paged.example", "order_by": "+first_name"}).json()
    ]
    assert names == ["xia", "yan", "zoe"]
    second = api.get(
        "/users", params={"query": "paged.example", "order_by": "first_name", "limit": 1, "offset": 1}
    ).json()
    assert [u["first_name"] for u in second] == ["yan"]
    assert api.get("/users/count", params={"query": "paged.example"}).json()["total_count"] == 3
    assert api.get("/users", params={"order_by": "shoe_size"}).status_code == 422


def test_a_session_s_life(api: httpx.Client, clerk: FakeClerk) -> None:
    user = next(iter(clerk.directory.users))
    session = api.post("/sessions", json={"user_id": user}).json()
    import jwt

    token = api.post(f"/sessions/{session['id']}/tokens").json()["jwt"]
    claims = jwt.decode(token, clerk.key.private.public_key(), algorithms=["RS256"], issuer=clerk.issuer)
    assert (claims["sub"], claims["sid"]) == (user, session["id"])
    assert api.post(f"/sessions/{session['id']}/revoke").json()["status"] == "revoked"
    assert api.post(f"/sessions/{session['id']}/tokens").status_code == 404
    assert session["id"] in [
        s["id"] for s in api.get("/sessions", params={"user_id": user, "status": "revoked"}).json()
    ]


def test_an_organization_s_life(api: httpx.Client) -> None:
    owner, guest = (
        api.post("/users", json={"email_address": [f"{name}@org.example"]}).json()["id"] for name in ("owner", "guest")
    )
    made = api.post("/organizations", json={"name": "Round Table", "created_by": owner}).json()
    assert (made["slug"], made["members_count"]) == ("round-table", 1)
    path = f"/organizations/{made['id']}/memberships"
    assert api.post(path, json={"user_id": guest, "role": "org:member"}).json()["role_name"] == "Member"
    assert api.post(path, json={"user_id": guest, "role": "org:member"}).status_code == 400
    assert api.post(path, json={"user_id": guest, "role": "king"}).status_code == 422
    assert api.patch(f"{path}/{guest}", json={"role": "org:admin"}).json()["role"] == "org:admin"
    assert api.get(path).json()["total_count"] == 2
    assert api.get(f"/users/{guest}/organization_memberships").json()["data"][0]["organization"]["id"] == made["id"]
    assert [o["id"] for o in api.get("/organizations", params={"user_id": guest}).json()["data"]] == [made["id"]]
    assert api.delete(f"{path}/{guest}").status_code == 200
    assert api.get("/organizations/round-table").json()["members_count"] == 1
    assert api.delete(f"/organizations/{made['id']}").json()["deleted"] is True
    assert api.get(f"/organizations/{made['id']}").status_code == 404


def test_the_organization_that_a_user_was_given_is_there(api: httpx.Client) -> None:
    members = api.get("/organizations/org_known/memberships", params={"role": "org:admin"}).json()
    assert members["total_count"] == 2


def test_without_the_secret_key_nothing_is_told(clerk: FakeClerk) -> None:
    answer = httpx.get(f"{clerk.url}/v1/users", headers={"authorization": "Bearer sk_test_wrong"}, trust_env=False)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "clerk_key_invalid")


def test_an_operation_that_is_not_there_says_its_name(api: httpx.Client) -> None:
    answer = api.get("/domains")
    assert answer.status_code == 501
    assert "GET /v1/domains" in answer.json()["errors"][0]["message"]
