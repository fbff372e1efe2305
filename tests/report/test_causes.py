"""What made a run's findings: said once, with an id that is the same in every run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.contracts.base import Check
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import CATALOGUE
from harness.report.causes import Cause, causes, finding_id
from harness.report.remedies import family_of

GUARD = "app.auth:current_user"


def cell(route: str = "GET /a", credential: str = "forged", verdict: Any = "breach", **more: Any) -> CellVerdict:
    usual: dict[str, Any] = {
        "router": "r",
        "policy": "clerk",
        "group": "signature",
        "expected": "reject",
        "evidence": "probe",
    }
    usual["seen"] = "200, the handler was entered"
    return CellVerdict(route=route, credential=credential, verdict=verdict, **(usual | more))


def told(*verdicts: CellVerdict) -> list[Cause]:
    return causes(verdicts)


def test_a_function_that_admits_the_same_family_everywhere_is_one_cause() -> None:
    found = told(
        *(
            cell(f"GET /{n}", name, ran=(GUARD,), router=f"r{n % 3}")
            for n in range(9)
            for name in ("forged", "alg-none")
        )
    )
    assert [(c.functions, len(c.routes), len(c.routers), c.credentials) for c in found] == [
        ((GUARD,), 9, 3, ["forged", "alg-none"])
    ]
    assert found[0].title == "`current_user` admits tokens that anybody can sign on 9 routes of 3 routers"


def test_other_functions_and_other_families_are_other_causes() -> None:
    found = told(
        cell(ran=(GUARD,)),
        cell("GET /b", ran=("app.other:guard",)),
        cell("GET /c", "expired", group="time", ran=(GUARD,)),
    )
    assert len({cause.id for cause in found}) == 3


def test_what_follows_from_an_unverified_signature_needs_no_cause_of_its_own() -> None:
    both = [cell(ran=(GUARD,)), cell(credential="expired", group="time", ran=(GUARD,))]
    assert [cause.credentials for cause in told(*both)] == [["forged", "expired"]]
    # The old token is not one that anybody can sign for Clerk: it stays, and so does what is admitted elsewhere.
    apart = [
        *both,
        cell(credential="legacy", group="genuine", ran=(GUARD,)),
        cell("GET /b", "expired", group="time", ran=(GUARD,)),
    ]
    assert len(told(*apart)) == 3


def test_a_function_that_says_yes_to_nobody_as_well_let_nobody_in() -> None:
    settings = "app.conf:settings"
    missing = cell(credential="missing", verdict="pass", group="absent", ran=(settings,))
    (cause,) = told(missing, cell(ran=(settings, GUARD)))
    assert cause.functions == (GUARD,)
    # The functions run in the order in which they ended: the settings after the guard, this time.
    (cause,) = told(missing, cell(ran=(GUARD, settings)))
    assert cause.functions == (GUARD,)


def test_without_a_probe_the_policy_names_the_guard() -> None:
    (cause,) = told(cell(), cell("GET /b"))
    assert cause.functions == ()
    assert cause.title == "the guard of policy clerk admits tokens that anybody can sign on 2 routes of 1 router"


LOCKED = {"verdict": "lockout", "expected": "accept", "group": "genuine", "seen": "401, the handler was not entered"}


@pytest.mark.parametrize("label", ["forged", "forged@cookie:__session", "forged@clerk-v1"])
def test_what_proves_nothing_hangs_on_what_kept_its_twin_out(label: str) -> None:
    found = told(
        cell(credential="clerk", excerpt='{"detail":"no"}', **LOCKED),
        cell(credential=label, verdict="inconclusive", detail="its twin was not let in"),
        cell("GET /b", "forged", verdict="inconclusive", detail="nobody may enter by this policy"),
    )
    assert [(c.verdict, c.routes, len(c.dependents)) for c in found] == [
        ("lockout", ["GET /a"], 1), ("inconclusive", ["GET /b"], 0)
    ]  # fmt: skip


def test_the_base_says_which_of_several_causes_kept_the_twin_out() -> None:
    found = told(
        cell(credential="clerk", excerpt="unknown user", **LOCKED),
        cell(credential="m2m-jwt", excerpt="no machine", **LOCKED),
        cell(credential="forged@m2m-jwt", verdict="inconclusive", detail="x"),
    )
    assert [(c.credentials, len(c.dependents)) for c in found] == [(["clerk"], 0), (["m2m-jwt"], 1)]


def test_failures_with_the_same_error_are_one_whatever_varies_in_it() -> None:
    error = "500: ProgrammingError: column users.{} does not exist at sync.py:14, the handler was not entered"
    fault = {"verdict": "fault", "expected": "accept", "group": "genuine", "excerpt": "Internal Server Error"}
    found = told(
        *(cell(f"GET /{n}", "clerk", seen=error.format("first_name"), micros=n, **fault) for n in range(4)),
        cell("GET /x", "clerk", seen=error.format("last_name"), **fault),
    )
    assert [len(cause.routes) for cause in found] == [4, 1]
    assert "column users.first_name does not exist at sync.py:14" in found[0].title
    a = cell(credential="clerk", seen="500: no row user_3Ab9 for 4711 at 0x7f12ab", **fault)
    b = cell(credential="clerk", seen="500: no row user_Zz81 for 12 at 0x7f99cd", **fault)
    assert told(a)[0].id == told(b)[0].id != told(*[replace(a, seen="500: no table")])[0].id


def test_the_gravest_first_and_then_what_reaches_farthest() -> None:
    found = causes(
        [
            cell("GET /l", "clerk", **LOCKED),
            cell("GET /a", ran=("m:one",)),
            cell("GET /b", ran=("m:two",)), cell("GET /c", ran=("m:two",)),
            cell("GET /i", verdict="inconclusive", detail="never reached"),
        ],
        [Check("budget", "calls", "no calls", "broken", detail="3 calls"), Check("budget", "time", "fast", "proven")],
    )  # fmt: skip
    assert [(c.verdict, len(c.routes)) for c in found] == [
        ("breach", 2), ("breach", 1), ("lockout", 1), ("broken", 0), ("inconclusive", 1)
    ]  # fmt: skip


def test_each_cause_says_what_to_change_and_where_the_rule_comes_from() -> None:
    (admitted,) = told(cell(ran=(GUARD,)))
    assert admitted.remedy and admitted.page == "credentials.md#signature" and admitted.weakness[0].startswith("CWE-")
    (locked,) = told(cell(credential="clerk", **LOCKED))
    assert locked.remedy and locked.weakness == ("", "")
    (hinted,) = told(cell(ran=(GUARD,), hint="do this"))
    assert hinted.remedy == "do this"
    (perhaps,) = told(cell(ran=(GUARD,), hint="if it is another matter, do that"))
    assert perhaps.remedy == f"{admitted.remedy}; if it is another matter, do that"


def test_the_id_of_a_finding_is_of_what_it_is_and_not_of_how_it_was_measured() -> None:
    one = cell(micros=5, status=200, excerpt="x")
    assert finding_id(one) == finding_id(replace(one, micros=9, status=201, excerpt="y"))
    others = [replace(one, route="GET /z"), replace(one, credential="expired"), replace(one, verdict="fault")]
    assert len({finding_id(each) for each in [one, *others]} | {finding_id(one, ["m:f"])}) == 5


ACCEPTED: dict[str, Any] = {"expected": "accept", "group": "genuine"}
BY_HAND: dict[str, Any] = {"credential": "", "seen": ""}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (cell(ran=("app.auth:Guard.check",)), ("ba49e70350f8", "`Guard.check` admits tokens that anybody can sign on GET /a (r)")),
        (
            cell(credential="legacy", verdict="mixed", ran=(GUARD,), **ACCEPTED),
            ("5aa86cb5cbdb", "`current_user` admits the old token by a mechanism that the policy does not name on GET /a (r)"),
        ),
        (cell(router=""), ("8a95df48406f", "the guard of policy clerk admits tokens that anybody can sign on GET /a")),
        (cell(verdict="undeclared", detail="x", **BY_HAND), ("37967db884ce", "GET /a (r) has no policy")),
        (cell(verdict="stale", detail="x", **BY_HAND), ("a03f2386ae06", "GET /a (r) is declared and does not exist")),
        (
            cell(verdict="unreviewed", detail="x", **BY_HAND),
            ("43100289640d", "GET /a (r) has a policy that init wrote and nobody has read"),
        ),
        (
            cell(verdict="leak", detail="another's name in the answer"),
            ("474019613b69", "GET /a (r) tells too much when it refuses: another's name in the answer"),
        ),
        (
            cell(verdict="inconclusive", detail="its twin was not let in"),
            ("57799cd78c3f", "GET /a (r) proves nothing: its twin was not let in"),
        ),
        (
            cell(credential="", verdict="handler-error", seen="500: ValueError: no 17 at app.py:3, the handler was entered", excerpt="x"),
            ("6c951574d1ac", "GET /a (r) fails in the handler, after it was decided who may enter: ValueError: no 17 at app.py:3"),
        ),
        (
            cell(verdict="fault", seen="500", excerpt="x " * 90, **ACCEPTED),
            ("b0d4f62a8859", f"GET /a (r) fails instead of deciding: {'x ' * 60}"),
        ),
        (
            cell(credential="clerk", verdict="lockout", seen="401, the handler was not entered", **ACCEPTED),
            ("e13e5245db70", "GET /a (r) keeps out whom the policy admits: 401, the handler was not entered"),
        ),
    ],
)  # fmt: skip
def test_what_is_said_of_a_cause(found: CellVerdict, expected: tuple[str, str]) -> None:
    """Ids and words as they were: whoever compares reports relies on the ids."""
    assert [(cause.id, cause.title) for cause in told(found)] == [expected]


def test_what_is_said_of_a_broken_check() -> None:
    rows = Check("user_sync", "one-row", "one row for each", "broken", detail="2 rows")
    calls = Check("budget", "calls", "no calls", "broken")
    assert causes([], [rows, calls]) == [
        Cause(
            "3133dd796c9c",
            "broken",
            "user_sync: one-row: 2 rows",
            "one row for each",
            "user-sync.md",
            check=rows,
            by="# rows",
        ),
        Cause("624277f87039", "broken", "budget: calls: no calls", "no calls", "budget.md", check=calls),
    ]


def test_routes_that_no_suite_knows_are_one_cause_and_so_are_the_same_leaks_and_gaps() -> None:
    """However they differ otherwise; numbers do not tell them apart, other words do."""
    for verdict in ("undeclared", "stale", "unreviewed"):
        found = told(*(cell(f"GET /{n}", verdict=verdict, seen=f"{n}", detail=str(n), credential="") for n in "ab"))
        assert [cause.routes for cause in found] == [["GET /a", "GET /b"]]
    for verdict in ("leak", "inconclusive"):
        one, same = (cell(f"GET /{n}", verdict=verdict, seen=str(n) * 9, detail=f"row {n} of it") for n in (1, 2))
        other = cell("GET /3", verdict=verdict, detail="row of another")
        assert [cause.routes for cause in told(one, same, other)] == [["GET /1", "GET /2"], ["GET /3"]]


def test_what_is_long_is_compared_by_its_first_200_characters() -> None:
    one, same, other = (
        cell(f"GET /{n}", verdict="leak", detail=f"{'x' * length}{n}")
        for n, length in (("a", 200), ("b", 200), ("c", 199))
    )
    assert [cause.routes for cause in told(one, same, other)] == [["GET /a", "GET /b"], ["GET /c"]]


def test_who_admits_everybody_is_found_by_the_last_that_consented() -> None:
    """Of several functions the outermost; those that consent to nobody or to rubbish as well are no guards."""
    (cause,) = told(cell(ran=("app.a:inner", "app.b:outer")))
    assert cause.functions == ("app.b:outer",)
    for nobody in ("missing", "garbage", "garbage@cookie:__session"):
        (cause,) = told(
            cell(credential=nobody, verdict="pass", group="absent", ran=("app.b:outer",)),
            cell(ran=("app.a:inner", "app.b:outer")),
        )
        assert cause.functions == ("app.a:inner",)
    # Where rubbish is let in by it, it is the guard; what a genuine one is let in by tells nothing.
    for verdict, name in (("breach", "missing"), ("pass", "clerk")):
        found = told(
            cell(credential=name, verdict=verdict, group="absent", ran=("app.b:outer",)),
            cell(ran=("app.a:inner", "app.b:outer")),
        )
        assert ("app.b:outer",) in [cause.functions for cause in found]


def test_a_cell_that_proves_nothing_hangs_on_who_was_kept_out_and_should_not_have_been() -> None:
    """Of several causes on its route: first its own base's, then one of a genuine credential, then any."""
    failing: dict[str, Any] = {"verdict": "fault", "group": "signature", "excerpt": "it failed"}
    gap = cell(credential="forged@other:x", verdict="inconclusive", detail="x")
    genuine = cell(credential="clerk", excerpt="unknown user", **LOCKED)
    forged = cell(credential="garbage", seen="500", **failing)
    found = told(forged, genuine, gap)
    assert {cause.verdict: cause.dependents for cause in found} == {"fault": [], "lockout": [gap]}
    (cause,) = told(forged, gap)
    assert cause.dependents == [gap]
    based = cell(credential="forged@clerk:way", verdict="inconclusive", detail="x")
    other = cell(credential="m2m", excerpt="no machine", **LOCKED)
    found = told(other, genuine, based)
    assert [(cause.credentials, cause.dependents) for cause in found] == [(["m2m"], []), (["clerk"], [based])]


