"""Parts of a route's script: generators that yield work for a lane and are sent the answers."""

from __future__ import annotations

from collections.abc import Generator

from harness.contracts.matrix.factory import RequestFactory, Sequence
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.runner import Work
from harness.contracts.matrix.state import RouteState
from harness.contracts.matrix.ways import Way
from harness.credentials import Credential
from harness.targets.base import Observation
from harness.targets.request_builder import under
from harness.targets.schemathesis_examples import needs_input, requests_for

Steps = Generator[Work, list[Observation], None]
OneAnswer = Generator[Work, list[Observation], Observation]
_UNFIT = (400, 404, 405, 415, 422)
"""What a route answers to a request that does not fit it, whoever sends it (RFC 9110 section 15.5)."""


def ask_once(
    factory: RequestFactory, state: RouteState, credential: Credential, way: Way, *, stop: bool, learn: bool = False
) -> OneAnswer:
    """Send one request that belongs to no cell, and return its answer. `learn`: with what the app asked it for."""
    sequence = Sequence(factory, state.plan, credential, way, way.base)
    (sending,) = sequence.forms(stop)[:1]
    sending.learn = learn
    (answer,) = yield Work([sending], True)
    return answer


def find_request(factory: RequestFactory, state: RouteState) -> Steps:
    """Find a request that reaches the decision, and make it the base of the route's plan.

    Tries the prefixes under which the route may be served, then requests that schemathesis generates. The base stays as it is
    where none of them fits better.
    """
    plan = state.plan
    way = plan.ways[0]
    guess = plan.guessed and needs_input(plan.route)
    if not plan.route.prefixes and not guess:
        return

    def reaches(answer: Observation) -> bool:
        return answer.status not in _UNFIT or outcome_of(answer, state, way.base)[0] != "unreached"

    def ask() -> OneAnswer:
        return ask_once(factory, state, way.base, way, stop=True)

    if reaches((yield from ask())):
        return
    usual = plan.base
    for prefix in plan.route.prefixes:
        plan.base = under(usual, prefix)
        answer = yield from ask()
        if answer.status != 404:
            usual, plan.prefix = plan.base, prefix
            break
    else:
        plan.base = usual
    if not guess or reaches((yield from ask())):
        return
    for request in requests_for(plan.route, plan.base):
        plan.base = request
        if reaches((yield from ask())):
            return
    plan.base = usual
