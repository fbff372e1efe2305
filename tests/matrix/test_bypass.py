"""Whose answer is it? The handler's or anybody's, one's own or another person's."""

from __future__ import annotations

import pytest

from harness.contracts.matrix.bypass import failed, reached, resembles
from harness.contracts.matrix.leak import refusal_of
from harness.targets.base import Observation

JSON = [("content-type", "application/json")]
GENUINE = Observation(status=200, headers=[*JSON, ("content-length", "24")], body='{"user": 1, "rows": [1]}')


def answer(body: str = "", status: int = 200, **more: object) -> Observation:
    return Observation(status=status, headers=JSON, body=body, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (answer('{"user": 2, "rows": [5]}'), True),
        (answer('{"detail": "x"}'), False),
        (answer('{"user": 1, "rows": [1]}', status=401), False),
        (Observation(status=200, headers=[("content-type", "text/html")], body='{"user": 1, "rows": [1]}'), False),
        (Observation(status=200, headers=[*JSON, ("content-length", "24")]), True),  # HEAD
        (Observation(status=200, headers=[*JSON, ("content-length", "0")]), False),  # OPTIONS
        (Observation(status=204), False),
    ],
)
def test_what_resembles_the_handler_s_answer(seen: Observation, expected: bool) -> None:
    assert resembles(seen, GENUINE) is expected


def test_what_everything_is_answered_with_is_not_the_handler_s() -> None:
    page = answer('{"user": 3, "rows": [2]}')
    assert reached(page, GENUINE, None, inside=False) == "200, and the answer is the handler's"
    assert reached(page, GENUINE, answer('{"user": 9, "rows": [1]}'), inside=False) is None
    assert reached(page, GENUINE, answer(status=404), inside=False) is not None


def test_what_a_framework_answers_to_options_is_nobody_s_handler() -> None:
    assert reached(answer(entered=False), GENUINE, None, inside=True, method="OPTIONS") is None
    assert reached(answer('{"user": 1, "rows": []}', entered=True), GENUINE, None, inside=True, method="OPTIONS")


def test_nobody_can_say_what_the_handler_answers_where_nobody_got_in() -> None:
    assert reached(answer(entered=False), None, None, inside=True) is None
    assert reached(answer(), None, answer(status=404), inside=False) is not None


def test_the_probe_knows_better_than_the_answer() -> None:
    assert reached(answer(stopped=True), GENUINE, None, inside=False) == "the handler was entered"
    assert reached(answer(stopped=True, elsewhere=True), GENUINE, None, inside=False) is None
    assert reached(answer(status=404, entered=True), GENUINE, None, inside=True) is None
    assert reached(answer('{"user": 1, "rows": []}', entered=True), GENUINE, None, inside=True) is not None


def test_not_to_know_a_method_is_no_failure() -> None:
    assert not failed(answer(status=501))
    assert failed(answer(status=500))
    assert not failed(answer(status=500, entered=True))  # The handler's own failure, whoever asks.
    assert not failed(answer(status=500), answer(status=500))
    assert failed(Observation(hung=True))
    assert not failed(Observation(stopped=True))


# Refusals, compared


def refusal(status: int = 401, body: str = "no", **headers: str) -> Observation:
    return Observation(status=status, headers=[(k.replace("_", "-"), v) for k, v in headers.items()], body=body)


@pytest.mark.parametrize(
    "other",
    [
        refusal(403),
        refusal(body="expired"),
        refusal(www_authenticate='Bearer error="x"'),
        refusal(x_reason="late"),
        refusal(location="/sign-in?error=late"),
        refusal(body='{"code": "token_signature_invalid"}'),
    ],
)
def test_refusals_that_can_be_told_apart(other: Observation) -> None:
    assert refusal_of(other).differs(refusal_of(refusal())) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (refusal(x_request_id="01HZX3KQ7V"), refusal(x_request_id="01HZX3KQ9W")),
        (refusal(body="trace 5f1d7e84-1111-4111-8111-222222222222"), refusal(body="trace 6a1d7e84-1111-4111-8111-222222222223")),
        (refusal(date="Mon"), refusal(date="Tue", retry_after="5")),
        (refusal(body='{"at": 1764000000}'), refusal(body='{"at": 1764000009}')),
        (refusal(body='{"id": "V1StGXR8Z5"}'), refusal(body='{"id": "k9fj2K1Lm0"}')),
        (refusal(location="/sign-in?__clerk_hs_reason=a"), refusal(location="/sign-in?__clerk_hs_reason=b")),
    ],
)  # fmt: skip
def test_refusals_that_differ_by_chance_only(one: Observation, other: Observation) -> None:
    assert refusal_of(one).differs(refusal_of(other)) is None
