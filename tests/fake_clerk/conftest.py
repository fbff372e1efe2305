"""Fixtures: an instance with two users, and a client of its Backend API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from harness.fake_clerk import FakeClerk, SigningKey
from tests.fake_clerk.browsers import Browser
from tests.fake_clerk.relying import Relying, connected


@pytest.fixture(scope="session")
def key() -> SigningKey:
    """One key for all tests: to make one takes longer than most tests."""
    return SigningKey()


@pytest.fixture
def clerk(key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClerk]:
    """A started instance with the users Ada and Bob, who have a session each and belong to one organization."""
    monkeypatch.setattr("harness.fake_clerk.instance.SigningKey", lambda kid=None: key)
    with FakeClerk() as started:
        for name in ("ada", "bob"):
            user = started.directory.add_user(f"{name}@example.com", first_name=name.title())
            started.directory.session_of(user.id)
            user.organization = {"id": "org_known", "slug": "known", "role": "admin"}
        yield started


@pytest.fixture
def api(clerk: FakeClerk) -> Iterator[httpx.Client]:
    """A client of its Backend API with the secret key."""
    headers = {"authorization": f"Bearer {clerk.secret_key}"}
    with httpx.Client(base_url=f"{clerk.url}/v1", headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def browser(clerk: FakeClerk) -> Browser:
    """A development browser, as Clerk's SDK speaks for it."""
    return Browser(clerk)


@pytest.fixture
def window(clerk: FakeClerk) -> Iterator[httpx.Client]:
    """A person's window on the instance's pages, at its real name."""
    with httpx.Client(base_url=clerk.issuer, **connected(clerk)) as client:
        yield client


@pytest.fixture
def relying(clerk: FakeClerk, api: httpx.Client) -> Relying:
    """An application of the instance."""
    return Relying(clerk, api)
