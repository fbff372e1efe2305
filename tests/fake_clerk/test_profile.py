"""An issuer is a profile: another identity provider than Clerk, on the same keys, server and redirection of names."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from types import MappingProxyType
from typing import Any

import httpx
import jwt
import pytest

from harness.fake_clerk import CLERK, FakeClerk, IssuerProfile
from harness.fake_clerk.profile import TokenForm

AUDIENCE = "https://api.shop.example"


def claims(*, subject: str, issuer: str, now: int, lifetime: int = 600, **_: Any) -> dict[str, Any]:
    """The claims of an access token as generic OpenID providers make them."""
    return {"iss": issuer, "sub": subject, "aud": AUDIENCE, "iat": now, "exp": now + lifetime, "scope": "openid"}


def header(kid: str) -> dict[str, Any]:
    return {"alg": "RS256", "kid": kid, "typ": "at+jwt"}


OIDC = IssuerProfile(
    name="Example ID",
    domain="shop.id.example",
    session=TokenForm(claims, header),
    issuer_path="/",
    jwks_path="/.well-known/keys",
    discovery=lambda issuer, jwks_url: {
        "issuer": issuer,
        "jwks_uri": jwks_url,
        "id_token_signing_alg_values_supported": ["RS256"],
    },
    hosts=("login.id.example", "*.id.example"),
    certificate_names=("*.id.example",),
    new_key_id=lambda: "key-1",
    user_id=lambda seed: f"id|{seed}",
    environment=lambda instance: {"OIDC_ISSUER": instance.issuer, "OIDC_JWKS_URL": instance.jwks_url},
    local_environment=lambda url: {"OIDC_JWKS_URL": f"{url}/.well-known/keys"},
)


@pytest.fixture
def issuer() -> Iterator[FakeClerk]:
    with FakeClerk(profile=OIDC) as started:
        yield started


def test_its_token_verifies_with_the_keys_at_its_own_path(issuer: FakeClerk) -> None:
    token = issuer.session_token(issuer.directory.add_user("ada@example.com"))
    key = jwt.PyJWKClient(f"{issuer.url}/.well-known/keys").get_signing_key_from_jwt(token)
    verified = jwt.decode(token, key, algorithms=["RS256"], issuer="https://shop.id.example/", audience=AUDIENCE)
    assert verified["sub"] == "id|ada@example.com"
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": "key-1", "typ": "at+jwt"}


def test_its_token_has_none_of_clerk_s_claims(issuer: FakeClerk) -> None:
    user = issuer.directory.add_user(
        "ada@example.com", organization={"id": "org_1", "slug": "acme", "role": "admin", "permissions": ""}
    )
    own = set(jwt.decode(issuer.session_token(user), options={"verify_signature": False}))
    with_actor = {"actor": "user_1", "organization": user.organization}
    clerks = {name for version in (1, 2) for name in FakeClerk().claims_for("user_1", version=version, **with_actor)}
    assert own == {"iss", "sub", "aud", "iat", "exp", "scope"}
    assert own & clerks == {"iss", "sub", "iat", "exp"}, "registered claims (RFC 7519, section 4.1) are everybody's"
    assert {"sid", "azp", "act", "v", "o", "sts", "org_id", "fva"} <= clerks - own


def test_options_reach_its_claims(issuer: FakeClerk) -> None:
    made = issuer.claims_for("id|bob", lifetime=60)
    assert made["exp"] - made["iat"] == 60


def test_it_describes_itself(issuer: FakeClerk) -> None:
    document = httpx.get(f"{issuer.url}/.well-known/openid-configuration", trust_env=False).json()
    assert document["issuer"] == issuer.issuer == "https://shop.id.example/"
    assert document["jwks_uri"] == issuer.jwks_url == "https://shop.id.example/.well-known/keys"


def test_it_serves_nothing_of_clerk_s(issuer: FakeClerk) -> None:
    key = {"authorization": f"Bearer {issuer.secret_key}"}
    for path in (CLERK.jwks_path, "/v1/jwks", "/v1/users", "/v1/domains", "/v1/client/handshake", "/api_keys/verify"):
        assert httpx.get(issuer.url + path, headers=key, trust_env=False).status_code == 404, path


def test_its_hosts_are_led_to_it_and_clerk_s_are_not(issuer: FakeClerk) -> None:
    assert issuer.api.names == ("login.id.example", "*.id.example", "shop.id.example")
    assert connect(issuer, "login.id.example") == 200
    assert connect(issuer, "other.id.example") == 200
    with pytest.raises(OSError, match="403"):
        connect(issuer, "api.clerk.com")
    assert issuer.refused_names == ["api.clerk.com"]


def connect(issuer: FakeClerk, host: str) -> int:
    """Fetch the keys of `https://HOST` with the issuer as the proxy, which verifies the certificate for that name."""
    context = ssl.create_default_context(cafile=str(issuer.tls.ca_path))
    connection = http.client.HTTPSConnection("127.0.0.1", issuer.port, context=context, timeout=10)
    connection.set_tunnel(host, 443)
    try:
        connection.request("GET", "/.well-known/keys")
        return connection.getresponse().status
    finally:
        connection.close()


def test_its_variables_are_its_own(issuer: FakeClerk) -> None:
    trust = set(issuer.tls.environment())
    own = {name: value for name, value in issuer.environment().items() if name not in trust}
    assert own == {
        "OIDC_ISSUER": "https://shop.id.example/",
        "OIDC_JWKS_URL": "https://shop.id.example/.well-known/keys",
    }
    assert issuer.standalone_environment()["OIDC_JWKS_URL"] == f"{issuer.url}/.well-known/keys"


@pytest.mark.parametrize("kind", ["template", "machine", "oauth"])
def test_kinds_of_tokens_that_it_has_not_are_an_error(issuer: FakeClerk, kind: str) -> None:
    user = issuer.directory.add_user("ada@example.com")
    makers: dict[str, Callable[[], str]] = {
        "template": lambda: issuer.template_token(user),
        "machine": issuer.machine_token,
        "oauth": lambda: issuer.oauth_token(user),
    }
    with pytest.raises(ValueError, match=f"Example ID issues no tokens of the kind {kind}"):
        makers[kind]()


def test_clerk_is_the_default_and_cannot_be_changed() -> None:
    assert FakeClerk().profile is CLERK
    with pytest.raises(FrozenInstanceError):
        CLERK.jwks_path = "/keys"  # type: ignore[misc]
    assert isinstance(CLERK.other_tokens, MappingProxyType)
