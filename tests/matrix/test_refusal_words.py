"""What the target did, by what evidence and in which words: every branch of the rules, whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.contracts.matrix.refusal import IN_A_MESSAGE, decided, kept_by_the_server, outcome_of
from harness.contracts.matrix.state import RouteState, Twin
from harness.credentials import CATALOGUE, Credential
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Observation
from tests.matrix.kit import plan_of, seen

FORGED, CLERK = CATALOGUE["forged"], CATALOGUE["clerk"]
HUGE = CATALOGUE["huge-token"]
RESET = "ConnectionResetError: [Errno 104] Connection reset by peer"
CLOSED = "by the server, which closed the connection over so long a head: "
UNSENDABLE = replace(FORGED, unsendable=True)
RAN, INSIDE = [("auth:verify", True, 0)], [("auth:verify", True, 1)]
SERVER = "by the server, which does not hand such a handshake to the app"
Told = tuple[str, str, str]


def state(*carriers: str, accept: tuple[str, ...] = ("clerk",), refuse: Any = None, **more: Any) -> RouteState:
    policy = {} if refuse is None else {"refuse": refuse}
    return RouteState(plan_of(accept, "GET /x", *carriers, **policy), **more)


def unreached(words: str, evidence: str = "status") -> Told:
    return "unreached", evidence, words


@pytest.mark.parametrize(
    ("answer", "known", "credential", "expected"),
    [
        (seen(200, untried="time was up"), state(), CLERK, ("unreached", "none", "not tried")),
        (seen(None, hung=True, micros=2_500_000), state(), CLERK, ("fault", "process", "no answer within the time limit (2.5 s)")),
        (seen(None, hung=True, micros=10_000_000, error="app:f"), state(), CLERK,
         ("fault", "process", "no answer within the time limit (10 s), stuck in app:f")),
        (seen(None, died=True), state(), CLERK, ("fault", "process", "the target's process ended")),
        (seen(None, died=True, error="SIGSEGV"), state(), CLERK, ("fault", "process", "the target's process ended (SIGSEGV)")),
        (seen(None, stopped=True), state(), CLERK, ("admitted", "probe", "the handler was entered (and stopped at the door)")),
        (seen(None, stopped=True), state(in_a_message=True), CLERK, ("unreached", "websocket", IN_A_MESSAGE)),
        (seen(200, elsewhere=True), state(), CLERK, unreached("another route's handler answered", "probe")),
        # A limiter's answer.
        (seen(429), state(), CLERK, ("throttled", "status", "429 (throttled)")),
        (seen(503, entered=True, ran=RAN), state(guard="door"), CLERK, ("admitted", "probe", "503, the handler was entered")),
        (seen(503, headers=[("retry-after", "5")]), state(), CLERK, ("throttled", "status", "503, Retry-After: 5 (throttled)")),
        # Failures.
        (seen(None), state(), CLERK, ("fault", "process", "no answer")),
        (seen(None, error="refused"), state(), CLERK, ("fault", "process", "no answer: refused")),
        (seen(500, entered=False), state(), CLERK, ("fault", "status", "500")),
        (seen(502, error="ValueError: x"), state(), CLERK, ("fault", "status", "502: ValueError: x")),
        (seen(500, entered=True, ran=RAN), state(guard="door"), CLERK, ("failed", "probe", "500, the handler was entered")),
        (seen(500, error="E", entered=True, ran=INSIDE), state(guard="handler"), CLERK,
         ("failed", "probe", "500: E, the handler was entered")),
        (seen(500, entered=True), state(guard="handler"), CLERK, ("fault", "status", "500")),
        (seen(500), state(accept=("*",)), CLERK, ("failed", "status", "500")),
        (seen(None), state(accept=("*",)), CLERK, ("fault", "process", "no answer")),
        (seen(500, entered=False), state(accept=("*",)), CLERK, ("fault", "status", "500")),
        # Refusals.
        (seen(401, entered=False), state(), CLERK, ("refused", "probe", "401, the handler was not entered")),
        (seen(403, entered=True), state(), CLERK, ("refused", "status", "403, the handler was entered")),
        (seen(403), state(), CLERK, ("refused", "status", "403, the handler was not watched")),
        (seen(404), state(refuse={"forged": 404, "default": 401}), FORGED, ("refused", "status", "404, the handler was not watched")),
        (seen(404), state(refuse={"forged": 404, "default": 401}), CLERK, unreached("404 (not found)")),
        # Admissions.
        (seen(404, entered=True), state(), CLERK, ("admitted", "probe", "404, the handler was entered")),
        (seen(204), state(), CLERK, ("admitted", "status", "204")),
        (seen(200, entered=False), state(), CLERK, ("admitted", "status", "200, though the probe did not see the handler")),
        (seen(404), state(refuses=True), CLERK, ("admitted", "status", "404, past the decision that refuses a bad credential")),
        (seen(404), state(refuses=True), FORGED, unreached("404 (not found)")),
        (seen(404, entered=False), state(refuses=True), CLERK, unreached("404 (not found)", "probe")),
        # What the server keeps from the app.
        (seen(None, error=RESET), state(), HUGE, ("refused", "process", CLOSED + RESET)),
        (seen(None, error=RESET, entered=False), state(), HUGE, ("refused", "process", CLOSED + RESET)),
        (seen(None, error="RemoteDisconnected: x"), state(), CATALOGUE["kid-huge"],
         ("refused", "process", CLOSED + "RemoteDisconnected: x")),
        (seen(None, error=RESET, entered=True), state(), HUGE, ("failed", "probe", f"no answer: {RESET}, the handler was entered")),
        (seen(None, error="ValueError: x"), state(), HUGE, ("fault", "process", "no answer: ValueError: x")),
        (seen(None), state(), HUGE, ("fault", "process", "no answer")),
        (seen(None, died=True, error=RESET), state(), HUGE, ("fault", "process", f"the target's process ended ({RESET})")),
        (seen(None, hung=True, micros=1_000_000), state(), HUGE, ("fault", "process", "no answer within the time limit (1 s)")),
        (seen(500, error="E"), state(), HUGE, ("fault", "status", "500: E")),
        (seen(None, error=RESET), state(), CATALOGUE["non-ascii"], ("fault", "process", f"no answer: {RESET}")),
        (seen(None, error=RESET), state(), FORGED, ("fault", "process", f"no answer: {RESET}")),
        (seen(400), state(), UNSENDABLE, ("refused", "status", "400 by the server, which does not hand such a request to the app")),
        (seen(431), state(refuses=True), UNSENDABLE,
         ("refused", "status", "431 by the server, which does not hand such a request to the app")),
        (seen(400), state(), FORGED, unreached("400 (bad request before the decision)")),
        (seen(400, entered=False), state(), UNSENDABLE, unreached("400 (bad request before the decision)", "probe")),
        # What came before the decision.
        (seen(405), state(), CLERK, unreached("405 (method not allowed)")),
        (seen(415), state(), CLERK, unreached("415 (unsupported media type)")),
        (seen(422), state(), CLERK, unreached("422 (the request did not pass validation)")),
        (seen(300), state(), CLERK, unreached("300 (redirected)")),
        (seen(399), state(), CLERK, unreached("399 (redirected)")),
        (seen(299), state(), CLERK, ("admitted", "status", "299")),
        (seen(400, entered=False), state(), CLERK, unreached("400 (bad request before the decision)", "probe")),
        (seen(418), state(), CLERK, unreached("418")),
        (seen(499), state(), CLERK, unreached("499")),
        (seen(199), state(), CLERK, unreached("199")),
    ],
)  # fmt: skip
def test_requests(answer: Observation, known: RouteState, credential: Credential, expected: Told) -> None:
    assert outcome_of(answer, known, credential) == expected


def ws(
    status: int | None = None, error: str = "", body: str = "", entered: bool | None = True, **more: Any
) -> Observation:
    facts = WebsocketFacts(**({"accepted": True, "left": True} | more))
    return Observation(status, websocket=facts, error=error, body=body, entered=entered)


def refused(words: str) -> Told:
    return "refused", "websocket", words


ACCEPTED = ("admitted", "websocket", "the handshake was accepted")
WAITS = ("unreached", "websocket", IN_A_MESSAGE)


@pytest.mark.parametrize(
    ("answer", "known", "expected"),
    [
        (ws(403, accepted=False), state(), refused("handshake answered 403")),
        (ws(429, accepted=False, entered=False), state(), ("throttled", "websocket", "handshake answered 429 (throttled)")),
        (ws(429, accepted=False, entered=False), state(refuse=429), refused("handshake answered 429")),
        (ws(500, accepted=False), state(), ("fault", "websocket", "handshake answered 500")),
        (ws(499, accepted=False), state(), unreached("handshake answered 499", "websocket")),
        (ws(404, accepted=False), state(), unreached("handshake answered 404", "websocket")),
        (ws(accepted=False, close=1008), state(), refused("closed with 1008 before it was accepted (403 to a browser)")),
        (ws(accepted=False, close=0), state(), refused("closed with 0 before it was accepted (403 to a browser)")),
        (ws(accepted=False, error="broken"), state(), ("fault", "websocket", "broken")),
        (ws(accepted=False), state(), ("admitted", "probe", "the handler was entered")),
        (ws(accepted=False, entered=None), state(), unreached("neither accepted nor closed", "websocket")),
        (ws(), state(), ACCEPTED),
        (ws(101), state(), ACCEPTED),
        (ws(close=4401), state(), refused("accepted, then closed with 4401 before anything was sent")),
        (ws(close=4401, sent=1), state(), ACCEPTED),
        (ws(close=4401), state(in_a_message=True), WAITS),
        (ws(), state(in_a_message=True), WAITS),
        (ws(sent=1), state(in_a_message=True), ACCEPTED),
        (ws(close=1011), state(), ("fault", "websocket", "closed with 1011")),
        (ws(close=1000), state(), ACCEPTED),
        (ws(left=False, error="E"), state(), ("fault", "websocket", "E")),
        (ws(left=False, error="E", close=1000), state(), ("fault", "websocket", "closed with 1000")),
        (ws(left=True, error="E"), state(), ACCEPTED),
        (ws(left=False), state(), ACCEPTED),
    ],
)  # fmt: skip
def test_websockets(answer: Observation, known: RouteState, expected: Told) -> None:
    assert outcome_of(answer, known, CLERK) == expected


TAKEN = ("admitted", "websocket", "the message with the token was taken")
WELCOME, OTHER = '{"welcome": "alice"}', '{"error": "no"}'


@pytest.mark.parametrize(
    ("answer", "genuine", "expected"),
    [
        (ws(close=1008, sent=3), None, refused("closed with 1008 after the message with the token")),
        (ws(close=1000), None, TAKEN),
        (ws(close=1011), None, ("fault", "websocket", "closed with 1011")),
        (ws(left=False, error="E"), None, ("fault", "websocket", "E")),
        (ws(left=True, error="E"), None, TAKEN),
        (ws(sent=1), ws(sent=2), refused("fewer messages (1) than a genuine token gets (2)")),
        (ws(sent=None), ws(sent=1), refused("fewer messages (0) than a genuine token gets (1)")),
        (ws(sent=2, body=WELCOME), ws(sent=2, body=WELCOME), TAKEN),
        (ws(sent=3, body=WELCOME), ws(sent=2, body=WELCOME), TAKEN),
        (ws(sent=2, body=OTHER), ws(sent=2, body=WELCOME), refused(f"answered otherwise than a genuine token: {OTHER!r}")),
        (ws(sent=1, body="x" * 90), ws(sent=1, body=WELCOME), refused(f"answered otherwise than a genuine token: {'x' * 80!r}")),
        (ws(sent=0, body=OTHER), ws(sent=0, body=WELCOME), TAKEN),
        (ws(sent=0, body=OTHER), seen(200, body=WELCOME), TAKEN),
    ],
)  # fmt: skip
def test_a_token_in_a_message(answer: Observation, genuine: Observation | None, expected: Told) -> None:
    known = state("message")
    if genuine is not None:
        known.twins[""] = Twin(CLERK, True, "", genuine)
    assert outcome_of(answer, known, FORGED) == expected
    # The genuine one is measured by nothing but itself.
    known.twins[""] = Twin(CLERK, True, "", answer)
    assert (
        outcome_of(answer, known, CLERK)[2] in (TAKEN[2], expected[2])
        and (answer.websocket or WebsocketFacts()).accepted
    )


@pytest.mark.parametrize(
    ("answer", "credential", "kept"),
    [
        (ws(400, accepted=False, entered=None), UNSENDABLE, True),
        (ws(403, accepted=False, entered=None), UNSENDABLE, False),
        (ws(400, accepted=False, entered=None), FORGED, False),
        (ws(400, accepted=False, entered=False), UNSENDABLE, False),
        (ws(400, accepted=True, entered=None), UNSENDABLE, False),
        (ws(accepted=False, entered=None, error="reset"), UNSENDABLE, True),
        (ws(accepted=False, entered=None), UNSENDABLE, False),
        (replace(ws(accepted=False, entered=None), hung=True), UNSENDABLE, True),
        (seen(400), UNSENDABLE, False),
    ],
)  # fmt: skip
def test_handshakes_that_a_server_keeps(answer: Observation, credential: Credential, kept: bool) -> None:
    assert kept_by_the_server(answer, credential) is kept
    assert (outcome_of(answer, state(), credential) == ("refused", "websocket", SERVER)) is kept


@pytest.mark.parametrize(
    ("ran", "known", "expected"),
    [
        ([], state(accept=("*",), guard="handler"), True),
        ([], state(guard="door"), True),
        ([], state(), True),
        ([], state(guard="handler"), False),
        (INSIDE, state(guard="handler"), True),
        (RAN, state(guard="handler"), False),
        ([("a:b", False, 1)], state(guard="handler"), False),
        (INSIDE, state(guard="handler", always=frozenset({("auth:verify", True)})), False),
        (INSIDE, state(guard="handler", always=frozenset({("auth:verify", False)})), True),
    ],
)  # fmt: skip
def test_who_had_been_let_in(ran: list[tuple[str, bool, int]], known: RouteState, expected: bool) -> None:
    assert decided(Observation(ran=ran), known) is expected
