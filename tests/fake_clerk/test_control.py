"""The control API: faults, keys, time and counters for tests in any language."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import jwt
import pytest

from harness.fake_clerk import FakeClerk
from tests.fake_clerk.browsers import Browser


@pytest.fixture
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk() as started:
        started.serve_control()
        yield started


@pytest.fixture
def ask(clerk: FakeClerk) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=clerk.control_url, headers={"authorization": f"Bearer {clerk.secret_key}"}, trust_env=False
    ) as client:
        yield client


def test_counters_have_what_a_backend_requested(ask: httpx.Client) -> None:
    ask.get("/.well-known/jwks.json")
    ask.get("/v1/users/count")
    ask.get("/v1/users/count")
    document = ask.get("/_harness/counts").json()
    assert document == {"operations": {"getJWKS": 1, "GetUsersCount": 2}, "jwks": 1}
    assert ask.post("/_harness/counts/reset").json() == {"operations": {}, "jwks": 0}
    assert ask.get("/_harness/counts").json() == {"operations": {}, "jwks": 0}


@pytest.mark.parametrize(
    ("trouble", "status", "text"),
    [("outage", 503, "service_unavailable"), ("malformed", 200, "<html>"), ("empty", 200, "[]")],
)
def test_the_key_set_can_be_cut_off_and_heals(ask: httpx.Client, trouble: str, status: int, text: str) -> None:
    assert ask.post("/_harness/trouble", json={"jwks": trouble}).json()["jwks"] == trouble
    answer = ask.get("/.well-known/jwks.json")
    assert (answer.status_code, text in answer.text) == (status, True)
    ask.post("/_harness/trouble", json={"jwks": None})
    assert ask.get("/.well-known/jwks.json").json()["keys"]


def test_the_backend_api_can_be_in_trouble(ask: httpx.Client) -> None:
    ask.post("/_harness/trouble", json={"api": 429})
    answer = ask.get("/v1/users")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (429, "too_many_requests")
    assert ask.get("/.well-known/jwks.json").status_code == 200
    ask.post("/_harness/trouble", json={"api": None})
    assert ask.get("/v1/users").status_code == 200


def test_keys_rotate_with_overlap_and_retire(ask: httpx.Client, clerk: FakeClerk) -> None:
    user = clerk.directory.add_user("ada@example.com")
    old = clerk.session_token(user)
    document = ask.post("/_harness/rotate").json()
    assert len(document["published"]) == 2
    new = clerk.session_token(user)
    assert jwt.get_unverified_header(new)["kid"] == document["signing"] != jwt.get_unverified_header(old)["kid"]
    assert ask.post("/_harness/retire").json()["published"] == [document["signing"]]
    assert [key["kid"] for key in ask.get("/.well-known/jwks.json").json()["keys"]] == [document["signing"]]


def test_the_clock_can_be_wrong(ask: httpx.Client, clerk: FakeClerk) -> None:
    before = clerk.now()
    assert ask.post("/_harness/clock", json={"skew": 3600}).json()["now"] >= before + 3600
    assert (
        jwt.decode(clerk.session_token(clerk.directory.add_user()), options={"verify_signature": False})["iat"]
        >= before + 3600
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [("trouble", {"jwks": "fire"}), ("trouble", {"api": 418}), ("clock", {"skew": "late"}), ("clock", {})],
)
def test_a_mistake_is_refused(ask: httpx.Client, path: str, body: dict[str, object]) -> None:
    assert ask.post(f"/_harness/{path}", json=body).status_code == 422
    assert ask.post("/_harness/explode").status_code == 404


def test_it_is_off_while_a_target_is_examined(ask: httpx.Client, clerk: FakeClerk) -> None:
    clerk.api.controlled = False
    assert ask.post("/_harness/retire").status_code == 404
    assert len(clerk.published) == 1


def test_the_code_of_a_mail_can_be_read(ask: httpx.Client, clerk: FakeClerk) -> None:
    clerk.directory.add_user("ann@example.com")
    browser = Browser(clerk)
    made = browser.post("/client/sign_ins", identifier="ann@example.com", strategy="email_code")["response"]
    (mail,) = ask.get("/_harness/mails").json()["data"]
    done = browser.post(f"/client/sign_ins/{made['id']}/attempt_first_factor", strategy="email_code", code=mail["code"])
    assert (mail["address"], done["response"]["status"]) == ("ann@example.com", "complete")
