"""fastapi-clerk-auth: unmodified, in this process, at the instance's real name."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from fastapi_clerk_auth import ClerkConfig, ClerkHTTPBearer

from harness.credentials import Mint
from harness.fake_clerk import FakeClerk, User
from harness.targets.host_redirect import real_names
from tests.conformance.conftest import token_of


@pytest.fixture
def backend(clerk: FakeClerk) -> Iterator[TestClient]:
    guard = ClerkHTTPBearer(config=ClerkConfig(jwks_url=clerk.jwks_url, issuer=clerk.issuer, verify_iss=True))
    app = FastAPI()

    @app.get("/me")
    def me(credentials: Annotated[Any, Depends(guard)]) -> dict[str, Any]:
        return {"id": credentials.decoded["sub"]}

    with real_names(clerk) as redirect, TestClient(app) as client:
        yield client
    assert redirect.blocked == []


def ask(backend: TestClient, token: str) -> Any:
    return backend.get("/me", headers={"authorization": f"Bearer {token}"})


def test_a_session_gets_in(backend: TestClient, clerk: FakeClerk, ada: User) -> None:
    assert ask(backend, clerk.session_token(ada)).json() == {"id": ada.id}


@pytest.mark.parametrize(
    "name",
    ["expired", "forged", "forged-unknown-kid", "alg-none", "hs256-with-pem", "iss-other", "nbf-future", "legacy"],
)
def test_bad_credentials_are_refused(backend: TestClient, mint: Mint, name: str) -> None:
    assert ask(backend, token_of(mint, name)).status_code == 403


def test_the_keys_are_kept(backend: TestClient, clerk: FakeClerk, ada: User) -> None:
    asked = clerk.jwks_asked
    for _ in range(4):
        assert ask(backend, clerk.session_token(ada)).status_code == 200
    assert clerk.jwks_asked == asked + 1
