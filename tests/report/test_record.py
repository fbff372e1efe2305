"""The record of a run: what it counts, groups and concludes, as tables of facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict, Plan
from harness.contracts.matrix.plan import Gap, RoutePlan
from harness.contracts.matrix.tables import Policy
from harness.report import Meta, Record
from harness.targets.base import Route
from harness.targets.request_builder import Example

PROVEN = Check("user_sync", "one-row", "one row", "proven", 1)
BROKEN = replace(PROVEN, status="broken")
OPEN = replace(PROVEN, status="not examined", detail="no rows")


def plan(
    path: str = "/x", router: str = "app", *, accept: tuple[str, ...] = ("clerk",), reviewed: bool = True
) -> RoutePlan:
    policy = Policy(accept=list(accept))
    return RoutePlan(Route("GET", path), router, "clerk", policy, Example(), reviewed=reviewed)


def verdict(kind: str = "pass", credential: str = "clerk", path: str = "/x", **more: object) -> CellVerdict:
    usual: dict[str, object] = {
        "router": "app", "policy": "clerk", "group": "genuine", "expected": "accept", "evidence": "probe", "seen": "200",
    }  # fmt: skip
    return CellVerdict(route=f"GET {path}", credential=credential, verdict=kind, **(usual | more))  # type: ignore[arg-type]


def record(
    *verdicts: CellVerdict, plans: tuple[RoutePlan, ...] = (), checks: tuple[Check, ...] = (), **meta: object
) -> Record:
    facts = Meta({}, "suites", "clerk-harness run --suites suites", "probe", **meta)  # type: ignore[arg-type]
    return Record(facts, Plan(list(plans or (plan(),)), []), list(verdicts), checks=list(checks))


def with_cells(found: Record, cells: int) -> Record:
    """The record of a plan of so many cells."""
    found.plan = type("Counted", (Plan,), {"cells": property(lambda self: cells)})(found.plan.routes, [])
    return found


@pytest.mark.parametrize(
    ("verdicts", "cells", "checks", "passed"),
    [
        ([verdict()], 1, (), True),
        ([verdict()], 2, (), False),
        ([verdict(), verdict(credential="forged")], 1, (), False),
        ([], 0, (), False),
        ([], 0, (PROVEN,), True),
        ([], 0, (BROKEN,), False),
        ([], 0, (OPEN,), False),
        ([verdict()], 1, (OPEN,), False),
        ([verdict()], 1, (OPEN, PROVEN), True),
        ([verdict("breach")], 1, (), False),
        ([verdict("inconclusive")], 1, (), False),
        ([verdict(), verdict("undeclared", "")], 1, (), False),
        ([verdict(), verdict("pass", "")], 1, (), True),
    ],
)
def test_a_run_passes_when_all_that_was_to_be_judged_was_judged_and_nothing_found(
    verdicts: list[CellVerdict], cells: int, checks: tuple[Check, ...], passed: bool
) -> None:
    assert with_cells(record(*verdicts, checks=checks), cells).passed is passed


def test_a_line_that_nobody_has_read_fails_the_run() -> None:
    unread = with_cells(record(verdict(), plans=(plan(reviewed=False),)), 1)
    assert (unread.unreviewed, unread.passed) == (["GET /x"], False)


def test_counts_name_the_grave_first() -> None:
    found = record(verdict(), verdict("leak"), verdict("breach"), verdict("leak"))
    assert list(found.counts.items()) == [("pass", 1), ("breach", 1), ("leak", 2)]


def test_findings_are_ordered_by_gravity_router_and_route() -> None:
    plans = (plan("/b"), plan("/a"))
    found = record(
        verdict("leak", path="/a"), verdict("breach", path="/a"), verdict("breach", path="/b"), verdict(path="/a"),
        verdict("breach", path="/a", router="aaa"), verdict("breach", path="/unknown"), plans=plans,
    )  # fmt: skip
    assert [(v.verdict, v.router, v.route) for v in found.findings] == [
        ("breach", "aaa", "GET /a"), ("breach", "app", "GET /unknown"), ("breach", "app", "GET /b"), ("breach", "app", "GET /a"),
        ("leak", "app", "GET /a"),
    ]  # fmt: skip


def test_findings_with_the_same_story_are_one_group() -> None:
    found = record(
        verdict("breach", "forged", detail="x"), verdict("breach", "expired", detail="x"), verdict("breach", "none", detail="y"),
        verdict("breach", "", detail="x"), verdict("breach", "forged", "/y", detail="x"),
    )  # fmt: skip
    assert [group.credentials for group in found.groups] == [["forged"], ["forged", "expired"], ["none"]]
    assert found.groups[0].first.route == "GET /y"


def test_cells_by_route_and_routes_by_router() -> None:
    plans = (plan("/b", "two"), plan("/a", "one"), plan("/c", "one"))
    found = record(verdict(path="/a"), verdict("stale", "", "/b"), verdict(path="/new"), plans=plans)
    assert {route: len(cells) for route, cells in found.by_route().items()} == {
        "GET /b": 0, "GET /a": 1, "GET /c": 0, "GET /new": 1,
    }  # fmt: skip
    assert {router: [p.key for p in own] for router, own in found.by_router().items()} == {
        "one": ["GET /a", "GET /c"], "two": ["GET /b"],
    }  # fmt: skip
    assert list(found.by_router()) == ["one", "two"]


@pytest.mark.parametrize(
    ("given", "proven"),
    [
        (verdict(), True), (verdict("mixed"), True), (verdict("lockout"), False), (verdict(group="cors"), False),
        (verdict(expected="reject"), False), (verdict(expected="tolerate"), False),
        (verdict(expected="reject", twin="clerk"), True), (verdict("breach", expected="reject"), False),
    ],
)  # fmt: skip
def test_a_route_is_proven_when_somebody_got_in_whom_the_policy_admits(given: CellVerdict, proven: bool) -> None:
    assert record(given).proven == ({"GET /x"} if proven else set())
    assert record(given, plans=(plan(accept=("*",)),)).proven == set()


def test_open_routes_and_those_that_admit_nobody_are_not_protected() -> None:
    plans = (plan("/open", accept=("*",)), plan("/closed", accept=()), plan("/mine"))
    assert list(record(plans=plans).protected) == ["GET /mine"]


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (verdict("breach", "forged"), '--route "GET /x" --credentials forged'),
        (verdict("handler-error", ""), '--route "GET /x"'),
        (verdict("unreviewed", ""), '--route "GET /x"'),
        (verdict("undeclared", ""), "--router app"),
    ],
)
def test_the_command_that_repeats_a_finding(given: CellVerdict, command: str) -> None:
    assert record().repeat(given) == f"clerk-harness run --suites suites {command}"


@pytest.mark.parametrize(
    ("accept", "several_ways", "credential", "label"),
    [
        # `forged@`: that credential in the usual way, and not in each; where there is one way only, its name is enough.
        (("clerk", "m2m-jwt"), None, "forged", "forged@"),
        (("clerk", "m2m-jwt"), None, "forged@m2m-jwt", "forged@m2m-jwt"),
        (("clerk",), None, "forged", "forged"),
        # What a report knows of the run counts, not a plan that it has not.
        (("clerk",), frozenset({"GET /x"}), "forged", "forged@"),
        (("clerk", "m2m-jwt"), frozenset(), "forged", "forged"),
        (("clerk", "m2m-jwt"), frozenset({"GET /y"}), "forged", "forged"),
    ],
)
def test_a_cell_of_a_route_with_several_ways_is_repeated_in_its_own(
    accept: tuple[str, ...], several_ways: frozenset[str] | None, credential: str, label: str
) -> None:
    found = record(plans=(plan(accept=accept),), several_ways=several_ways)
    assert found.repeat(verdict("breach", credential)).endswith(f'--route "GET /x" --credentials {label}')


@pytest.mark.parametrize(
    ("known", "knows"),
    [
        (set(), False),
        ({("GET /x", "forged", "breach")}, False),  # It shows in another cell too.
        ({("GET /y", "forged", "breach")}, False),
        ({("GET /x", "forged", "breach"), ("GET /x", "expired", "breach")}, True),
    ],
)
def test_a_cause_is_known_when_all_that_it_shows_in_is(known: set[tuple[str, str, str]], knows: bool) -> None:
    found = record(verdict("breach", "forged", detail="x"), verdict("breach", "expired", detail="x"))
    found.known = known
    assert [(len(cause.cells), found.knows(cause)) for cause in found.causes] == [(2, knows)]


def test_contracts_of_which_nothing_was_examined() -> None:
    other = Check("budget", "index", "an index", "not examined")
    assert record(checks=(PROVEN, OPEN)).unexamined == {}
    assert record(checks=(OPEN, other)).unexamined == {"user_sync": "no rows", "budget": "nothing bears on it"}


@pytest.mark.parametrize(
    ("verdicts", "words", "not_there"),
    [
        (
            [verdict("lockout", seen="401, refused")],
            ["`clerk` on GET /x: 401, refused", "1 protected"],
            ["fail before"],
        ),
        ([verdict("fault", seen="500, boom")], ["1 route fails before deciding (500, boom)"], []),
        ([verdict("lockout", excerpt="no  such\nparty")], ["(no such party)"], []),
        ([verdict("inconclusive", detail="not reached", excerpt="x")], ["GET /x: not reached."], ["(x)"]),
        ([verdict("inconclusive", "clerk"), verdict("lockout", "clerk-other", seen="403")], ["`clerk-other`"], []),
        (
            [
                verdict("lockout"),
                verdict("pass", "clerk-no-azp", seen="200, the handler was entered", expected="tolerate"),
            ],
            ["a token without azp gets in"],
            [],
        ),
        (
            [verdict("lockout"), verdict("pass", "clerk-no-azp", seen="401", expected="tolerate")],
            [],
            ["without azp gets"],
        ),
    ],
)
def test_why_nobody_gets_in(verdicts: list[CellVerdict], words: list[str], not_there: list[str]) -> None:
    found = record(*verdicts).nobody
    assert found.startswith("nobody whom a policy admits got into any of 1 protected route")
    assert all(word in found for word in words) and not any(word in found for word in not_there)
    assert "([settings] origin)" in found and "[identities] and seed" in found and "(carrier, carriers)" in found


def test_the_whole_of_what_a_reader_must_know_first() -> None:
    no_azp = verdict("pass", "clerk-no-azp", seen="200, the handler was entered", expected="tolerate")
    found = record(verdict("lockout", seen="401", excerpt="x" * 170), no_azp).nobody
    assert found == (
        f"nobody whom a policy admits got into any of 1 protected route: `clerk` on GET /x: 401 ({'x' * 160}). Nothing that was "
        "refused proves anything. Likely causes: a token without azp gets in, so the app expects another front end than the tokens "
        "name; the front end that the tokens name as azp is not one of the app's authorized parties ([settings] origin); the person "
        "is unknown to the app's database ([identities] and seed); the token goes elsewhere than in the header (carrier, carriers)"
    )


def test_variables_that_are_missing_are_a_likely_cause() -> None:
    names = [f"V{number}" for number in range(9)]
    found = record(verdict("lockout"), missing_variables=names).nobody
    assert "variables that are not set: V0, V1, V2, V3, V4, V5 (--env NAME=VALUE)" in found


@pytest.mark.parametrize(
    "verdicts", [[verdict()], [verdict("lockout"), verdict()], [], [verdict("breach", "forged", expected="reject")]]
)
def test_where_somebody_gets_in_or_nobody_was_asked_nothing_is_said(verdicts: list[CellVerdict]) -> None:
    assert record(*verdicts).nobody == ""


def test_gaps_are_findings_of_no_cell() -> None:
    gap = Gap("undeclared", "GET /y", "app", "no policy")
    assert gap.key == "GET /y"


def test_a_credential_named_like_a_group_is_repeated_alone_and_a_route_is_one_word() -> None:
    given = replace(verdict("breach", "legacy"), route="GET /$a`b")
    assert record().repeat(given) == "clerk-harness run --suites suites --route 'GET /$a`b' --credentials legacy@"


def test_causes_are_gathered_once_and_anew_when_there_is_more() -> None:
    one = record(verdict("breach", "forged"))
    assert one.causes is one.causes
    one.add(verdict("lockout", "clerk"))
    assert len(one.causes) == 2


@pytest.mark.parametrize(
    ("narrowed", "part"),
    [
        ("--router app", "this is a part of the matrix (--router app): nothing is said of what was left out"),
        ("--shard 2/5 --no-drills", "this is a part of the matrix (--shard 2/5 --no-drills): nothing is said of what was left out"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_part_says_that_it_is_one_and_what_left_out_the_rest(narrowed: str, part: str) -> None:
    assert record(verdict(), narrowed=narrowed).part == part


@pytest.mark.parametrize(
    ("verdicts", "kinds"),
    [
        ([], (0, 0)),
        ([verdict()], (0, 1)),
        ([verdict(), verdict(path="/y")], (1, 1)),
        ([verdict(), verdict("breach", "forged"), verdict(path="/y")], (1, 2)),
        # One credential in several ways is one kind; what was not tried, and what is no cell, is none.
        ([verdict("pass", "forged@m2m-jwt"), verdict("pass", "forged"), verdict(path="/y")], (1, 1)),
        ([verdict("inconclusive", "forged", evidence="none"), verdict(path="/y")], (0, 1)),
        ([verdict("undeclared", ""), verdict(path="/y")], (0, 1)),
        ([verdict("inconclusive", "forged"), verdict(path="/y")], (1, 1)),
        # A route of which only the verdicts are known counts as well.
        ([verdict(), verdict(path="/y"), verdict(path="/new"), verdict("pass", "forged", "/new")], (1, 2)),
    ],
)
def test_kinds_are_the_credentials_really_tried_on_a_route(verdicts: list[CellVerdict], kinds: tuple[int, int]) -> None:
    assert record(*verdicts, plans=(plan("/x"), plan("/y"))).kinds == kinds


def test_without_any_route_nothing_was_tried() -> None:
    found = record()
    found.plan.routes.clear()
    assert found.kinds == (0, 0)
