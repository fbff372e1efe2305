"""When one route's guard counts for another: tables of facts, each with the one thing that keeps it from counting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.contracts.matrix.depth import is_shown_by_guard, same_guard, share_guards, shown_by
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.state import Fingerprint, RouteState, Twin
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE
from harness.targets.request_builder import Example
from tests.matrix.kit import cell, judged, plan_of, seen, state_of

USER, CHECK = "app:current_user", "app:check"


def guarded(key: str = "GET /x", *carriers: str, accept: tuple[str, ...] = ("clerk",), **more: Any) -> RoutePlan:
    """A route on which a guard hangs."""
    functions = more.pop("dependencies", (USER,))
    return plan_of(accept, key, *carriers, route={"dependencies": functions}, **more)


def pairs(*plans: RoutePlan) -> list[tuple[str, str]]:
    """(route, route that stands for it) by their keys."""
    return [(plan.key, leader.key) for plan, leader in share_guards(list(plans))]


def test_the_first_route_that_reads_stands_for_the_others_of_its_guard() -> None:
    assert pairs(guarded("POST /a"), guarded("GET /b"), guarded("GET /c")) == [
        ("GET /c", "GET /b"),
        ("POST /a", "GET /b"),
    ]
    assert pairs(guarded("GET /a")) == []


@pytest.mark.parametrize(
    "other",
    [
        guarded("GET /b", dependencies=()),  # What stands before the handler is not known.
        guarded("GET /b", dependencies=("app:lax",)),
        guarded("GET /b", dependencies=(USER, CHECK)),
        guarded("GET /b", accept=("missing", "clerk")),
        guarded("GET /b", accept=("*",)),
        guarded("GET /b", "cookie:__session"),
        guarded("GET /b", accept=("clerk", "m2m-jwt")),
        guarded("GET /b", guard="handler"),
        guarded("WS /b"),
        guarded("WS /b", "message", example=Example(carrier="message")),
    ],
)
def test_what_another_route_cannot_stand_for(other: RoutePlan) -> None:
    assert pairs(guarded("GET /a"), other) == []


def test_routes_of_another_policy_or_without_what_is_needed_stand_for_themselves() -> None:
    other = guarded("GET /b")
    other.policy_name = "q"
    assert pairs(guarded("GET /a"), other) == []
    for alike in (
        {"dependencies": ()}, {"accept": ("missing", "clerk")}, {"accept": ("*",)},
    ):  # fmt: skip
        assert pairs(guarded("GET /a", **alike), guarded("GET /b", **alike)) == []
    waiting = [guarded(f"WS /{name}", "message", example=Example(carrier="message")) for name in "ab"]
    assert pairs(*waiting) == []


REFUSED: Fingerprint = (401, ((USER, False, 0),), False)


def decided(key: str = "GET /x", **more: Any) -> RouteState:
    """What is known of a route whose guard has admitted the genuine credential and refused a forged one."""
    state = state_of(guarded(key))
    state.twins[""].observation = seen(200, entered=True, ran=[(USER, True, 0), ("app:log", True, 2)])
    state.fingerprints = {"forged": REFUSED, "expired": REFUSED}
    for name, value in more.items():
        setattr(state, name, value)
    return state


def admitting(*ran: tuple[str, bool, int], admitted: bool = True, name: str = "clerk") -> dict[str, Twin]:
    """The twin of the usual way."""
    answer = seen(200 if admitted else 401, entered=admitted, ran=list(ran))
    return {"": Twin(CATALOGUE[name], admitted, "", answer)}


GUARD = (USER, True, 0)


@pytest.mark.parametrize(
    ("mine", "its", "same"),
    [
        ({}, {}, True),
        # What ran after the door says nothing of the guard.
        ({"twins": admitting(GUARD, ("app:audit", True, 1))}, {}, True),
        ({"cut_off": "it hangs"}, {}, False),
        ({}, {"cut_off": "it hangs"}, False),
        ({"guard": "handler"}, {}, False),
        ({}, {"guard": "handler"}, False),
        ({"guard": "handler"}, {"guard": "handler"}, False),
        ({"guard": None}, {"guard": None}, False),
        ({"twins": {}}, {"twins": {}}, False),
        ({"twins": admitting(GUARD, admitted=False)}, {"twins": admitting(GUARD, admitted=False)}, False),
        ({"twins": admitting(GUARD, admitted=False)}, {}, False),
        ({}, {"twins": admitting(GUARD, admitted=False)}, False),
        ({"twins": admitting(GUARD, name="clerk-v1")}, {}, False),
        ({"twins": admitting(GUARD, (CHECK, True, 0))}, {}, False),
        ({}, {"twins": admitting(GUARD, (CHECK, True, 0))}, False),
        ({"twins": admitting((USER, False, 0))}, {}, False),
        # A middleware alone has decided on both.
        ({"twins": admitting((CHECK, True, 0))}, {"twins": admitting((CHECK, True, 0))}, False),
        ({"fingerprints": {}}, {}, False),
        ({"fingerprints": {}}, {"fingerprints": {}}, False),
        ({"fingerprints": {"forged": REFUSED}}, {}, True),
        ({}, {"fingerprints": {"forged": REFUSED}}, False),
        ({"fingerprints": {"forged": REFUSED, "expired": (403, REFUSED[1], False)}}, {}, False),
        ({"fingerprints": {"forged": REFUSED, "expired": (401, (), False)}}, {}, False),
        (
            {"fingerprints": {"forged": (401, REFUSED[1], True)}},
            {"fingerprints": {"forged": (401, REFUSED[1], True)}},
            False,
        ),
    ],
)
def test_two_routes_decided_alike(mine: dict[str, Any], its: dict[str, Any], same: bool) -> None:
    assert same_guard(decided("GET /b", **mine), decided("GET /a", **its)) is same


def test_what_is_admitted_somewhere_is_tried_there() -> None:
    assert not is_shown_by_guard(plan_of(("m2m-jwt",)).cell(CATALOGUE["m2m-jwt"]))
    assert is_shown_by_guard(plan_of().cell(CATALOGUE["m2m-jwt"]))


def proven(name: str) -> CellVerdict:
    """The leader's verdict on a refusal."""
    state = decided("GET /a")
    found = judged(cell(state, name), state, seen(401, entered=False, micros=9))
    found.notes = ("of that request",)
    return found


