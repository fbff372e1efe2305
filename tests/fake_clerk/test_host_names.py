"""A page whose name was pointed here (DNS rebinding) is of the same origin for its browser, and is told nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from harness.fake_clerk import FakeClerk
from harness.fake_clerk.host_names import HostNames, host_name

OWN = {"my.clerk.accounts.dev", "my.accounts.dev"}


@pytest.mark.parametrize(
    ("field", "known"),
    [
        ("127.0.0.1", True), ("127.0.0.1:8765", True), ("127.9.9.9", True), ("[::1]:80", True), ("localhost:3000", True),
        ("LOCALHOST", True), ("localhost.", True), ("my.clerk.accounts.dev", True), ("MY.accounts.dev:443", True),
        ("clerk-container:8765", True), ("evil.example", False), ("localhost.evil.example", False), ("127.0.0.1.nip.io", False),
        ("10.0.0.1", False), ("0.0.0.0", False), ("", False), ("evil.example/127.0.0.1", False), ("a@127.0.0.1", False),
        ("[::1", False), ("2130706433", False),
    ],
)  # fmt: skip
def test_which_names_are_the_server_s(field: str, known: bool) -> None:
    names = HostNames(lambda host: host in OWN)
    names.others = ["Clerk-Container"]
    assert names.has(field) == known


def test_the_name_in_a_host_field() -> None:
    assert [host_name(f) for f in ("A.example.:80", "[::1]", "a b", "")] == ["a.example", "::1", "", ""]


PATHS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/v1/environment", {}), ("POST", "/v1/dev_browser", {}), ("GET", "/sign-in", {}),
    ("POST", "/sign-in", {"data": {"user_id": "user_1"}}), ("GET", "/oauth/authorize", {}), ("GET", "/v1/client/handshake", {}),
    ("OPTIONS", "/v1/client", {"headers": {"access-control-request-method": "POST", "origin": "http://localhost"}}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "more"), PATHS, ids=[f"{m} {p}" for m, p, _ in PATHS])
def test_browsers_are_answered_at_these_names_alone(
    clerk: FakeClerk, method: str, path: str, more: dict[str, Any]
) -> None:
    more = {"headers": {}} | more
    for name, known in (("evil.example", False), ("localhost", True), (clerk.domain, True), ("box", True)):
        clerk.api.hosts.others = ["box"]
        headers = more["headers"] | {"host": name}
        answer = httpx.request(method, f"{clerk.url}{path}", **more | {"headers": headers}, trust_env=False)
        assert ("host_invalid" in answer.text) != known
        if not known:
            assert answer.status_code == 400 and "access-control-allow-origin" not in answer.headers
            assert "--allow-host" in answer.text


def test_backends_reach_keys_and_the_backend_api_at_any_name(clerk: FakeClerk) -> None:
    headers = {"host": "issuer.internal:8765", "authorization": f"Bearer {clerk.secret_key}"}
    for path in ("/.well-known/jwks.json", "/v1/users", "/.well-known/openid-configuration"):
        assert httpx.get(f"{clerk.url}{path}", headers=headers, trust_env=False).status_code == 200
