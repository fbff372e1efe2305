"""A refusal counts only beside its undamaged twin."""

from __future__ import annotations

import pytest

from harness.contracts.matrix.judge import twin_hint
from harness.contracts.matrix.state import RouteState, Twin
from harness.credentials import CATALOGUE
from harness.targets.base import Observation
from tests.matrix.kit import admitted, cell, judged, kept_out, plan_of, seen, state_of

CLOSED_HINT = (
    "if nobody is to enter, a person must say so: closed = true in the policy; else name who may enter in accept"
)


REFUSED = seen(401, entered=False)


def test_beside_a_twin_that_was_admitted_a_refusal_counts() -> None:
    state = state_of()
    found = judged(cell(state, "forged"), state, REFUSED)
    assert (found.verdict, found.twin) == ("pass", "clerk")


def test_beside_a_twin_that_was_kept_out_it_does_not() -> None:
    state = kept_out(RouteState(plan_of()), seen(403, entered=False, body="no such\n user"))
    found = judged(cell(state, "forged"), state, REFUSED)
    assert (found.verdict, found.twin) == ("inconclusive", "")
    assert found.detail == (
        "refused, but its undamaged twin `clerk` was not let in either (it was refused): this refusal proves nothing"
    )
    assert found.hint == "have `clerk` let in first; it was answered 403: no such user"


@pytest.mark.parametrize(("carrier", "name"), [("cookie:__session", "clerk@cookie:__session"), ("", "m2m-jwt")])
def test_the_twin_of_another_way_is_named_by_its_place(carrier: str, name: str) -> None:
    plan = plan_of(("clerk", "m2m-jwt"), "GET /x", "bearer", "cookie:__session")
    way = next(way for way in plan.ways if way.label == (carrier or "m2m-jwt"))
    state = kept_out(admitted(RouteState(plan)), way=way)
    found = judged(cell(state, "forged", "reject", way.label), state, REFUSED)
    assert f"its undamaged twin `{name}` was not let in either" in found.detail


def test_without_a_twin_it_does_not_count() -> None:
    state = RouteState(plan_of())
    found = judged(cell(state, "forged"), state, REFUSED)
    assert (found.verdict, found.hint, found.twin) == ("inconclusive", "", "")
    assert found.detail == "refused, but the undamaged twin was not tried: this refusal proves nothing"


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (True, ("pass", "", "")),
        (
            False,
            (
                "inconclusive",
                "nobody may enter by this policy, and no person has said so: this refusal proves nothing",
                CLOSED_HINT,
            ),
        ),
    ],
)
def test_where_nobody_may_enter(closed: bool, expected: tuple[str, str, str]) -> None:
    state = RouteState(plan_of((), closed=closed))
    found = judged(cell(state, "forged"), state, REFUSED)
    assert (found.verdict, found.detail, found.hint) == expected


def test_only_refusals_that_are_due_need_a_twin() -> None:
    state = RouteState(plan_of())
    assert judged(cell(state, "no-scheme", "tolerate"), state, REFUSED).verdict == "pass"
    assert judged(cell(state, "forged"), state, seen(200, entered=True)).verdict == "breach"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (seen(401, body=" a\n b "), "have `clerk` let in first; it was answered 401: a b"),
        (seen(401), "have `clerk` let in first; it was answered 401"),
        (seen(None), "have `clerk` let in first; it was answered nothing came"),
        (seen(401, body="x" * 161), "have `clerk` let in first; it was answered 401: " + "x" * 160),
        (seen(401, headers=[("WWW-Authenticate", "Bearer")]), "have `clerk` let in first; it was answered 401: Bearer"),
    ],
)
def test_what_the_twin_was_answered(answer: Observation, hint: str) -> None:
    assert twin_hint(Twin(CATALOGUE["clerk"], False, "nothing came", answer)) == hint


def test_no_hint_shows_a_secret() -> None:
    secret = "sk_test_abcdefghijklmnopqrstuvwxyz0123456789"
    twin = Twin(CATALOGUE["clerk"], False, "", seen(500, body=f"the key {secret} is wrong"))
    assert secret not in twin_hint(twin)


@pytest.mark.parametrize("name", ["forged", "missing", "garbage", "legacy", "options-method", "query-token"])
def test_each_group_of_bad_credentials_needs_its_twin(name: str) -> None:
    state = kept_out(RouteState(plan_of()))
    assert judged(cell(state, name), state, REFUSED).verdict == "inconclusive"


def test_each_kind_has_a_twin_of_its_own() -> None:
    """A refusal of a verifier that only knows sessions proves nothing about machines' tokens."""
    state = RouteState(plan_of(("clerk", "m2m-jwt")))
    usual, machines = state.plan.ways
    kept_out(admitted(state, way=usual), way=machines)
    assert judged(cell(state, "forged"), state, REFUSED).verdict == "pass"
    assert judged(cell(state, "forged", label="m2m-jwt"), state, REFUSED).verdict == "inconclusive"


def test_the_old_scheme_s_admission_proves_nothing_about_clerk_s_forgeries() -> None:
    state = RouteState(plan_of(("clerk", "legacy")))
    usual, legacy = state.plan.ways
    admitted(kept_out(state, way=usual), way=legacy)
    assert judged(cell(state, "forged"), state, REFUSED).verdict == "inconclusive"
    assert judged(cell(state, "legacy-wrong-email", label="legacy"), state, REFUSED).verdict == "pass"
