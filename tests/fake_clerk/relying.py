"""Applications that rely on the instance, with Authlib, and what a person does on its pages."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
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
