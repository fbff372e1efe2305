"""From an answer to a verdict: each rule of the judge is a row of a table, without any target."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.mechanisms import Mechanisms
from harness.contracts.matrix.state import RouteState
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation
from tests.matrix.kit import (
    BY_CLERK,
    BY_MACHINES,
    BY_OLD,
    DECLARED,
    GUESSED,
    NO_MECHANISMS,
    admitted,
    cell,
    judged,
    kept_out,
    plan_of,
    seen,
    state_of,
)

SSRF = "the target fetched an address that the token names: it can be sent anywhere (SSRF)"
OTHERS = "the answer carries another person's identity: "
TRACE = "Traceback (most recent call last)"
SHOWS = "the refusal shows internals: "
THROTTLED = "throttled: the target answers that it is asked too often, which is neither admission nor refusal"
THROTTLED_HINT = (
    "raise the limit for the run, or leave the harness out of it; a Retry-After within the time limit is waited for"
)
EXAMPLE_HINT = 'show how to call it: "GET /x" = { policy = "p", path = { … }, query = { … }, json = { … } }'
MESSAGE_HINT = (
    '"WS /x" = { policy = "p", carrier = "message", messages = [\'{"token": "{token}"}\'] }, '
    "as your front end writes it; without messages the route is named as not examined"
)
LOCKOUT = "the policy admits this credential, the target refused it"
LET_IN = "must be rejected, was let in"
GUARD_HINT = 'if this route decides inside its handler, declare guard = "handler"'
ROTATED_HINT = (
    "keys that are fetched must be fetched again when a token names one that is not known; a PEM in CLERK_JWT_KEY cannot "
    "follow a rotation (if production has none, give --env CLERK_JWT_KEY=); [settings] rotate_within says how long it may take"
)
FIRST_HINT = "decide before the handler is called: what it did cannot be taken back by the refusal"
DENIED = '{"data": null, "errors": [{"message": "Not authenticated"}]}'
RAN = "refused, but only after the handler had run"
WROTE = "refused, but only after the handler had written to the database"
CSRF = (
    "; browsers send the cookie with requests of other websites' pages, so these can act for the user (CSRF, CWE-352)"
)


WAITING = seen(None, websocket=WebsocketFacts(accepted=True, left=True, waited=True))
NEITHER = seen(None, websocket=WebsocketFacts())


@pytest.mark.parametrize(
    ("name", "expect", "answer", "known", "expected"),
    [
        # What outranks every outcome.
        ("forged", "reject", seen(401, entered=False, canary_fetched=True), {}, ("breach", SSRF, "")),
        ("clerk", "accept", seen(200, entered=True, canary_fetched=True), {}, ("breach", SSRF, "")),
        ("clerk", "accept", seen(200, entered=True, cross_user_leak="bob@example.com"), {}, ("breach", OTHERS + "bob@example.com", "")),
        ("clerk", "accept", seen(429, cross_user_leak="user_bob"), {}, ("breach", OTHERS + "user_bob", "")),
        # Throttled.
        ("forged", "reject", seen(429), {}, ("inconclusive", THROTTLED, THROTTLED_HINT)),
        ("clerk", "accept", seen(429), {}, ("inconclusive", THROTTLED, THROTTLED_HINT)),
        ("no-scheme", "tolerate", seen(429), {}, ("pass", "", "")),
        # Failures.
        ("forged", "reject", seen(500, entered=False), {}, ("fault", "the target failed instead of deciding", "")),
        ("no-scheme", "tolerate", seen(None, died=True), {}, ("fault", "the target failed instead of deciding", "")),
        ("forged", "reject", seen(500, entered=True), {}, ("fault", "the handler was entered and failed: it did not refuse", "")),
        ("clerk", "accept", seen(500, entered=True), {}, ("pass", "", "")),
        ("no-scheme", "tolerate", seen(500, entered=True), {}, ("pass", "", "")),
        # Not reached.
        ("no-scheme", "tolerate", seen(404), {}, ("pass", "", "")),
        ("forged", "reject", seen(404), {}, ("inconclusive", "the request never reached the decision", EXAMPLE_HINT)),
        ("clerk", "accept", seen(422), {}, ("inconclusive", "the request never reached the decision", EXAMPLE_HINT)),
        ("clerk", "accept", seen(422), {"in_a_message": True}, ("inconclusive", "the request never reached the decision", EXAMPLE_HINT)),
        # Admitted.
        ("clerk", "accept", seen(200, entered=True), {}, ("pass", "", "")),
        ("no-scheme", "tolerate", seen(200, entered=True), {}, ("pass", "", "")),
        ("forged", "reject", seen(200, entered=True), {}, ("breach", LET_IN, GUARD_HINT)),
        ("forged", "reject", seen(200, entered=True), {"guard": None}, ("breach", LET_IN, GUARD_HINT)),
        ("forged", "reject", seen(200, entered=True), {"guard": "handler"}, ("breach", LET_IN, "")),
        # Refused.
        ("clerk", "accept", seen(401, entered=False), {}, ("lockout", LOCKOUT, "")),
        ("clerk-rotated", "accept", seen(401, entered=False), {}, ("lockout", LOCKOUT, ROTATED_HINT)),
        ("no-scheme", "tolerate", seen(401, entered=False), {}, ("pass", "", "")),
        ("forged", "reject", seen(401, entered=False), {}, ("pass", "", "")),
        # Past authentication, the row of the example may belong to another user.
        ("clerk-other", "accept", seen(403, entered=True), {}, ("pass", "", "")),
        ("clerk-other", "accept", seen(403, entered=True), {"guard": None}, ("pass", "", "")),
        ("clerk-other", "accept", seen(403, entered=True), {"guard": "handler"}, ("lockout", LOCKOUT, "")),
        ("clerk-other", "accept", seen(403, entered=False), {}, ("lockout", LOCKOUT, "")),
        ("clerk", "accept", seen(403, entered=True), {}, ("lockout", LOCKOUT, "")),
        # The server refused the request before the app.
        ("huge-token", "accept", seen(431), {}, ("pass", "", "")),
        ("huge-token", "accept", seen(401, entered=False), {}, ("lockout", LOCKOUT, "")),
        ("clerk", "accept", seen(401), {}, ("lockout", LOCKOUT, "")),
        # Refused, but late.
        ("forged", "reject", seen(401, entered=True, finished=True), {}, ("breach", RAN, FIRST_HINT)),
        ("forged", "reject", seen(200, entered=True, finished=True, body=DENIED), {"guard": "handler"}, ("pass", "", "")),
        ("forged", "reject", seen(401, entered=True, finished=True, body=DENIED), {}, ("breach", RAN, FIRST_HINT)),
        ("forged", "reject", seen(401, entered=True, wrote=("notes",)), {}, ("breach", WROTE, FIRST_HINT)),
        ("forged", "reject", seen(401, entered=True, finished=True, wrote=("notes",)), {}, ("breach", WROTE, FIRST_HINT)),
        ("forged", "reject", seen(401, entered=False, wrote=("audit",)), {}, ("pass", "", "")),
        ("clerk-other", "reject", seen(403, entered=True, finished=True), {}, ("pass", "", "")),
        # A refusal that discloses something.
        ("forged", "reject", seen(401, entered=False, body=TRACE), {}, ("leak", f"{SHOWS}{TRACE!r}", "")),
    ],
)  # fmt: skip
def test_each_outcome_by_what_is_expected(
    name: str, expect: str, answer: Observation, known: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    state = state_of(**known)
    found = judged(cell(state, name, expect), state, answer)
    assert (found.verdict, found.detail, found.hint) == expected


@pytest.mark.parametrize(
    ("answer", "in_a_message", "expected"),
    [
        (WAITING, True, ("inconclusive", "where this websocket takes its token is not declared", MESSAGE_HINT)),
        (NEITHER, False, ("inconclusive", "the request never reached the decision", EXAMPLE_HINT.replace("GET", "WS"))),
        # Its handler refuses by closing, and returns then.
        (seen(None, websocket=WebsocketFacts(close=1008), entered=True, finished=True), False, ("pass", "", "")),
        (seen(None, websocket=WebsocketFacts(close=1008), entered=True, wrote=("a",)), False, ("breach", WROTE, FIRST_HINT)),
    ],
)  # fmt: skip
def test_websockets(answer: Observation, in_a_message: bool, expected: tuple[str, str, str]) -> None:
    state = state_of(plan_of(("clerk",), "WS /x"), in_a_message=in_a_message)
    found = judged(cell(state, "forged"), state, answer)
    assert (found.verdict, found.detail, found.hint) == expected


@pytest.mark.parametrize(
    ("method", "theirs", "mine", "entered", "detail"),
    [
        ("POST", ("notes",), ("notes",), None, WROTE),
        ("POST", ("notes",), ("audit", "notes"), None, WROTE),
        ("POST", ("audit", "notes"), ("notes",), None, ""),
        ("POST", (), ("notes",), None, ""),
        ("POST", ("notes",), (), None, ""),
        ("POST", ("notes",), ("notes",), False, ""),  # The probe has seen that the handler was not entered.
        ("GET", ("notes",), ("notes",), None, ""),
    ],
)
def test_the_database_shows_a_late_refusal(
    method: str, theirs: tuple[str, ...], mine: tuple[str, ...], entered: bool | None, detail: str
) -> None:
    state = admitted(RouteState(plan_of(key=f"{method} /x")), seen(200, wrote=theirs))
    assert judged(cell(state, "forged"), state, seen(401, entered=entered, wrote=mine)).detail == detail


def test_a_twin_that_was_kept_out_shows_nothing_of_the_database() -> None:
    state = kept_out(RouteState(plan_of(key="POST /x")), seen(401, wrote=("notes",)))
    assert judged(cell(state, "forged"), state, seen(401, wrote=("notes",))).verdict == "inconclusive"
    state.twins.clear()
    assert judged(cell(state, "forged"), state, seen(401, wrote=("notes",))).verdict == "inconclusive"


# Which mechanism let it in


@pytest.mark.parametrize(
    ("wanted", "ran", "mechanisms", "probed", "expected"),
    [
        (["clerk"], [BY_CLERK], DECLARED, True, ("pass", "")),
        (["clerk"], [BY_OLD], DECLARED, True, ("mixed", "let in by legacy; the policy names clerk")),
        (["clerk", "machines"], [BY_OLD], DECLARED, True, ("mixed", "let in by legacy; the policy names clerk or machines")),
        (["clerk"], [BY_OLD, BY_MACHINES], DECLARED, True, ("mixed", "let in by legacy and machines; the policy names clerk")),
        (["clerk"], [BY_OLD, BY_CLERK], DECLARED, True, ("pass", "")),
        (["clerk"], [], DECLARED, True, ("mixed", "let in by no known mechanism; the policy names clerk")),
        (["clerk"], [], GUESSED, True, ("pass", "")),
        (["clerk"], [BY_OLD], GUESSED, True, ("mixed", "let in by legacy; the policy names clerk")),
        (["clerk"], [BY_OLD], DECLARED, False, ("pass", "")),
        (["nothing"], [BY_OLD], DECLARED, True, ("pass", "")),  # No function of the target belongs to it.
        (["nothing", "clerk"], [BY_OLD], DECLARED, True, ("mixed", "let in by legacy; the policy names nothing or clerk")),
        ([], [BY_OLD], DECLARED, True, ("pass", "")),
        # A check that raises to refuse returns nothing.
        (["clerk"], [("app.clerk:check", False, 0)], DECLARED, True, ("pass", "")),
        (["clerk"], [("app.clerk:check", False, 0), BY_OLD], DECLARED, True, ("mixed", "let in by legacy; the policy names clerk")),
    ],
)  # fmt: skip
def test_the_mechanism_that_the_policy_names(
    wanted: list[str],
    ran: list[tuple[str, bool, int]],
    mechanisms: Mechanisms,
    probed: bool,
    expected: tuple[str, str],
) -> None:
    state = state_of(plan_of(mechanism=wanted))
    found = judged(cell(state, "clerk"), state, seen(200, entered=True, ran=ran), mechanisms=mechanisms, probed=probed)
    assert (found.verdict, found.detail, found.hint) == (*expected, "")


def test_a_handler_that_failed_was_let_in_by_a_mechanism_too() -> None:
    state = state_of(plan_of(mechanism=["clerk"]))
    failing = seen(500, entered=True, ran=[BY_OLD])
    found = judged(cell(state, "clerk"), state, failing, mechanisms=DECLARED)
    assert (found.verdict, found.detail) == ("mixed", "let in by legacy; the policy names clerk")


@pytest.mark.parametrize(
    ("name", "status", "ran", "probed", "detail", "hint"),
    [
        ("forged", 200, [BY_CLERK], True, f"{LET_IN} by clerk", ""),
        ("forged", 200, [BY_CLERK, BY_OLD], True, f"{LET_IN} by clerk and legacy", ""),
        ("forged", 200, [], False, LET_IN, ""),
        ("forged", 200, [], True, LET_IN, GUARD_HINT),
        # A check without a consent is none of a bad credential.
        ("forged", 200, [("app.clerk:check", False, 0)], True, LET_IN, GUARD_HINT),
    ],
)
def test_by_what_a_bad_one_was_let_in(
    name: str, status: int, ran: list[tuple[str, bool, int]], probed: bool, detail: str, hint: str
) -> None:
    state = state_of()
    answer = seen(status, entered=True, ran=ran)
    found = judged(cell(state, name), state, answer, mechanisms=DECLARED, probed=probed)
    assert (found.verdict, found.detail, found.hint) == ("breach", detail, hint)


@pytest.mark.parametrize(
    ("expect", "answer", "mechanism"),
    [
        ("accept", seen(200, entered=True, ran=[("app.clerk:check", False, 0)]), ("clerk",)),
        ("tolerate", seen(500, entered=True, ran=[("app.clerk:check", False, 0)]), ("clerk",)),
        ("reject", seen(200, entered=True, ran=[("app.clerk:check", False, 0)]), ()),
        ("accept", seen(401, entered=False, ran=[("app.clerk:check", False, 0)]), ()),
        ("accept", seen(200, entered=True, ran=[("app.clerk:check", False, 0), BY_OLD]), ("legacy",)),
    ],
)
def test_a_silent_mechanism_counts_where_it_let_somebody_in(
    expect: str, answer: Observation, mechanism: tuple[str, ...]
) -> None:
    state = state_of()
    assert judged(cell(state, "clerk", expect), state, answer, mechanisms=DECLARED).mechanism == mechanism


def test_what_runs_for_everybody_is_no_mechanism() -> None:
    state = state_of(always=frozenset({("app.clerk:verify", True), ("app.clerk:check", False)}))
    answer = seen(200, entered=True, ran=[BY_CLERK, ("app.clerk:check", False, 0)])
    assert judged(cell(state, "clerk"), state, answer, mechanisms=DECLARED).mechanism == ()


@pytest.mark.parametrize(
    ("name", "label", "method", "detail"),
    [
        ("azp-foreign", "cookie:__session", "POST", LET_IN + CSRF),
        ("azp-foreign", "cookie:__session", "GET", LET_IN),
        ("azp-foreign", "", "POST", LET_IN),
        ("forged", "cookie:__session", "POST", LET_IN),
    ],
)
def test_a_cookie_from_another_website(name: str, label: str, method: str, detail: str) -> None:
    state = state_of(plan_of(("clerk",), f"{method} /x", "bearer", "cookie:__session"))
    admitted(state, way=state.plan.ways[1])
    assert judged(cell(state, name, "reject", label), state, seen(200, entered=True)).detail == detail


# Where anybody may come without a credential


def person(name: str | None, **more: Any) -> Observation:
    return seen(200, entered=True, body=f'{{"for": "{name}"}}', **more)


@pytest.mark.parametrize(
    ("nobody", "genuine", "answer", "verdict"),
    [
        ([person(None)] * 2, person("alice"), person(None), "pass"),
        ([person(None)] * 2, person("alice"), person("alice"), "breach"),
        ([person(None)] * 2, None, person("alice"), "breach"),
        ([person(None)] * 2, person("alice"), seen(201, entered=True, body=person(None).body), "breach"),
        ([person("x"), person(None)], person("alice"), person("x"), "pass"),
        ([person("x"), person(None)], person("alice"), person(None), "pass"),
        # It varies by itself: all but the genuine answer is anybody's.
        ([person("x"), person("y")], person("alice"), person("z"), "pass"),
        ([person("x"), person("y")], person("alice"), person("alice"), "breach"),
        ([person("x"), person("y")], None, person("alice"), "pass"),
        # Numbers are not compared.
        ([person("1"), person("2")], person("alice"), person("77"), "pass"),
        ([], person("alice"), person(None), "breach"),
        ([person(None)], person("alice"), person("alice"), "breach"),
        ([person(None)] * 2, person("alice"), person(None, stopped=True), "breach"),
    ],
)
def test_an_anonymous_answer(
    nobody: list[Observation], genuine: Observation | None, answer: Observation, verdict: str
) -> None:
    state = RouteState(plan_of(("missing", "clerk")), guard="door", anonymous=nobody)
    admitted(state, genuine)
    if genuine is None:
        state.twins = {"other": state.twins[""]}
        found = Judge(NO_MECHANISMS, probed=True)._rule(cell(state, "forged"), "admitted", answer, state, ())
        assert found[0] == verdict
    else:
        assert judged(cell(state, "forged"), state, answer).verdict == verdict


@pytest.mark.parametrize(
    ("mechanisms", "ran", "verdict"),
    [
        (DECLARED, [BY_CLERK], "breach"),  # It was taken for somebody.
        (GUESSED, [BY_CLERK], "pass"),
        (DECLARED, [], "pass"),
    ],
)
def test_a_consent_is_for_somebody(mechanisms: Mechanisms, ran: list[tuple[str, bool, int]], verdict: str) -> None:
    state = admitted(RouteState(plan_of(("missing", "clerk")), anonymous=[person(None)]), person("alice"))
    assert judged(cell(state, "forged"), state, person(None, ran=ran), mechanisms=mechanisms).verdict == verdict


def test_only_where_the_policy_lets_anybody_come_an_answer_is_anonymous() -> None:
    state = state_of(anonymous=[person(None)])
    assert judged(cell(state, "forged"), state, person(None)).verdict == "breach"


# How refusals are compared


def test_refusals_are_compared_within_their_way() -> None:
    plan = plan_of(("clerk", "m2m-jwt"))
    state = admitted(admitted(RouteState(plan)), way=plan.ways[1])
    state.refusals = {"": {"forged": seen(401, body="no")}, "m2m-jwt": {"forged": seen(401, body="never")}}
    answer = seen(401, entered=False, body="never")
    assert judged(cell(state, "expired", "reject", "m2m-jwt"), state, answer).verdict == "pass"
    found = judged(cell(state, "expired"), state, answer)
    assert found.verdict == "leak"
    assert found.detail == "refused otherwise than a forged token, which tells them apart: body 'never' instead of 'no'"
