"""What is said of a cell of several forms, of a bent request, of what the source names, and of what was not tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.owners import owners_of
from harness.contracts.matrix.state import RouteState
from harness.credentials import CATALOGUE
from harness.targets.base import Observation
from harness.targets.request_builder import Example
from tests.matrix.kit import NO_MECHANISMS, admitted, cell, judged, kept_out, plan_of, seen, state_of

LET_IN = "must be rejected, was let in"
IN, OUT = seen(200, entered=True), seen(401, entered=False)


def form(answer: Observation, words: str) -> Observation:
    return replace(answer, form=words)


@pytest.mark.parametrize(
    ("answers", "verdict", "detail"),
    [
        ([form(IN, "a")], "breach", f"{LET_IN}; in this form: a"),
        ([IN], "breach", LET_IN),
        ([form(OUT, "a")], "pass", ""),
        ([form(OUT, "a"), form(IN, "b"), form(IN, "c")], "breach", f"{LET_IN}; in this form: b; c"),
        ([form(IN, f"{n}") for n in "abc"], "breach", f"{LET_IN}; in this form: a; b; c"),
        ([form(IN, f"{n}") for n in "abcd"], "breach", f"{LET_IN}; in this form: a; b; c and 1 more"),
        # Each thing once, with the first value that got in; what has no words is not counted.
        ([form(IN, "x with 1"), form(IN, "x with 2"), form(IN, ""), form(IN, "y")], "breach", f"{LET_IN}; in this form: x with 1; y"),
        ([form(seen(500, entered=False), "a"), form(IN, "b")], "breach", f"{LET_IN}; in this form: b"),
        ([form(seen(200, untried="time was up"), "a")], "inconclusive", "time was up"),
        ([form(seen(404), "a")], "inconclusive", "the request never reached the decision; in this form: a"),
    ],
)  # fmt: skip
def test_the_forms_of_the_gravest_verdict(answers: list[Observation], verdict: str, detail: str) -> None:
    state = state_of()
    found = judged(cell(state, "alg-none-mixed-case"), state, *answers)
    assert (found.verdict, found.detail) == (verdict, detail)


def test_what_was_not_tried() -> None:
    state = state_of()
    for name in ("forged", "trailing-slash", "cors-preflight", "clerk"):
        found = judged(cell(state, name), state, seen(None, untried="the route was cut off"))
        told = (found.verdict, found.evidence, found.seen, found.detail, found.hint)
        assert told == ("inconclusive", "none", "not tried", "the route was cut off", "")


HTML = seen(200, headers=[("content-type", "text/html")], body="<p>hello</p>")
NOWHERE = "without any credential, "


@pytest.mark.parametrize(
    ("name", "expect", "answer", "controls", "known", "expected"),
    [
        ("trailing-slash", "reject", seen(500, entered=False), [], {}, ("fault", "the target failed over a bent request", "")),
        ("trailing-slash", "tolerate", seen(500, entered=False), [], {}, ("fault", "the target failed over a bent request", "")),
        ("trailing-slash", "tolerate", IN, [], {}, ("pass", "", "")),
        ("trailing-slash", "reject", IN, [], {}, ("breach", f"{NOWHERE}the handler was entered", "")),
        ("trailing-slash", "reject", seen(401, entered=True), [], {"guard": "handler"}, ("pass", "", "")),
        ("trailing-slash", "reject", seen(401, entered=True), [], {}, ("breach", f"{NOWHERE}the handler was entered", "")),
        ("trailing-slash", "reject", seen(404), [], {}, ("pass", "", "")),
        ("trailing-slash", "reject", HTML, [], {"twin": HTML}, ("breach", f"{NOWHERE}200, and the answer is the handler's", "")),
        ("trailing-slash", "reject", HTML, [HTML], {"twin": HTML}, ("pass", "", "")),
        ("trailing-slash", "reject", HTML, [], {"twin": seen(200, body="other")}, ("pass", "", "")),
        ("options-method", "reject", replace(HTML, entered=False), [], {"twin": HTML}, ("pass", "", "")),
        ("head-method", "reject", replace(HTML, entered=False), [], {"twin": HTML},
         ("breach", f"{NOWHERE}200, and the answer is the handler's", "")),
        ("trailing-slash", "reject", seen(404, body="Traceback (most recent call last)"), [], {},
         ("leak", "the refusal shows internals: 'Traceback (most recent call last)'", "")),
    ],
)  # fmt: skip
def test_a_bent_request(
    name: str,
    expect: str,
    answer: Observation,
    controls: list[Observation],
    known: dict[str, Any],
    expected: tuple[str, str, str],
) -> None:
    state = admitted(RouteState(plan_of(), guard=known.get("guard", "door")), known.get("twin"))
    made = cell(state, name, expect)
    state.controls[made.label] = controls
    found = judged(made, state, answer)
    assert (found.verdict, found.detail, found.hint) == expected


def test_each_form_of_a_bypass_has_its_own_control() -> None:
    state = admitted(RouteState(plan_of(), guard="door"), HTML)
    made = cell(state, "trailing-slash", "reject")
    state.controls[made.label] = [HTML]
    assert judged(made, state, HTML).verdict == "pass"
    assert judged(made, state, HTML, HTML).verdict == "breach"
    state.controls = {"head-method": [HTML]}
    assert judged(made, state, HTML).verdict == "breach"


def test_what_to_do_about_what_the_source_names() -> None:
    state = state_of()
    found = judged(cell(state, "named-field", "reject"), state, IN)
    assert found.hint == "take this way in out of the code; if it is meant, tolerate the credential in the policy"


def test_what_to_do_about_what_only_the_issuer_can_sign() -> None:
    state = state_of()
    found = judged(
        cell(state, "exp-missing"), state, seen(401, entered=False, body="Traceback (most recent call last)")
    )
    assert (found.verdict, found.hint) == (
        "hardening",
        "name it in the policy's reject, or give --strict, if it is to fail the run",
    )
    guarded = judged(cell(state, "exp-missing"), state, IN)
    assert guarded.hint == 'if this route decides inside its handler, declare guard = "handler"'
    tolerated = judged(cell(state, "exp-missing", "tolerate"), state, seen(500, entered=False))
    assert tolerated.verdict == "fault"
    throttled = judged(cell(state, "exp-missing"), state, seen(429))
    assert throttled.verdict == "inconclusive"
    assert (
        Judge(NO_MECHANISMS, probed=True).strict is False
        and Judge(NO_MECHANISMS, probed=True, strict=True).strict is True
    )


@pytest.mark.parametrize(
    ("name", "entered", "verdict"),
    [("clerk-org-admin", False, "pass"), ("clerk-other", False, "lockout"), ("clerk", False, "lockout")],
)
def test_who_has_no_row_may_be_refused_another_s(name: str, entered: bool, verdict: str) -> None:
    plan = plan_of(("clerk", "clerk-other", "clerk-org-admin"), "GET /notes/{id}")
    plan.owners = owners_of(Example(path={"id": {"alice": 1, "bob": 2}}), ("alice", "bob"), "app")
    state = state_of(plan, guard="handler")
    label = next((way.label for way in plan.ways if way.base.name == name), "")
    made = plan.cell(CATALOGUE[name], next(way for way in plan.ways if way.label == label))
    found = judged(replace(made, expect="accept"), state, seen(403, entered=entered))
    assert found.verdict == verdict


def test_the_excerpt_and_the_status_are_the_app_s_own() -> None:
    state = kept_out(RouteState(plan_of(), guard="door"))
    stopped = judged(cell(state, "forged", "reject"), state, seen(200, stopped=True, entered=True, body="of the probe"))
    assert (stopped.verdict, stopped.status, stopped.excerpt) == ("breach", None, "")
    assert stopped.seen == "the handler was entered (and stopped at the door)"
    assert judged(cell(state, "clerk"), state, IN).needs == ""