def test_how_far_a_cause_reaches() -> None:
    def reach(*where: tuple[str, str]) -> str:
        (cause,) = told(*(cell(route, router=router, ran=(GUARD,)) for route, router in where))
        return cause.title.partition(" sign on ")[2]

    assert reach(("GET /a", "r")) == "GET /a (r)"
    assert reach(("GET /a", "")) == "GET /a"
    assert reach(("GET /a", "r"), ("GET /b", "r")) == "2 routes of 1 router"
    assert reach(("GET /a", "r"), ("GET /b", "s")) == "2 routes of 2 routers"


@pytest.mark.parametrize(
    ("found", "by"),
    [
        (cell(ran=("app.auth:Guard.check",)), "app.auth:Guard.check"),
        (cell(), "policy clerk"),
        (cell(verdict="mixed", ran=(GUARD,), **ACCEPTED), GUARD),
        (cell(credential="clerk", excerpt="no user 17", **LOCKED), "no user #"),
        (cell(verdict="leak", detail="row 7"), "row #"),
        (cell(verdict="undeclared", detail="x", **BY_HAND), ""),
    ],
)
def test_what_tells_a_cause_from_others_of_the_same_cells(found: CellVerdict, by: str) -> None:
    assert [cause.by for cause in told(found)] == [by]


