"""How a request is found that reaches the decision: the routing's prefixes, then what a schema allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.steps import ask_once, find_request
from harness.credentials import CATALOGUE
from harness.targets.base import Call, Observation, Request
from harness.targets.request_builder import Example
from harness.targets.schemathesis_examples import requests_for
from tests.matrix.kit import RecordingMint, plan_of, seen

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
OPERATION: dict[str, Any] = {
    "requestBody": {"content": {"application/json": {"schema": SCHEMA}}},
    "responses": {"200": {"description": "ok"}},
}
DOCUMENT = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/x": {"post": OPERATION}}}
REFUSED = seen(401, entered=False)
INVALID = seen(422, entered=False)
NOWHERE = seen(404, entered=False)
Answering = Callable[[Call], Observation]


def described(*prefixes: str, example: Example | None = None) -> RoutePlan:
    """A route whose body the schema describes, and a declaration only with an example."""
    route = {"operation": OPERATION, "document": DOCUMENT, "prefixes": prefixes}
    return plan_of(key="POST /x", example=example, route=route)


def asked(mint: RecordingMint, plan: RoutePlan, answering: Answering) -> list[Call]:
    """Every request by which the plan's base is looked for, each alone."""
    state = RouteState(plan)
    steps = find_request(RequestFactory(mint, probed=True), state)
    calls: list[Call] = []
    answers: list[Observation] | None = None
    while True:
        try:
            work = next(steps) if answers is None else steps.send(answers)
        except StopIteration:
            return calls
        (sending,) = work.sendings
        assert work.singly
        calls.append(sending.call())
        answers = [answering(calls[-1])]


def paths(calls: list[Call]) -> list[str]:
    return [call.request.path for call in calls]


def test_each_is_the_genuine_one_stopped_at_the_door_and_nothing_is_learned_of_it(minting: RecordingMint) -> None:
    calls = asked(minting, plan_of(route={"prefixes": ("/api",)}), lambda call: NOWHERE)
    assert [(minting.name_in(call.request), call.stop, call.learn) for call in calls] == [("clerk", True, False)] * 2
    state = RouteState(plan_of())
    for more, learn in (({}, False), ({"learn": True}, True), ({"learn": False}, False)):
        factory = RequestFactory(minting, probed=True)
        work = next(ask_once(factory, state, CATALOGUE["clerk"], state.plan.ways[0], stop=False, **more))
        assert [(sending.stop, sending.learn) for sending in work.sendings] == [(False, learn)]


@pytest.mark.parametrize(
    ("plan", "answer", "count"),
    [
        # There is nothing to look for: one place, and nothing that a schema says of the request.
        (plan_of(), NOWHERE, 0),
        (plan_of(key="GET /x", route={"operation": {"responses": {}}, "document": DOCUMENT}), INVALID, 0),
        (described(example=Example(json={"n": 1})), INVALID, 0),
        # It reaches the decision as it is: nothing else is tried.
        (described(), REFUSED, 1),
        (described("/api"), REFUSED, 1),
        (plan_of(route={"prefixes": ("/api",)}), REFUSED, 1),
        (described(), seen(500, entered=False), 1),
        (described(), seen(None, stopped=True, entered=True), 1),
        # The handler answers so by itself.
        (described("/api"), seen(404, entered=True), 1),
        (described("/api"), seen(422, entered=True), 1),
        # Nowhere served, and no schema to draw from.
        (plan_of(route={"prefixes": ("/api", "/v1")}), NOWHERE, 3),
        (plan_of(route={"prefixes": ("/api", "/v1")}), INVALID, 2),
    ],
)  # fmt: skip
def test_how_many_requests_it_takes(minting: RecordingMint, plan: RoutePlan, answer: Observation, count: int) -> None:
    before = plan.base
    calls = asked(minting, plan, lambda call: answer)
    assert len(calls) == count
    if count < 2 or answer is NOWHERE:
        assert (plan.base, plan.prefix) == (before, "")


@pytest.mark.parametrize("status", [400, 404, 405, 415, 422])
def test_what_does_not_fit_is_looked_for_further(minting: RecordingMint, status: int) -> None:
    plan = plan_of(route={"prefixes": ("/api",)})
    fitting = asked(minting, plan, lambda call: seen(status, entered=False))
    assert paths(fitting) == ["/x", "/api/x"]
    assert plan.prefix == ("" if status == 404 else "/api")


def test_the_first_prefix_under_which_it_is_served_is_taken(minting: RecordingMint) -> None:
    plan = plan_of(route={"prefixes": ("/other", "/api", "/v1")})
    calls = asked(minting, plan, lambda call: REFUSED if call.request.path == "/api/x" else NOWHERE)
    assert paths(calls) == ["/x", "/other/x", "/api/x"]
    assert (plan.base.path, plan.prefix) == ("/api/x", "/api")


@pytest.fixture(scope="module")
def drawn() -> list[Request]:
    """What is drawn from the schema, the same every time. It takes half a second once, for what must be imported."""
    plan = described()
    return requests_for(plan.route, plan.base)


def fits(call: Call) -> bool:
    """Whether a request has a body that the route takes: what no simplest value is."""
    return len(call.request.body) > 10


@pytest.mark.parametrize("prefixes", [(), ("/api",)])
def test_a_body_is_drawn_from_the_schema_until_one_fits(
    minting: RecordingMint, drawn: list[Request], prefixes: tuple[str, ...]
) -> None:
    plan = described(*prefixes)
    chosen = next(number for number, request in enumerate(drawn) if len(request.body) > 10)
    calls = asked(minting, plan, lambda call: REFUSED if fits(call) else INVALID)
    assert [call.request.body for call in calls[-chosen - 1 :]] == [request.body for request in drawn[: chosen + 1]]
    assert not any(map(fits, calls[:-1]))
    assert plan.base.body == drawn[chosen].body


def test_below_a_prefix_only_what_does_not_fit_is_drawn(minting: RecordingMint) -> None:
    plan = described("/api")
    calls = asked(minting, plan, lambda call: REFUSED if call.request.path == "/api/x" else NOWHERE)
    assert paths(calls) == ["/x", "/api/x", "/api/x"]
    assert (plan.base.path, plan.base.body) == ("/api/x", described().base.body)


def test_where_nothing_that_is_drawn_fits_the_request_stays_as_it_was(
    minting: RecordingMint, drawn: list[Request]
) -> None:
    plan = described()
    before = plan.base
    calls = asked(minting, plan, lambda call: INVALID)
    assert [call.request.body for call in calls[-len(drawn) :]] == [request.body for request in drawn]
    assert plan.base == before
