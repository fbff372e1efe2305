"""Matches the routes of a target with the lines and the files of a declaration."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.contracts.matrix.tables import RouterFile
from harness.core.paths import path_shape
from harness.targets.base import Route


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def router_of(route: Route) -> list[str]:
    """Return the names under which a route's router may be declared: its module, its tags, the first part of its path."""
    names = [_slug(route.module.rpartition(".")[2])]
    if names[0] in ("router", "routes", "views", "api", "endpoints") and "." in route.module:
        names.append(_slug(route.module.split(".")[-2]))
    names += [_slug(tag) for tag in route.tags]
    parts = [part for part in route.path.split("/") if part and not part.startswith("{")]
    names += [_slug(part) for part in parts if not re.fullmatch(r"api|v\d+", part)][:1]
    return list(dict.fromkeys(name for name in names if name))


_LIBRARIES = {
    "fastapi",
    "starlette",
    "flask",
    "litestar",
    "ninja",
    "rest_framework",
    "django",
    "drf_spectacular",
    "strawberry",
}
"""Packages of which a handler may be that nobody wrote in the project."""
_UNTOLD = {
    "router", "routers", "routes", "views", "api", "endpoints", "controllers", "handlers", "urls", "decorators", "src",
}  # fmt: skip
"""Names of modules that say nothing of what is in them."""


def named_router(route: Route) -> str:
    """The router of a route as people would name it: not by a module whose name says nothing, where there is another name."""
    if route.module.partition(".")[0] in _LIBRARIES:
        documents = re.search("openapi|docs|redoc|schema|swagger|elements|rapidoc|scalar", route.path)
        return "docs" if documents else next(iter(router_of(replace(route, module=""))), "app")
    names = router_of(route)
    return next((name for name in names if name not in _UNTOLD), names[0] if names else "app")


def framework_pages(routes: list[Route]) -> list[Route]:
    """The pages of Django's admin, wherever it stands: it signs people in by itself, and no line of the matrix is expected of it."""
    # Its redirects are Django's generic ones; where it stands at the root, so may those of the project be.
    places = {
        route.path: "django." if route.path != "/" else "django.contrib."
        for route in routes
        if route.module == "django.contrib.admin.sites"
    }
    return [
        route
        for route in routes
        if any(route.path.startswith(place) and route.module.startswith(theirs) for place, theirs in places.items())
    ]


def belongs_to(route: Route, file: RouterFile) -> bool:
    """Whether a route without a line of its own falls to a router's file: by its prefix, else by its names."""
    if file.prefix is not None:
        return route.path == file.prefix or route.path.startswith(file.prefix.rstrip("/") + "/")
    return _slug(file.router) in router_of(route)


def served_route(key: str, found: dict[str, Route], views: dict[str, Route]) -> Route | None:
    """Return the found route that a declared line means, under the names that the line gives its parameters.

    `found` maps shapes of keys, and `views` shapes of paths, to routes; `views` answer every method but a websocket's.
    None where the target has no such route.
    """
    method, _, path = key.partition(" ")
    route = found.get(path_shape(key))
    if route is None and method != "WS" and (view := views.get(path_shape(path))) is not None:
        route = replace(view, method=method)
    return replace(route, path=path) if route is not None and route.path != path else route
