"""The fake issuer, used alone and by real clients over real sockets."""

from __future__ import annotations

import base64
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from clerk_backend_api import Clerk
from clerk_backend_api.security import VerifyTokenOptions, verify_token
from clerk_backend_api.security.types import TokenVerificationError

from harness.fake_clerk import FakeClerk, tokens


def get(url: str, key: str | None = None, context: ssl.SSLContext | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture(scope="module")
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk() as clerk:
        yield clerk


def test_a_token_verifies_by_the_published_keys(clerk: FakeClerk) -> None:
    user = clerk.directory.add_user("alice@example.com")
    token = clerk.session_token(user)
    key = jwt.PyJWKClient(f"{clerk.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], issuer=clerk.issuer)
    assert claims["sub"] == user.id
    assert claims["exp"] - claims["iat"] == 60
    assert claims["iat"] - claims["nbf"] == 10


def test_a_user_may_be_named_by_an_id_alone() -> None:
    clerk = FakeClerk()
    claims = jwt.decode(clerk.session_token("user_1"), options={"verify_signature": False})
    assert claims["sub"] == "user_1"
    assert "user_1" in clerk.directory.users


def test_another_instance_s_token_does_not(clerk: FakeClerk) -> None:
    other = FakeClerk()
    token = other.session_token(other.directory.add_user("alice@example.com"))
    with pytest.raises(jwt.PyJWKClientError):
        jwt.PyJWKClient(f"{clerk.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)


def test_keys_are_made_anew() -> None:
    assert FakeClerk().jwks() != FakeClerk().jwks()


def test_https_is_trusted_through_the_throw_away_ca_only(clerk: FakeClerk) -> None:
    url = f"{clerk.https_url}/.well-known/jwks.json"
    status, document = get(url, context=ssl.create_default_context(cafile=str(clerk.tls.ca_path)))
    assert (status, document) == (200, clerk.jwks())
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        get(url, context=ssl.create_default_context(cafile=None, cadata=None))


def test_the_backend_api_s_keys_need_the_secret_key(clerk: FakeClerk) -> None:
    assert get(f"{clerk.url}/v1/jwks", clerk.secret_key) == (200, clerk.jwks())
    for wrong in (None, "sk_test_wrong", clerk.publishable_key):
        status, document = get(f"{clerk.url}/v1/jwks", wrong)
        assert status == 401
        assert document["errors"][0]["code"] == "clerk_key_invalid"


def test_users_are_listed_filtered_and_fetched(clerk: FakeClerk) -> None:
    ada = clerk.directory.add_user("ada@example.com", first_name="Ada")
    assert get(f"{clerk.url}/v1/users/{ada.id}", clerk.secret_key)[1]["first_name"] == "Ada"
    status, found = get(f"{clerk.url}/v1/users?email_address=ada@example.com", clerk.secret_key)
    assert status == 200
    assert [user["id"] for user in found] == [ada.id]
    assert get(f"{clerk.url}/v1/users?limit=0", clerk.secret_key)[0] == 422
    status, document = get(f"{clerk.url}/v1/users/user_nobody", clerk.secret_key)
    assert (status, document["errors"][0]["code"]) == (404, "resource_not_found")


def test_an_operation_that_is_not_there_says_its_name(clerk: FakeClerk) -> None:
    status, document = get(f"{clerk.url}/v1/domains", clerk.secret_key)
    assert status == 501
    assert "GET /v1/domains" in document["errors"][0]["message"]


def test_claims_of_version_two() -> None:
    clerk = FakeClerk()
    user = clerk.directory.add_user("m@example.com", organization={"id": "org_1", "slug": "acme", "role": "admin"})
    token = clerk.session_token(user)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["v"] == 2
    assert claims["sts"] == "active"
    assert claims["o"] == {"id": "org_1", "slg": "acme", "rol": "admin", "per": "", "fpm": ""}
    assert jwt.get_unverified_header(token) == {
        "alg": "RS256", "typ": "JWT", "kid": clerk.key.kid, "cat": tokens.SESSION_CATEGORY,
    }  # fmt: skip


def test_claims_of_version_one() -> None:
    clerk = FakeClerk()
    user = clerk.directory.add_user("m@example.com", organization={"id": "org_1", "slug": "acme", "role": "admin"})
    claims = jwt.decode(clerk.session_token(user, version=1), options={"verify_signature": False})
    assert claims["org_role"] == "org:admin"
    assert not {"v", "o", "sts"} & set(claims)


def test_classes_of_tokens_differ_by_cat() -> None:
    clerk = FakeClerk()
    user = clerk.directory.add_user("a@example.com")
    template, machine = clerk.template_token(user), clerk.machine_token()
    assert jwt.get_unverified_header(template)["cat"] == tokens.TEMPLATE_CATEGORY
    assert jwt.get_unverified_header(machine)["cat"] == tokens.M2M_CATEGORY
    assert "sid" not in jwt.decode(template, options={"verify_signature": False})
    assert jwt.decode(machine, options={"verify_signature": False})["sub"].startswith("mch_")


def test_identifiers_and_keys_look_like_clerk_s() -> None:
    clerk = FakeClerk()
    assert re.fullmatch(r"ins_[0-9A-Za-z]{27}", clerk.key.kid)
    assert re.fullmatch(r"user_[0-9A-Za-z]{27}", clerk.directory.add_user("x@example.com").id)
    assert clerk.secret_key.startswith("sk_test_")
    host = base64.b64decode(clerk.publishable_key.removeprefix("pk_test_"))
    assert host.decode() == f"{clerk.domain}$"


def test_a_rotation_publishes_both_keys() -> None:
    clerk = FakeClerk()
    key = clerk.add_next_key()
    token = clerk.session_token(clerk.directory.add_user("a@example.com"), key=key)
    assert jwt.get_unverified_header(token)["kid"] == key.kid
    assert [entry["kid"] for entry in clerk.jwks()["keys"]] == [clerk.key.kid, key.kid]


def test_a_taken_port_is_an_error_and_leaves_nothing(clerk: FakeClerk) -> None:
    second = FakeClerk(port=clerk.port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    with pytest.raises(RuntimeError, match="not started"):
        _ = second.tls


def test_closing_frees_the_port_and_removes_the_certificate() -> None:
    with FakeClerk() as clerk:
        path, port = clerk.tls.ca_path, clerk.port
        assert path.exists()
    assert not path.exists()
    with FakeClerk(port=port):
        pass


def test_the_official_sdk_verifies_tokens_of_the_fake(clerk: FakeClerk) -> None:
    user = clerk.directory.add_user("sdk@example.com")
    options = VerifyTokenOptions(secret_key=clerk.secret_key, api_url=clerk.url)
    assert verify_token(clerk.session_token(user), options)["sub"] == user.id
    with pytest.raises(TokenVerificationError, match="signature"):
        verify_token(clerk.session_token(user)[:-8] + "AAAAAAAA", options)


def test_the_official_sdk_reads_users_of_the_fake(clerk: FakeClerk) -> None:
    user = clerk.directory.add_user("read@example.com", first_name="Rea")
    with Clerk(bearer_auth=clerk.secret_key, server_url=f"{clerk.url}/v1") as sdk:
        found = sdk.users.get(user_id=user.id)
    assert found.first_name == "Rea"
    assert found.email_addresses[0].email_address == "read@example.com"
