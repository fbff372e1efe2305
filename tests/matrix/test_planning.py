"""Declared lines and found routes, joined by hand-made declarations: plans, gaps, and what narrows a run."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from harness.contracts.matrix.declaration import Declaration
from harness.contracts.matrix.fuzz import FUZZ
from harness.contracts.matrix.plan import Gap, Plan
from harness.contracts.matrix.planning import make_plan, public_paths
from harness.contracts.matrix.tables import MatrixFile, RouterFile
from harness.core.errors import DeclarationError
from harness.credentials import Legacy
from harness.targets.base import Route
from harness.targets.request_builder import Example

POLICIES: dict[str, Any] = {
    "clerk": {"accept": ["clerk"]},
    "public": {"accept": ["*"]},
    "inside": {"accept": ["clerk"], "guard": "handler", "carriers": ["query:token", "bearer"]},
    "ending": {"accept": ["clerk"], "until": "2027-01-31"},
}
ROOT = Path("suites")


def declared(*files: dict[str, Any], policies: dict[str, Any] | None = None, **settings: Any) -> Declaration:
    matrix = MatrixFile.model_validate({"policies": POLICIES | (policies or {}), "settings": settings})
    routers = {}
    for each in files:
        lines = {
            key: {"policy": line} if isinstance(line, str) else line for key, line in each.get("routes", {}).items()
        }
        file = RouterFile.model_validate({**each, "routes": lines})
        routers[ROOT / f"{file.router}.toml"] = file
    return Declaration(matrix, routers, ROOT, Legacy())


def routes(*keys: str, **more: Any) -> list[Route]:
    return [Route(key.partition(" ")[0], key.partition(" ")[2], **more) for key in keys]


def planned(declaration: Declaration, found: list[Route], **options: Any) -> Plan:
    usual: dict[str, Any] = {"credentials": ["clerk"], "rotation": False}
    return make_plan(declaration, found, **usual | options)


A, B = {"router": "a", "routes": {"GET /a": "clerk"}}, {"router": "b", "routes": {"GET /b/{id}": "public"}}


def test_a_line_joins_its_route() -> None:
    line = {"policy": "inside", "path": {"id": 7}, "reviewed": True}
    (plan,) = planned(declared({"router": "a", "routes": {"GET /a/{id}": line}}), routes("GET /a/{a_id}")).routes
    assert (plan.key, plan.router, plan.policy_name, plan.guard) == ("GET /a/{id}", "a", "inside", "handler")
    assert plan.carriers == ("query:token", "bearer")
    assert plan.example == Example(path={"id": 7}, carrier="query:token")
    assert plan.policy.accept == ["clerk"]
    assert plan.reviewed


def test_a_line_says_more_than_its_policy() -> None:
    line = {"policy": "inside", "guard": "door", "carrier": "cookie:s"}
    (plan,) = planned(declared({"router": "a", "routes": {"GET /a": line}}), routes("GET /a")).routes
    assert (plan.guard, plan.carriers) == ("door", ("cookie:s",))


def test_a_line_that_says_whose_row_is_whose() -> None:
    line = {"policy": "clerk", "path": {"id": {"bob": 2, "alice": 1, "zoe": 3}}}
    matrix = declared({"router": "a", "routes": {"GET /a/{id}": line}})
    with pytest.raises(DeclarationError) as caught:
        planned(matrix, routes("GET /a/{id}"))
    assert str(caught.value).startswith("a: routes.\"GET /a/{id}\".path.id: no identity 'zoe'")
    known = {"policies": POLICIES, "identities": {"zoe": {"email": "zoe@example.com"}}}
    matrix.matrix.identities.update(MatrixFile.model_validate(known).identities)
    (plan,) = planned(matrix, routes("GET /a/{id}")).routes
    assert plan.owners is not None
    assert plan.owners.people == ("bob", "alice", "zoe")
    assert (plan.base.path, plan.base_of("bob").path, plan.base_of("zoe").path) == ("/a/1", "/a/2", "/a/3")


def test_a_line_without_a_route_is_stale() -> None:
    plan = planned(declared(A, B), routes("GET /a"))
    assert [route.key for route in plan.routes] == ["GET /a"]
    assert plan.gaps == [
        Gap("stale", "GET /b/{id}", "b", "declared in routers/b.toml, but the target has no such route", "public")
    ]


def test_lines_after_a_stale_one_are_planned() -> None:
    plan = planned(declared({"router": "a", "routes": {"GET /gone": "clerk", "GET /a": "clerk"}}), routes("GET /a"))
    assert [route.key for route in plan.routes] == ["GET /a"]
    assert [gap.key for gap in plan.gaps] == ["GET /gone"]


def test_where_routes_were_not_all_discovered_a_line_is_tried_without_a_route() -> None:
    plan = planned(declared(A, {"router": "w", "routes": {"WS /live": "clerk"}}), [], discovered=False)
    assert plan.gaps == []
    assert [(route.key, route.route.kind) for route in plan.routes] == [("GET /a", "http"), ("WS /live", "websocket")]


def test_a_view_is_declared_by_method() -> None:
    view = [Route("ANY", "/v", any_method=True, endpoint="m:v")]
    plan = planned(declared({"router": "v", "routes": {"POST /v": "clerk"}}), view)
    assert [(route.key, route.route.endpoint) for route in plan.routes] == [("POST /v", "m:v")]


def test_a_route_without_a_line_falls_to_its_router_s_policy() -> None:
    files = ({"router": "none"}, {"router": "b", "policy": "inside"}, {"router": "c", "policy": "public"})
    plan = planned(declared(*files), [*routes("GET /b/1"), *routes("GET /c")])
    assert [(r.key, r.router, r.policy_name, r.guard, r.carriers) for r in plan.routes] == [
        ("GET /b/1", "b", "inside", "handler", ("query:token", "bearer")),
        ("GET /c", "c", "public", None, ("bearer",)),
    ]
    assert plan.routes[0].example == Example(carrier="query:token")
    assert plan.gaps == []


def test_a_line_is_stronger_than_the_router_s_policy() -> None:
    files = {"router": "b", "policy": "clerk", "routes": {"GET /b/{id}": "public"}}
    plan = planned(declared(files), routes("GET /b/{b_id}", "POST /b/{b_id}"))
    assert {r.key: r.policy_name for r in plan.routes} == {"GET /b/{id}": "public", "POST /b/{b_id}": "clerk"}


def test_a_route_without_either_is_a_gap() -> None:
    found = [*routes("GET /a", "GET /b"), *routes("GET /c", endpoint="m:c"), *routes("GET /")]
    plan = planned(declared(A, {"router": "b"}), found)
    served = "the target serves it ({}), and no line of the matrix says who may enter"
    document = served.format("from its OpenAPI document")
    assert plan.gaps == [
        Gap("undeclared", "GET /b", "b", document),
        Gap("undeclared", "GET /c", "c", served.format("m:c")),
        Gap("undeclared", "GET /", "?", document),
    ]


def test_part_of_the_routers() -> None:
    declaration = declared(A, {"router": "b", "policy": "public"}, {"router": "c"})
    found = routes("GET /b/1", "GET /a", "GET /a/new", "GET /c/1", "GET /d")
    plan = planned(declaration, found, only_routers=["a"])
    assert [route.key for route in plan.routes] == ["GET /a"]
    # Nobody has declared it, and it belongs to the router; the others are not this run's business.
    assert [gap.key for gap in plan.gaps] == ["GET /a/new"]
    plan = planned(declaration, found, only_routers=["b", "c"])
    assert [route.key for route in plan.routes] == ["GET /b/1"]
    assert [gap.key for gap in plan.gaps] == ["GET /c/1"]
    whole = planned(declaration, found)
    assert [gap.key for gap in whole.gaps] == ["GET /a/new", "GET /c/1", "GET /d"]


def test_a_router_s_prefix_is_left_to_it_by_a_part_run() -> None:
    declaration = declared({"router": "a", "prefix": "/x"}, {"router": "b", "policy": "public", "prefix": "/x"})
    assert planned(declaration, routes("GET /x/1", "GET /y"), only_routers=["b"]).gaps == []
    with pytest.raises(DeclarationError, match="nothing to examine"):
        planned(declaration, routes("GET /x/1"), only_routers=["a"])


def test_part_of_the_routes() -> None:
    declaration = declared(A, B)
    found = routes("GET /a", "GET /b/{b_id}", "GET /new")
    plan = planned(declaration, found, only_routes=["GET /b/{whatever}"])
    assert [route.key for route in plan.routes] == ["GET /b/{id}"]
    assert plan.gaps == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only_routers": ["z", "y", "a"]}, "--router y: no such router in suites; known: a, b"),
        (
            {"only_routes": ["GET /a", "GET /z", "GET /y"]},
            '--route "GET /y": not a declared route of the target; did you mean ',
        ),
        ({"credentials": ["nonsense"]}, "no credential or group 'nonsense'"),
        (
            {"credentials": ["forged@m2m-jwt"]},
            "--credentials forged@m2m-jwt: no route is entered that way; known: clerk",
        ),
    ],
)
def test_names_that_do_not_exist(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        planned(declared(A, B), routes("GET /a", "GET /b/{id}"), **options)
    assert str(caught.value).startswith(message)


def test_nothing_to_examine() -> None:
    with pytest.raises(DeclarationError) as caught:
        planned(declared({"router": "a"}), [])
    assert str(caught.value) == "nothing to examine: no route is left after the options that narrow the run"


def test_the_day_of_a_policy() -> None:
    declaration = declared({"router": "a", "routes": {"GET /a": "ending", "GET /b": "clerk"}})
    found = routes("GET /a", "GET /b")
    day = datetime.date(2027, 1, 31)
    assert planned(declaration, found, today=day - datetime.timedelta(1)).gaps == []
    expected = [
        Gap("mixed", "GET /a", "a", "policy 'ending' was to end on 2027-01-31: the route must leave it", "ending")
    ]
    assert planned(declaration, found, today=day).gaps == expected
    assert planned(declaration, found, today=day + datetime.timedelta(1), only_routes=["GET /a"]).gaps == expected


def test_today_is_the_day_where_none_is_given() -> None:
    def until(day: datetime.date) -> list[str]:
        declaration = declared(A, policies={"clerk": {"accept": ["clerk"], "until": day.isoformat()}})
        return [gap.kind for gap in planned(declaration, routes("GET /a")).gaps]

    assert until(datetime.date.today()) == ["mixed"]
    assert until(datetime.date.today() + datetime.timedelta(2)) == []


def test_a_line_that_nobody_has_read() -> None:
    declaration = declared({"router": "a", "routes": {"GET /a": {"policy": "clerk", "reviewed": False}}})
    assert planned(declaration, routes("GET /a")).gaps == [
        Gap(
            "unreviewed",
            "GET /a",
            "a",
            "written by `clerk-harness init` from what the backend did on that day, and nobody has read it since: "
            "take out `reviewed = false` when it says what should be",
            "clerk",
        )
    ]


# The cells


def names(plan: Plan) -> list[list[str]]:
    return [[cell.label for cell in route.cells] for route in plan.routes]


LINES = {"router": "a", "routes": {"GET /a": "clerk", "GET /b": "clerk", "GET /c": "public"}}
FOUND = routes("GET /a", "GET /b", "GET /c")


def test_the_chosen_credentials() -> None:
    assert names(planned(declared(LINES), FOUND, credentials=["forged", "missing"])) == [["missing", "forged"]] * 3
    everything = make_plan(declared(LINES), FOUND)
    assert {"clerk", "missing", "forged", "clerk-rotated"} <= set(names(everything)[0])
    assert "jwks-outage" not in names(everything)[0]


def test_of_the_drills_one_is_for_routes_of_opaque_tokens_too() -> None:
    keys = {"router": "a", "routes": {"GET /a": "keys", "POST /a": "keys"}}
    matrix = declared(keys, policies={"keys": {"accept": ["api-key"]}})
    options: dict[str, Any] = {"credentials": ["api-key", "api-outage"], "drills": frozenset({"outage", "silence"})}
    plan = planned(matrix, routes("GET /a", "POST /a"), **options)
    assert [route.drills for route in plan.routes] == [frozenset({"silence"}), frozenset()]


def test_drills_are_run_on_representatives() -> None:
    plan = planned(declared(LINES), FOUND, credentials=["jwks-outage", "clerk"], drills=frozenset({"outage"}))
    assert [route.drills for route in plan.routes] == [frozenset({"outage"}), frozenset(), frozenset()]
    assert names(plan) == [["clerk", "jwks-outage"], ["clerk"], ["clerk"]]


def test_a_rotation_is_for_all() -> None:
    plan = planned(declared(LINES), FOUND, credentials=["clerk-rotated"], rotation=True)
    assert [route.drills for route in plan.routes] == [frozenset({"rotated"})] * 3
    assert names(plan) == [["clerk-rotated"], ["clerk-rotated"], []]
    assert names(planned(declared(LINES), FOUND, credentials=["clerk-rotated"])) == [[], [], []]
    by_default = make_plan(declared(LINES), FOUND, credentials=["clerk-rotated"])
    assert names(by_default) == [["clerk-rotated"], ["clerk-rotated"], []]


def test_fuzzing_is_for_each_way_that_takes_a_jwt() -> None:
    declaration = declared(
        {"router": "a", "routes": {"GET /a": "both", "GET /b": "both", "GET /c": "public"}},
        policies={"both": {"accept": ["clerk", "m2m-jwt", "legacy"]}},
    )
    plan = planned(declaration, FOUND, fuzz=FUZZ)
    assert names(plan) == [["clerk", "fuzz", "fuzz@m2m-jwt"], ["clerk"], ["clerk"]]
    fuzzed = [cell for cell in plan.routes[0].cells if cell.credential is FUZZ]
    assert {cell.expect for cell in fuzzed} == {"reject"}
    assert all(cell.plan is plan.routes[0] for cell in fuzzed)


def test_what_cannot_be_examined_has_no_cells() -> None:
    line = {"policy": "clerk", "carrier": "message"}
    plan = planned(declared({"router": "a", "routes": {"WS /a": line}}), [Route("WS", "/a", kind="websocket")])
    assert names(plan) == [[]]


def test_browsers_ask_where_a_front_end_is_declared() -> None:
    plan = planned(declared(A, origin="https://app.example.com"), routes("GET /a"), credentials=["cors"])
    assert plan.routes[0].asked_by_browsers == "https://app.example.com"
    assert names(plan) == [["cors-preflight", "cors-foreign-origin"]]
    plan = planned(declared(A), routes("GET /a"), credentials=["cors"])
    assert plan.routes[0].asked_by_browsers == ""
    assert names(plan) == [[]]


def test_a_way_that_an_earlier_run_has_found_open() -> None:
    plan = planned(declared(A), routes("GET /a"), credentials=["forged@query:token"])
    assert names(plan) == [["forged@query:token"]]


def test_what_is_open_to_everybody_and_takes_no_parameter() -> None:
    lines = {
        "GET /": "public",
        "GET /open": "public",
        "POST /open": "public",
        "GET /o/{id}": "public",
        "GET /me": "clerk",
    }
    rest = {"router": "rest", "policy": "public", "routes": {}}
    found = routes(*lines) + routes("GET /more", "GET /m/{id}", module="app.rest")
    assert public_paths(declared({"router": "a", "routes": lines}, rest), found) == ("/open", "/more")
    # What is declared may be there though it was not found: of a URL, only what is declared is known.
    assert public_paths(declared({"router": "a", "routes": lines}), []) == ("/open",)


def test_the_verifier_is_examined_where_a_guard_is_seen_first_and_quick_asks_for_no_names() -> None:
    lines = {"GET /a": "clerk", "GET /b": "clerk"}
    found = routes(*lines, dependencies=("app:user",))
    matrix = declared({"router": "a", "routes": lines})
    whole, quick = planned(matrix, found, credentials=None), planned(matrix, found, credentials=None, quick=True)
    assert [plan.examines_verifier for plan in whole.routes] == [True, False]
    assert [plan.named is not None for plan in whole.routes] == [True, True]
    assert [plan.named for plan in quick.routes] == [None, None]
    assert quick.cells < whole.cells


def test_pages_of_djangos_admin_are_no_gaps_and_what_follows_them_is() -> None:
    found = [*routes("GET /admin/", module="django.contrib.admin.sites"), *routes("GET /left")]
    plan = planned(declared(A), [*routes("GET /a"), *found])
    assert [gap.key for gap in plan.gaps if gap.kind == "undeclared"] == ["GET /left"]
