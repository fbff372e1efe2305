"""What the script of a route learns from the first answers: who is admitted, what runs for everybody, where a websocket takes its token."""

from __future__ import annotations

from typing import Any

import pytest

from harness.credentials import CATALOGUE
from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Call, Observation
from tests.matrix.kit import seen
from tests.matrix.playing import Answer, Play, letting_in, route


def test_a_genuine_one_whose_handler_fails_by_itself_was_let_in(play: Play) -> None:
    def answer(name: str, call: Call) -> Observation:
        return seen(500, entered=True) if name == "clerk" else seen(401, entered=False)

    played = play(route("clerk", "forged"), answer)
    assert played.state.twins[""].admitted
    assert played.verdict("forged") == "pass"


def test_whom_the_route_refuses_is_no_twin(play: Play) -> None:
    played = play(route("clerk", "forged"), letting_in())
    twin = played.state.twins[""]
    assert (twin.admitted, twin.seen) == (False, "401, the handler was not entered")
    assert played.verdict("forged") == "inconclusive"


def test_each_way_has_a_twin_of_its_own_whatever_others_have(play: Play) -> None:
    plan = route("clerk", "exp-null", accept=("clerk", "clerk-v1", "m2m-jwt"))
    played = play(plan, letting_in("clerk"))
    assert {label: twin.admitted for label, twin in played.state.twins.items()} == {
        "": True,
        "m2m-jwt": False,
    }
    plan = route("clerk", "exp-null", accept=("clerk", "clerk-v1", "m2m-jwt"))
    played = play(plan, letting_in("clerk-v1", "m2m-jwt"))
    assert {label: (twin.credential.name, twin.admitted) for label, twin in played.state.twins.items()} == {
        "": ("clerk-v1", True),
        "m2m-jwt": ("m2m-jwt", True),
    }


def test_how_each_route_refused_what_every_route_is_sent(play: Play) -> None:
    def answer(name: str, call: Call) -> Observation:
        found = letting_in("clerk")(name, call)
        found.ran = [("app:user", name == "clerk", 0)]
        return found

    played = play(route("clerk", "forged", "expired", "exp-null", "trailing-slash"), answer)
    refused = (401, (("app:user", False, 0),), False)
    assert played.state.fingerprints == {"forged": refused, "expired": refused}


def test_what_runs_for_anybody_once_runs_for_anybody(play: Play) -> None:
    asked: list[str] = []

    def answer(name: str, call: Call) -> Observation:
        asked.append(name)
        first = name == "missing" and asked.count("missing") == 1
        return seen(200, entered=True, ran=[("a:first" if first else "a:again", True, 0)])

    state = play(route("clerk", accept=("missing", "clerk")), answer).state
    assert state.always == {("a:first", True), ("a:again", True)}


def test_only_where_something_ran_inside_nobody_is_asked_again(play: Play) -> None:
    def answer(name: str, call: Call) -> Observation:
        if call.stop:
            return seen(None, stopped=True, entered=True, ran=[("a:door", True, 0)])
        return seen(200, entered=True, ran=[("a:door", True, 0), ("a:verify", True, 0)])

    played = play(route("clerk"), answer)
    assert (played.state.guard, played.names) == ("door", ["missing", "clerk"])

    def refusing(name: str, call: Call) -> Observation:
        ran = [("a:verify", True, 1)] if name == "clerk" else [("a:cache", True, 1)]
        return seen(200 if name == "clerk" else 401, entered=name == "clerk", ran=ran)

    played = play(route("clerk"), refusing)
    assert (played.state.guard, played.names) == ("handler", ["missing", "clerk"])


WAITING, SPEAKING = WebsocketFacts(accepted=True, waited=True), WebsocketFacts(accepted=True, sent=1)


def by_name(**facts: WebsocketFacts) -> Answer:
    def answer(name: str, call: Call) -> Observation:
        if call.stop:
            return seen(None, stopped=True, entered=True)
        return seen(None, websocket=facts[name], entered=True)

    return answer


@pytest.mark.parametrize(
    ("plan", "facts", "in_a_message", "asked"),
    [
        # It was stopped at the door: how it behaves is seen by asking once more.
        ({}, {"missing": WAITING, "clerk": SPEAKING}, True, ["missing", "clerk", "missing"]),
        ({}, {"missing": SPEAKING, "clerk": WAITING}, False, ["missing", "clerk", "missing"]),
        # Where everybody may come, the answer to whom it is for is the one that counts.
        ({"accept": ("*",)}, {"missing": WAITING}, True, ["missing", "missing"]),
        ({"accept": ("*",)}, {"missing": SPEAKING}, False, ["missing", "missing"]),
        ({}, {"missing": WebsocketFacts(waited=True), "clerk": SPEAKING}, False, ["missing", "clerk", "missing"]),
        ({}, {"missing": WebsocketFacts(close=1008), "clerk": WebsocketFacts(accepted=True, close=1008)}, False,
         ["missing", "clerk", "missing"]),
        ({}, {"missing": WebsocketFacts(accepted=True), "clerk": WebsocketFacts(accepted=True, close=1008)}, False,
         ["missing", "clerk", "missing"]),
    ],
)  # fmt: skip
def test_how_a_websocket_behaves_towards_nobody(
    play: Play, plan: dict[str, Any], facts: dict[str, WebsocketFacts], in_a_message: bool, asked: list[str]
) -> None:
    played = play(route(*(["clerk"] if "clerk" in facts else []), key="WS /x", **plan), by_name(**facts))
    assert played.state.in_a_message is in_a_message
    assert played.names[: len(asked)] == asked


def test_several_ways_that_are_open_are_each_tried_once(play: Play) -> None:
    def answer(name: str, call: Call) -> Observation:
        headers = dict(call.request.headers)
        found = letting_in("clerk")(name, call)
        open_ = "token=" in call.request.query or "x-auth-token" in headers
        return seen(200, entered=True, body="in") if open_ else found

    plan = route("clerk", "query-token", "x-auth-token", "forged")
    played = play(plan, answer)
    assert {cell.way.carrier for cell in plan.found} == {"query:token", "header:x-auth-token"}
    assert {cell.way.found for cell in plan.found} == {True}
    labels = [cell.label for cell in plan.found]
    assert len(labels) == len(set(labels))
    assert played.state.twins["query:token"].observation.body == "in"
    assert {played.verdict(f"forged@{way}") for way in ("query:token", "header:x-auth-token")} == {"breach"}
    assert CATALOGUE["query-token"].carrier == "query:token"
