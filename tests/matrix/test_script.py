"""What a route's script asks and learns, where a table answers: no lane, no target."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.script import script_of
from harness.contracts.matrix.state import RouteState
from harness.credentials import CATALOGUE
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Call, Observation
from harness.targets.request_builder import Example
from tests.matrix.kit import NO_MECHANISMS, RecordingMint, seen
from tests.matrix.playing import Play, letting_in, route


def test_nobody_is_asked_first_and_then_the_genuine_one(play: Play) -> None:
    played = play(route("clerk", "forged", "missing", "expired"), letting_in("clerk"))
    assert played.names == ["missing", "clerk", "forged", "expired", "garbage"]
    assert [work.singly for work in played.works] == [True, False, False]
    # The answer to nobody is that of its cell; the genuine one goes as far as the handler.
    assert [call.stop for _, call in played.calls] == [True, False, True, True, True]
    assert {verdict.credential: verdict.verdict for verdict in played.verdicts} == {
        "clerk": "pass", "forged": "pass", "missing": "pass", "expired": "pass",
    }  # fmt: skip
    assert played.state.refuses
    assert set(played.state.refusals[""]) == {"forged", "garbage", "missing"}
    assert played.state.genuine is not None


def test_the_baselines_are_asked_for_the_comparison_alone(play: Play) -> None:
    played = play(route("expired"), letting_in("clerk"))
    assert [verdict.credential for verdict in played.verdicts] == ["expired"]
    assert sorted(played.state.refusals[""]) == ["forged", "garbage"]
    quiet = play(route("clerk"), letting_in("clerk"))
    assert quiet.names == ["missing", "clerk"]


def test_another_credential_that_the_policy_names(play: Play) -> None:
    plan = route("forged", accept=("clerk", "clerk-org-admin"))
    played = play(plan, letting_in("clerk-org-admin"))
    assert played.state.twins[""].credential is CATALOGUE["clerk-org-admin"]
    assert played.state.twins[""].admitted
    assert played.verdict("forged") == "pass"
    nobody = play(route("forged", accept=("clerk", "clerk-org-admin")), letting_in())
    assert nobody.state.twins[""].credential is CATALOGUE["clerk"]
    assert nobody.verdict("forged") == "inconclusive"


def test_where_nobody_may_enter_nobody_is_tried(play: Play) -> None:
    played = play(route("forged", accept=(), closed=True), letting_in())
    assert "clerk" not in played.names
    assert played.state.twins == {}
    assert played.verdict("forged") == "pass"


@pytest.mark.parametrize(
    ("ran", "nobody", "guard"),
    [
        ([("auth:verify", True, 0)], [], "door"),
        ([("auth:verify", True, 1)], [], "handler"),
        # What does the same for nobody decides nothing.
        ([("cache:get", True, 1)], [("cache:get", True, 1)], "door"),
        ([("auth:verify", True, 0), ("auth:owner", True, 1)], [], "door"),
    ],
)
def test_where_a_route_decides(play: Play, ran: Any, nobody: Any, guard: str) -> None:
    def answer(name: str, call: Call) -> Observation:
        if name == "clerk":
            return seen(200, entered=True, ran=ran)
        return seen(401, entered=False, ran=nobody)

    assert play(route("clerk"), answer).state.guard == guard


def test_what_runs_for_nobody_behind_the_door(play: Play) -> None:
    """It was stopped at the door: only inside it shows what runs for everybody."""

    def answer(name: str, call: Call) -> Observation:
        if call.stop:
            return seen(None, stopped=True, entered=True, ran=[("a:door", False, 0)])
        return seen(200, entered=True, ran=[("a:inside", True, 1), ("a:wraps", True, 2)])

    state = play(route("clerk"), answer).state
    assert state.always == {("a:door", False), ("a:inside", True)}
    assert state.guard == "door"


def test_a_declared_guard_is_taken_for_what_it_is(play: Play) -> None:
    inside = letting_in("clerk", ran=[("auth:verify", True, 1)])
    assert play(route("clerk", guard="door"), inside).state.guard == "door"
    played = play(route("clerk", "forged", guard="handler"), letting_in("clerk"))
    assert played.state.guard == "handler"
    assert {call.stop for name, call in played.calls if name != "missing"} == {False}


def test_from_outside_a_bad_one_must_be_refused(play: Play) -> None:
    def behind(name: str, call: Call) -> Observation:
        return seen(404) if name == "clerk" else seen(401)

    played = play(route("clerk", "forged"), behind, probed=False)
    assert played.names[:3] == ["missing", "forged", "clerk"]
    assert played.state.refuses
    assert played.verdict("clerk") == "pass"  # Past the decision.
    # The genuine one was known to have got past it when the bad ones came.
    assert played.state.twins[""].admitted
    assert played.verdict("forged") == "pass"
    lost = play(route("clerk", "forged"), lambda name, call: seen(404), probed=False)
    assert not lost.state.refuses
    assert lost.verdict("clerk") == "inconclusive"
    public = play(route("clerk", "forged", accept=("*",)), lambda name, call: seen(200), probed=False)
    assert not public.state.refuses


def test_where_anybody_may_come_nobody_is_asked_twice(play: Play) -> None:
    plan = route("clerk", "forged", accept=("missing", "clerk"))
    played = play(plan, lambda name, call: seen(200, entered=True, body=name, ran=[("a:maybe", name == "clerk", 0)]))
    assert [answer.body for answer in played.state.anonymous] == ["missing", "missing"]
    assert {call.stop for _, call in played.calls} == {False}
    assert ("a:maybe", False) in played.state.always
    assert played.verdict("forged") == "breach"


def test_a_way_that_is_open_is_tried_as_well(play: Play) -> None:
    plan = route("clerk", "query-token", "forged")

    def answer(name: str, call: Call) -> Observation:
        return seen(200, entered=True) if "token=" in call.request.query else letting_in("clerk")(name, call)

    played = play(plan, answer)
    assert played.verdict("query-token") == "breach"
    assert played.verdict("forged@query:token") == "breach"
    assert {cell.way.carrier for cell in plan.found} == {"query:token"}
    assert plan.cells
    closed = play(route("clerk", "query-token"), letting_in("clerk"))
    assert closed.plan.found == []
    public = play(route("clerk", "query-token", accept=("*",)), lambda name, call: seen(200, entered=True))
    assert public.plan.found == []


def test_a_bypass_that_succeeds_is_compared_with_a_path_that_nothing_serves(play: Play) -> None:
    def everything(name: str, call: Call) -> Observation:
        return seen(401) if call.request.path == "/x" and name != "clerk" else seen(200)

    played = play(route("clerk", "trailing-slash"), everything, probed=False)
    assert played.verdict("trailing-slash") == "pass"
    assert [call.request.path for _, call in played.calls][-1] == "/clerk-harness-nowhere/"
    assert len(played.state.controls["trailing-slash"]) == 1
    probed = play(route("clerk", "trailing-slash"), everything)
    assert probed.state.controls == {}


@pytest.mark.parametrize(
    ("facts", "genuine", "in_a_message"),
    [
        (WebsocketFacts(accepted=True, waited=True), WebsocketFacts(accepted=True, waited=True), True),
        (WebsocketFacts(accepted=True, sent=1), WebsocketFacts(accepted=True, sent=1), False),
        (WebsocketFacts(accepted=True), WebsocketFacts(accepted=True), False),
        (WebsocketFacts(close=1008), WebsocketFacts(accepted=True), False),
        (WebsocketFacts(accepted=True, close=1008), WebsocketFacts(accepted=True, close=1008), True),
        (WebsocketFacts(accepted=True, close=1008), WebsocketFacts(accepted=True, sent=1, close=1008), False),
        (WebsocketFacts(accepted=True, close=1000), WebsocketFacts(accepted=True, close=1000), False),
    ],
)
def test_a_websocket_that_waits_for_its_token(
    play: Play, facts: WebsocketFacts, genuine: WebsocketFacts, in_a_message: bool
) -> None:
    def answer(name: str, call: Call) -> Observation:
        return seen(None, websocket=genuine if name == "clerk" else facts, entered=True)

    assert play(route("clerk", key="WS /x"), answer).state.in_a_message is in_a_message
    declared = route("clerk", key="WS /x", carriers=("query:token",))
    assert not play(declared, answer).state.in_a_message


# A request that gets as far as the decision


def test_a_route_below_a_prefix_is_found(play: Play) -> None:
    def below(name: str, call: Call) -> Observation:
        if not call.request.path.startswith("/api/"):
            return seen(404, entered=False)
        return letting_in("clerk")(name, call)

    plan = route("clerk", "forged", route={"prefixes": ("/other", "/api")})
    played = play(plan, below)
    assert plan.base.path == "/api/x"
    assert {verdict.verdict for verdict in played.verdicts} == {"pass"}
    assert [call.request.path for _, call in played.calls][:3] == ["/x", "/other/x", "/api/x"]


def test_a_route_that_is_nowhere_keeps_its_path(play: Play) -> None:
    plan = route("clerk", route={"prefixes": ("/other", "/api")})
    assert play(plan, lambda name, call: seen(404, entered=False)).verdict("clerk") == "inconclusive"
    assert plan.base.path == "/x"


@pytest.mark.parametrize("prefixes", [(), ("/api",)])
def test_a_route_that_answers_is_where_it_is(play: Play, prefixes: tuple[str, ...]) -> None:
    plan = route("clerk", route={"prefixes": prefixes})
    play(plan, letting_in("clerk"))
    assert plan.base.path == "/x"


OPERATION = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
            }
        }
    }
}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {"/x": {"post": {**OPERATION, "responses": {"200": {"description": "ok"}}}}},
}


def test_a_described_request_is_not_looked_for(play: Play) -> None:
    plan = route(
        "clerk", key="POST /x", example=Example(json={"n": 1}), route={"operation": OPERATION, "document": DOCUMENT}
    )
    played = play(plan, lambda name, call: seen(422, entered=False))
    assert plan.base.body == b'{"n": 1}'
    assert len(played.calls) == 2  # Nobody, and the genuine one.


# Further requests


def test_a_token_that_expires_is_presented_and_kept(play: Play) -> None:
    plan = route("clerk")
    plan.drills = frozenset({"expiry"})
    cell = plan.cell(CATALOGUE["expired-after-genuine"])
    plan.cells.append(cell)
    played = play(plan, letting_in("clerk", "expired-after-genuine"))
    ((known, sequence, _),) = played.state.expiring
    assert known is cell
    token = sequence.request("forms", 0).headers
    assert token == played.calls[-1][1].request.headers


def test_what_acts_between_two_requests_acts_once(play: Play) -> None:
    played = play(route("clerk", "revoked-after-genuine"), letting_in("clerk"))
    assert played.names.count("revoked-after-genuine") == 2
    assert played.verdict("revoked-after-genuine") == "pass"


def test_each_script_leaves_its_state_under_its_key(minting: RecordingMint) -> None:
    states: dict[str, RouteState] = {}
    begin = script_of(RequestFactory(minting, probed=True), Judge(NO_MECHANISMS, probed=True), states)
    plan = route("clerk")
    next(begin(plan))
    assert list(states) == ["GET /x"]
    assert states["GET /x"].plan is plan
