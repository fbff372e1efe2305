"""What was sent, as a reader sees it: decoded, without what opens a door, and the same in every run."""

from __future__ import annotations

import json
import re

import pytest

from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.credentials import CATALOGUE
from harness.report.document import TokenEntry
from harness.report.samples import Issuer, request, steady
from harness.targets.base import Route
from harness.targets.request_builder import Example

ISSUER = Issuer("harness-under-test.clerk.accounts.dev", "http://localhost:3000")
LABELS = {*CATALOGUE, "forged@m2m-jwt", "forged@cookie:__session", "others-object@alice:bob", "unknown-one"}


@pytest.fixture(scope="module")
def told() -> dict[str, TokenEntry]:
    return ISSUER.tell(LABELS)


def test_a_token_is_decoded_with_its_times_in_words(told: dict[str, TokenEntry]) -> None:
    header, claims = told["expired"]["header"], told["expired"]["claims"]
    assert isinstance(header, dict) and isinstance(claims, dict)
    assert (header["alg"], claims["exp"], claims["sub"], claims["azp"]) == (
        "RS256",
        "now - 3600 s",
        "user_…",
        "http://localhost:3000",
    )
    machine = told["forged@m2m-jwt"]["claims"]
    assert isinstance(machine, dict) and machine["sub"] == "mch_…"


@pytest.mark.parametrize(
    ("label", "part", "expected"),
    [
        ("clerk", "placed", "token"), ("clerk-cookie", "cookies", ["__session"]), ("clerk-cookie", "headers", ["cookie"]),
        ("webhook", "headers", ["svix-id", "svix-timestamp", "svix-signature"]), ("missing", "placed", None),
        ("forged@cookie:__session", "placed", "token"),
    ],
)  # fmt: skip
def test_where_a_credential_stands(told: dict[str, TokenEntry], label: str, part: str, expected: object) -> None:
    assert told[label].get(part) == expected


def test_nothing_that_opens_a_door_is_shown(told: dict[str, TokenEntry]) -> None:
    text = json.dumps(told)
    assert not re.search(r"eyJ[\w-]{10,}\.[\w-]{10,}|sk_(?:test|live)_\w{8}|127\.0\.0\.1:\d", text)


def test_it_is_json_and_the_same_in_every_run(told: dict[str, TokenEntry]) -> None:
    json.loads(json.dumps(told, allow_nan=False))
    again = Issuer(ISSUER.domain, ISSUER.origin).tell(LABELS)
    assert {label for label in told if told[label] != again[label]} == set()


def test_what_only_a_run_can_make_and_unknown_names_are_left_out(told: dict[str, TokenEntry]) -> None:
    assert not {"named-token", "jwks-outage", "unknown-kid-flood", "unknown-one"} & told.keys()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"exp": float("inf")}, {"exp": "inf"}), ({"exp": "soon"}, {"exp": "soon"}), ({"exp": True}, {"exp": True}),
        ({"exp": 10**15}, {"exp": 10**15}), ("user_2abcdefghijk and user_1", "user_… and user_1"),
        ("x" * 400, "x" * 300 + "… (400 characters)"), ([["user_2abcdefghijk"]], [["user_…"]]), ({"v": 2}, {"v": 2}),
        ("http://127.0.0.1:4711/trap/9 now", "http://127.0.0.1:… now"),
    ],
)  # fmt: skip
def test_what_varies_is_written_as_what_it_is(value: object, shown: object) -> None:
    assert steady(value) == shown


def test_the_request_of_a_route_has_the_names_of_its_headers_and_no_values() -> None:
    example = Example(path={"id": 7}, query={"q": "x y"}, headers={"X-Tenant": "secret-tenant"}, json={"a": 1})
    plan = RoutePlan(
        Route("POST", "/things/{id}"), "r", "p", Policy(accept=["clerk"]), example, carriers=("header:x-key",)
    )
    found = request(plan)
    assert (found["method"], found["path"], found["query"], found["carriers"]) == (
        "POST",
        "/things/7",
        "q=x+y",
        ["header:x-key"],
    )
    assert "x-tenant" in found["headers"] and "secret-tenant" not in json.dumps(found)
    assert json.loads(found["body"]) == {"a": 1}
    socket = RoutePlan(
        Route("WS", "/ws", kind="websocket"), "r", "p", Policy(accept=["clerk"]), Example(messages=("{token}",))
    )
    assert request(socket)["messages"] == ["{token}"]
