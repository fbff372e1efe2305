"""What a run knows of a route: which refusals show that it refuses, and what two routes with the same guard have in common."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.state import RouteState, Twin, fingerprints
from harness.credentials import CATALOGUE
from harness.targets.base import Observation
from tests.matrix.kit import cell, plan_of, seen, state_of

RAN = [("app:user", False, 0)]
REFUSED = seen(401, entered=False, ran=RAN)


@pytest.mark.parametrize(
    ("names", "refuses"), [((), False), (("missing",), False), (("forged",), True), (("forged", "missing"), True)]
)
def test_only_a_bad_credential_shows_that_a_route_refuses(names: tuple[str, ...], refuses: bool) -> None:
    state = RouteState(plan_of())
    for name in names:
        state.learn_refusal(state.plan.ways[0], name, REFUSED)
    assert state.refuses is refuses
    assert list(state.refusals.get("", {})) == list(names)


@pytest.mark.parametrize(
    ("name", "expect", "answers", "expected"),
    [
        ("forged", "reject", [REFUSED], (401, tuple(RAN), False)),
        ("forged", "reject", [REFUSED, seen(403, entered=False, ran=RAN)], (401, (*RAN, *RAN), False)),
        ("forged", "reject", [REFUSED, seen(401, entered=True)], (401, tuple(RAN), True)),
        # Where nobody saw whether the handler was entered, it may have been.
        ("forged", "reject", [seen(401)], (401, (), True)),
        ("forged", "tolerate", [REFUSED], None),
        ("forged", "accept", [REFUSED], None),
        ("signature-zeros", "reject", [REFUSED], None),  # Not every route is sent it.
        ("trailing-slash", "reject", [REFUSED], None),
    ],
)
def test_the_fingerprint_of_a_refusal(name: str, expect: str, answers: list[Observation], expected: Any) -> None:
    state = state_of()
    made = cell(state, name, expect)
    assert fingerprints({made: answers}).get(made.label) == expected


def test_of_a_way_that_was_not_tried_the_usual_credential_is_the_base() -> None:
    state = RouteState(plan_of(("clerk", "m2m-jwt")))
    assert [state.base_in(way).name for way in state.plan.ways] == ["clerk", "m2m-jwt"]


def test_what_a_way_really_admits_is_the_base_of_what_is_tried_in_it() -> None:
    state = RouteState(plan_of(("clerk", "clerk-org-admin", "m2m-opaque", "oauth-opaque")))
    usual, machines, other = state.plan.ways
    state.twins[""] = Twin(CATALOGUE["clerk-org-admin"], True, "", seen(200))
    state.twins["m2m-opaque"] = Twin(CATALOGUE["oauth-opaque"], True, "", seen(200))
    assert [state.base_in(way).name for way in (usual, machines, other)] == [
        "clerk-org-admin", "oauth-opaque", "clerk-org-admin",
    ]  # fmt: skip
    state.twins[other.label] = Twin(CATALOGUE["clerk"], True, "", seen(200))
    assert state.base_in(other).name == "clerk"
