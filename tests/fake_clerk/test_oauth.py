"""The OAuth and OpenID provider, asked by Authlib over TLS at the instance's own name."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from harness.fake_clerk import FakeClerk

CALLBACK = "https://app.example/callback"
STATE = "a-state-of-the-client"


def connected(clerk: FakeClerk) -> dict[str, Any]:
    """What a client needs to reach the fake at its real name, with the certificate verified."""
    context = ssl.create_default_context(cafile=clerk.environment()["SSL_CERT_FILE"])
    return {"proxy": clerk.url, "verify": context, "trust_env": False, "timeout": 60}


@pytest.fixture
def browser(clerk: FakeClerk) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=clerk.issuer, **connected(clerk)) as client:
        yield client


class Relying:
    """An application of the instance, with Authlib as its client."""

    def __init__(self, clerk: FakeClerk, api: httpx.Client, **fields: Any) -> None:
        asked = {"name": "Reports", "redirect_uris": [CALLBACK], "scopes": "openid profile email"} | fields
        self.document = api.post("/oauth_applications", json=asked).raise_for_status().json()
        self.clerk = clerk
        self.client = OAuth2Client(
            self.document["client_id"],
            self.document["client_secret"] or None,
            scope=fields.get("wanted", "openid profile email"),
            redirect_uri=CALLBACK,
            code_challenge_method="S256",
            token_endpoint_auth_method="none" if self.document["public"] else "client_secret_basic",
            **connected(clerk),
        )
        self.verifier = generate_token(48)

    def url(self, **more: str) -> str:
        """The address to which it sends a browser."""
        url, _ = self.client.create_authorization_url(
            f"{self.clerk.issuer}/oauth/authorize", state=STATE, code_verifier=self.verifier, **more
        )
        return str(url)

    def fetch(self, location: str, **more: Any) -> dict[str, Any]:
        """The tokens for the code that came back to the callback."""
        given = {"authorization_response": location, "state": STATE, "code_verifier": self.verifier} | more
        return dict(self.client.fetch_token(f"{self.clerk.issuer}/oauth/token", **given))

    def refresh(self, token: str) -> dict[str, Any]:
        return dict(self.client.refresh_token(f"{self.clerk.issuer}/oauth/token", refresh_token=token))


@pytest.fixture
def relying(clerk: FakeClerk, api: httpx.Client) -> Relying:
    return Relying(clerk, api)


def press(browser: httpx.Client, url: str, button: str) -> httpx.Response:
    """Open the page at `url` and press the button with that text, as a browser does."""
    page = browser.get(url)
    assert page.status_code == 200, page.text
    found = re.search(rf'<button name="(\w+)" value="([^"]+)">{re.escape(button)}</button>', page.text)
    assert found is not None, page.text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    return browser.post("/oauth/authorize", data=fields | {found[1]: found[2]})


def allowed(browser: httpx.Client, url: str) -> str:
    """Where the browser is sent after Ada consented."""
    answer = press(browser, url, "Allow as ada@example.com")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def outcome(location: str) -> dict[str, str]:
    """What a client is told at its callback."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def refused(call: Callable[[], Any]) -> str:
    """The error with which Authlib was refused."""
    with pytest.raises(OAuthError) as found:
        call()
    return str(found.value.error)


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_a_client_learns_who_somebody_is(
    clerk: FakeClerk, api: httpx.Client, browser: httpx.Client, public: bool
) -> None:
    relying = Relying(clerk, api, public=public)
    location = allowed(browser, relying.url(nonce="n-1"))
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


def test_a_person_who_is_signed_in_is_asked_once(browser: httpx.Client, relying: Relying) -> None:
    relying.fetch(allowed(browser, relying.url()))
    assert outcome(browser.get(relying.url()).headers["location"])["code"]
    assert outcome(browser.get(relying.url(prompt="none")).headers["location"])["code"]
    again = browser.get(relying.url(prompt="consent"))
    assert ("Allow as ada@example.com" in again.text, "bob@example.com" in again.text) == (True, False)
    assert "Allow as bob@example.com" in browser.get(relying.url(prompt="login")).text


def test_without_a_page_nobody_is_let_in(browser: httpx.Client, clerk: FakeClerk, api: httpx.Client) -> None:
    relying = Relying(clerk, api)
    assert outcome(browser.get(relying.url(prompt="none")).headers["location"])["error"] == "login_required"
    allowed(browser, relying.url())
    other = Relying(clerk, api, name="Other")
    assert outcome(browser.get(other.url(prompt="none")).headers["location"])["error"] == "consent_required"
    silent = Relying(clerk, api, consent_screen_enabled=False)
    assert outcome(browser.get(silent.url(prompt="none")).headers["location"])["code"]
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    linked = browser.get(other.url(user_id=ada.id))
    assert (linked.status_code, "Deny" in linked.text) == (200, True)


