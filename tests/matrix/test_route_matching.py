"""Which file and which line of a declaration a route belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contracts.matrix.route_matching import belongs_to, framework_pages, named_router, router_of, served_route
from harness.contracts.matrix.tables import RouterFile
from harness.core.paths import path_shape
from harness.targets.base import Route


def route(path: str = "/x", **more: Any) -> Route:
    return Route(more.pop("method", "GET"), path, **more)


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (route("/", module="backend.peers"), ["peers"]),
        (route("/", module="backend.tree.router"), ["router", "tree"]),
        (route("/", module="backend.tree.routes"), ["routes", "tree"]),
        (route("/", module="backend.tree.views"), ["views", "tree"]),
        (route("/", module="backend.tree.api"), ["api", "tree"]),
        (route("/", module="backend.tree.endpoints"), ["endpoints", "tree"]),
        (route("/", module="backend.tree.main"), ["main"]),
        (route("/", module="router"), ["router"]),
        (route("/", module="a.My-Module"), ["my_module"]),
        (route("/", tags=("Two Words", "b")), ["two_words", "b"]),
        (route("/peers/{id}/notes"), ["peers"]),
        (route("/api/v1/peers"), ["peers"]),
        (route("/v12/api"), []),
        (route("/vault/x"), ["vault"]),
        (route("/apis/x"), ["apis"]),
        (route("/{id}/notes"), ["notes"]),
        (route("/"), []),
        (route("/peers", module="b.peers", tags=("Peers", "people")), ["peers", "people"]),
        (route("/a", module="b.m", tags=("t",)), ["m", "t", "a"]),
        (route("/", tags=("--x--",)), ["x"]),
    ],
)
def test_the_names_of_a_route_s_router(found: Route, names: list[str]) -> None:
    assert router_of(found) == names


def file(router: str, **more: Any) -> RouterFile:
    return RouterFile.model_validate({"router": router} | more)


@pytest.mark.parametrize(
    ("path", "declared", "belongs"),
    [
        ("/peers/1", file("peers"), True),
        ("/peers/1", file("Peers"), True),
        ("/peers/1", file("notes"), False),
        ("/peers", file("any", prefix="/peers"), True),
        ("/peers/1", file("any", prefix="/peers"), True),
        ("/peers/1", file("any", prefix="/peers/"), True),
        ("/vaultX/1", file("any", prefix="/vaultX"), True),
        ("/peersome", file("any", prefix="/peers"), False),
        ("/peers", file("peers", prefix="/other"), False),
        ("/a/b", file("any", prefix="/a/b/c"), False),
        ("/two-words/1", file("two words"), True),
    ],
)
def test_whether_a_route_belongs_to_a_file(path: str, declared: RouterFile, belongs: bool) -> None:
    assert belongs_to(route(path), declared) is belongs


def served(key: str, *routes: Route) -> Route | None:
    found = {path_shape(each.key): each for each in routes}
    return served_route(key, found, {path_shape(each.path): each for each in routes if each.any_method})


def test_the_route_that_a_line_means() -> None:
    found = route("/x/{x_id}", endpoint="m:f")
    assert served("GET /x/{x_id}", found) is found
    # Under the names that the line gives its parameters.
    assert served("GET /x/{id}", found) == route("/x/{id}", endpoint="m:f")
    assert served("POST /x/{id}", found) is None
    assert served("GET /y/{id}", found) is None


def test_a_view_answers_every_method_but_a_websocket_s() -> None:
    view = route("/v/{v_id}", endpoint="m:view", any_method=True)
    assert served("POST /v/{id}", view) == Route("POST", "/v/{id}", endpoint="m:view", any_method=True)
    assert served("POST /v/{v_id}", view) == Route("POST", "/v/{v_id}", endpoint="m:view", any_method=True)
    assert served("WS /v/{id}", view) is None
    exact = Route("POST", "/v/{v_id}", endpoint="m:post")
    assert served("POST /v/{v_id}", view, exact) is exact


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (Route("GET", "/orders", module="shop.orders.router"), "orders"),
        (Route("GET", "/orders/{id}", module="shop.orders"), "orders"),
        (Route("GET", "/api/v1/orders", module="src.api"), "orders"),
        (Route("GET", "/", module="views"), "views"),
        (Route("GET", "/openapi.json", module="fastapi.applications"), "docs"),
        (Route("GET", "/static/{path}", module="flask.app"), "static"),
        (Route("GET", "/", module="starlette.routing"), "app"),
        (Route("GET", "/", module="fastapi.security.oauth2"), "app"),
        (Route("GET", "/"), "app"),
    ],
)
def test_a_router_is_named_as_people_would(found: Route, name: str) -> None:
    assert named_router(found) == name


SITE = "django.contrib.admin.sites"


@pytest.mark.parametrize(
    ("routes", "left"),
    [
        ([("/admin/", SITE), ("/admin/{id}/", "django.views.generic.base"), ("/orders", "shop.views")], 2),
        ([("/panel/", SITE), ("/panel/export", "shop.admin"), ("/about", "django.views.generic.base")], 1),
        ([("/about", "django.views.generic.base"), ("/admin/", "shop.views")], 0),
        ([("/staff/", SITE), ("/a/b/", SITE), ("/a/b/x", "django.contrib.admin.options"), ("/a", "shop.views")], 3),
        ([("/", SITE), ("/users", "django.contrib.admin.options"), ("/about", "django.views.generic.base")], 2),
    ],
    ids=["its redirects too", "the project's own below it", "without it", "two of them", "at the root"],
)
def test_the_pages_of_djangos_admin_are_told_from_the_projects(routes: list[tuple[str, str]], left: int) -> None:
    found = [Route("GET", path, module=module) for path, module in routes]
    assert framework_pages(found) == found[:left]
