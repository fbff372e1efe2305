"""A refusal counts only beside its undamaged twin: the judge's rules as tables of facts."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.cors import missing_from
from harness.contracts.matrix.declaration import Policy
from harness.contracts.matrix.judge import Judge, Mechanisms
from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.state import RouteState, Twin
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE
from harness.targets.base import Observation, Route
from harness.targets.request_builder import Example

JUDGE = Judge(Mechanisms({}, []), probed=True)
REFUSED = Observation(status=401, entered=False)
LET_IN = Observation(status=200, entered=True)


def plan(accept: tuple[str, ...] = ("clerk",), *carriers: str, method: str = "GET", **more: Any) -> RoutePlan:
    policy = Policy.model_validate({"accept": list(accept)} | more)
    return RoutePlan(Route(method, "/x"), "app", "p", policy, Example(), carriers=carriers or ("bearer",))


def known(route: RoutePlan, **twins: Observation) -> RouteState:
    """What a run knows of a route whose twins were answered so; `usual` is the usual way."""
    state = RouteState(route, guard="door")
    for name, answer in twins.items():
        label = "" if name == "usual" else name.replace("_", "-")
        admitted = answer.status == 200
        state.twins[label] = Twin(route.ways[0].base, admitted, f"{answer.status}", answer)
    return state


def judged(state: RouteState, name: str, answer: Observation, label: str = "") -> CellVerdict:
    way = next(way for way in state.plan.ways if way.label == label)
    return JUDGE.judge(state.plan.cell(CATALOGUE[name], way), [answer], state)


def test_beside_a_twin_that_was_let_in_it_counts() -> None:
    verdict = judged(known(plan(), usual=LET_IN), "forged", REFUSED)
    assert (verdict.verdict, verdict.twin) == ("pass", "clerk")


@pytest.mark.parametrize("name", ["forged", "missing", "garbage", "legacy", "options-method", "query-token"])
def test_beside_a_twin_that_was_refused_it_proves_nothing(name: str) -> None:
    answer = Observation(status=401, body='{"detail": "no such user"}', entered=False)
    verdict = judged(known(plan(), usual=answer), name, REFUSED)
    assert (verdict.verdict, verdict.twin) == ("inconclusive", "")
    assert "its undamaged twin `clerk` was not let in either (401)" in verdict.detail
    assert 'it was answered 401: {"detail": "no such user"}' in verdict.hint
    assert "path = {" not in verdict.hint


def test_each_kind_has_a_twin_of_its_own() -> None:
    """Who looks at sessions only proves nothing about machines' tokens, and the other way round."""
    state = known(plan(("clerk", "m2m-jwt")), usual=LET_IN, m2m_jwt=REFUSED)
    assert judged(state, "forged", REFUSED).verdict == "pass"
    assert judged(state, "forged", REFUSED, "m2m-jwt").verdict == "inconclusive"


def test_the_old_scheme_s_admission_proves_nothing_about_clerk_s_forgeries() -> None:
    state = known(plan(("clerk", "legacy")), usual=REFUSED, legacy=LET_IN)
    assert judged(state, "forged", REFUSED).verdict == "inconclusive"
    assert judged(state, "legacy-wrong-email", REFUSED, "legacy").verdict == "pass"


@pytest.mark.parametrize(("closed", "verdict"), [(True, "pass"), (False, "inconclusive")])
def test_nobody_may_enter_is_a_person_s_word(closed: bool, verdict: str) -> None:
    found = judged(known(plan((), closed=closed)), "forged", REFUSED)
    assert found.verdict == verdict
    assert ("closed = true" in found.hint) is not closed


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Observation(status=401, entered=False), "pass"),
        (Observation(status=401, entered=True), "pass"),  # It decided inside, and raised.
        (Observation(status=401, entered=True, finished=True), "breach"),  # It had returned, and was refused then.
        (Observation(status=401, entered=True, wrote=("notes",)), "breach"),
        (Observation(status=401, entered=False, wrote=("audit",)), "pass"),  # Who was refused is written down.
    ],
)
def test_a_handler_that_ran_cannot_be_taken_back(answer: Observation, verdict: str) -> None:
    assert judged(known(plan(), usual=LET_IN), "forged", answer).verdict == verdict


@pytest.mark.parametrize(
    ("method", "theirs", "mine", "verdict"),
    [
        ("POST", ("notes",), ("notes",), "breach"),
        ("POST", ("audit", "notes"), ("audit",), "pass"),
        ("POST", (), (), "pass"),
        ("POST", (), ("audit",), "pass"),
        ("GET", ("seen",), ("seen",), "pass"),
    ],
)
def test_over_http_the_database_tells(
    method: str, theirs: tuple[str, ...], mine: tuple[str, ...], verdict: str
) -> None:
    """Behind a refusal stands all that the genuine request writes."""
    state = known(plan(method=method), usual=Observation(status=200, wrote=theirs))
    assert judged(state, "forged", Observation(status=401, wrote=mine)).verdict == verdict


