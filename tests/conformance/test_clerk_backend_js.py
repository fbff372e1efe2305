"""@clerk/backend and svix for JavaScript: unmodified, in a Node process, at https://api.clerk.com."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from harness.credentials import Mint
from harness.fake_clerk import FakeClerk, User
from harness.fake_clerk.models.templates import Template
from harness.run.environment import base_environment
from harness.targets.host_redirect import Names
from tests.conformance.conftest import Driver, token_of
from tests.conformance.reasons import NODE, PYTHON, by_credential

REASONS = by_credential(NODE)
PAGE = "https://app.example/page?tab=2"
DOCUMENT = {"sec-fetch-dest": "document", "accept": "text/html"}
"""How a browser asks for a page: only then is a handshake possible."""

Call = Callable[..., Any]


def cookie(cookies: dict[str, str]) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def fields(state: dict[str, Any], name: str) -> list[str]:
    return [value for key, value in state["headers"] if key == name]


# verifyToken


def test_each_bad_credential_has_its_reason(node: Driver, mint: Mint) -> None:
    found = {}
    for name in REASONS:
        answer = node.ask("verifyToken", token=token_of(mint, name), options={})
        found[name] = "accepted" if "claims" in answer else answer["reason"]
    assert found == REASONS
    assert set(REASONS) == set(by_credential(PYTHON))


def test_without_network_by_the_pem(node: Driver, clerk: FakeClerk, mint: Mint) -> None:
    asked = clerk.jwks_asked
    options = {"jwtKey": clerk.key.public_pem.decode()}
    assert node.ask("verifyToken", token=token_of(mint, "clerk"), options=options)["claims"]["v"] == 2
    refused = node.ask("verifyToken", token=token_of(mint, "forged"), options=options)
    assert refused["reason"] == "token-invalid-signature"
    assert clerk.jwks_asked == asked


def test_parties_and_skew(node: Driver, mint: Mint) -> None:
    options: dict[str, Any] = {"authorizedParties": ["http://localhost:3000"]}
    assert "claims" in node.ask("verifyToken", token=token_of(mint, "clerk"), options=options)
    refused = node.ask("verifyToken", token=token_of(mint, "azp-foreign"), options=options)
    assert refused["reason"] == "token-invalid-authorized-parties"
    late = token_of(mint, "expired-just-now")
    assert "claims" in node.ask("verifyToken", token=late, options={"clockSkewInMs": 60_000})


def test_an_issuer_in_trouble_heals_and_its_keys_are_kept(names: Names) -> None:
    with FakeClerk() as other:
        own = Names(other)
        driver = Driver(own.environment(base_environment()))
        try:
            user = other.directory.add_user("eve@example.com")
            other.jwks_fault = "outage"
            refused = driver.ask("verifyToken", token=other.session_token(user), options={})
            assert refused["reason"] == "jwk-remote-failed-to-load"
            other.jwks_fault, other.jwks_asked = None, 0
            for _ in range(3):
                assert "claims" in driver.ask("verifyToken", token=other.session_token(user), options={})
            assert other.jwks_asked == 1, "no Clerk call per request"
            key = other.add_next_key()
            assert "claims" in driver.ask("verifyToken", token=other.session_token(user, key=key), options={})
            assert other.jwks_asked == 2
        finally:
            driver.close()
            own.close()


# authenticateRequest


def test_a_header_signs_in(node: Driver, clerk: FakeClerk, ada: User) -> None:
    headers = {"authorization": f"Bearer {clerk.session_token(ada)}"}
    state = node.ask("authenticateRequest", url=PAGE, headers=headers, options={})
    assert (state["status"], state["userId"], state["orgRole"], state["has"]) == (
        "signed-in",
        ada.id,
        "org:admin",
        True,
    )
    assert state["sessionId"] == clerk.directory.session_of(ada.id).id


@pytest.mark.parametrize("suffixed", [True, False])
def test_cookies_sign_in(node: Driver, clerk: FakeClerk, ada: User, suffixed: bool) -> None:
    cookies = clerk.cookies(ada, suffixed=suffixed)
    if suffixed:  # The suffix must be the one that Clerk's own code makes of the publishable key.
        cookies = {name: value for name, value in cookies.items() if name.endswith(clerk.cookie_suffix)}
    state = node.ask("authenticateRequest", url=PAGE, headers=cookie(cookies), options={})
    assert (state["status"], state["userId"]) == ("signed-in", ada.id)


def test_cookies_of_another_instance_sign_nobody_in(node: Driver, clerk: FakeClerk, ada: User) -> None:
    cookies = {"__session_wrongSfx": clerk.session_token(ada), "__client_uat_wrongSfx": "1700000000"}
    state = node.ask("authenticateRequest", url=PAGE, headers=cookie(cookies), options={})
    assert (state["status"], state["userId"]) == ("signed-out", None)


@pytest.mark.parametrize(
    ("name", "reason"),
    {
        "forged": "token-invalid-signature",
        "alg-none": "token-invalid-algorithm",
        "forged-unknown-kid": "jwk-kid-mismatch",
        "legacy": "token-invalid",
        # The browser might renew these.
        "expired": "session-token-expired-refresh-non-eligible-no-refresh-cookie",
        "nbf-future": "session-token-nbf",
        "iat-future": "session-token-iat-in-the-future",
    }.items(),
)
def test_a_bad_credential_is_signed_out_with_its_reason(node: Driver, mint: Mint, name: str, reason: str) -> None:
    headers = {"authorization": f"Bearer {token_of(mint, name)}"}
    state = node.ask("authenticateRequest", url=PAGE, headers=headers, options={})
    assert (state["status"], state["reason"]) == ("signed-out", reason)
    assert fields(state, "x-clerk-auth-reason") == [reason]


def test_a_pending_session_is_not_signed_in(node: Driver, clerk: FakeClerk, ada: User) -> None:
    headers = {"authorization": f"Bearer {clerk.session_token(ada, status='pending')}"}
    assert node.ask("authenticateRequest", url=PAGE, headers=headers, options={})["userId"] is None


@pytest.mark.parametrize(("kind", "type"), [("m2m", "m2m_token"), ("oauth", "oauth_token"), ("api_key", "api_key")])
def test_machine_tokens(node: Driver, clerk: FakeClerk, ada: User, kind: str, type: str) -> None:
    token = clerk.opaque_token(kind, ada.id if kind != "m2m" else "mch_" + "1" * 27)
    given: dict[str, Any] = {
        "url": PAGE,
        "headers": {"authorization": f"Bearer {token}"},
        "options": {"acceptsToken": "any"},
    }
    state = node.ask("authenticateRequest", **given)
    subject = clerk.machine_tokens[token].subject
    assert (state["status"], state["tokenType"], state["machineId"] or state["userId"]) == ("signed-in", type, subject)
    clerk.machine_tokens[token].revoke()
    assert node.ask("authenticateRequest", **given)["status"] == "signed-out"
    session_only = node.ask("authenticateRequest", **(given | {"options": {}}))
    assert (session_only["status"], session_only["reason"]) == ("signed-out", "token-invalid")


@pytest.mark.parametrize("kind", ["m2m", "oauth"])
def test_machine_tokens_that_are_signed(node: Driver, clerk: FakeClerk, ada: User, kind: str) -> None:
    token = clerk.machine_token("mch_" + "2" * 27) if kind == "m2m" else clerk.oauth_token(ada)
    headers = {"authorization": f"Bearer {token}"}
    state = node.ask("authenticateRequest", url=PAGE, headers=headers, options={"acceptsToken": "any"})
    assert (state["status"], state["tokenType"]) == ("signed-in", f"{kind}_token")


# Handshake: the backend sends the browser to the Frontend API, which sends it back with new cookies


@pytest.mark.parametrize("by", ["nonce", "token"])
def test_a_handshake_renews_an_expired_session(node: Driver, clerk: FakeClerk, ada: User, by: str) -> None:
    old = clerk.cookies(ada, lifetime=-100)
    state = node.ask("authenticateRequest", url=PAGE, headers=cookie(old) | DOCUMENT, options={})
    assert (state["status"], state["reason"].split("-refresh")[0]) == ("handshake", "session-token-expired")
    there = urlsplit(fields(state, "location")[0])
    assert f"{there.scheme}://{there.netloc}" == clerk.issuer
    query = there.query if by == "nonce" else there.query.replace("&format=nonce", "")
    back = httpx.get(f"{clerk.url}{there.path}?{query}", trust_env=False)
    assert back.status_code == 307
    returned = back.headers["location"]
    assert parse_qs(urlsplit(returned).query)["tab"] == ["2"]
    state = node.ask("authenticateRequest", url=returned, headers=cookie(old) | DOCUMENT, options={})
    assert (state["status"], state["userId"]) == ("signed-in", ada.id)
    assert fields(state, "location") == [PAGE]
    new = dict(part.split(";")[0].split("=", 1) for part in fields(state, "set-cookie"))
    again = node.ask("authenticateRequest", url=PAGE, headers=cookie(new) | DOCUMENT, options={})
    assert (again["status"], again["userId"]) == ("signed-in", ada.id)


def test_a_handshake_tells_that_a_session_has_ended(node: Driver, clerk: FakeClerk) -> None:
    user = clerk.directory.add_user("leaver@example.com")
    old = clerk.cookies(user, lifetime=-100)
    clerk.directory.update_user(user.id, banned=True)
    state = node.ask("authenticateRequest", url=PAGE, headers=cookie(old) | DOCUMENT, options={})
    there = urlsplit(fields(state, "location")[0])
    back = httpx.get(f"{clerk.url}{there.path}?{there.query}", trust_env=False)
    state = node.ask("authenticateRequest", url=back.headers["location"], headers=cookie(old) | DOCUMENT, options={})
    assert (state["status"], state["reason"]) == ("signed-out", "session-token-missing")


def test_a_handshake_token_of_somebody_else_is_refused(node: Driver, clerk: FakeClerk, ada: User) -> None:
    with FakeClerk() as other:
        stranger = other.sign_handshake(other.handshake_directives(None))
    url = f"{PAGE}&__clerk_handshake={stranger}"
    state = node.ask("authenticateRequest", url=url, headers=cookie(clerk.cookies(ada, lifetime=-100)), options={})
    assert state.get("userId") is None
    assert state.get("status") != "signed-in"


# The Backend API


@pytest.fixture
def call(node: Driver) -> Call:
    def ask(method: str, *args: Any, key: str | None = None) -> Any:
        answer = node.ask("call", method=method, args=list(args), **({"key": key} if key else {}))
        assert "error" not in answer, answer
        return answer["result"]

    return ask


def test_users(call: Call) -> None:
    made = call(
        "users.createUser", {"emailAddress": ["js@example.com"], "firstName": "Jay", "password": "long enough!"}
    )
    listed = call("users.getUserList", {"emailAddress": ["js@example.com"]})
    assert ([user["id"] for user in listed["data"]], listed["totalCount"]) == ([made["id"]], 1)
    assert call("users.getUser", made["id"])["firstName"] == "Jay"
    assert call("users.updateUser", made["id"], {"lastName": "Ess"})["lastName"] == "Ess"
    changed = call("users.updateUserMetadata", made["id"], {"publicMetadata": {"plan": "pro"}})
    assert changed["publicMetadata"] == {"plan": "pro"}
    assert call("users.verifyPassword", {"userId": made["id"], "password": "long enough!"}) == {"verified": True}
    assert [call(f"users.{name}User", made["id"])["banned"] for name in ("ban", "unban")] == [True, False]
    assert [call(f"users.{name}User", made["id"])["locked"] for name in ("lock", "unlock")] == [True, False]
    address = call("emailAddresses.createEmailAddress", {"userId": made["id"], "emailAddress": "js2@example.com"})
    changed = call("emailAddresses.updateEmailAddress", address["id"], {"verified": True, "primary": True})
    assert changed["verification"]["status"] == "verified"
    assert call("users.getUser", made["id"])["primaryEmailAddressId"] == address["id"]
    assert call("users.deleteUser", made["id"])["deleted"] is True


def test_sessions(call: Call, node: Driver, clerk: FakeClerk, ada: User) -> None:
    session = call("sessions.createSession", {"userId": ada.id})
    token = call("sessions.getToken", session["id"])["jwt"]
    assert node.ask("verifyToken", token=token, options={})["claims"]["sid"] == session["id"]
    clerk.templates["js"] = Template("js", {"mail": "{{user.primary_email_address}}"})
    templated = call("sessions.getToken", session["id"], "js")["jwt"]
    assert node.ask("verifyToken", token=templated, options={})["claims"]["mail"] == ada.email
    assert call("sessions.revokeSession", session["id"])["status"] == "revoked"
    assert call("sessions.getSession", session["id"])["status"] == "revoked"
    assert session["id"] in [
        s["id"] for s in call("sessions.getSessionList", {"userId": ada.id, "status": "revoked"})["data"]
    ]


def test_organizations(call: Call, clerk: FakeClerk, ada: User) -> None:
    made = call("organizations.createOrganization", {"name": "JS Table", "createdBy": ada.id})
    guest = clerk.directory.add_user("jsguest@example.com")
    member = {"organizationId": made["id"], "userId": guest.id}
    assert call("organizations.createOrganizationMembership", member | {"role": "org:member"})["role"] == "org:member"
    assert call("organizations.updateOrganizationMembership", member | {"role": "org:admin"})["role"] == "org:admin"
    assert call("organizations.getOrganizationMembershipList", {"organizationId": made["id"]})["totalCount"] == 2
    assert call("users.getOrganizationMembershipList", {"userId": guest.id})["totalCount"] == 1
    invitation = {
        "organizationId": made["id"],
        "emailAddress": "jsnew@example.com",
        "role": "org:member",
        "inviterUserId": ada.id,
    }
    invited = call("organizations.createOrganizationInvitation", invitation)
    revoked = call(
        "organizations.revokeOrganizationInvitation",
        {"organizationId": made["id"], "invitationId": invited["id"], "requestingUserId": ada.id},
    )
    assert revoked["status"] == "revoked"
    assert (
        call("organizations.getOrganization", {"slug": made["slug"], "includeMembersCount": True})["membersCount"] == 2
    )
    assert call("organizations.deleteOrganization", made["id"])["deleted"] is True


def test_machines_keys_and_one_time_tokens(call: Call, clerk: FakeClerk, ada: User) -> None:
    one, two = (call("machines.create", {"name": name}) for name in ("js one", "js two"))
    call("machines.createScope", one["id"], two["id"])
    made = call("m2m.createToken", {"machineSecretKey": one["secretKey"], "claims": {"job": 1}})
    verified = call("m2m.verify", {"machineSecretKey": two["secretKey"], "token": made["token"]})
    assert (verified["subject"], verified["claims"]) == (one["id"], {"job": 1})
    revoked = call("m2m.revokeToken", {"machineSecretKey": one["secretKey"], "m2mTokenId": made["id"]})
    assert revoked["revoked"] is True
    key = call("apiKeys.create", {"name": "js", "subject": ada.id, "scopes": ["deploy"]})
    assert call("apiKeys.verify", key["secret"])["scopes"] == ["deploy"]
    assert call("apiKeys.revoke", {"apiKeyId": key["id"]})["revoked"] is True
    ticket = call("signInTokens.createSignInToken", {"userId": ada.id, "expiresInSeconds": 60})
    assert call("signInTokens.revokeSignInToken", ticket["id"])["status"] == "revoked"
    acting = call("actorTokens.create", {"userId": ada.id, "expiresInSeconds": 60, "actor": {"sub": "user_admin"}})
    assert call("actorTokens.revoke", acting["id"])["status"] == "revoked"
    invited = call("invitations.createInvitation", {"emailAddress": "jsinvited@example.com"})
    assert call("invitations.revokeInvitation", invited["id"])["status"] == "revoked"
    assert call("testingTokens.createTestingToken")["token"]
    template = call("jwtTemplates.create", {"name": "js made", "claims": {"aud": "db"}})
    assert clerk.templates["js made"].id == template["id"]
    assert clerk.templates["js made"].claims == {"aud": "db"}


def test_errors_are_clerk_s(node: Driver, clerk: FakeClerk) -> None:
    missing = node.ask("call", method="users.getUser", args=["user_nobody"])
    assert (missing["status"], missing["errors"][0]["code"]) == (404, "resource_not_found")
    taken = node.ask("call", method="users.createUser", args=[{"emailAddress": ["ADA@example.com"]}])
    assert (taken["status"], taken["errors"][0]["code"]) == (422, "form_identifier_exists")
    denied = node.ask("call", method="users.getUser", args=["user_nobody"], key="sk_test_wrong")
    assert (denied["status"], denied["errors"][0]["code"]) == (401, "clerk_key_invalid")
    clerk.api_fault, clerk.retry_after = 429, 7
    try:
        limited = node.ask("call", method="users.getCount", args=[])
        assert (limited["status"], limited["retryAfter"]) == (429, 7)
    finally:
        clerk.api_fault, clerk.retry_after = None, 10


# Webhooks, by svix for JavaScript and by verifyWebhook of @clerk/backend


def test_webhooks(node: Driver, clerk: FakeClerk, ada: User) -> None:
    event = {"type": "user.updated", "data": ada.as_json(), "object": "event", "timestamp": 1, "instance_id": clerk.id}
    body = json.dumps(event, ensure_ascii=False)
    headers = clerk.webhook_headers(body.encode())
    answer = node.ask("webhook", body=body, headers=headers, secret=clerk.webhook_secret)
    assert answer["event"]["data"]["id"] == ada.id
    assert "error" in node.ask("webhook", body=body + " ", headers=headers, secret=clerk.webhook_secret)
