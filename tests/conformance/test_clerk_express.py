"""@clerk/express: a tiny backend in a Node process, unmodified and configured as in production."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from harness.credentials import Mint
from harness.fake_clerk import FakeClerk, User
from harness.run.environment import base_environment
from harness.targets.host_redirect import Names
from tests.conformance.conftest import HERE, NODE, token_of


@pytest.fixture(scope="module")
def backend(names: Names) -> Iterator[httpx.Client]:
    # With the PEM it would never ask for the keys.
    environment = names.environment(base_environment()) | {"CLERK_JWT_KEY": ""}
    command = [NODE, "express.cjs"]
    process = subprocess.Popen(command, cwd=HERE / "node", env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    assert port, "the server ended: are the packages of tests/conformance/node installed (make test)?"
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    process.terminate()
    process.wait(timeout=10)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_session_gets_in_and_its_user_is_fetched(backend: httpx.Client, clerk: FakeClerk, ada: User) -> None:
    answer = backend.get("/me", headers=bearer(clerk.session_token(ada)))
    assert (answer.status_code, answer.json()["userId"], answer.json()["email"]) == (200, ada.id, "ada@example.com")


@pytest.mark.parametrize("suffixed", [True, False])
def test_so_do_a_browser_s_cookies(backend: httpx.Client, clerk: FakeClerk, ada: User, suffixed: bool) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in clerk.cookies(ada, suffixed=suffixed).items())
    assert backend.get("/me", headers={"cookie": cookies}).json()["userId"] == ada.id


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("expired", "session-token-expired-refresh-non-eligible-no-refresh-cookie"),
        ("forged", "token-invalid-signature"),
        ("forged-unknown-kid", "jwk-kid-mismatch"),
        ("alg-none", "token-invalid-algorithm"),
        ("hs256-with-pem", "token-invalid-algorithm"),
        ("legacy", "token-invalid"),
        ("sub-missing", "token-verification-failed"),
    ],
)
def test_bad_credentials_are_refused_with_the_client_s_reason(
    backend: httpx.Client, mint: Mint, name: str, reason: str
) -> None:
    answer = backend.get("/me", headers=bearer(token_of(mint, name)))
    assert (answer.status_code, answer.headers["x-clerk-auth-reason"]) == (401, reason)


def test_nobody_is_nobody(backend: httpx.Client) -> None:
    assert backend.get("/me").status_code == 401
    assert backend.get("/open").json() == {"userId": None}


def test_a_page_s_expired_session_goes_to_the_handshake_and_comes_back(
    backend: httpx.Client, clerk: FakeClerk, ada: User
) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in clerk.cookies(ada, lifetime=-100).items())
    headers = {"cookie": cookies, "sec-fetch-dest": "document", "accept": "text/html"}
    sent = backend.get("/me", headers=headers)
    there = urlsplit(sent.headers["location"])
    assert (sent.status_code, f"{there.scheme}://{there.netloc}") == (307, clerk.issuer)
    back = httpx.get(f"{clerk.url}{there.path}?{there.query}", trust_env=False)
    returned = backend.get(back.headers["location"], headers=headers)
    new = [part.split(";")[0] for part in returned.headers.get_list("set-cookie")]
    assert backend.get("/me", headers={"cookie": "; ".join(new)}).json()["userId"] == ada.id


@pytest.mark.parametrize(("kind", "type"), [("m2m", "m2m_token"), ("oauth", "oauth_token"), ("api_key", "api_key")])
def test_machine_tokens(backend: httpx.Client, clerk: FakeClerk, ada: User, kind: str, type: str) -> None:
    token = clerk.opaque_token(kind, ada.id if kind != "m2m" else "mch_" + "3" * 27)
    assert backend.get("/me", headers=bearer(token)).status_code == 401
    answer = backend.get("/machine", headers=bearer(token))
    assert (answer.status_code, answer.json()["tokenType"]) == (200, type)


def test_no_clerk_call_per_request(backend: httpx.Client, clerk: FakeClerk, ada: User) -> None:
    headers = bearer(clerk.session_token(ada))
    backend.get("/open", headers=headers)
    before = dict(clerk.api.counts)
    for _ in range(5):
        assert backend.get("/open", headers=headers).json() == {"userId": ada.id}
    assert clerk.api.counts == before