def known(*verdicts: CellVerdict) -> dict[tuple[str, str], CellVerdict]:
    return {(each.route, each.credential): each for each in verdicts}


def test_a_refusal_counts_where_the_guard_is_shared_and_says_so() -> None:
    state, leader = decided("GET /b"), decided("GET /a").plan
    state.plan.router = "other"
    names = ["exp-null", "alg-none"]
    cells = [cell(state, name) for name in names]
    verdicts = [proven(name) for name in names]
    detail = "the guard that it shares with GET /a refused it there"
    assert [(each.verdict, each.evidence, each.micros) for each in verdicts] == [("pass", "probe", 9)] * 2
    assert shown_by(leader, cells, known(*verdicts)) == [
        replace(each, router="other", route="GET /b", evidence="guard", micros=0, notes=(), detail=detail)
        for each in verdicts
    ]
    assert shown_by(leader, [], {}) == []


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "breach"},
        {"verdict": "inconclusive"},
        {"evidence": "status"},
        {"evidence": "guard"},
        {"route": "GET /c"},
    ],
)
def test_what_that_route_has_not_proven_is_proven_nowhere(change: dict[str, Any]) -> None:
    state, leader = decided("GET /b"), decided("GET /a").plan
    cells = [cell(state, "exp-null"), cell(state, "alg-none")]
    assert shown_by(leader, cells, known(proven("exp-null"), replace(proven("alg-none"), **change))) is None