def test_another_site_s_cookie_is_called_what_it_is() -> None:
    state = known(plan(("clerk",), "bearer", "cookie:__session", method="POST"), usual=LET_IN)
    state.twins["cookie:__session"] = state.twins[""]
    assert "CSRF" in judged(state, "azp-foreign", LET_IN, "cookie:__session").detail
    assert "CSRF" not in judged(state, "azp-foreign", LET_IN).detail


def anonymous(*bodies: str) -> list[Observation]:
    return [Observation(status=200, entered=True, body=body) for body in bodies]


@pytest.mark.parametrize(
    ("nobody", "genuine", "seen", "verdict"),
    [
        (('{"for": null}',) * 2, '{"for": "alice"}', '{"for": null}', "pass"),
        (('{"for": null}',) * 2, '{"for": "alice"}', '{"for": "alice"}', "breach"),
        (('{"for": null}',) * 2, '{"for": "somebody"}', '{"for": "somebody"}', "breach"),
        (('{"at": 1}', '{"at": 2}'), '{"for": "alice", "at": 3}', '{"at": 4}', "pass"),
        (('{"at": 1}', '{"at": 2}'), '{"for": "alice"}', '{"for": "alice"}', "breach"),
    ],
)
def test_where_anybody_may_come_it_counts_whose_data_comes_back(
    nobody: tuple[str, ...], genuine: str, seen: str, verdict: str
) -> None:
    state = known(plan(("missing", "clerk")), usual=Observation(status=200, entered=True, body=genuine))
    state.anonymous = anonymous(*nobody)
    assert judged(state, "forged", Observation(status=200, entered=True, body=seen)).verdict == verdict


def test_throttled_is_no_decision() -> None:
    found = judged(known(plan(), usual=LET_IN), "forged", Observation(status=429))
    assert found.verdict == "inconclusive"
    assert "throttled" in found.detail


def test_a_handler_s_failure_is_said_once() -> None:
    state = known(plan(("*",)), usual=Observation(status=500, entered=True))
    failing = Observation(status=500, entered=True, error="RuntimeError: sk_test_abcdefghijklmnopqrstuv is not there")
    cells = [state.plan.cell(CATALOGUE[name]) for name in ("missing", "clerk", "forged")]
    assert {JUDGE.judge(cell, [failing], state).verdict for cell in cells} == {"pass"}
    (found,) = JUDGE.route_verdicts(state, {cell: [failing] for cell in cells})
    assert (found.verdict, found.credential) == ("handler-error", "")
    assert "sk_test_abcdefghijkl" not in found.seen


@pytest.mark.parametrize(
    ("ran", "mechanism"),
    [
        ([("app.clerk:verify", True, 0)], ("clerk",)),
        ([("app.clerk:verify", True, 1)], ("clerk",)),
        ([("app.clerk:logging", True, 2)], ()),
        ([("app.clerk:settings", True, 0)], ()),
    ],
)
def test_what_is_a_mechanism(ran: list[tuple[str, bool, int]], mechanism: tuple[str, ...]) -> None:
    functions = ["app.clerk:verify", "app.clerk:logging", "app.clerk:settings"]
    mechanisms = Mechanisms({"clerk": ["app.clerk:*"]}, functions)
    answer = Observation(status=200, ran=ran)
    assert mechanisms.of(answer, frozenset({("app.clerk:settings", True)})) == mechanism


def test_middleware_that_is_named_by_the_user_is_one() -> None:
    """Checks may stand in the middleware itself, which ends after the handler."""
    answer = Observation(status=200, ran=[("app:Gate.dispatch", True, 2)])
    assert Mechanisms({"clerk": ["app:Gate.dispatch"]}, ["app:Gate.dispatch"]).silent(answer) == ("clerk",)
    assert Mechanisms({"clerk": ["app:*"]}, ["app:Gate.dispatch"]).silent(answer) == ()


ORIGIN = "https://app.example.com"


def preflight(status: int = 204, **fields: str) -> Observation:
    names = {name: f"access-control-allow-{name}" for name in ("origin", "methods", "headers", "credentials")}
    return Observation(status=status, headers=[(names[name], value) for name, value in fields.items()])


@pytest.mark.parametrize(
    ("answer", "method", "why"),
    [
        (preflight(origin=ORIGIN, headers="authorization"), "GET", None),
        (preflight(origin=ORIGIN, headers="Authorization, Content-Type", methods="PUT, DELETE"), "PUT", None),
        (preflight(origin="*", headers="authorization"), "POST", None),
        (preflight(401, origin=ORIGIN, headers="authorization"), "GET", "it was answered 401"),
        (preflight(headers="authorization"), "GET", "Access-Control-Allow-Origin is absent"),
        (preflight(origin="https://other.example", headers="authorization"), "GET", "not https://app.example.com"),
        (preflight(origin=ORIGIN, headers="content-type"), "GET", "does not list Authorization"),
        (preflight(origin=ORIGIN, headers="authorization", methods="GET"), "DELETE", "does not list DELETE"),
    ],
)
def test_what_a_browser_must_be_told(answer: Observation, method: str, why: str | None) -> None:
    found = missing_from(answer, ORIGIN, method)
    assert found is None if why is None else why in str(found)
