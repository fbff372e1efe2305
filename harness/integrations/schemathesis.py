"""For people who run schemathesis: every case that it generates must agree with the auth matrix.

    clerk-harness issuer --port 8765                       # and the backend started with the variables it prints
    SCHEMATHESIS_HOOKS=harness.integrations.schemathesis CLERK_HARNESS_ISSUER="$CLERK_HARNESS_URL" \\
        schemathesis run http://127.0.0.1:8000/openapi.json --checks agrees_with_matrix

or in a test, `case.validate_response(response, checks=[agrees_with_matrix])`. `CLERK_HARNESS_SUITES` names the declaration
(default: suites). Each case is sent again with each credential that its route's policy names and with those that no policy
may forget (`clerk`, `legacy`, `expired`, `forged`, `missing`): what the policy accepts must not be refused, and what it does
not accept must be.
"""

from __future__ import annotations

import functools
import inspect
import os
import urllib.parse
from dataclasses import replace
from pathlib import Path
from typing import Any

import schemathesis

from harness.contracts.matrix.declaration import Declaration, load
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.planning import make_plan
from harness.contracts.refusal import is_failure, is_refusal
from harness.core.errors import DeclarationError, HarnessError
from harness.core.output import shown
from harness.core.paths import path_shape
from harness.credentials import CATALOGUE, Credential, Presentation, tagged
from harness.run.minting import from_issuer
from harness.targets.base import Observation, Route

ISSUER = "CLERK_HARNESS_ISSUER"
SUITES = "CLERK_HARNESS_SUITES"
_OWN = {"authorization", "cookie", "user-agent", "x-schemathesis-testcaseid"}


@functools.cache
def _declaration() -> Declaration:
    return load(Path(os.environ.get(SUITES, "suites")))


def _plan_of(method: str, path: str) -> RoutePlan | None:
    """The route's plan; None where the matrix says nothing of it (the gate itself reports that)."""
    try:
        plans = make_plan(_declaration(), [Route(method, path)], discovered=False).routes
    except DeclarationError:
        return None
    wanted = path_shape(path)
    return next((p for p in plans if p.route.method == method and path_shape(p.route.path) == wanted), None)


def _named(plan: RoutePlan) -> list[str]:
    """The credentials that the policy names, and those that are always tried."""
    policy = plan.policy
    words = {*policy.accept, *policy.reject, *policy.tolerate}
    named = [n for n, c in CATALOGUE.items() if n in words or (c.group in words and c.group not in CATALOGUE)]
    return [n for n in dict.fromkeys([*named, *(c.name for c in tagged("every-case"))]) if _sendable(CATALOGUE[n])]


def _sendable(credential: Credential) -> bool:
    """Whether it can be sent beside a case of schemathesis': a signature over the body cannot, nor another path."""
    webhook = "webhook" in (credential.kind, credential.group)
    return credential.drill is None and not credential.bypass and not credential.browser and not webhook


def _label(plan: RoutePlan, credential: Credential) -> str:
    """What the issuer is asked for: the credential, made of the genuine one that the policy admits."""
    base = plan.ways[0].base
    return f"{credential.name}@{base.name}" if base.kind in credential.damages else credential.name


def presentation_from(issuer: str, name: str) -> Presentation:
    """What a running `clerk-harness issuer` mints. Raises HarnessError when none answers."""
    found = from_issuer(issuer, name, option=f"{ISSUER}=")

    def pairs(field: str) -> tuple[tuple[str, str], ...]:
        return tuple((str(key), str(value)) for key, value in found[field])

    return Presentation(
        token=found["token"],
        authorization=tuple(value.encode("latin-1") for value in found["authorization"]),
        cookies=pairs("cookies"),
        query=pairs("query"),
        headers=pairs("headers"),
    )


def _answer(case: Any, base_url: str | None, presented: Presentation, carrier: str) -> Observation:
    """What the case is answered with nothing but this credential; a redirect is an answer, and is not followed."""
    from harness.targets.base import Request
    from harness.targets.request_builder import with_presentation

    made = with_presentation(Request("GET", "/"), presented, carrier)
    headers = {name: value for name, value in dict(case.headers or {}).items() if name.lower() not in _OWN}
    query = dict(case.query or {}) | dict(urllib.parse.parse_qsl(made.query))
    for name, value in made.headers:  # One field of a name is all that schemathesis' transport can send.
        headers[name] = value
    again = case.operation.Case(
        method=case.method, path_parameters=case.path_parameters, headers=headers, cookies=dict(case.cookies or {}),
        query=query, body=case.body, media_type=case.media_type,
    )  # fmt: skip
    response = again.call(base_url=base_url, **_not_followed(case.operation.app))
    headers_of = [(name, str(value)) for name, values in response.headers.items() for value in values]
    return Observation(int(response.status_code), headers_of, response.text)


def _not_followed(app: Any) -> dict[str, bool]:
    """How schemathesis' transport is told to leave redirects alone; werkzeug's, for WSGI apps, has a word of its own."""
    asynchronous = inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004
    return {"allow_redirects": False} if app is None or asynchronous else {"follow_redirects": False}


def _base_url(case: Any, response: Any) -> str | None:
    if case.operation.app is not None:
        return None
    url: str = response.request.url.partition("?")[0]
    path = case.formatted_path
    return url[: -len(path)] if url.endswith(path) else None


@schemathesis.check
def agrees_with_matrix(ctx: Any, response: Any, case: Any) -> bool | None:
    """Schemathesis' check: the case, sent with each credential of the route's policy, is answered as the matrix says."""
    issuer = os.environ.get(ISSUER)
    if issuer is None:
        raise HarnessError(f"{ISSUER} is not set: start `clerk-harness issuer` and put its CLERK_HARNESS_URL there")
    plan = _plan_of(case.method.upper(), case.operation.path)
    if plan is None:
        return None
    base_url = _base_url(case, response)
    disagreeing = []
    way = plan.ways[0]
    for name in _named(plan):
        credential = CATALOGUE[name]
        presented = presentation_from(issuer, _label(plan, credential))
        expected = plan.expects(credential, way)
        if expected == "tolerate" or len(presented.authorization) > 1:
            continue
        answer = _answer(case, base_url, replace(presented, also=()), way.carrier)
        refused = is_refusal(answer, plan.policy.refusing(credential))
        if expected == "accept" and refused:
            disagreeing.append(f"{name}: must be accepted, was refused with {answer.status}")
        if expected == "reject" and not refused and not is_failure(answer) and (answer.status or 0) < 400:
            disagreeing.append(f"{name}: must be rejected, was answered with {answer.status}")
    if disagreeing:
        findings = "\n- ".join(disagreeing)
        told = f"{plan.key} disagrees with policy {plan.policy_name!r} of the auth matrix:\n- {findings}"
        raise AssertionError(shown(told))
    return None
