"""clerk-backend-api, Clerk's SDK for Python: unmodified, in this process, at https://api.clerk.com."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from clerk_backend_api import Clerk, models
from clerk_backend_api.security import (
    authenticate_request,
    authenticate_request_async,
    verify_token,
    verify_token_async,
)
from clerk_backend_api.security.types import (
    AuthenticateRequestOptions,
    AuthStatus,
    RequestState,
    TokenVerificationError,
    VerifyTokenOptions,
)

from harness.credentials import CATALOGUE, Mint
from harness.fake_clerk import FakeClerk, User
from harness.fake_clerk.models.templates import Template
from harness.targets.host_redirect import real_names
from tests.conformance.conftest import token_of
from tests.conformance.reasons import PYTHON, by_credential

REASONS = by_credential(PYTHON)
WAYS = ["sync", "async"]


@pytest.fixture(scope="module", autouse=True)
def at_real_names(clerk: FakeClerk) -> Iterator[None]:
    with real_names(clerk) as redirect:
        yield
    assert redirect.blocked == []


@pytest.fixture(params=WAYS)
def authenticate(request: pytest.FixtureRequest, clerk: FakeClerk) -> Any:
    """`authenticate_request` in both ways: headers, then options."""

    def ask(headers: dict[str, str], **options: Any) -> RequestState:
        options = {"secret_key": clerk.secret_key} | options
        given = httpx.Request("GET", "https://app.example/page", headers=headers), AuthenticateRequestOptions(**options)
        if request.param == "async":
            return asyncio.run(authenticate_request_async(*given))
        return authenticate_request(*given)

    return ask


def reason_of(token: str, way: str, **options: Any) -> str:
    try:
        if way == "sync":
            verify_token(token, VerifyTokenOptions(**options))
        else:
            asyncio.run(verify_token_async(token, VerifyTokenOptions(**options)))
    except TokenVerificationError as error:
        reason: str = error.reason.value[0]
        return reason
    return "accepted"


# verify_token


def test_each_token_of_the_catalogue_is_in_the_table(mint: Mint) -> None:
    jwts = {name: entry for name, entry in CATALOGUE.items() if "opaque" not in entry.damages or len(entry.damages) > 1}
    tokens = {name for name, entry in jwts.items() if not entry.bypass and mint.present(entry).token is not None}
    assert set(REASONS) == tokens


@pytest.mark.parametrize("way", WAYS)
def test_each_bad_credential_has_its_reason(clerk: FakeClerk, mint: Mint, way: str) -> None:
    found = {name: reason_of(token_of(mint, name), way, secret_key=clerk.secret_key) for name in REASONS}
    assert found == REASONS


def test_without_network_by_the_pem(clerk: FakeClerk, mint: Mint) -> None:
    pem = clerk.key.public_pem.decode()
    asked = clerk.jwks_asked
    assert reason_of(token_of(mint, "clerk"), "sync", jwt_key=pem) == "accepted"
    assert reason_of(token_of(mint, "forged"), "sync", jwt_key=pem) == "token-invalid-signature"
    assert clerk.jwks_asked == asked


def test_parties_and_skew(clerk: FakeClerk, mint: Mint) -> None:
    options: dict[str, Any] = {"secret_key": clerk.secret_key, "authorized_parties": ["http://localhost:3000"]}
    assert reason_of(token_of(mint, "clerk"), "sync", **options) == "accepted"
    assert reason_of(token_of(mint, "azp-foreign"), "sync", **options) == "token-invalid-authorized-parties"
    late = token_of(mint, "expired-just-now")
    assert reason_of(late, "sync", secret_key=clerk.secret_key, clock_skew_in_ms=60_000) == "accepted"


@pytest.mark.parametrize(
    ("trouble", "reason"), [("outage", "jwk-failed-to-load"), ("malformed", "jwk-failed-to-load"), ("empty", "jwk-kid-mismatch")]
)  # fmt: skip
def test_an_issuer_in_trouble(trouble: Any, reason: str) -> None:
    with FakeClerk() as other:  # Whose keys are not cached yet.
        token = other.session_token(other.directory.add_user("eve@example.com"))
        other.jwks_fault = trouble
        assert reason_of(token, "sync", secret_key=other.secret_key, api_url=other.url) == reason
        other.jwks_fault = None
        assert reason_of(token, "sync", secret_key=other.secret_key, api_url=other.url) == "accepted"


def test_a_rotated_key_is_fetched_and_kept(mint: Mint) -> None:
    with FakeClerk() as other:
        user = other.directory.add_user("eve@example.com")
        options: dict[str, Any] = {"secret_key": other.secret_key, "api_url": other.url}
        for _ in range(3):
            assert reason_of(other.session_token(user), "sync", **options) == "accepted"
        assert other.jwks_asked == 1, "no Clerk call per request"
        key = other.add_next_key()
        assert reason_of(other.session_token(user, key=key), "sync", **options) == "accepted"
        assert other.jwks_asked == 2


# authenticate_request


def test_a_header_signs_in(authenticate: Any, clerk: FakeClerk, ada: User) -> None:
    state = authenticate({"authorization": f"Bearer {clerk.session_token(ada)}"})
    assert (state.status, state.payload["sub"], state.payload["org_role"]) == (AuthStatus.SIGNED_IN, ada.id, "admin")


@pytest.mark.parametrize("suffixed", [True, False])
def test_cookies_sign_in(authenticate: Any, clerk: FakeClerk, ada: User, suffixed: bool) -> None:
    cookies = clerk.cookies(ada, suffixed=suffixed)
    if suffixed:
        del cookies["__session"]
    state = authenticate({"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())})
    assert (state.status, state.payload["sub"]) == (AuthStatus.SIGNED_IN, ada.id)


def test_nothing_signs_nobody_in(authenticate: Any) -> None:
    state = authenticate({})
    assert (state.status, state.reason.value[0]) == (AuthStatus.SIGNED_OUT, "session-token-missing")


@pytest.mark.parametrize(
    "name", ["expired", "forged", "alg-none", "forged-unknown-kid", "nbf-future", "legacy", "aud-foreign"]
)
def test_a_bad_credential_is_signed_out_with_its_reason(authenticate: Any, mint: Mint, name: str) -> None:
    state = authenticate({"authorization": f"Bearer {token_of(mint, name)}"})
    assert (state.status, state.reason.value[0]) == (AuthStatus.SIGNED_OUT, REASONS[name])


@pytest.mark.parametrize("kind", ["m2m", "oauth", "api_key"])
def test_machine_tokens(authenticate: Any, clerk: FakeClerk, ada: User, kind: str) -> None:
    token = clerk.opaque_token(kind, ada.id if kind != "m2m" else "mch_" + "1" * 27)
    headers = {"authorization": f"Bearer {token}"}
    state = authenticate(headers)
    assert (state.status, state.payload["subject"]) == (AuthStatus.SIGNED_IN, clerk.machine_tokens[token].subject)
    refused = authenticate(headers, accepts_token=["session_token"])
    assert (refused.status, refused.reason.value[0]) == (AuthStatus.SIGNED_OUT, "token-type-not-supported")
    clerk.machine_tokens[token].revoke()
    assert authenticate(headers).reason.value[0] == "token-invalid"


# The Backend API, whose answers the SDK reads into its models


def test_users_sync(clerk: FakeClerk) -> None:
    with Clerk(bearer_auth=clerk.secret_key) as sdk:
        made = sdk.users.create(email_address=["sync@example.com"], first_name="Sy", password="long enough!")
        assert made is not None and made.email_addresses[0].email_address == "sync@example.com"
        assert [u.id for u in sdk.users.list(request={"email_address": ["sync@example.com"]})] == [made.id]
        assert sdk.users.get(user_id=made.id).first_name == "Sy"
        assert sdk.users.update(user_id=made.id, last_name="Nc").last_name == "Nc"
        assert sdk.users.update_metadata(user_id=made.id, public_metadata={"plan": "pro"}).public_metadata == {
            "plan": "pro"
        }
        assert sdk.users.verify_password(user_id=made.id, password="long enough!").verified is True
        for change, field, value in (
            ("ban", "banned", True),
            ("unban", "banned", False),
            ("lock", "locked", True),
            ("unlock", "locked", False),
        ):
            assert getattr(getattr(sdk.users, change)(user_id=made.id), field) is value
        assert sdk.users.count(request={"query": "sync@example.com"}).total_count == 1
        address = sdk.email_addresses.create(request={"user_id": made.id, "email_address": "second@example.com"})
        assert address is not None and address.verification is not None
        assert sdk.email_addresses.update(email_address_id=address.id, verified=True, primary=True).id == address.id
        assert sdk.users.delete(user_id=made.id).deleted is True


def test_users_async(clerk: FakeClerk) -> None:
    async def life() -> None:
        async with Clerk(bearer_auth=clerk.secret_key) as sdk:
            made = await sdk.users.create_async(email_address=["async@example.com"])
            found = await asyncio.gather(*(sdk.users.get_async(user_id=made.id) for _ in range(8)))
            assert {user.id for user in found} == {made.id}
            assert (await sdk.users.delete_async(user_id=made.id)).deleted is True

    asyncio.run(life())


def test_sessions(clerk: FakeClerk, ada: User) -> None:
    with Clerk(bearer_auth=clerk.secret_key) as sdk:
        session = sdk.sessions.create(request={"user_id": ada.id})
        assert session.status == "active"
        token = sdk.sessions.create_token(session_id=session.id).jwt
        assert verify_token(token, VerifyTokenOptions(secret_key=clerk.secret_key))["sid"] == session.id
        clerk.templates["database"] = Template("database", {"aud": "db", "mail": "{{user.primary_email_address}}"})
        templated = sdk.sessions.create_token_from_template(session_id=session.id, template_name="database").jwt
        claims = verify_token(templated, VerifyTokenOptions(secret_key=clerk.secret_key, audience="db"))
        assert claims["mail"] == ada.email
        assert sdk.sessions.revoke(session_id=session.id).status == "revoked"
        assert session.id in [s.id for s in sdk.sessions.list(user_id=ada.id, status="revoked")]


def test_organizations(clerk: FakeClerk, ada: User) -> None:
    with Clerk(bearer_auth=clerk.secret_key) as sdk:
        made = sdk.organizations.create(request={"name": "Round Table", "created_by": ada.id})
        guest = clerk.directory.add_user("guest@example.com")
        joined = sdk.organization_memberships.create(organization_id=made.id, user_id=guest.id, role="org:member")
        assert joined.organization.id == made.id
        assert sdk.organization_memberships.list(organization_id=made.id).total_count == 2
        changed = sdk.organization_memberships.update(organization_id=made.id, user_id=guest.id, role="org:admin")
        assert changed.role == "org:admin"
        invited = sdk.organization_invitations.create(
            organization_id=made.id, email_address="new@example.com", role="org:member", inviter_user_id=ada.id
        )
        assert (
            sdk.organization_invitations.revoke(organization_id=made.id, invitation_id=invited.id).status == "revoked"
        )
        assert sdk.organizations.get(organization_id=made.slug).members_count == 2
        assert made.id in [entry.id for entry in sdk.organizations.list(user_id=[guest.id]).data]
        assert sdk.organizations.delete(organization_id=made.id).deleted is True


def test_machines_and_their_tokens(clerk: FakeClerk) -> None:
    with Clerk(bearer_auth=clerk.secret_key) as sdk:
        one, two = (sdk.machines.create(request={"name": name}) for name in ("one", "two"))
        sdk.machines.create_scope(machine_id=one.id, to_machine_id=two.id)
        with Clerk(bearer_auth=one.secret_key) as first, Clerk(bearer_auth=two.secret_key) as second:
            made = first.m2m.create_token(claims={"job": "nightly"})
            assert second.m2m.verify_token(token=made.token).claims == {"job": "nightly"}
            assert [entry.id for entry in first.m2m.list_tokens(subject=one.id).m2m_tokens] == [made.id]
            assert first.m2m.revoke_token(m2m_token_id=made.id).revoked is True
            with pytest.raises(models.ClerkBaseError) as caught:
                second.m2m.verify_token(token=made.token)
            assert caught.value.status_code == 404


def test_keys_invitations_and_one_time_tokens(clerk: FakeClerk, ada: User) -> None:
    with Clerk(bearer_auth=clerk.secret_key) as sdk:
        key = sdk.api_keys.create_api_key(name="ci", subject=ada.id, scopes=["deploy"])
        assert sdk.api_keys.verify_api_key(secret=key.secret).id == key.id
        assert sdk.api_keys.revoke_api_key(api_key_id=key.id).revoked is True
        invited = sdk.invitations.create(request={"email_address": "invited@example.com"})
        assert sdk.invitations.revoke(invitation_id=invited.id).status == "revoked"
        ticket = sdk.sign_in_tokens.create(request={"user_id": ada.id})
        assert sdk.sign_in_tokens.revoke(sign_in_token_id=ticket.id).status == "revoked"
        acting = sdk.actor_tokens.create(request={"user_id": ada.id, "actor": {"sub": "user_admin"}})
        assert sdk.actor_tokens.revoke(actor_token_id=acting.id).status == "revoked"
        assert sdk.testing_tokens.create().token
        assert sdk.jwks.get_jwks().keys[0].kid == clerk.key.kid


def test_errors_are_clerk_s(clerk: FakeClerk) -> None:
    with Clerk(bearer_auth=clerk.secret_key) as sdk:
        with pytest.raises(models.ClerkErrors) as missing:
            sdk.users.get(user_id="user_nobody")
        assert (missing.value.status_code, missing.value.data.errors[0].code) == (404, "resource_not_found")
        with pytest.raises(models.ClerkErrors) as taken:
            sdk.users.create(email_address=["ADA@example.com"])
        assert (taken.value.status_code, taken.value.data.errors[0].code) == (422, "form_identifier_exists")
    with Clerk(bearer_auth="sk_test_wrong") as sdk, pytest.raises(models.ClerkErrors) as denied:
        sdk.users.get(user_id="user_nobody")
    assert (denied.value.status_code, denied.value.data.errors[0].code) == (401, "clerk_key_invalid")


def test_a_rate_limit_is_told_and_kept_to(clerk: FakeClerk) -> None:
    clerk.api_fault, clerk.retry_after = 429, 0
    try:
        with (
            Clerk(bearer_auth=clerk.secret_key, retry_config=None) as sdk,
            pytest.raises(models.ClerkBaseError) as caught,
        ):
            sdk.users.count()
        assert caught.value.status_code == 429
        assert caught.value.headers["retry-after"] == "0"
    finally:
        clerk.api_fault, clerk.retry_after = None, 10
