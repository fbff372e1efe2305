"""The verdict of a cell as a record, and what is said of a route as such."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.judge import Judge
from harness.contracts.matrix.owners import Owners
from harness.contracts.matrix.verdicts import CellVerdict
from harness.targets.request_builder import Example
from tests.matrix.kit import BY_CLERK, BY_OLD, DECLARED, NO_MECHANISMS, admitted, cell, judged, plan_of, seen, state_of

REFUSED = seen(401, entered=False)


def test_a_verdict_that_passes() -> None:
    state = state_of()
    answer = seen(
        401, entered=False, body="no", micros=1500, ran=[("app.log:request", True, 0), ("app.clerk:verify", False, 0)]
    )
    assert judged(cell(state, "forged"), state, answer, mechanisms=DECLARED) == CellVerdict(
        "app", "GET /x", "p", "forged", "signature", "reject", "pass", "probe", "401, the handler was not entered",
        status=401, ran=("app.log:request",), micros=1500, twin="clerk", needs="nothing",
    )  # fmt: skip


def test_a_verdict_that_fails() -> None:
    state = state_of()
    answer = seen(200, entered=True, body="b" * 700, micros=7, ran=[BY_CLERK])
    assert judged(cell(state, "forged"), state, answer, mechanisms=DECLARED) == CellVerdict(
        "app", "GET /x", "p", "forged", "signature", "reject", "breach", "probe", "200, the handler was entered",
        "must be rejected, was let in by clerk", 200, ("clerk",), ("app.clerk:verify",), 7, "b" * 300, "", twin="clerk", needs="nothing",
    )  # fmt: skip


def test_the_twin_is_named_only_beside_what_must_be_rejected() -> None:
    state = state_of()
    assert judged(cell(state, "clerk"), state, seen(200, entered=True)).twin == ""
    assert judged(cell(state, "no-scheme", "tolerate"), state, REFUSED).twin == ""


def test_a_fetched_canary_is_seen_by_the_listener() -> None:
    state = state_of()
    assert judged(cell(state, "forged"), state, seen(401, entered=False, canary_fetched=True)).evidence == "listener"
    assert judged(cell(state, "forged"), state, seen(401, entered=False)).evidence == "probe"


def test_what_an_attacker_needs_depends_on_what_the_credential_is_made_of() -> None:
    state = state_of(plan_of(("clerk", "m2m-jwt")))
    admitted(state, way=state.plan.ways[1])
    assert judged(cell(state, "aud-foreign", "reject"), state, REFUSED).needs == "issuer-key"
    assert judged(cell(state, "aud-foreign", "reject", "m2m-jwt"), state, REFUSED).needs == "elsewhere"


@pytest.mark.parametrize(
    ("name", "people", "verdict"),
    [
        ("clerk", ("alice", "bob"), "lockout"),
        (
            "clerk",
            ("bob", "carol"),
            "lockout",
        ),  # Whose row it is, nobody knows; alice is the one whom every check needs.
        ("clerk-other", ("alice", "carol"), "pass"),
        ("clerk-other", ("alice", "bob"), "lockout"),
    ],
)
def test_who_has_no_row_may_be_refused_one(name: str, people: tuple[str, ...], verdict: str) -> None:
    state = state_of()
    state.plan.owners = Owners(Example(path={"id": dict.fromkeys(people, 1)}), people)
    found = judged(cell(state, name, "accept"), state, REFUSED)
    assert found.verdict == verdict
    if verdict == "pass":
        assert (found.detail, found.hint) == ("", "")


SECRET = "sk_test_abcdefghijklmnopqrstuvwxyz0123456789"


def test_no_verdict_shows_a_secret() -> None:
    state = state_of()
    failing = seen(500, entered=False, error=f"KeyError: {SECRET}", body=f"{'x' * 280} {SECRET}")
    found = judged(cell(state, "forged"), state, failing)
    assert found.seen.startswith("500: KeyError")
    assert found.excerpt.startswith("x" * 280)
    assert not any(SECRET in text for text in (found.seen, found.detail, found.excerpt))
    leaking = seen(401, entered=False, body=SECRET)
    assert SECRET not in judged(cell(state, "forged"), state, leaking).detail
    # A handler's failure is no finding of the cell, and shows nothing either.
    passing = judged(cell(state, "clerk"), state, seen(500, entered=True, error=f"KeyError: {SECRET}"))
    assert passing.verdict == "pass"
    assert SECRET not in passing.seen


def test_the_gravest_form_counts() -> None:
    state = state_of()
    made = cell(state, "alg-none-mixed-case")
    breach, fault, refused = seen(200, entered=True), seen(500, entered=False), seen(401, entered=False)
    assert judged(made, state, refused, fault, breach).verdict == "breach"
    assert judged(made, state, breach, refused).verdict == "breach"
    assert judged(made, state, refused, fault).verdict == "fault"
    assert judged(made, state, refused, seen(404)).verdict == "inconclusive"
    assert judged(made, state, refused, refused).verdict == "pass"


@pytest.mark.parametrize("status", [500, 200, 403, None])
@pytest.mark.parametrize("said", ["Internal Server Error", '{"detail": "the harness stops this request"}', ""])
def test_what_comes_of_stopping_a_handler_is_no_answer_of_the_app(status: int | None, said: str) -> None:
    """Whatever the app's own error handlers make of the exception that stops it."""
    state = state_of()
    error = "HandlerReached: the harness stops this request at the handler's door"
    stopped = seen(status, entered=True, stopped=True, body=said, error=error, headers=[("www-authenticate", said)])
    found = judged(cell(state, "forged"), state, stopped)
    assert (found.verdict, found.seen) == ("breach", "the handler was entered (and stopped at the door)")
    assert (found.status, found.excerpt) == (None, "")
    assert not any(text and text in f"{found.seen} {found.detail} {found.hint}" for text in (said, "HandlerReached"))
    # The same without the stop is the app's own, and is shown.
    own = judged(cell(state, "forged"), state, seen(500, entered=False, body="its own words"))
    assert (own.verdict, own.status, own.excerpt) == ("fault", 500, "its own words")