def test_what_a_budget_counts_tells_its_checks_apart_and_other_numbers_do_not() -> None:
    checks = [Check(contract, "calls", "few", "broken", detail="3 calls") for contract in ("budget", "migrations")]
    assert {cause.title.partition(":")[0]: cause.by for cause in causes([], checks)} == {
        "budget": "3 calls", "migrations": "# calls"
    }  # fmt: skip


def test_one_whom_the_policy_admits_makes_a_cause_the_twin_s_whoever_else_it_kept_out() -> None:
    fault: dict[str, Any] = {"verdict": "fault", "group": "genuine"}
    other = cell(credential="garbage", seen="500: A: x", **fault)
    both = [
        cell(credential=name, seen="500: B: y", expected=expected, **fault)
        for name, expected in (("clerk", "accept"), ("alg-none", "reject"))
    ]
    gap = cell(credential="forged@other:x", verdict="inconclusive", detail="x")
    found = told(other, *both, gap)
    assert [(cause.credentials, cause.dependents) for cause in found] == [
        (["garbage"], []),
        (["clerk", "alg-none"], [gap]),
    ]


def test_a_route_that_is_no_text_has_an_id_too() -> None:
    assert finding_id(cell("GET /\udc80")) == "b79a3cd729b8"


def test_another_person_s_answer_is_not_a_role() -> None:
    named = ("identity-in-header", "identity-in-token", "named-identity", "answer-of-who-came-first")
    assert {family_of(name, CATALOGUE[name].group).name for name in named} == {"identity"}
    assert [family_of(name, CATALOGUE[name].group).name for name in ("role-in-header", "named-field")] == [
        "roles",
        "named",
    ]