def test_a_denial_is_told(browser: httpx.Client, relying: Relying) -> None:
    location = press(browser, relying.url(), "Deny").headers["location"]
    assert outcome(location)["error"] == "access_denied"


def test_a_refresh_token_is_used_once(browser: httpx.Client, relying: Relying, clerk: FakeClerk) -> None:
    first = relying.fetch(allowed(browser, relying.url()))
    second = relying.refresh(first["refresh_token"])
    assert second["access_token"] != first["access_token"] and "id_token" in second
    assert refused(lambda: relying.refresh(first["refresh_token"])) == "invalid_grant"
    # Somebody has two of them: the whole grant ends.
    assert refused(lambda: relying.refresh(second["refresh_token"])) == "invalid_grant"
    relying.client.token = second
    assert relying.client.get(f"{clerk.issuer}/oauth/userinfo").status_code == 401


def test_a_code_is_used_once(browser: httpx.Client, relying: Relying, clerk: FakeClerk) -> None:
    location = allowed(browser, relying.url())
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
    browser: httpx.Client, relying: Relying, clerk: FakeClerk, _: str, change: dict[str, Any], code: str
) -> None:
    given = {
        "grant_type": "authorization_code", "code": outcome(allowed(browser, relying.url()))["code"],
        "redirect_uri": CALLBACK, "code_verifier": relying.verifier,
    }  # fmt: skip
    changed = {name: value for name, value in (given | change).items() if value is not None}
    key = (relying.document["client_id"], relying.document["client_secret"])
    answer = browser.post("/oauth/token", data=changed, auth=key)
    assert (answer.json()["error"], answer.status_code) == (code, 401 if code == "unsupported_grant_type" else 400)
    # None of these uses up the code.
    assert browser.post("/oauth/token", data=given, auth=key).status_code == 200


def test_a_code_expires(browser: httpx.Client, relying: Relying, clerk: FakeClerk) -> None:
    location = allowed(browser, relying.url())
    clerk.oauth.grants[outcome(location)["code"]].expires_at = 0
    assert refused(lambda: relying.fetch(location)) == "invalid_grant"


def test_a_code_is_of_one_client(browser: httpx.Client, relying: Relying, clerk: FakeClerk, api: httpx.Client) -> None:
    other = Relying(clerk, api)
    other.verifier = relying.verifier
    location = allowed(browser, relying.url())
    assert refused(lambda: other.fetch(location)) == "invalid_grant"


@pytest.mark.parametrize("state", ["banned", "deleted"])
def test_whoever_is_banned_or_gone_is_nobody(
    browser: httpx.Client, relying: Relying, clerk: FakeClerk, state: str
) -> None:
    tokens = relying.fetch(allowed(browser, relying.url()))
    (ada,) = clerk.directory.find(emails=["ada@example.com"], ids=[])
    _ = clerk.directory.update_user(ada.id, banned=True) if state == "banned" else clerk.directory.remove_user(ada.id)
    assert relying.client.get(f"{clerk.issuer}/oauth/userinfo").status_code == 401
    assert refused(lambda: relying.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_client_proves_who_it_is(browser: httpx.Client, relying: Relying) -> None:
    name, secret = relying.document["client_id"], relying.document["client_secret"]
    form = {"grant_type": "refresh_token", "refresh_token": "clk_refresh_none"}
    ways: dict[str, dict[str, Any]] = {
        "basic": {"auth": (name, secret)}, "form": {"data": form | {"client_id": name, "client_secret": secret}},
        "wrong": {"auth": (name, "wrong")}, "none": {"data": form | {"client_id": name}}, "nobody": {},
        "both": {"auth": (name, secret), "data": form | {"client_secret": secret}},
    }  # fmt: skip
    found = {way: browser.post("/oauth/token", **{"data": form} | more) for way, more in ways.items()}
    assert {way: answer.json()["error"] for way, answer in found.items()} == {
        "basic": "invalid_grant", "form": "invalid_grant", "wrong": "invalid_client", "none": "invalid_client",
        "nobody": "invalid_client", "both": "invalid_request",
    }  # fmt: skip
    assert (found["wrong"].status_code, found["wrong"].headers["www-authenticate"][:5]) == (401, "Basic")


def test_a_wrong_client_or_address_is_told_to_the_person(browser: httpx.Client, relying: Relying) -> None:
    """An answer that went to that address would make of the fake an open redirector (RFC 6749, section 10.15)."""
    for change, status in (
        ({"redirect_uri": "https://evil.example/callback"}, 400), ({"redirect_uri": CALLBACK + "/more"}, 400),
        ({"redirect_uri": CALLBACK + "?x=1"}, 400), ({"client_id": "client_none"}, 401),
    ):  # fmt: skip
        url = httpx.URL(relying.url()).copy_merge_params(change)
        answer = browser.get(url)
        assert (answer.status_code, "location" in answer.headers) == (status, False)
    assert browser.get(relying.url() + f"&redirect_uri={CALLBACK}").status_code == 400
