"""Who may use the control API: whoever has its token, by a name of its own, and no other site's page.

CWE-352 (cross-site request forgery), CWE-350 (DNS rebinding), CWE-306 (no authentication for what matters).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from harness.fake_clerk import FakeClerk

STATES = [
    ("POST", "counts/reset"), ("POST", "trouble"), ("POST", "rotate"), ("POST", "retire"), ("POST", "clock"),
    ("POST", "session"), ("POST", "webhooks"), ("POST", "webhooks/flush"), ("POST", "webhooks/replay"),
]  # fmt: skip
SECRETS = [("GET", "environment"), ("GET", "users/user_1/token"), ("GET", "webhooks"), ("GET", "token/clerk")]


@pytest.fixture
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk("mine.clerk.accounts.dev") as started:
        started.serve_control()
        started.api.mint = lambda name: {"text": name}
        yield started


def ask(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(
        method, url, headers=fields, trust_env=False, verify=False
    )  # Only http; reading the bundle takes long.


@pytest.mark.parametrize("token", ["", "/~", "/~wrong-wrong-wrong-wrong-wrong-wr", "/~{}x"])
def test_without_the_token_nothing_is_told_and_nothing_done(clerk: FakeClerk, token: str) -> None:
    key = clerk.key.kid
    for method, path in (*STATES, *SECRETS, ("GET", "counts"), ("GET", "nothing")):
        answer = ask(f"{clerk.url}{token.format(clerk.api.access.token)}/_harness/{path}", method)
        assert answer.status_code == 401, path
        assert "CLERK_HARNESS_URL" in answer.json()["errors"][0]["message"]
        assert clerk.api.access.token not in answer.text
    assert clerk.key.kid == key


@pytest.mark.parametrize("base", ["url", "control_url"])
def test_the_page_wants_it_too(clerk: FakeClerk, base: str) -> None:
    clerk.directory.add_user("ada@example.com")
    for end in ("", "/"):
        page = ask(getattr(clerk, base) + end)
        assert (page.status_code, "ada@example.com" in page.text) == ((401, False) if base == "url" else (200, True))


def test_the_certificate_is_public(clerk: FakeClerk) -> None:
    assert ask(f"{clerk.url}/_harness/ca.pem").text.startswith("-----BEGIN CERTIFICATE-----")
    assert ask(f"{clerk.url}/_harness/ca.pem", host="rebound.example").status_code == 403


def test_a_secret_key_is_no_token(clerk: FakeClerk) -> None:
    answer = ask(f"{clerk.url}/_harness/rotate", "POST", authorization=f"Bearer {clerk.secret_key}")
    assert answer.status_code == 401


def test_each_server_has_its_own() -> None:
    assert len({FakeClerk().api.access.token for _ in range(3)}) == 3
    assert re.fullmatch(r"[\w-]{32}", FakeClerk().api.access.token)


OWN = (
    "localhost", "LOCALHOST:{}", "127.0.0.1", "127.0.0.1:{}", "127.8.8.8", "[::1]:{}", "localhost.", "api.clerk.com",
    "mine.clerk.accounts.dev",
)  # fmt: skip
FOREIGN = (
    "rebound.example", "rebound.example:{}", "localhost.rebound.example", "192.0.2.1", "127.0.0.1.nip.io", "", "[::2]",
    "127.0.0.1@rebound.example", "0.0.0.0:{}", "api.clerk.com.rebound.example", "notclerk.com",
)  # fmt: skip


def test_only_its_own_names_are_answered(clerk: FakeClerk) -> None:
    for host in (*OWN, *FOREIGN):
        for path, method in (("counts", "GET"), ("counts/reset", "POST"), ("ca.pem", "GET")):
            answer = ask(f"{clerk.control_url}/_harness/{path}", method, host=host.format(clerk.port))
            assert answer.status_code == (200 if host in OWN else 403), (host, path)


def test_two_host_fields_are_none(clerk: FakeClerk) -> None:
    """RFC 9112, section 3.2: what stands between may read the other one."""
    for fields in (
        "Host: 127.0.0.1\r\nHost: rebound.example",
        "Host: rebound.example\r\nHost: 127.0.0.1",
        "Via: 1.0 x",
    ):
        with socket.create_connection(("127.0.0.1", clerk.port), timeout=10) as connection:
            path = f"{clerk.api.access.path}/_harness/counts"
            connection.sendall(f"GET {path} HTTP/1.1\r\n{fields}\r\nConnection: close\r\n\r\n".encode())
            assert connection.recv(4096).split()[1] == b"403"


OTHERS: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "http://localhost:{port}"},
    {"origin": "http://127.0.0.1:{port}, http://127.0.0.1:{port}"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"origin": "http://127.0.0.1:{port}", "sec_fetch_site": "cross-site"},
]


@pytest.mark.parametrize("content", ["text/plain", "application/json"])
def test_other_sites_pages_are_refused_even_with_the_token(clerk: FakeClerk, content: str) -> None:
    for headers in OTHERS:
        given = {name: value.format(port=clerk.port) for name, value in headers.items()}
        answer = ask(f"{clerk.control_url}/_harness/rotate", "POST", content_type=content, **given)
        assert (answer.status_code, len(clerk.published)) == (403, 1), headers
        assert "access-control-allow-origin" not in answer.headers
        assert ask(f"{clerk.control_url}/", **given).status_code == 403


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_its_own_page_and_a_typed_address_are_served(clerk: FakeClerk, site: str) -> None:
    user = clerk.directory.add_user("ada@example.com")
    page = ask(f"{clerk.control_url}/", sec_fetch_site=site)
    assert (page.status_code, page.headers["referrer-policy"], page.headers["cache-control"]) == (
        200, "no-referrer", "no-store"
    )  # fmt: skip
    (link,) = re.findall(r'href="([^"]+)"', page.text)
    assert user.id in link
    followed = ask(f"{clerk.url}{link}", sec_fetch_site=site, origin=clerk.url)
    assert (followed.status_code, followed.text.count(".")) == (200, 2)


def test_the_apis_of_the_issuer_answer_as_before(clerk: FakeClerk) -> None:
    """Containers reach them by any name, and browsers' pages by the issuer's: the secret key guards what is secret."""
    headers = {"origin": "http://localhost:3000", "sec_fetch_site": "cross-site", "host": "clerk-harness:8765"}
    assert ask(f"{clerk.url}/.well-known/jwks.json", **headers).json()["keys"]
    assert ask(f"{clerk.url}/v1/users", **headers, authorization=f"Bearer {clerk.secret_key}").status_code == 200
    assert ask(f"{clerk.url}/v1/users", **headers).status_code == 401


def test_while_a_target_is_examined_there_is_nothing_to_have_a_token_for() -> None:
    with FakeClerk() as clerk:
        for base in (clerk.url, clerk.control_url):
            assert ask(f"{base}/_harness/counts").status_code == 404
            assert ask(f"{base}/").status_code == 404
