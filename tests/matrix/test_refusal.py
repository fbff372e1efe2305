"""What a target did: a table of answers and outcomes, without any target."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.refusal import is_throttled, outcome_of
from harness.contracts.matrix.state import RouteState, Twin, decides_inside
from harness.contracts.matrix.tables import Policy
from harness.contracts.refusal import retry_after
from harness.credentials import CATALOGUE
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation, Route
from harness.targets.request_builder import Example

RAN = [("auth:verify", True, 0)]
DENIED, BROKEN = '{"errors": [{"message": "Not authenticated"}]}', '{"errors": [{"message": "Syntax Error"}]}'
INSIDE = [("auth:verify", True, 1)]


def state(accept: tuple[str, ...] = ("clerk",), *, carriers: tuple[str, ...] = ("bearer",), **more: Any) -> RouteState:
    policy = Policy.model_validate({"accept": list(accept)} | more.pop("policy", {}))
    plan = RoutePlan(Route("GET", "/x"), "app", "p", policy, Example(), carriers=carriers)
    return RouteState(plan, **more)


def seen(status: int | None = 200, **more: Any) -> Observation:
    return Observation(status=status, **more)


@pytest.mark.parametrize(
    ("answer", "known", "outcome"),
    [
        (seen(200, entered=True), state(), "admitted"),
        (seen(None, stopped=True, entered=True), state(), "admitted"),
        (seen(401, entered=False), state(), "refused"),
        (seen(403), state(), "refused"),
        (seen(404), state(policy={"refuse": 404}), "refused"),
        (seen(307, headers=[("location", "/sign-in?redirect_url=%2F")]), state(), "refused"),
        (seen(307, headers=[("location", "/other")]), state(), "unreached"),
        (seen(422), state(), "unreached"),
        (seen(404), state(), "unreached"),
        (seen(404), state(refuses=True), "admitted"),
        (seen(200, entered=False, elsewhere=True), state(), "unreached"),
        # A 5xx before the door is the guard's; behind it, it is the handler's.
        (seen(500, entered=False), state(), "fault"),
        (seen(500, entered=True, ran=RAN), state(guard="door"), "failed"),
        (seen(500, entered=True, ran=INSIDE), state(guard="handler"), "failed"),
        # What the handler needs is not reachable: it was entered, and says so.
        (seen(503, entered=True, ran=RAN), state(guard="door"), "admitted"),
        (seen(502, entered=True), state(guard="handler"), "fault"),
        (seen(500, entered=True), state(guard="handler"), "fault"),
        (seen(500, entered=True, ran=INSIDE), state(guard="handler", always=frozenset({("auth:verify", True)})), "fault"),
        (seen(500), state(("*",)), "failed"),
        (seen(500), state(), "fault"),
        (seen(None, hung=True), state(), "fault"),
        (seen(None, died=True), state(), "fault"),
        # The status is that of a success, and the body refuses, or brings nothing.
        (seen(200, entered=True, body=DENIED), state(guard="handler"), "refused"),
        (seen(200, entered=True, body=DENIED), state(), "refused"),
        (seen(200, body=DENIED), state(), "refused"),
        (seen(200, entered=True, body=DENIED), state(guard="door"), "admitted"),
        (seen(500, entered=True, body=DENIED), state(guard="handler"), "fault"),
        (seen(404, body=DENIED), state(), "unreached"),
        (seen(200, entered=True, body=BROKEN), state(guard="handler"), "unreached"),
        (seen(200, entered=True, body=BROKEN), state(), "admitted"),
        (seen(200, body=BROKEN), state(), "unreached"),
        # A limiter's answer is no decision.
        (seen(429), state(), "throttled"),
        (seen(503, headers=[("retry-after", "5")]), state(), "throttled"),
        (seen(503), state(), "fault"),
        (seen(429), state(policy={"refuse": [401, 429]}), "refused"),
        (seen(429, entered=True), state(), "admitted"),
    ],
)  # fmt: skip
def test_what_the_target_did(answer: Observation, known: RouteState, outcome: str) -> None:
    assert outcome_of(answer, known, CATALOGUE["clerk"])[0] == outcome


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("5", 5.0), (" 120 ", 120.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), (None, None)],
)
def test_how_long_it_asks_to_wait(told: str | None, seconds: float | None) -> None:
    headers = [("retry-after", told)] if told is not None else []
    assert retry_after(seen(429, headers=headers)) == seconds


def test_what_the_policy_calls_a_refusal_is_none_of_a_limiter() -> None:
    assert is_throttled(seen(429), [401, 403])
    assert not is_throttled(seen(429), [429])
    assert not is_throttled(seen(401), [401])


def facts(**more: Any) -> WebsocketFacts:
    return WebsocketFacts(**({"accepted": True, "left": True} | more))


@pytest.mark.parametrize(
    ("websocket", "known", "outcome"),
    [
        (facts(), state(), "admitted"),
        (facts(accepted=False, close=1008), state(), "refused"),
        (facts(close=4401), state(), "refused"),
        (facts(close=4401, sent=1), state(), "admitted"),
        (facts(close=1011), state(), "fault"),
        # It waits for a message, and nobody has said what it is for.
        (facts(waited=True), state(in_a_message=True), "unreached"),
        (facts(close=1008), state(in_a_message=True), "unreached"),
        (facts(sent=1, first="hello"), state(in_a_message=True), "admitted"),
    ],
)
def test_websockets(websocket: WebsocketFacts, known: RouteState, outcome: str) -> None:
    answer = Observation(websocket=websocket, entered=True)
    assert outcome_of(answer, known, CATALOGUE["clerk"])[0] == outcome


GREETING, WELCOME, ERROR = '{"hello": 1}', '{"welcome": "alice"}', '{"error": "no"}'


@pytest.mark.parametrize(
    ("body", "websocket", "outcome"),
    [
        (WELCOME, facts(sent=2, first=GREETING), "admitted"),
        (GREETING, facts(sent=1, first=GREETING, close=1000), "refused"),
        (ERROR, facts(sent=2, first=GREETING), "refused"),
        (WELCOME, facts(sent=2, first=GREETING, close=1008), "refused"),
        ("", facts(), "refused"),
    ],
)
def test_a_token_in_a_message(body: str, websocket: WebsocketFacts, outcome: str) -> None:
    """A greeting may come before the token; what the genuine one gets then tells."""
    known = state(carriers=("message",))
    genuine = Observation(websocket=facts(sent=2, first=GREETING), body=WELCOME)
    known.twins[""] = Twin(CATALOGUE["clerk"], True, "", genuine)
    assert outcome_of(Observation(websocket=websocket, body=body), known, CATALOGUE["forged"])[0] == outcome


@pytest.mark.parametrize(
    ("ran", "always", "inside"),
    [
        ([], set(), False),
        ([("auth:verify", True, 0)], set(), False),
        ([("auth:verify", True, 1)], set(), True),
        ([("auth:check", False, 1)], set(), True),  # It raises to refuse, and returns nothing.
        ([("auth:verify", True, 0), ("auth:owner", True, 1)], set(), False),
        ([("log:auth_timing", True, 2)], set(), False),  # It only wraps the request.
        ([("cache:get_clerk", True, 1)], {("cache:get_clerk", True)}, False),  # It does the same for nobody.
        ([("cache:get_clerk", True, 0), ("auth:verify", True, 1)], {("cache:get_clerk", True)}, True),
        ([("auth:maybe", True, 1)], {("auth:maybe", False)}, True),  # For nobody it returned nothing.
    ],
)  # fmt: skip
def test_where_a_route_decides(ran: list[tuple[str, bool, int]], always: set[tuple[str, bool]], inside: bool) -> None:
    assert decides_inside(Observation(ran=ran), frozenset(always)) is inside
