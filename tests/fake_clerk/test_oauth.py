"""The OAuth and OpenID provider, asked by Authlib over TLS at the instance's own name."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from harness.fake_clerk import FakeClerk
from tests.fake_clerk.relying import CALLBACK, STATE, Relying, allowed, outcome, press, refused


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_a_client_learns_who_somebody_is(
    clerk: FakeClerk, api: httpx.Client, window: httpx.Client, public: bool
) -> None:
    relying = Relying(clerk, api, public=public)
    location = allowed(window, relying.url(nonce="n-1"))
    assert (location.startswith(CALLBACK), outcome(location)["state"]) == (True, STATE)
    tokens = relying.fetch(location)
    claims = jwt.decode(
        tokens["id_token"], clerk.key.public_pem, algorithms=["RS256"], audience=relying.document["client_id"], issuer=clerk.issuer
    )  # fmt: skip
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    assert (claims["sub"], claims["nonce"], claims["email"], claims["given_name"]) == (
        ada.id, "n-1", "ada@example.com", "Ada",
    )  # fmt: skip
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "openid profile email")
    about = relying.client.get(f"{clerk.issuer}/oauth/userinfo").json()
    assert (about["sub"], about["email_verified"]) == (ada.id, True)
    # A backend verifies the same token by Clerk's API.
    verified = api.post("/oauth_applications/access_tokens/verify", json={"access_token": tokens["access_token"]})
    assert (verified.json()["subject"], verified.json()["client_id"]) == (ada.id, relying.document["client_id"])


def test_a_person_who_is_signed_in_is_asked_once(window: httpx.Client, relying: Relying) -> None:
    relying.fetch(allowed(window, relying.url()))
    assert outcome(window.get(relying.url()).headers["location"])["code"]
    assert outcome(window.get(relying.url(prompt="none")).headers["location"])["code"]
    again = window.get(relying.url(prompt="consent"))
    assert ("Allow as ada@example.com" in again.text, "bob@example.com" in again.text) == (True, False)
    assert "Allow as bob@example.com" in window.get(relying.url(prompt="login")).text


def test_without_a_page_nobody_is_let_in(window: httpx.Client, clerk: FakeClerk, api: httpx.Client) -> None:
    relying = Relying(clerk, api)
    assert outcome(window.get(relying.url(prompt="none")).headers["location"])["error"] == "login_required"
    allowed(window, relying.url())
    other = Relying(clerk, api, name="Other")
    assert outcome(window.get(other.url(prompt="none")).headers["location"])["error"] == "consent_required"
    silent = Relying(clerk, api, consent_screen_enabled=False)
    assert outcome(window.get(silent.url(prompt="none")).headers["location"])["code"]
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    linked = window.get(other.url(user_id=ada.id))
    assert (linked.status_code, "Deny" in linked.text) == (200, True)


def test_a_denial_is_told(window: httpx.Client, relying: Relying) -> None:
    location = press(window, relying.url(), "Deny").headers["location"]
    assert outcome(location)["error"] == "access_denied"


def test_a_refresh_token_is_used_once(window: httpx.Client, relying: Relying, clerk: FakeClerk) -> None:
    first = relying.fetch(allowed(window, relying.url()))
    second = relying.refresh(first["refresh_token"])
    assert second["access_token"] != first["access_token"] and "id_token" in second
    assert refused(lambda: relying.refresh(first["refresh_token"])) == "invalid_grant"
    # Somebody has two of them: the whole grant ends.
    assert refused(lambda: relying.refresh(second["refresh_token"])) == "invalid_grant"
    relying.client.token = second
    assert relying.client.get(f"{clerk.issuer}/oauth/userinfo").status_code == 401


def test_a_code_is_used_once(window: httpx.Client, relying: Relying, clerk: FakeClerk) -> None:
    location = allowed(window, relying.url())
    tokens = relying.fetch(location)
    assert refused(lambda: relying.fetch(location)) == "invalid_grant"
    relying.client.token = tokens
    assert relying.client.get(f"{clerk.issuer}/oauth/userinfo").status_code == 401


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("another verifier", {"code_verifier": "v" * 43}, "invalid_grant"),
    ("no verifier", {"code_verifier": None}, "invalid_grant"),
    ("a short verifier", {"code_verifier": "short"}, "invalid_grant"),
    ("another redirect_uri", {"redirect_uri": "https://app.example/other"}, "invalid_grant"),
    ("no redirect_uri", {"redirect_uri": None}, "invalid_grant"),
    ("a made-up code", {"code": "clk_code_made_up", "authorization_response": None}, "invalid_grant"),
    ("no code", {"code": "", "authorization_response": None}, "invalid_request"),
    ("another grant", {"grant_type": "password"}, "unsupported_grant_type"),
]


@pytest.mark.parametrize(("_", "change", "code"), WRONG, ids=[case[0] for case in WRONG])
def test_what_is_wrong_with_an_exchange(
    window: httpx.Client, relying: Relying, clerk: FakeClerk, _: str, change: dict[str, Any], code: str
) -> None:
    given = {
        "grant_type": "authorization_code", "code": outcome(allowed(window, relying.url()))["code"],
        "redirect_uri": CALLBACK, "code_verifier": relying.verifier,
    }  # fmt: skip
    changed = {name: value for name, value in (given | change).items() if value is not None}
    key = (relying.document["client_id"], relying.document["client_secret"])
    answer = window.post("/oauth/token", data=changed, auth=key)
    assert (answer.json()["error"], answer.status_code) == (code, 401 if code == "unsupported_grant_type" else 400)
    # None of these uses up the code.
    assert window.post("/oauth/token", data=given, auth=key).status_code == 200


def test_a_code_expires(window: httpx.Client, relying: Relying, clerk: FakeClerk) -> None:
    location = allowed(window, relying.url())
    clerk.oauth.grants[outcome(location)["code"]].expires_at = 0
    assert refused(lambda: relying.fetch(location)) == "invalid_grant"


def test_a_code_is_of_one_client(window: httpx.Client, relying: Relying, clerk: FakeClerk, api: httpx.Client) -> None:
    other = Relying(clerk, api)
    other.verifier = relying.verifier
    location = allowed(window, relying.url())
    assert refused(lambda: other.fetch(location)) == "invalid_grant"


@pytest.mark.parametrize("state", ["banned", "deleted"])
def test_whoever_is_banned_or_gone_is_nobody(
    window: httpx.Client, relying: Relying, clerk: FakeClerk, state: str
) -> None:
    tokens = relying.fetch(allowed(window, relying.url()))
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    _ = clerk.directory.update_user(ada.id, banned=True) if state == "banned" else clerk.directory.remove_user(ada.id)
    assert relying.client.get(f"{clerk.issuer}/oauth/userinfo").status_code == 401
    assert refused(lambda: relying.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_client_proves_who_it_is(window: httpx.Client, relying: Relying) -> None:
    name, secret = relying.document["client_id"], relying.document["client_secret"]
    form = {"grant_type": "refresh_token", "refresh_token": "clk_refresh_none"}
    ways: dict[str, dict[str, Any]] = {
        "basic": {"auth": (name, secret)}, "form": {"data": form | {"client_id": name, "client_secret": secret}},
        "wrong": {"auth": (name, "wrong")}, "none": {"data": form | {"client_id": name}}, "nobody": {},
        "both": {"auth": (name, secret), "data": form | {"client_secret": secret}},
    }  # fmt: skip
    found = {way: window.post("/oauth/token", **{"data": form} | more) for way, more in ways.items()}
    assert {way: answer.json()["error"] for way, answer in found.items()} == {
        "basic": "invalid_grant", "form": "invalid_grant", "wrong": "invalid_client", "none": "invalid_client",
        "nobody": "invalid_client", "both": "invalid_request",
    }  # fmt: skip
    assert (found["wrong"].status_code, found["wrong"].headers["www-authenticate"][:5]) == (401, "Basic")


def test_a_wrong_client_or_address_is_told_to_the_person(window: httpx.Client, relying: Relying) -> None:
    """An answer that went to that address would make of the fake an open redirector (RFC 6749, section 10.15)."""
    for change, status in (
        ({"redirect_uri": "https://evil.example/callback"}, 400), ({"redirect_uri": CALLBACK + "/more"}, 400),
        ({"redirect_uri": CALLBACK + "?x=1"}, 400), ({"client_id": "client_none"}, 401),
    ):  # fmt: skip
        url = httpx.URL(relying.url()).copy_merge_params(change)
        answer = window.get(url)
        assert (answer.status_code, "location" in answer.headers) == (status, False)
    assert window.get(relying.url() + f"&redirect_uri={CALLBACK}").status_code == 400