# A handler that fails by itself


def test_a_handler_that_fails_is_reported_once() -> None:
    state = state_of(plan_of(("*",)))
    failing = seen(500, entered=True, error=f"KeyError: {SECRET}", body="x" * 700, micros=9)
    names = ("missing", "clerk", "forged", "expired", "garbage", "alg-none")
    answers = {cell(state, name): [failing] for name in names}
    (found,) = Judge(NO_MECHANISMS, probed=True).route_verdicts(state, answers)
    who = "missing, clerk, forged, expired, garbage, alg-none"
    assert found == CellVerdict(
        "app", "GET /x", "p", "", "", "", "handler-error", "probe", found.seen,
        f"the handler itself failed; who may enter had been decided (6 requests: {who})", 500, micros=9,
        excerpt="x" * 300, hint="give the request what the handler needs (path, query, json), or mend the handler",
    )  # fmt: skip
    assert found.seen.startswith("500: KeyError")
    assert SECRET not in found.seen
    answers[cell(state, "null-token")] = [failing]
    (found,) = Judge(NO_MECHANISMS, probed=True).route_verdicts(state, answers)
    assert found.detail.endswith(f"(7 requests: {who} …)")


def test_failures_that_say_nothing_of_the_handler() -> None:
    state = state_of()
    failing, judge = seen(500, entered=True), Judge(NO_MECHANISMS, probed=True)
    assert judge.route_verdicts(state, {cell(state, "forged"): [failing]}) == []
    assert judge.route_verdicts(state, {cell(state, "trailing-slash", "tolerate"): [failing]}) == []
    assert judge.route_verdicts(state, {cell(state, "clerk"): [seen(200, entered=True)]}) == []
    two = {cell(state, "clerk"): [failing, seen(502, entered=True)]}
    assert [one.status for one in judge.route_verdicts(state, two)] == [500]
    found = judge.route_verdicts(
        state,
        {
            cell(state, "forged"): [failing],
            cell(state, "clerk"): [seen(200, entered=True), failing, failing],
        },
    )
    assert [one.detail for one in found] == [
        "the handler itself failed; who may enter had been decided (2 requests: clerk)"
    ]


@pytest.mark.parametrize(
    ("handlers", "guard", "sees_inside", "verdict"),
    [
        # What ran before a handler that the probe watches is all that could have let it in.
        (frozenset({1}), "door", False, "mixed"),
        (frozenset({1}), None, False, "mixed"),
        # What runs in a handler, and on a route whose handler nobody watches, may have been the mechanism that the policy names.
        (frozenset({1}), "handler", False, "pass"),
        (frozenset(), "door", False, "pass"),
        (frozenset(), "handler", False, "pass"),
        # Where all of it is seen, the other mechanism was seen to do it.
        (frozenset({1}), "handler", True, "mixed"),
        (frozenset(), "door", True, "mixed"),
    ],
)
def test_a_mechanism_is_missed_only_where_it_would_have_been_seen(
    handlers: frozenset[int], guard: Any, sees_inside: bool, verdict: str
) -> None:
    state = state_of(plan_of(mechanism=["clerk"], route={"handlers": handlers}), guard=guard)
    answer = seen(200, entered=True, ran=[BY_OLD])
    found = judged(cell(state, "clerk"), state, answer, mechanisms=DECLARED, sees_inside=sees_inside)
    assert found.verdict == verdict


def test_a_judge_takes_all_for_seen_unless_the_target_says_otherwise() -> None:
    state = state_of(plan_of(mechanism=["clerk"]))
    answer = seen(200, entered=True, ran=[BY_OLD])
    assert Judge(DECLARED, probed=True).judge(cell(state, "clerk"), [answer], state).verdict == "mixed"
