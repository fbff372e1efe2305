"""The fake's Backend API against Clerk's own OpenAPI document: schemathesis asks, every answer must be as the document says.

`openapi/backend-api.json` is Clerk's document (MIT), cut down to what is implemented; see `openapi/reduce.py`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from harness.fake_clerk import FakeClerk, SigningKey, frontend
from harness.fake_clerk.api import OPERATIONS

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "openapi" / "backend-api.json").read_text())
# Clerk's own SDK of that version takes 201 only.
DOCUMENT["paths"]["/api_keys"]["post"]["responses"]["201"] = DOCUMENT["paths"]["/api_keys"]["post"]["responses"]["200"]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
ALL = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]
SELDOM = (
    "/sessions/{session_id}/refresh",  # always 401; see sessions.py
    "/clients/verify",
    "/organizations/{organization_id}/invitations/bulk",
    "/invitations/bulk",
    "/email_addresses/{email_address_id}/attempt_verification",
    "/users/{user_id}/verify_password",
    "/m2m_tokens/verify",
    "/oauth_applications/access_tokens/verify",
    "/api_keys/verify",
)
"""Operations whose success is seldom generated; the tests below reach it."""


@pytest.fixture(scope="module")
def key() -> SigningKey:
    """One for all: to make one takes longer than a test."""
    return SigningKey()


@pytest.fixture
def clerk(key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClerk]:
    monkeypatch.setattr("harness.fake_clerk.instance.SigningKey", lambda: key)
    with FakeClerk() as started:
        for name in ("ada", "bob"):
            user = started.directory.add_user(f"{name}@example.com", first_name=name.title())
            started.directory.session_of(user.id)
            user.organization = {"id": "org_known", "slug": "known", "role": "admin"}
        yield started


KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    # Path parameter -> how one is made. Half of the questions are about what is there.
    "email_address_id": ("/email_addresses", {"email_address": "second@example.com"}),
    "machine_id": ("/machines", {"name": "one"}),
    "other_machine_id": ("/machines", {"name": "two"}),
    "apiKeyID": ("/api_keys", {"name": "key", "scopes": ["read"]}),
    "template_id": ("/jwt_templates", {"name": "backend", "claims": {"aud": "backend"}}),
    "sign_in_token_id": ("/sign_in_tokens", {}),
    "actor_token_id": ("/actor_tokens", {"actor": {"sub": "user_admin"}}),
    "invitation_id": (
        "/organizations/org_known/invitations",
        {"email_address": "guest@example.com", "role": "org:member"},
    ),
}


def known_ids(clerk: FakeClerk, api: httpx.Client) -> dict[str, str]:
    """What path parameters may name, all of it made through the API."""
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


@pytest.fixture
def api(clerk: FakeClerk) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {clerk.secret_key}"}
    with httpx.Client(base_url=f"{clerk.url}/v1", headers=headers, trust_env=False) as client:
        yield client


def test_every_operation_is_one_of_clerk_s() -> None:
    named = {(method.upper(), f"/v1{path}"): DOCUMENT["paths"][path][method]["operationId"] for path, method in ALL}
    implemented = {(o.method, o.path): o.name for o in OPERATIONS if o not in frontend.OPERATIONS}
    assert implemented == named


def test_the_documentation_lists_every_operation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "fake-clerk.md").read_text()
    for path in {operation.path.removeprefix("/v1") for operation in OPERATIONS}:
        methods = "/".join(o.method for o in OPERATIONS if o.path.removeprefix("/v1") == path)
        assert f"`{methods} {path}`" in page


@pytest.mark.parametrize(("path", "method"), ALL, ids=lambda part: part)
def test_answers_are_as_the_document_says(clerk: FakeClerk, api: httpx.Client, path: str, method: str) -> None:
    operation, known, answered = SCHEMA[path][method], known_ids(clerk, api), set()
    secret = next(iter(clerk.machines.values())).secret
    keys = [secret] if path == "/m2m_tokens" and method == "post" else [clerk.secret_key]
    if (path, method) == ("/invitations/{invitation_id}/revoke", "post"):
        known["invitation_id"] = api.get("/invitations").json()[0]["id"]

    fitting: dict[str, Callable[[int], str]] = {
        "user_id": lambda _: known["user_id" if "membership" not in path else "stranger"],
        "inviter_user_id": lambda _: known["user_id"],
        "created_by": lambda _: known["user_id"],
        "to_machine_id": lambda _: known["machine_id"],
        "email_address": lambda number: f"number-{number}@example.com",
        "role": lambda _: "org:member",
    }
    numbers = itertools.count()

    @settings(
        max_examples=8, database=None, derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )  # fmt: skip
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        number = next(numbers)
        (case.query or {}).pop("paginated", None)  # The document describes no page; the JavaScript client reads them.
        if number % 2:  # Every second question is about what is there.
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

    ask()
    # An operation that never succeeds was not examined.
    assert answered & {200, 201} or path in SELDOM, answered


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


def test_a_machine_s_tokens(api: httpx.Client, clerk: FakeClerk) -> None:
    one, two = (api.post("/machines", json={"name": name}).json() for name in ("one", "two"))
    keys = [{"authorization": f"Bearer {machine['secret_key']}"} for machine in (one, two)]
    assert api.post("/m2m_tokens", json={}).status_code == 400, "an instance's key makes no machine's token"
    api.post(f"/machines/{one['id']}/scopes", json={"to_machine_id": two["id"]}).raise_for_status()
    made = api.post("/m2m_tokens", json={"claims": {"a": 1}}, headers=keys[0]).json()
    token = {"token": made["token"]}
    assert api.post("/m2m_tokens/verify", json=token, headers=keys[1]).json()["claims"] == {"a": 1}
    stranger = {"authorization": f"Bearer {api.post('/machines', json={'name': 'three'}).json()['secret_key']}"}
    assert api.post("/m2m_tokens/verify", json=token, headers=stranger).status_code == 404
    assert api.post("/m2m_tokens/verify", json=token).json()["subject"] == one["id"]
    listed = api.get("/m2m_tokens", params={"subject": one["id"]}).json()
    assert [entry["id"] for entry in listed["m2m_tokens"]] == [made["id"]]
    assert api.get("/m2m_tokens", params={"subject": one["id"]}, headers=keys[1]).status_code == 403
    revoked = api.post(f"/m2m_tokens/{made['id']}/revoke", json={"revocation_reason": "lost"}).json()
    assert (revoked["revoked"], revoked["revocation_reason"]) == (True, "lost")
    assert api.post("/m2m_tokens/verify", json=token).status_code == 404
    assert api.get("/users", headers=keys[0]).status_code == 401, "a machine's key opens nothing else"
    signed = api.post("/m2m_tokens", json={"token_format": "jwt", "claims": {"a": 1, "sub": "user_x"}}, headers=keys[0])
    claims = jwt.decode(signed.json()["token"], clerk.key.private.public_key(), algorithms=["RS256"])
    assert (claims["sub"], claims["a"]) == (one["id"], 1)


def test_an_api_key_s_life(api: httpx.Client, clerk: FakeClerk) -> None:
    user = next(iter(clerk.directory.users))
    made = api.post("/api_keys", json={"name": "ci", "subject": user, "scopes": ["deploy"]}).json()
    verify = {"secret": made["secret"]}
    assert api.post("/api_keys/verify", json=verify).json()["scopes"] == ["deploy"]
    assert api.get(f"/api_keys/{made['id']}/secret").json() == verify
    assert "secret" not in api.get("/api_keys", params={"subject": user}).json()["data"][0]
    assert api.post(f"/api_keys/{made['id']}/revoke", json={}).json()["revoked"] is True
    assert api.post("/api_keys/verify", json=verify).status_code == 404
    assert api.get("/api_keys", params={"subject": user}).json()["total_count"] == 0
    assert api.get("/api_keys", params={"subject": user, "include_invalid": "true"}).json()["total_count"] == 1
    assert api.delete(f"/api_keys/{made['id']}").json()["deleted"] is True


def test_an_address_is_verified_by_a_code(api: httpx.Client, clerk: FakeClerk) -> None:
    user = next(iter(clerk.directory.users))
    made = api.post("/email_addresses", json={"user_id": user, "email_address": "new@example.com"}).json()
    path = f"/email_addresses/{made['id']}"
    assert made["verification"]["status"] == "unverified"
    prepared = api.post(f"{path}/prepare_verification", json={"strategy": "email_code"}).json()
    wrong = api.post(f"{path}/attempt_verification", json={"verification_id": prepared["id"], "code": "000000"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "form_code_incorrect")
    api.post(
        f"{path}/attempt_verification", json={"verification_id": prepared["id"], "code": "424242"}
    ).raise_for_status()
    assert api.get(path).json()["verification"]["status"] == "verified"
    api.patch(path, json={"primary": True}).raise_for_status()
    known = api.get(f"/users/{user}").json()
    assert known["primary_email_address_id"] == made["id"] != known["email_addresses"][0]["id"]
    api.delete(f"/email_addresses/{known['email_addresses'][0]['id']}").raise_for_status()
    assert api.get(f"/users/{user}").json()["primary_email_address_id"] == made["id"]
    taken = api.post("/email_addresses", json={"user_id": user, "email_address": "BOB@example.com"})
    assert taken.json()["errors"][0]["code"] == "form_identifier_exists"
    replaced = api.put(f"/users/{user}/email_address", json={"email_address": "only@example.com"}).json()
    assert [entry["id"] for entry in api.get(f"/users/{user}").json()["email_addresses"]] == [replaced["id"]]


def test_invitations(api: httpx.Client) -> None:
    made = api.post("/invitations", json={"email_address": "guest@example.com"}).json()
    assert api.post("/invitations", json={"email_address": "guest@example.com"}).status_code == 400
    assert api.post("/invitations", json={"email_address": "ada@example.com"}).status_code == 400, "a user already"
    assert api.post(f"/invitations/{made['id']}/revoke").json()["status"] == "revoked"
    assert [entry["id"] for entry in api.get("/invitations", params={"status": "revoked"}).json()] == [made["id"]]
    path = "/organizations/org_known/invitations"
    member = api.post(path, json={"email_address": "bob@example.com", "role": "org:member"}).json()
    bob = api.get("/users", params={"email_address": "bob@example.com"}).json()[0]["id"]
    mine = api.get(f"/users/{bob}/organization_invitations").json()["data"]
    assert [(entry["id"], entry["public_organization_data"]["slug"]) for entry in mine] == [(member["id"], "known")]
    assert api.post(f"{path}/{member['id']}/revoke", json={}).json()["status"] == "revoked"
    assert api.post(f"{path}/{member['id']}/revoke", json={}).status_code == 400
    two = [{"email_address": f"{name}@bulk.example", "role": "org:member"} for name in ("one", "two")]
    assert api.post(f"{path}/bulk", json=two).json()["total_count"] == 2
    found = api.post("/invitations/bulk", json=[{"email_address": entry["email_address"]} for entry in two]).json()
    assert [entry["status"] for entry in found] == ["pending", "pending"]


def test_a_template_s_token(api: httpx.Client, clerk: FakeClerk) -> None:
    ada = clerk.directory.add_user("ada@template.example", first_name="Ada", public_metadata={"plan": "pro"})
    claims = {
        "aud": "db",
        "mail": "{{user.primary_email_address}}",
        "plan": "{{user.public_metadata.plan}}",
        "hello": "Hi {{ user.first_name }}, {{user.last_name || 'whoever'}}",
        "none": "{{user.external_id}}",
        "sub": "somebody else",
    }
    api.post("/jwt_templates", json={"name": "db", "claims": claims, "lifetime": 300}).raise_for_status()
    session = clerk.directory.session_of(ada.id)
    token = api.post(f"/sessions/{session.id}/tokens/db").json()["jwt"]
    found = jwt.decode(token, clerk.key.private.public_key(), algorithms=["RS256"], audience="db")
    assert {name: found[name] for name in ("mail", "plan", "hello", "none", "sub")} == {
        "mail": "ada@template.example",
        "plan": "pro",
        "hello": "Hi Ada, whoever",
        "none": None,
        "sub": ada.id,
    }
    assert found["exp"] - found["iat"] == 300
    assert "sid" not in found
    assert api.post(f"/sessions/{session.id}/tokens/unknown").status_code == 404


def test_sessions_that_are_pending_or_impersonated(api: httpx.Client, clerk: FakeClerk) -> None:
    user = next(iter(clerk.directory.users))
    pending = clerk.directory.new_session(user, status="pending", actor="user_admin")
    claims = jwt.decode(
        api.post(f"/sessions/{pending.id}/tokens").json()["jwt"], clerk.key.private.public_key(), algorithms=["RS256"]
    )
    assert (claims["sid"], claims["sts"], claims["act"]) == (pending.id, "pending", {"sub": "user_admin"})
    assert api.get(f"/sessions/{pending.id}").json()["actor"] == {"sub": "user_admin"}


def test_the_rate_limit(api: httpx.Client, clerk: FakeClerk) -> None:
    clerk.rate_limit, clerk.retry_after = 2, 7
    answers = [api.get("/users/count") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "7"
    assert answers[2].json()["errors"][0]["code"] == "too_many_requests"
    assert httpx.get(clerk.url + "/.well-known/jwks.json", trust_env=False).status_code == 200
