"""What the script of a route learns from the first answers: who is admitted, what runs for everybody, where a websocket takes its token."""

from __future__ import annotations

from typing import Any

import pytest

from harness.credentials import CATALOGUE
from harness.targets.agent.protocol import Asked, WebsocketFacts
from harness.targets.base import Call, Observation
from tests.credentials.forms import claims_of
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


# Where the route decides, as far as the target shows it


WATCHED: dict[str, Any] = {"handlers": frozenset({1})}


@pytest.mark.parametrize(
    ("nobody", "guard", "verdict"),
    [
        # Its handler was reached without a credential, and refuses by itself: it is no breach that it is reached.
        (seen(401, entered=True), "handler", "pass"),
        (seen(403, entered=True), "handler", "pass"),
        # What it answers to nobody is no refusal: who reaches it is let in.
        (seen(200, entered=True), "door", "breach"),
        (seen(404, entered=True), "door", "breach"),
    ],
)
def test_where_nothing_is_seen_inside_the_handler_s_own_answer_to_nobody_tells(
    play: Play, nobody: Observation, guard: str, verdict: str
) -> None:
    def answer(name: str, call: Call) -> Observation:
        if call.stop:
            return seen(None, stopped=True, entered=True)
        return seen(200, entered=True) if name == "clerk" else nobody

    played = play(route("clerk", "forged", route=WATCHED), answer, sees_inside=False)
    assert played.names[:3] == ["missing", "clerk", "missing"]
    assert [call.stop for _, call in played.calls][:3] == [True, False, False]
    assert played.state.guard == guard
    assert played.verdict("forged") == verdict


def test_what_runs_inside_for_everybody_does_not_decide(play: Play) -> None:
    """It is seen only when a request without a credential is let into the handler as well."""

    def answer(name: str, call: Call) -> Observation:
        door = [("a:request", True, 0)]
        if call.stop:
            return seen(None, stopped=True, entered=True, ran=door)
        return seen(200, entered=True, ran=[*door, ("a:cache", True, 1)])

    played = play(route("clerk", "forged"), answer)
    assert played.names[:3] == ["missing", "clerk", "missing"]
    assert (played.state.guard, played.verdict("forged")) == ("door", "breach")


@pytest.mark.parametrize(("handlers", "asked"), [(frozenset({1}), ["missing"]), (frozenset(), ["missing", "forged"])])
def test_a_bad_one_comes_first_where_no_handler_is_watched(
    play: Play, handlers: frozenset[int], asked: list[str]
) -> None:
    def everything(name: str, call: Call) -> Observation:
        return seen(401) if call.request.path == "/x" and name != "clerk" else seen(200)

    plan = route("clerk", "trailing-slash", route={"handlers": handlers})
    played = play(plan, everything, sees_inside=False)
    assert played.names[: played.names.index("clerk")] == asked
    # And a bypass that succeeds is compared with a path that nothing serves.
    assert list(played.state.controls) == ([] if handlers else ["trailing-slash"])


# Whom it admits, and what is made of that


def test_what_is_bad_is_made_of_the_genuine_one_that_was_admitted(play: Play) -> None:
    plan = route("expired", "forged", accept=("clerk", "clerk-org-admin"))
    played = play(plan, letting_in("clerk-org-admin"))
    people = {person.user.id: name for name, person in played.mint.identities.items()}
    bearers = {
        (name, people[claims_of(dict(call.request.headers)["authorization"].removeprefix("Bearer "))["sub"]])
        for name, call in played.calls
        if name in ("clerk", "clerk-org-admin", "expired", "forged")
    }
    assert bearers == {("clerk", "alice"), ("clerk-org-admin", "admin"), ("expired", "admin"), ("forged", "admin")}


def test_each_way_is_asked_until_one_gets_in_there(play: Play) -> None:
    plan = route("clerk", "opaque-unknown", accept=("clerk", "clerk-other", "m2m-opaque", "oauth-opaque"))
    played = play(plan, letting_in("clerk", "oauth-opaque"))
    twins = {label: (twin.credential.name, twin.admitted) for label, twin in played.state.twins.items()}
    assert (twins[""], twins["m2m-opaque"]) == (("clerk", True), ("oauth-opaque", True))
    assert "clerk-other" not in played.names


def test_what_was_asked_to_learn_is_the_answer_of_its_cell(play: Play) -> None:
    plan = route("clerk", "m2m-jwt", "forged", accept=("clerk", "m2m-jwt"))
    played = play(plan, letting_in("clerk", "m2m-jwt"))
    assert [played.names.count(name) for name in ("clerk", "m2m-jwt")] == [1, 1]
    assert sorted(v.credential for v in played.verdicts) == ["clerk", "forged", "forged@m2m-jwt", "m2m-jwt"]
    assert {v.verdict for v in played.verdicts} == {"pass"}


def test_refusals_are_kept_of_those_that_were_tried(play: Play) -> None:
    """What a policy leaves open is no refusal to compare with; the others are, all the same."""
    played = play(route("clerk", "expired", "missing", tolerate=["forged"]), letting_in("clerk"))
    assert list(played.state.refusals[""]) == ["garbage", "missing"]


# Ways that are open


def test_two_credentials_in_the_same_place_find_one_open_way(play: Play) -> None:
    def answer(name: str, call: Call) -> Observation:
        if "token=" in call.request.query:
            return seen(None, websocket=WebsocketFacts(accepted=True, sent=1), entered=True)
        return seen(None, websocket=WebsocketFacts(close=1008), entered=False)

    plan = route("clerk", "query-token", "websocket-query", "forged", key="WS /x", carriers=("subprotocol",))
    play(plan, answer)
    labels = [cell.label for cell in plan.found]
    assert labels == list(dict.fromkeys(labels)) and "forged@query:token" in labels


def test_an_open_way_is_tried_in_batches_and_beside_it_what_the_source_names(play: Play) -> None:
    def answer(name: str, call: Call) -> Observation:
        open_ = "token=" in call.request.query
        found = seen(200, entered=True) if open_ else letting_in("clerk")(name, call)
        found.asked = [Asked("header", "x-role", "app:guard", ["boss"], 0)] if call.learn else []
        return found

    plan = route("clerk", "query-token", "forged")
    plan.named = lambda cell: True
    played = play(plan, answer)
    ways = {cell.credential.name: cell.way.carrier for cell in plan.found}
    assert (ways["forged"], ways["named-field"]) == ("query:token", "bearer")
    judged = {v.credential: v.verdict for v in played.verdicts}
    assert (judged["forged@query:token"], judged["named-field"]) == ("breach", "pass")
    together = [
        work.singly for work in played.works if any(s.sequence.label == "forged@query:token" for s in work.sendings)
    ]
    assert together == [False]
