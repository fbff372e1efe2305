"""Which genuine credential is the base of what is bad, and where it is carried: a table of policies and their ways."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.selection import Selection
from harness.contracts.matrix.tables import Policy
from harness.contracts.matrix.ways import IN_EACH_CARRIER, SPOT_CHECKS, Way, base_for, damaged_in
from harness.core.errors import DeclarationError
from harness.credentials import CATALOGUE
from harness.targets.base import Route
from harness.targets.request_builder import Example


def plan(policy: dict[str, Any], *carriers: str, method: str = "GET", kind: str = "http") -> RoutePlan:
    return RoutePlan(
        Route(method, "/x", kind=kind), "app", "p", Policy.model_validate(policy), Example(), carriers=carriers or ("bearer",)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("accept", "carriers", "ways"),
    [
        (["clerk"], (), [("clerk", "bearer", "")]),
        (["clerk-org-admin"], (), [("clerk-org-admin", "bearer", "")]),
        (["m2m-jwt"], (), [("m2m-jwt", "bearer", "")]),
        (["clerk-template"], (), [("clerk-template", "bearer", "")]),
        (["oauth-jwt"], ("header:x-token",), [("oauth-jwt", "header:x-token", "")]),
        (["api-key"], (), [("api-key", "bearer", "")]),
        (["webhook"], (), [("webhook", "bearer", "")]),
        (["legacy"], (), [("legacy", "bearer", "")]),
        (["missing", "clerk"], (), [("clerk", "bearer", "")]),
        (["*"], (), [("missing", "bearer", "")]),
        (["x-user-id"], (), [("x-user-id", "bearer", "")]),
        # Each kind that is verified by code of its own.
        (["clerk", "m2m-jwt"], (), [("clerk", "bearer", ""), ("m2m-jwt", "bearer", "m2m-jwt")]),
        (["clerk", "legacy"], (), [("clerk", "bearer", ""), ("legacy", "bearer", "legacy")]),
        # Another shape of the same kind.
        (["clerk", "clerk-v1"], (), [("clerk", "bearer", ""), ("clerk-v1", "bearer", "clerk-v1")]),
        # Each place.
        (
            ["clerk"],
            ("bearer", "cookie:__session", "query:token"),
            [("clerk", "bearer", ""), ("clerk", "cookie:__session", "cookie:__session"), ("clerk", "query:token", "query:token")],
        ),
        (["clerk", "clerk-cookie"], (), [("clerk", "bearer", ""), ("clerk", "cookie:__session", "cookie:__session")]),
        (["clerk-cookie"], (), [("clerk-cookie", "cookie:__session", "")]),
    ],
)  # fmt: skip
def test_the_ways_of_a_policy(accept: list[str], carriers: tuple[str, ...], ways: list[tuple[str, str, str]]) -> None:
    found = plan({"accept": accept}, *carriers).ways
    assert [(way.base.name, way.carrier, way.label) for way in found] == ways


def labels(policy: dict[str, Any], *carriers: str) -> set[str]:
    route = plan(policy, *carriers)
    return {cell.label for credential in CATALOGUE.values() for cell in route.planned(credential)}


def test_each_kind_gets_the_catalogue() -> None:
    both = labels({"accept": ["clerk", "m2m-jwt"]})
    for name in ("forged", "expired", "alg-none", "iss-other", "jwk-embedded", "sub-array"):
        assert {name, f"{name}@m2m-jwt"} <= both
    # What is no defect of a machine's token is not held against it.
    for name in ("azp-foreign", "sid-missing", "sub-of-machine", "template-for-session"):
        assert name in both
        assert f"{name}@m2m-jwt" not in both


def test_each_place_gets_the_groups_that_damage_what_is_carried_there() -> None:
    route = plan({"accept": ["clerk"]}, "bearer", "cookie:__session")
    found = {c.label: c for credential in CATALOGUE.values() for c in route.planned(credential)}
    inside = [c for label, c in found.items() if label.endswith("@cookie:__session")]
    assert {c.credential.group for c in inside} == IN_EACH_CARRIER | {"genuine"}
    assert found["clerk@cookie:__session"].expect == "accept"
    assert found["forged@cookie:__session"].expect == "reject"
    assert found["legacy@cookie:__session"].expect == "reject"
    # What has a place of its own is not moved.
    assert "legacy-in-query@cookie:__session" not in found


def test_another_shape_gets_a_few_checks() -> None:
    found = labels({"accept": ["clerk", "clerk-org-admin"]})
    assert {label for label in found if label.endswith("@clerk-org-admin")} == {
        f"{n}@clerk-org-admin" for n in SPOT_CHECKS
    }


def test_no_label_is_given_twice() -> None:
    for policy, carriers in (
        ({"accept": ["clerk", "clerk-v1", "m2m-jwt", "legacy", "clerk-cookie"]}, ("bearer", "query:token")),
        ({"accept": ["clerk-cookie"]}, ()),
        ({"accept": ["api-key", "m2m-opaque", "webhook"]}, ()),
    ):
        route = plan(policy, *carriers)
        every = [cell.label for credential in CATALOGUE.values() for cell in route.planned(credential)]
        assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("policy", "name", "expected"),
    [
        # What follows its base: an administrator's token without the word Bearer, on a route for administrators.
        ({"accept": ["clerk-org-admin"]}, "no-scheme", "tolerate"),
        ({"accept": ["clerk-org-admin"]}, "sub-banned-user", "tolerate"),
        ({"accept": ["clerk-org-admin"]}, "forged", "reject"),
        ({"accept": ["clerk-org-admin"]}, "clerk", "reject"),
        ({"accept": ["clerk-org-admin"]}, "unsafe-metadata-role", "reject"),
        ({"accept": ["clerk"]}, "unsafe-metadata-role", "tolerate"),
        ({"accept": ["m2m-jwt"]}, "clerk-rotated", "tolerate"),
        ({"accept": ["m2m-jwt"], "reject": ["clerk-clock-ahead"]}, "clerk-clock-ahead", "reject"),
        ({"accept": ["clerk", "m2m-jwt"]}, "machine-for-session", "tolerate"),
        ({"accept": ["genuine"]}, "no-scheme", "tolerate"),
        ({"accept": []}, "clerk", "reject"),
    ],
)
def test_what_is_expected_of_it(policy: dict[str, Any], name: str, expected: str) -> None:
    route = plan(policy)
    assert route.expects(CATALOGUE[name], route.ways[0]) == expected


def test_the_cookie_s_route_expects_it_as_the_header_s() -> None:
    route = plan({"accept": ["clerk"]}, "bearer", "cookie:__session")
    assert route.expects(CATALOGUE["clerk-cookie"]) == "accept"
    assert route.expects(CATALOGUE["header-expired-cookie-genuine"]) == "tolerate"
    assert plan({"accept": ["clerk"]}).expects(CATALOGUE["header-expired-cookie-genuine"]) == "reject"


def test_deliveries_and_opaque_tokens_are_damaged_where_they_are_admitted_only() -> None:
    assert not {label for label in labels({"accept": ["clerk"]}) if label.startswith(("opaque-", "webhook-"))}
    assert {"opaque-unknown", "opaque-revoked"} <= labels({"accept": ["api-key"]})
    assert {"webhook-wrong-secret", "webhook-too-old"} <= labels({"accept": ["webhook"]})


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["forged"], {"forged", "forged@m2m-jwt"}),
        (["forged@m2m-jwt"], {"forged@m2m-jwt"}),
        (["forged@clerk"], {"forged"}),
        (["forged@cookie:__session"], {"forged@cookie:__session"}),
        (["time@m2m-jwt", "forged"], None),
    ],
)
def test_a_run_may_choose_one_way_alone(names: list[str], labels: set[str] | None) -> None:
    route = plan({"accept": ["clerk", "m2m-jwt"]})
    selection = Selection(names)
    selection.open([route])
    selection.check([route])
    found = {cell.label for cell in selection.cells(route)}
    assert found == labels if labels is not None else {"expired@m2m-jwt", "forged", "forged@m2m-jwt"} <= found
    assert labels is not None or "expired" not in found


def test_a_way_that_no_route_has_is_a_mistake() -> None:
    selection = Selection(["forged@api-key"])
    with pytest.raises(DeclarationError, match="forged@api-key: no route is entered that way; known: clerk, m2m-jwt"):
        selection.check([plan({"accept": ["clerk", "m2m-jwt"]})])


def test_what_only_a_session_can_be_damaged_to_is_no_credential_of_a_machine_s_route() -> None:
    machine = Way((CATALOGUE["m2m-jwt"],))
    of_sessions = [each for each in CATALOGUE.values() if each.damages == {"session"} and each.group != "legacy"]
    assert of_sessions
    assert not any(damaged_in(each, machine, [machine]) for each in of_sessions)
    assert {base_for(each, machine) for each in (*of_sessions, CATALOGUE["garbage"])} == {None}
