"""The provider, second half: tokens and what is asked of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from harness.fake_clerk import FakeClerk
from harness.fake_clerk.models.oauth_applications import OAuthApplication, valid_redirect
from harness.fake_clerk.models.organizations import Organization
from tests.fake_clerk.relying import CALLBACK, STATE, Relying, allowed, connected, outcome, press, refused

REQUESTS: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"state": "short"}, "invalid_state"),
    ({"scope": "openid private_metadata"}, "invalid_scope"),
    ({"prompt": "none login"}, "invalid_request"),
]


@pytest.mark.parametrize(("change", "code"), REQUESTS)
def test_what_else_is_wrong_is_told_to_the_client(
    window: httpx.Client, relying: Relying, change: dict[str, str | None], code: str
) -> None:
    given = {name: values[0] for name, values in parse_qs(urlsplit(relying.url()).query).items()} | change
    answer = window.get("/oauth/authorize", params={name: value for name, value in given.items() if value})
    location = answer.headers["location"]
    assert (location.startswith(CALLBACK), outcome(location)["error"]) == (True, code)


@pytest.mark.parametrize("field", ["public", "pkce_required"])
def test_pkce_is_demanded(clerk: FakeClerk, api: httpx.Client, window: httpx.Client, field: str) -> None:
    relying = Relying(clerk, api, **{field: True})
    given = {"response_type": "code", "client_id": relying.document["client_id"], "state": STATE}
    assert outcome(window.get("/oauth/authorize", params=given).headers["location"])["error"] == "invalid_request"
    with_challenge = {"code_challenge": create_s256_code_challenge("v" * 43), "code_challenge_method": "S256"}
    assert window.get("/oauth/authorize", params=given | with_challenge).status_code == 200


def test_a_form_carries_the_answer_where_it_was_asked_for(window: httpx.Client, relying: Relying) -> None:
    answer = press(window, relying.url(response_mode="form_post"), "Allow as ada@example.com")
    assert (answer.status_code, f'action="{CALLBACK}"' in answer.text, 'name="code"' in answer.text) == (
        200,
        True,
        True,
    )


def test_introspection_and_revocation(window: httpx.Client, relying: Relying, clerk: FakeClerk) -> None:
    tokens, about = relying.fetch(allowed(window, relying.url())), f"{clerk.issuer}/oauth/token_info"
    for kind in ("access_token", "refresh_token"):
        found = relying.client.introspect_token(about, token=tokens[kind]).json()
        assert (found["active"], found["client_id"]) == (True, relying.document["client_id"])
    assert relying.client.introspect_token(about, token="oat_none").json() == {"active": False}
    assert window.post("/oauth/token_info", data={"token": tokens["access_token"]}).status_code == 401
    relying.client.revoke_token(f"{clerk.issuer}/oauth/token/revoke", token=tokens["refresh_token"])
    assert relying.client.introspect_token(about, token=tokens["access_token"]).json() == {"active": False}


def test_access_tokens_are_jwts_where_the_instance_says_so(
    window: httpx.Client, relying: Relying, clerk: FakeClerk, api: httpx.Client
) -> None:
    api.patch("/instance/oauth_application_settings", json={"oauth_jwt_access_tokens": True}).raise_for_status()
    tokens = relying.fetch(allowed(window, relying.url()))
    assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "at+jwt"
    claims = jwt.decode(tokens["access_token"], clerk.key.public_pem, algorithms=["RS256"])
    assert (claims["client_id"], claims["scope"]) == (relying.document["client_id"], "openid profile email")
    assert relying.client.get(f"{clerk.issuer}/oauth/userinfo").json()["sub"] == claims["sub"]
    with pytest.raises(OAuthError, match="unsupported_token_type"):
        answer = relying.client.revoke_token(f"{clerk.issuer}/oauth/token/revoke", token=tokens["access_token"])
        raise OAuthError(answer.json()["error"])


def test_no_other_token_opens_the_user_info(window: httpx.Client, clerk: FakeClerk) -> None:
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    keys = [clerk.session_token(ada), clerk.machine_token(), clerk.template_token(ada)]
    others = [*keys, clerk.opaque_token("api_key", ada.id), "none"]
    for token in others:
        answer = window.get("/oauth/userinfo", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Bearer")


def test_the_organization_of_the_session_is_told_where_it_was_asked_for(
    window: httpx.Client, clerk: FakeClerk, api: httpx.Client
) -> None:
    relying = Relying(clerk, api, scopes="openid user:org:read", wanted="openid user:org:read")
    tokens = relying.fetch(allowed(window, relying.url()))
    about = relying.client.get(f"{clerk.issuer}/oauth/userinfo").json()
    assert (about["org_slug"], "email" in about, tokens["scope"]) == ("known", False, "openid user:org:read")


@pytest.mark.parametrize("registration", [False, True])
def test_what_discovery_names_exists(clerk: FakeClerk, window: httpx.Client, registration: bool) -> None:
    clerk.oauth.dynamic_registration = registration
    named: dict[str, str] = {}
    for page in ("openid-configuration", "oauth-authorization-server"):
        document = window.get(f"/.well-known/{page}").json()
        assert document["issuer"] == clerk.issuer
        named |= {k: v for k, v in document.items() if k.endswith(("_endpoint", "_uri"))}
    assert ("registration_endpoint" in named) == registration
    for name, url in named.items():
        statuses = {window.request(method, url).status_code for method in ("GET", "POST")}
        assert statuses - {404, 501}, name
        assert not statuses & {500}, name


def test_a_client_registers_itself(clerk: FakeClerk, window: httpx.Client, api: httpx.Client) -> None:
    asked = {
        "redirect_uris": ["http://127.0.0.1:33418/cb"],
        "token_endpoint_auth_method": "none",
        "scope": "openid email",
    }
    assert window.post("/oauth/register", json=asked).status_code == 422
    api.patch("/instance/oauth_application_settings", json={"dynamic_oauth_client_registration": True})
    made = window.post("/oauth/register", json=asked)
    assert (made.status_code, "client_secret" in made.json()) == (201, False)
    client = OAuth2Client(
        made.json()["client_id"], scope="openid email", redirect_uri="http://127.0.0.1:50001/cb",
        code_challenge_method="S256", token_endpoint_auth_method="none", **connected(clerk),
    )  # fmt: skip
    verifier = generate_token(48)
    url, _ = client.create_authorization_url(f"{clerk.issuer}/oauth/authorize", code_verifier=verifier)
    location = allowed(window, url)
    tokens = client.fetch_token(f"{clerk.issuer}/oauth/token", authorization_response=location, code_verifier=verifier)
    assert "id_token" in tokens


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_redirect_uri"), ({"redirect_uris": ["/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/#f"]}, "invalid_redirect_uri"), ([], "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "scope": "everything"}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
    ],
)  # fmt: skip
def test_refused_registrations(clerk: FakeClerk, window: httpx.Client, body: Any, code: str) -> None:
    clerk.oauth.dynamic_registration = True
    answer = window.post("/oauth/register", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


@pytest.mark.parametrize(
    ("registered", "asked", "right"),
    [
        (CALLBACK, CALLBACK, True), (CALLBACK, CALLBACK + "/", False), (CALLBACK, "https://APP.example/callback", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", True), ("http://[::1]/cb", "http://[::1]:5000/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/other", False), ("http://localhost/cb", "http://localhost:5000/cb", False),
        ("https://127.0.0.1/cb", "https://127.0.0.1:5000/cb", False), ("http://127.0.0.1/cb", "http://u@127.0.0.1/cb", False),
        ("myapp://cb", "myapp://cb", True), ("http://127.0.0.1/cb", "http://[::1]/cb", False),
    ],
)  # fmt: skip
def test_which_addresses_are_registered(registered: str, asked: str, right: bool) -> None:
    assert OAuthApplication("x", [registered]).redirects_to(asked) == right


@pytest.mark.parametrize(
    ("uri", "valid"),
    [
        (CALLBACK, True), ("myapp://cb", True), ("com.example:/cb", True), ("https:///cb", False), ("cb", False),
        ("javascript:alert(1)", False), ("https://a.example/#x", False), ("http://[", False), ("", False),
    ],
)  # fmt: skip
def test_which_addresses_may_be_registered(uri: str, valid: bool) -> None:
    assert valid_redirect(uri) == valid


def test_consent_by_a_page_of_one_s_own(window: httpx.Client, clerk: FakeClerk, api: httpx.Client) -> None:
    relying = Relying(clerk, api)
    organization = Organization("Second", "second", id="org_second")
    clerk.directory.organizations[organization.id] = organization
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    clerk.directory.join(organization, ada, "org:member")
    path, given = f"/v1/me/oauth/consent/{relying.document['client_id']}", outcome(relying.url())
    assert window.get(path).status_code == 401
    allowed(window, relying.url())
    shown = window.get(path, params={"scope": "email", "redirect_uri": CALLBACK}).json()
    assert (shown["redirect_domain"], [each["scope"] for each in shown["scopes"]]) == ("app.example", ["email"])
    denied = window.post(path, data=given | {"consented": "yes"})
    assert outcome(denied.headers["location"])["error"] == "access_denied"
    granted = window.post(path, data=given | {"consented": "true", "organization_id": "org_second"})
    assert clerk.oauth.grants[outcome(granted.headers["location"])["code"]].organization_id == "org_second"
    assert window.post(path, data=given | {"consented": "true", "organization_id": "org_none"}).status_code == 404


def test_applications_by_the_backend_api(
    window: httpx.Client, relying: Relying, api: httpx.Client, clerk: FakeClerk
) -> None:
    one = f"/oauth_applications/{relying.document['id']}"
    assert "client_secret" not in api.get(one).json()
    tokens = relying.fetch(allowed(window, relying.url()))
    assert api.post(f"{one}/revoke_token", json={"token": "oat_none"}).status_code == 404
    assert api.post(f"{one}/revoke_token", json={"token": tokens["access_token"]}).status_code == 204
    assert refused(lambda: relying.refresh(tokens["refresh_token"])) == "invalid_grant"
    location = allowed(window, relying.url(prompt="consent"))
    assert api.post(f"{one}/rotate_secret").json()["client_secret"] != relying.document["client_secret"]
    assert refused(lambda: relying.fetch(location)) == "invalid_client"
    assert (
        api.patch(one, json={"redirect_uris": ["https://new.example/cb"]}).json()["callback_url"]
        == "https://new.example/cb"
    )
    assert window.get(relying.url()).status_code == 400
    assert api.delete(one).json()["deleted"] is True
    assert window.get(relying.url()).status_code == 401
