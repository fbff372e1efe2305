"""The Backend API does what it answers: objects change, tokens verify, limits apply. `test_openapi` has the form of answers."""

from __future__ import annotations

import httpx
import jwt

from harness.fake_clerk import FakeClerk


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


def test_without_the_secret_key_nothing_is_answered(clerk: FakeClerk) -> None:
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
