"""What a refusal discloses: tables of texts, without any target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.contracts.matrix.leak import (
    BASELINES,
    Refusal,
    is_compared,
    leak_in,
    refusal_of,
    steady,
    text_of,
)
from harness.credentials import CATALOGUE, Credential
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation


def refused(body: str = "", status: int | None = 401, challenge: str | None = None, **more: Any) -> Observation:
    headers = [("WWW-Authenticate", challenge)] if challenge is not None else []
    return Observation(status, [*headers, *more.pop("headers", [])], body, **more)


# What differs from answer to answer


@pytest.mark.parametrize(
    ("text", "with_numbers", "without"),
    [
        ("no", "no", "no"),
        ("at 1764000000", "at #", "at 1764000000"),
        ("row 7 of 12", "row # of #", "row 7 of 12"),
        ("5f1d7e84-1111-4111-8111-222222222222", "#", "#"),
        ("deadbeefcafe", "#", "deadbeefcafe"),  # Twelve hexadecimal digits.
        ("DEADBEEFCAFE", "#", "DEADBEEFCAFE"),
        ("deadbeefcaf", "deadbeefcaf", "deadbeefcaf"),
        ("abcdefabcdefa", "#", "abcdefabcdefa"),
        ("req_01HZX3KQ7V", "#", "#"),
        ("a1b2c3d4e5", "#", "#"),  # Ten letters and digits.
        ("a1b2c3d4z", "a#b#c#d#z", "a1b2c3d4z"),
        ("abcdefghijkl", "abcdefghijkl", "abcdefghijkl"),
        ("Unauthorized-request", "Unauthorized-request", "Unauthorized-request"),
    ],
)
def test_a_text_without_what_differs_by_chance(text: str, with_numbers: str, without: str) -> None:
    assert steady(text) == with_numbers
    assert steady(text, digits=False) == without


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (refused("no"), "no"),
        (refused("no", challenge='Bearer error="x"'), 'no\nBearer error="x"'),
        (refused(challenge="Bearer"), "Bearer"),
        (refused(), ""),
        (refused("no", headers=[("x-reason", "late")]), "no"),
    ],
)
def test_what_a_client_reads(answer: Observation, text: str) -> None:
    assert text_of(answer) == text


INCIDENTAL = [
    "date", "age", "expires", "last-modified", "etag", "content-length", "set-cookie", "connection", "keep-alive",
    "server-timing", "vary", "nel", "report-to", "x-request-id", "x_request_id", "requestid", "my-trace-id", "correlation-id",
    "span-id", "traceparent", "x-response-time", "x-runtime", "x-ratelimit-remaining", "x-rate-limit", "retry-after",
    "x-clerk-auth-status",
]  # fmt: skip
TELLING = [
    "www-authenticate",
    "location",
    "x-reason",
    "content-type",
    "server",
    "x-date",
    "vary-by",
    "xage",
    "clerk-status",
]


@pytest.mark.parametrize("name", INCIDENTAL)
def test_header_fields_that_differ_by_chance(name: str) -> None:
    assert refusal_of(refused(headers=[(name, "x"), (name.upper(), "y")])).headers == ()


@pytest.mark.parametrize("name", TELLING)
def test_header_fields_that_do_not(name: str) -> None:
    assert refusal_of(refused(headers=[(name.title(), "x")])).headers == ((name, "x"),)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (
            refused("id 7", headers=[("Location", "/sign-in?__clerk_hs_reason=a&x=1"), ("B", "2"), ("A", "a")]),
            Refusal(401, "id #", (("a", "a"), ("b", "#"), ("location", "/sign-in?&x=#"))),
        ),
        (refused("x", None, websocket=WebsocketFacts(close=1008)), Refusal(1008, "x", ())),
        (refused("x", 403, websocket=WebsocketFacts(close=1008)), Refusal(403, "x", ())),
        (refused("x", None, websocket=WebsocketFacts()), Refusal(None, "x", ())),
        (refused("x", None), Refusal(None, "x", ())),
    ],
)
def test_what_is_compared_of_a_refusal(answer: Observation, refusal: Refusal) -> None:
    assert refusal_of(answer) == refusal


USUAL = Refusal(401, "no", (("a", "1"), ("b", "2")))


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (USUAL, None),
        (replace(USUAL, status=403), "status 403 instead of 401"),
        (replace(USUAL, status=403, text="x", headers=()), "status 403 instead of 401"),
        (replace(USUAL, headers=(("a", "1"),)), "header b: 'absent' instead of '2'"),
        (replace(USUAL, headers=(*USUAL.headers, ("c", "3"))), "header c: '3' instead of 'absent'"),
        (replace(USUAL, headers=(("a", "9"), ("b", "8")), text="x"), "header a: '9' instead of '1'"),
        (replace(USUAL, text=" un\n known "), "body 'un known' instead of 'no'"),
        (replace(USUAL, text="x" * 81), f"body '{'x' * 80}' instead of 'no'"),
    ],
)
def test_in_what_refusals_differ(other: Refusal, difference: str | None) -> None:
    assert other.differs(USUAL) == difference


def test_both_bodies_of_a_difference_are_shortened() -> None:
    long = replace(USUAL, text=" y\n z " + "x" * 81)
    assert USUAL.differs(long) == f"body 'no' instead of 'y z {'x' * 76}'"


# Which credentials are compared


@pytest.mark.parametrize(
    ("name", "compared"),
    [
        ("expired", True),
        ("forged", True),
        ("alg-none", True),
        ("kid-null", True),
        ("iss-other", True),
        ("session-for-machine", False),  # A genuine person's.
        ("forged-after-genuine-same-jti", True),
        ("garbage", True),
        ("json-array-payload", True),
        ("missing", False),
        ("wrong-scheme-basic", False),
        ("no-scheme", False),
        ("huge-token", False),
        ("deeply-nested-json", False),
        ("legacy", False),
        ("trailing-slash", False),
        ("clerk", False),
    ],
)
def test_what_is_a_bad_token_where_tokens_are_taken(name: str, compared: bool) -> None:
    assert is_compared(CATALOGUE[name]) is compared


@pytest.mark.parametrize("group", ["time", "signature", "algorithm", "lookup", "claims", "confusion", "state"])
@pytest.mark.parametrize("exempt", [{"authentic": True}, {"unsendable": True}, {"tolerate": True}], ids=str)
def test_what_exempts_a_bad_token_of_each_group(group: str, exempt: dict[str, Any]) -> None:
    bad = replace(CATALOGUE["garbage"], group=group, tags=frozenset())
    assert is_compared(bad)
    assert not is_compared(replace(bad, **exempt))
    assert not is_compared(replace(bad, group="other"))


# What it discloses

INTERNALS = [
    ("Traceback (most recent call last):", "Traceback (most recent call last)"),
    ('in File "/app/main.py", line 3', 'File "/app/main.py", line 3'),
    ("at /usr/lib/site-packages/x.py", "/site-packages/"),
    ("(sqlalchemy.exc)", "sqlalchemy."),
    ("(psycopg.errors)", "psycopg."),
    ("(psycopg2.errors)", "psycopg2."),
    ("(asyncpg.exceptions)", "asyncpg."),
    ("jwt.exceptions raised", "jwt.exceptions"),
    ("KeyError('sub')", "KeyError("),
    ("HTTPException(401)", "HTTPException("),
    ("UndefinedColumn: id", "UndefinedColumn"),
    ("ProgrammingError: id", "ProgrammingError"),
    ("IntegrityError: id", "IntegrityError"),
    ("OperationalError: id", "OperationalError"),
    ("-----BEGIN PUBLIC KEY", "-----BEGIN"),
    ("sk_test_abc", "sk_test_abc"),
    ("sk_live_abc", "sk_live_abc"),
]
HARMLESS = ["no", "Not authenticated", "KeyError", "File main.py", "sk_other_1", "mysqlalchemy_x", "Traceback"]


@pytest.mark.parametrize(("text", "shown"), INTERNALS)
@pytest.mark.parametrize("name", ["forged", "missing", "trailing-slash", "no-scheme"])
def test_internals_are_disclosed_to_whomever(name: str, text: str, shown: str) -> None:
    assert leak_in(refused(text), CATALOGUE[name], {}) == f"the refusal shows internals: {shown!r}"


def test_internals_in_a_challenge() -> None:
    assert leak_in(refused(challenge="KeyError(1)"), CATALOGUE["missing"], {}) is not None


def test_a_long_piece_of_internals_is_shortened() -> None:
    found = leak_in(refused(f"{'x' * 100}Error("), CATALOGUE["forged"], {})
    assert found == f"the refusal shows internals: '{'x' * 80}'"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_shows_nothing(text: str) -> None:
    assert leak_in(refused(text), CATALOGUE["forged"], {"forged": refused(text)}) is None


REASONS = [
    "expired", "Expiration", "signature", "not yet valid", "nbf", "iat", "issuer", "audience", "kid", "algorithm", "alg", "azp",
    "authorized party", "user not found", "user was not found", "unknown user", "no such user", "does not exist", "segments",
    "padding", "decoding", "malformed", "revoked", "not verified", "public key", "JWKS", "claims",
]  # fmt: skip
NO_REASONS = ["skid", "galgo", "satiate", "snbfx", "user found", "verified", "publickey"]
TOLD_APART = {"forged": refused("no"), "garbage": refused("no")}


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_that_other_refusals_do_not_give(reason: str) -> None:
    found = leak_in(refused(f"the {reason} it was"), CATALOGUE["no-scheme"], TOLD_APART)
    assert found is not None
    assert found.startswith("the refusal tells why: ")
    assert found.endswith(f"in 'the {reason} it was', other refusals of this route read differently")


@pytest.mark.parametrize("text", NO_REASONS)
def test_words_that_only_look_like_a_reason(text: str) -> None:
    assert leak_in(refused(text), CATALOGUE["no-scheme"], TOLD_APART) is None


EXPIRED = "the refusal tells why: 'expir' in 'it has expired', other refusals of this route read differently"
APART = "refused otherwise than a forged token, which tells them apart: "


@pytest.mark.parametrize(
    ("name", "answer", "known", "leak"),
    [
        ("expired", refused("it has expired"), {"forged": refused("no")}, EXPIRED),
        ("expired", refused("it has expired"), {"garbage": refused("no")}, EXPIRED),
        ("expired", refused("it has expired"), {"missing": refused("no")}, None),
        ("expired", refused("it has expired"), {}, None),
        ("expired", refused("it has expired"), {"forged": refused("it has expired")}, None),
        # One of the two reads differently.
        ("expired", refused("it has expired"), {"forged": refused("it has expired"), "garbage": refused("no")}, EXPIRED),
        # The reason is compared without what differs by chance.
        ("expired", refused("expired at 1"), {"forged": refused("expired at 2")}, None),
        # To a client that presented nothing.
        ("missing", refused("token expired"), TOLD_APART, None),
        ("scheme-only", refused("token expired"), TOLD_APART, None),
        # A bypass presents nothing either.
        ("trailing-slash", refused("token expired"), TOLD_APART, None),
        ("trailing-slash", refused("x", 403), TOLD_APART, None),
        # Refusals that differ otherwise.
        ("expired", refused("no", 403), {"forged": refused("no")}, f"{APART}status 403 instead of 401"),
        ("expired", refused("No."), {"forged": refused("no")}, f"{APART}body 'No.' instead of 'no'"),
        ("garbage", refused("No."), {"forged": refused("no")}, f"{APART}body 'No.' instead of 'no'"),
        ("expired", refused("no", 403), {"garbage": refused("no")}, f"{APART}status 403 instead of 401"),
        # The forged one is preferred.
        ("expired", refused("no"), {"garbage": refused("x", 403), "forged": refused("no")}, None),
        ("expired", refused("x", 403), {"garbage": refused("x", 403), "forged": refused("no")}, f"{APART}status 403 instead of 401"),
        ("expired", refused("no", 403), {}, None),
        ("expired", refused("no", 403), {"missing": refused("no")}, None),
        ("clerk-other", refused("no", 403), {"forged": refused("no")}, None),
        ("wrong-scheme-basic", refused("no", 403), {"forged": refused("no")}, None),
        ("expired", refused("no 1"), {"forged": refused("no 2")}, None),
    ],
)  # fmt: skip
def test_what_a_refusal_discloses(
    name: str, answer: Observation, known: dict[str, Observation], leak: str | None
) -> None:
    assert leak_in(answer, CATALOGUE[name], known) == leak


def test_a_long_reason_is_shortened() -> None:
    found = leak_in(refused("a\n b expired " + "x" * 120), CATALOGUE["expired"], TOLD_APART)
    words = "a b expired " + "x" * 108
    assert found == f"the refusal tells why: 'expir' in '{words}', other refusals of this route read differently"


def test_the_baselines_are_bad_tokens() -> None:
    def bad(credential: Credential) -> bool:
        return is_compared(credential) and credential.token

    assert BASELINES == ("forged", "garbage")
    assert all(bad(CATALOGUE[name]) for name in BASELINES)
