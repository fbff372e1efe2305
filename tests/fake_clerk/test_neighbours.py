"""Somebody else's instance answers at its own name, with its own keys."""

from __future__ import annotations

import pytest

from harness.fake_clerk import FakeClerk
from harness.fake_clerk.wire import ApiRequest

OWN, OTHER = "harness-under-test.clerk.accounts.dev", "somebody-else.clerk.accounts.dev"


@pytest.fixture(scope="module")
def clerk() -> FakeClerk:
    return FakeClerk(OWN)


def asked(clerk: FakeClerk, host: str, path: str = "/.well-known/jwks.json") -> tuple[int, list[str]]:
    """Status, and the ids of the keys."""
    status, body, *_ = clerk.api.answer(ApiRequest("GET", path, "", {"host": host}, b""))
    return status, [key["kid"] for key in body.get("keys", [])] if isinstance(body, dict) else []


@pytest.mark.parametrize("host", [OWN, f"{OWN}:443", OWN.upper(), "127.0.0.1:8000", "localhost", ""])
def test_these_are_its_own_names(clerk: FakeClerk, host: str) -> None:
    assert asked(clerk, host) == (200, [clerk.key.kid])


def test_another_name_has_another_key_and_keeps_it(clerk: FakeClerk) -> None:
    status, (kid,) = asked(clerk, OTHER)
    assert (status, kid != clerk.key.kid) == (200, True)
    assert asked(clerk, OTHER) == (200, [kid]) == (200, [clerk.neighbour(OTHER).key.kid])
    assert asked(clerk, "third.clerk.accounts.dev")[1] != [kid]
    assert clerk.api.foreign_hosts[OTHER] == 2


def test_the_backend_api_is_everybody_s(clerk: FakeClerk) -> None:
    key = {"authorization": f"Bearer {clerk.secret_key}"}
    status, body, *_ = clerk.api.answer(ApiRequest("GET", "/v1/jwks", "", {"host": "api.clerk.com"} | key, b""))
    assert (status, body["keys"][0]["kid"]) == (200, clerk.key.kid)


def test_nothing_else_is_there(clerk: FakeClerk) -> None:
    assert asked(clerk, OTHER, "/v1/client")[0] == 501
