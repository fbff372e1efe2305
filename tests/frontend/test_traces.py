"""What is a credential in a text, and what only looks like one."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import jwt
import pytest

from harness.contracts.frontend.traces import named, traces
from harness.fake_clerk import FakeClerk

MARKS = frozenset({"ada@example.com", "user_2abcDEFghiJKLmnoPQRstuVWx"})
OLD = "ada@example.com:7:true:1700000000"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CREDENTIALS = {
    "the old token": (b64(OLD), "an encoding of a text with an e-mail address of the person"),
    "in the other alphabet": (base64.urlsafe_b64encode(OLD.encode()).decode().rstrip("="), "an encoding of a text"),
    "in JSON": (json.dumps({"t": b64(OLD)}), "an encoding of a text"),
    "twice": (b64(b64(OLD)), "an encoding of an encoding of a text"),
    "in hexadecimal digits": (OLD.encode().hex(), "an encoding of a text"),
    "percent-encoded": (b64("ada@example.com:7:>>>").replace("+", "%2B").replace("=", "%3D"), "an encoding of a text"),
    "percent-encoded JSON": (b64("%7B%22user_id%22%3A7%7D"), "base64 of JSON with user_id"),
    "in the address of an address": ("https://a.example/in?to=%2Fhome%2523t%253D" + b64(OLD), "an encoding of a text"),
    "of somebody else": (b64("eve@other.example:9:1700000000"), "base64 of an e-mail address and more"),
    "JSON of an id": (b64('{"user_id": 7, "exp": 1}'), "base64 of JSON with user_id"),
    "by Clerk's id": (b64("user_2abcDEFghiJKLmnoPQRstuVWx|7"), "the id or the name of the person"),
    "a home-made JSON Web Token": (jwt.encode({"user_id": 7}, "x" * 32), "a JSON Web Token"),
    "an unsigned one": (jwt.encode({"sub": "7"}, "", algorithm="none"), "a JSON Web Token"),
}
NONE = {
    "words": "nothing to see here, although this sentence is quite long and has-words_with/signs",
    "an address alone": "ada@example.com",
    "Clerk's id alone": "user_2abcDEFghiJKLmnoPQRstuVWx",
    "a picture": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA",
    "a publishable key": FakeClerk().publishable_key,
    "JSON of a state": b64('{"theme": "dark", "open": true}'),
    "a database's key for browsers": jwt.encode({"role": "anon", "iss": "database"}, "x" * 32),
    "a hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "a UUID": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "an address of a page": "http://localhost:3000/dashboard?tab=peers#top",
}


@pytest.mark.parametrize(("text", "said"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_a_credential_is_found_in_whatever_it_is_wrapped(text: str, said: str) -> None:
    assert any(said in trace.what for trace in traces(f"before {text} after", MARKS))


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert [trace.what for trace in traces(text, MARKS)] == []


def test_clerks_own_token_is_called_so() -> None:
    clerk = FakeClerk()
    token = clerk.session_token(clerk.directory.add_user("ada@example.com"))
    for times in range(3):
        address = f"http://localhost/dashboard#id={token}"
        for _ in range(times):
            address = f"https://portal.example/sign-in?redirect_url={quote(address, safe='')}"
        (found,) = traces(address)
        assert found.what == "a session token of Clerk" and found.token == found.text == token


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("auth_token", "q7Zk2PbX9sLw4RtV8mNc", True),
        ("sessionId", "q7Zk2PbX9sLw4RtV8mNc", True),
        ("state", '{"user": {"apiToken": "q7Zk2PbX9sLw4RtV8mNc"}}', True),
        ("state", "%7B%22list%22%3A%5B%7B%22jwt%22%3A%22q7Zk2PbX9sLw4RtV8mNc%22%7D%5D%7D", True),
        ("analytics", '{"session": "q7Zk2PbX9sLw4RtV8mNc", "auth": {"state": "q7Zk2PbX9sLw4RtV8mNc"}}', False),
        ("state", '{"token": {"kind": "signed-in-by-password"}}', False),
        ("theme", "q7Zk2PbX9sLw4RtV8mNc", False),
        ("auth_state", "signed-in-by-password", False),
        ("token", "true", False),
    ],
)
def test_a_long_random_text_is_one_by_its_name_only(name: str, value: str, expected: bool) -> None:
    assert (named(name, value) is not None) is expected
