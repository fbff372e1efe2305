"""Litestar: the handlers of its routes, controllers' as well, with their tags and guards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from .. import values
from .base import AUTOMATIC, FoundRoute, Framework, Place, Walk, join


class Litestar(Framework):
    """Litestar's apps."""

    packages = ("litestar",)
    interface = "asgi"

    def recognises(self, app: object) -> bool:
        """Whether the app is Litestar's, by the module of its class."""
        return any(base.__module__ == "litestar.app" for base in type(app).__mro__)

    def routes(self, app: Any, place: Place, walk: Walk) -> list[FoundRoute]:
        """Return one route for each method of each handler; what is mounted is one of its own, or those of its app."""
        found: list[FoundRoute] = []
        for route in app.routes:
            path = join(place.prefix, getattr(route, "path_format", route.path))
            many = getattr(route, "route_handlers", None)
            for handler in many if many is not None else [route.route_handler]:
                found.extend(_of_handler(route, handler, path, place, walk))
        return found


def _of_handler(route: Any, handler: Any, path: str, place: Place, walk: Walk) -> list[FoundRoute]:
    """The routes of one handler, one for each of its methods."""
    more: dict[str, Any] = {
        "tags": sorted(_tags(handler)),
        "dependencies": _guards(handler),
        "host": place.host,
        "parameters": _samples(route),
        "hidden": not getattr(handler, "include_in_schema", True),
    }
    methods = getattr(handler, "http_methods", None)
    if methods is not None:
        names = {str(getattr(method, "value", method)) for method in methods}
        own = (
            names if not str(getattr(handler.fn, "__module__", "")).startswith("litestar.routes") else names - AUTOMATIC
        )
        return [FoundRoute(name, path, handler.fn, **more) for name in sorted(own - AUTOMATIC or own)]
    if "ebsocket" in type(handler).__name__:
        return [FoundRoute("WS", path, handler.fn, kind="websocket", **more)]
    mounted = walk(handler.fn, Place(path, place.host, place.depth + 1))
    opaque = FoundRoute("GET", join(path, "/{path}"), handler.fn, kind="opaque", mount=path, **more)
    return mounted if mounted is not None else [opaque]


def _tags(handler: Any) -> Iterable[str]:
    """Those of the handler, its controller and its router."""
    tags: set[str] = set()
    with contextlib.suppress(Exception):  # A method of later versions, or an attribute of older ones.
        for layer in handler.ownership_layers:
            tags |= {str(tag) for tag in getattr(layer, "tags", None) or ()}
    return tags


def _guards(handler: Any) -> list[object]:
    """The functions that Litestar asks before a handler."""
    with contextlib.suppress(Exception):  # The same.
        return list(handler.resolve_guards())
    return []


def _samples(route: Any) -> dict[str, object]:
    """Values for the parameters of a path, by their types."""
    found: dict[str, object] = {}
    with contextlib.suppress(Exception):  # The same.
        parameters = route.path_parameters
        for parameter in parameters.values() if isinstance(parameters, dict) else parameters:
            value = values.of_annotation(parameter.type)
            if value is not None:
                found[parameter.name] = str(value)
    return found
