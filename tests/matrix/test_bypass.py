"""Whose answer is it? The handler's or anybody's, one's own or another person's."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.bypass import bypass_failed, find_bypass, resembles
from harness.contracts.matrix.leak import refusal_of
from harness.contracts.matrix.state import RouteState
from harness.targets.base import Observation
from tests.matrix.kit import admitted, cell, judged, plan_of, seen

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
        (Observation(status=None), False),
        # By the JSON names.
        (answer('{"user": "b", "rows": ["x", "y"]}'), True),
        (answer('{"user": "b", "rows": ["x"]}', status=201), True),
        (answer('{"user": "b", "rows": []}'), False),
        (answer('{"user": {"id": "b"}, "rows": ["x"]}'), False),
        (answer('{"user": "b", "rows": [{"id": "x"}]}'), False),
        (answer("plain"), False),
        (answer("{}"), False),
        (answer('["user"]'), False),
        # By the media type without its parameters.
        (Observation(200, [("Content-Type", "Application/JSON; charset=utf-8")], '{"user": "b", "rows": ["x"]}'), True),
        (Observation(200, [], '{"user": 1, "rows": [1]}'), False),
        # HEAD, by its length.
        (Observation(status=200, headers=[*JSON, ("content-length", "25")]), False),
        (Observation(status=200, headers=JSON), False),
    ],
)
def test_what_resembles_the_handler_s_answer(seen: Observation, expected: bool) -> None:
    assert resembles(seen, GENUINE) is expected


def test_a_status_is_compared_by_its_hundreds() -> None:
    assert resembles(Observation(200, JSON, '{"a": 1}'), Observation(201, JSON, '{"a": 2}'))
    assert not resembles(Observation(200, JSON, '{"a": 1}'), Observation(300, JSON, '{"a": 2}'))


NESTED = Observation(200, JSON, '{"user": {"id": "a"}, "rows": [{"id": "x"}]}')


@pytest.mark.parametrize(
    ("genuine", "seen_", "expected"),
    [
        (None, answer("anything"), True),
        (Observation(status=None), answer(), False),
        (NESTED, answer('{"user": {"id": "b"}, "rows": [{"id": "y"}, {"id": "z"}]}'), True),
        (NESTED, answer('{"user": {"name": "b"}, "rows": [{"id": "y"}]}'), False),
        (NESTED, answer('{"user": {"id": "b"}, "rows": [{"name": "y"}]}'), False),
        # A list is anybody's, unless it is the same.
        (answer('["a"]'), answer('["b"]'), False),
        (answer('["a"]'), answer('["a"]'), True),
        (answer("{}"), answer("{ }"), False),
        # An empty answer is nobody's.
        (Observation(200, [*JSON, ("content-length", "0")], "x"), Observation(200, [*JSON, ("content-length", "0")]), False),
        (Observation(200, [*JSON, ("content-length", "")], "x"), Observation(200, [*JSON, ("content-length", "")]), False),
        (answer(), answer(), True),
    ],
)  # fmt: skip
def test_what_resembles_other_answers(genuine: Observation | None, seen_: Observation, expected: bool) -> None:
    assert resembles(seen_, genuine) is expected


@pytest.mark.parametrize(
    ("page", "genuine", "control", "more", "expected"),
    [
        (answer("x"), None, None, {}, "200, and the answer is the handler's"),
        (answer("x", status=299), None, None, {}, "299, and the answer is the handler's"),
        (answer("x", status=300), None, None, {}, None),
        (answer("x", status=199), None, None, {}, None),
        (Observation(status=None), None, None, {}, None),
        # It is another answer than the handler's, or another handler's.
        (answer('{"detail": "x"}'), GENUINE, None, {}, None),
        (answer('{"user": "b", "rows": ["x"]}', elsewhere=True), GENUINE, None, {}, None),
        (answer(status=200, entered=True, elsewhere=True), None, None, {}, None),
        # The control is answered otherwise.
        (answer("x"), None, answer("y"), {}, "200, and the answer is the handler's"),
        (answer("x"), None, answer("x", status=201), {}, "200, and the answer is the handler's"),
        (answer("x"), None, answer("x"), {}, None),
        # OPTIONS is answered by frameworks: without a body, or before the handler.
        (answer("x"), None, None, {"method": "OPTIONS"}, "200, and the answer is the handler's"),
        (answer(""), None, None, {"method": "OPTIONS"}, None),
        (answer(""), None, None, {}, "200, and the answer is the handler's"),
        (answer("x", entered=False), answer("x"), None, {"method": "OPTIONS"}, None),
        (answer("x", entered=False), answer("x"), None, {}, "200, and the answer is the handler's"),
        (answer("x", entered=False), None, None, {}, None),
        # The handler was entered, and decides itself.
        (answer("x", status=401, entered=True), None, None, {"inside": True}, None),
        (answer("x", entered=True), None, None, {"inside": True}, "the handler was entered"),
        (answer("x", stopped=True), None, None, {"inside": True}, "the handler was entered"),
        (answer('{"errors": [{"message": "Forbidden"}]}', entered=True), None, None, {"inside": True}, None),
        (answer('{"errors": [{"message": "Forbidden"}]}'), None, None, {}, None),
        (answer("x", status=401, stopped=True), None, None, {"inside": True}, None),
    ],
)  # fmt: skip
def test_how_a_bypass_reached_the_handler(
    page: Observation,
    genuine: Observation | None,
    control: Observation | None,
    more: dict[str, Any],
    expected: str | None,
) -> None:
    assert find_bypass(page, genuine, control, **{"inside": False} | more) == expected


def test_what_everything_is_answered_with_is_not_the_handler_s() -> None:
    page = answer('{"user": 3, "rows": [2]}')
    assert find_bypass(page, GENUINE, None, inside=False) == "200, and the answer is the handler's"
    assert find_bypass(page, GENUINE, answer('{"user": 9, "rows": [1]}'), inside=False) is None
    assert find_bypass(page, GENUINE, answer(status=404), inside=False) is not None


def test_what_a_framework_answers_to_options_is_nobody_s_handler() -> None:
    assert find_bypass(answer(entered=False), GENUINE, None, inside=True, method="OPTIONS") is None
    assert find_bypass(answer('{"user": 1, "rows": []}', entered=True), GENUINE, None, inside=True, method="OPTIONS")


def test_nobody_can_say_what_the_handler_answers_where_nobody_got_in() -> None:
    assert find_bypass(answer(entered=False), None, None, inside=True) is None
    assert find_bypass(answer(), None, answer(status=404), inside=False) is not None


def test_the_probe_knows_better_than_the_answer() -> None:
    assert find_bypass(answer(stopped=True), GENUINE, None, inside=False) == "the handler was entered"
    assert find_bypass(answer(stopped=True, elsewhere=True), GENUINE, None, inside=False) is None
    assert find_bypass(answer(status=404, entered=True), GENUINE, None, inside=True) is None
    assert find_bypass(answer('{"user": 1, "rows": []}', entered=True), GENUINE, None, inside=True) is not None


def test_not_to_know_a_method_is_no_failure() -> None:
    assert not bypass_failed(answer(status=501))
    assert bypass_failed(answer(status=500))
    assert not bypass_failed(answer(status=500, entered=True))  # The handler's own failure, whoever asks.
    assert not bypass_failed(answer(status=500), answer(status=500))
    assert not bypass_failed(answer(status=505))
    assert bypass_failed(answer(status=500), answer(status=499))
    assert bypass_failed(Observation(), answer(status=500))
    assert bypass_failed(Observation())
    assert not bypass_failed(answer(status=499))
    assert bypass_failed(Observation(hung=True))
    assert bypass_failed(Observation(status=200, hung=True))
    assert bypass_failed(Observation(status=200, died=True))
    assert bypass_failed(Observation(died=True))
    assert not bypass_failed(Observation(stopped=True))


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


# The verdict on a bypass

FAILED = "the target failed over a bent request"
ENTERED = "without any credential, the handler was entered"
ITS_ANSWER = "without any credential, 200, and the answer is the handler's"
TRACE = 'File "/app/main.py", line 3'


@pytest.mark.parametrize(
    ("name", "expect", "answer", "known", "expected"),
    [
        ("trailing-slash", "reject", seen(500, entered=False), {}, ("fault", FAILED, "")),
        ("trailing-slash", "tolerate", seen(500, entered=False), {}, ("fault", FAILED, "")),
        ("trailing-slash", "tolerate", seen(200, entered=True), {}, ("pass", "", "")),
        ("trailing-slash", "reject", seen(200, entered=True), {}, ("breach", ENTERED, "")),
        ("trailing-slash", "reject", seen(404), {}, ("pass", "", "")),
        ("trailing-slash", "reject", seen(500), {"failing": True}, ("pass", "", "")),
        # The handler itself decides: that it was entered proves nothing.
        ("trailing-slash", "reject", seen(401, entered=True), {"guard": "handler"}, ("pass", "", "")),
        ("trailing-slash", "reject", seen(401, entered=True), {}, ("breach", ENTERED, "")),
        # Frameworks answer OPTIONS by themselves.
        ("options-method", "reject", seen(200, entered=False), {}, ("pass", "", "")),
        ("trailing-slash", "reject", seen(200, entered=False), {}, ("breach", ITS_ANSWER, "")),
        ("head-method", "reject", seen(200, entered=False, body=""), {}, ("breach", ITS_ANSWER, "")),
        ("trailing-slash", "reject", seen(401, body=TRACE), {}, ("leak", f"the refusal shows internals: {TRACE!r}", "")),
    ],
)  # fmt: skip
def test_a_bypass(
    name: str, expect: str, answer: Observation, known: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    genuine = seen(500, entered=True) if known.get("failing") else seen(200, entered=True)
    state = admitted(RouteState(plan_of(), guard=known.get("guard", "door")), genuine)
    found = judged(cell(state, name, expect), state, answer)
    assert (found.verdict, found.detail, found.hint) == expected


def test_each_form_of_a_bypass_has_its_control() -> None:
    state = admitted(RouteState(plan_of(), guard="door"))
    made = cell(state, "parent-segment")
    same = seen(200)
    assert judged(made, state, same).verdict == "breach"
    state.controls[made.label] = [seen(200)]
    assert judged(made, state, same).verdict == "pass"
    assert judged(made, state, same, same).verdict == "breach"
    state.controls[made.label] = [seen(404), seen(200)]
    assert judged(made, state, seen(404), same).verdict == "pass"
    state.controls[made.label] = [seen(200), seen(404)]
    assert judged(made, state, seen(404), same).verdict == "breach"


def test_a_bypass_is_compared_with_the_usual_refusals_only_for_internals() -> None:
    state = admitted(RouteState(plan_of(), guard="door"))
    state.refusals[""] = {"forged": seen(401, body="no")}
    assert judged(cell(state, "trailing-slash"), state, seen(401, body="token expired")).verdict == "pass"
