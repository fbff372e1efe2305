"""Starlette and FastAPI: routers at any depth, mounts, hosts, websockets, hidden routes, and the dependencies of handlers."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from typing import Any

from .. import values
from .base import AUTOMATIC, FoundRoute, Framework, Mount, Place, Walk, host_with_samples, join

_BRACES = re.compile(r"\{(\w+)(?::(\w+))?\}")
"""A parameter in a path or a host: `{name}`, `{name:int}`."""
_DEEPEST = 20
"""Mounts within mounts, beyond which an app is taken to mount itself."""
_DEPENDENCIES_DEEPEST = 8


class Starlette(Framework):
    """Starlette, FastAPI, and what has `routes` like theirs."""

    packages = ("starlette", "fastapi")
    interface = "asgi"
    supplied = ("fastapi.", "starlette.")

    def recognises(self, app: object) -> bool:
        """Whether the app has a list of routes of this family: Bottle's, for one, have neither path nor host."""
        routes = getattr(app, "routes", None)
        return isinstance(routes, (list, tuple)) and all(_is_route(route) for route in routes)

    def routes(self, app: Any, place: Place, walk: Walk) -> list[FoundRoute]:
        """Return the routes of the app's router, of included routers and of mounted apps."""
        found: list[FoundRoute] = []
        if place.depth <= _DEEPEST:
            low = getattr(getattr(app, "router", app), "_low_priority_routes", None) or []
            for context in _contexts([*app.routes, *low]):
                mounted = getattr(context, "endpoint", None) is None
                found.extend(_mounted(context, place, walk) if mounted else _own(context, place))
        _add_root_path(found, getattr(app, "root_path", None), place.prefix)
        return found

    def mounts(self, app: Any) -> list[Mount]:
        """Return what `app.mount` and `Mount` mount."""
        return [
            Mount(getattr(context, "path", "") or "", context.app)
            for context in _contexts(list(app.routes))
            if getattr(context, "endpoint", None) is None and getattr(context, "app", None) is not None
        ]


def _is_route(route: object) -> bool:
    return any(isinstance(getattr(route, name, None), str) for name in ("path", "host")) or hasattr(
        route, "original_router"
    )


def _contexts(routes: list[Any]) -> list[Any]:
    """Routes with everything that included routers add to them: FastAPI's contexts, or the routes themselves."""
    routing = sys.modules.get("fastapi.routing")
    expand = getattr(routing, "iter_route_contexts", None)
    if expand is not None:
        return list(expand(routes))
    flat: list[Any] = []
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None and not hasattr(route, "path"):
            # FastAPI 0.137 and a few after it: lazy, but without the public iterator.
            contexts = getattr(route, "effective_route_contexts", None)
            for context in contexts() if contexts is not None else _contexts(inner.routes):
                flat.append(getattr(context, "starlette_route", None) or context)
        else:
            flat.append(route)
    return flat


def _mounted(context: Any, place: Place, walk: Walk) -> list[FoundRoute]:
    """Routes of a mounted app, or of an app for a host; a single opaque one for an app that nobody recognises."""
    inner = getattr(context, "app", None)
    if inner is None:
        return []
    path = getattr(context, "path", None)
    where = join(place.prefix, _BRACES.sub(r"{\1}", path or ""))
    host = place.host
    wanted = getattr(context, "host", None)
    if isinstance(wanted, str) and path is None:
        host = host_with_samples(_BRACES, wanted, _samples(wanted, context))
    found = walk(inner, Place(where, host, place.depth + 1))
    if found is None:
        found = [FoundRoute("GET", where + "/{path}", inner, kind="opaque", hidden=True, mount=where, host=host)]
    for route in found:
        route.mount = route.mount or where
        route.parameters = {**_samples(path or "", context), **route.parameters}
    return found


def _own(context: Any, place: Place) -> list[FoundRoute]:
    """One route for each method of an endpoint."""
    endpoint = context.endpoint
    path = getattr(context, "path", None) or ""
    full = join(place.prefix, _BRACES.sub(r"{\1}", getattr(context, "path_format", None) or path))
    dependant = getattr(context, "dependant", None)
    more: dict[str, Any] = {
        "tags": getattr(context, "tags", None) or (),
        "dependencies": _dependencies(dependant),
        "declared": _declared(dependant),
        "host": place.host,
        "parameters": {**_annotated(dependant), **_samples(path, context)},
    }
    methods = getattr(context, "methods", None)
    if methods is None and "WebSocket" in type(getattr(context, "original_route", context)).__name__:
        return [FoundRoute("WS", full, endpoint, kind="websocket", hidden=True, **more)]
    more["hidden"] = not getattr(context, "include_in_schema", True)
    names = set(methods or (_class_methods(endpoint) if inspect.isclass(endpoint) else ["GET"]))
    found = []
    for method in sorted(names - AUTOMATIC or names):
        handler = getattr(endpoint, method.lower(), endpoint) if inspect.isclass(endpoint) else endpoint
        found.append(FoundRoute(method, full, handler, **more))
    return found


def _dependencies(dependant: object) -> list[object]:
    """The functions that FastAPI calls for a handler, and for those in turn."""
    calls: list[object] = []
    for child in getattr(dependant, "dependencies", None) or []:
        if child.call is not None:
            calls.append(child.call)
        calls.extend(_dependencies(child))
    return calls


def _declared(dependant: object, depth: int = 0) -> list[tuple[str, str, object]]:
    """What FastAPI reads of a request for a handler and its dependencies; the reader of a security scheme is who declares it."""
    found: list[tuple[str, str, object]] = []
    call = getattr(dependant, "call", None)
    for place in ("header", "cookie", "query", "body"):
        for parameter in getattr(dependant, "%s_params" % place, None) or []:
            kind: Any = getattr(getattr(parameter, "field_info", None), "annotation", None)
            fields: Any = getattr(kind, "model_fields", None) or getattr(kind, "__fields__", None) or {}
            aliases = [getattr(field, "alias", None) or name for name, field in fields.items()]
            for alias in [getattr(parameter, "alias", None) or parameter.name, *aliases]:
                found += [(place, spelt, call) for spelt in dict.fromkeys([alias, _spelt(place, alias)])]
    for child in (getattr(dependant, "dependencies", None) or []) if depth < _DEPENDENCIES_DEEPEST else []:
        scheme: Any = getattr(child.call, "model", None)
        if hasattr(child.call, "scheme_name") and scheme is not None:
            where = getattr(scheme, "in_", None)
            name = getattr(scheme, "name", None) or "authorization"
            found.append((str(getattr(where, "value", where) or "header"), name, call))
        found += _declared(child, depth + 1)
    return found


def _spelt(place: str, alias: str) -> str:
    """A name as a request has it: FastAPI's headers have hyphens."""
    return alias.replace("_", "-") if place == "header" else alias


def _class_methods(endpoint: type) -> list[str]:
    """The methods of a class-based endpoint."""
    return [
        name.upper()
        for name in ("get", "post", "put", "patch", "delete", "head", "options")
        if callable(getattr(endpoint, name, None))
    ]


def _samples(text: str, context: object) -> dict[str, object]:
    """Values for the parameters in a path or a host, where their converters tell of what type they are."""
    module = sys.modules.get("starlette.convertors")
    own = getattr(context, "param_convertors", None) or {}
    known = {**getattr(module, "CONVERTOR_TYPES", {})}
    found = {name: values.of_converter(own.get(name) or known.get(kind)) for name, kind in _BRACES.findall(text)}
    return {name: value for name, value in found.items() if value is not None}


def _annotated(dependant: object, depth: int = 0) -> dict[str, object]:
    """Values for the parameters of the path that a FastAPI handler or a dependency declares with a type."""
    found: dict[str, object] = {}
    for parameter in getattr(dependant, "path_params", None) or []:
        kind = getattr(getattr(parameter, "field_info", None), "annotation", None) or getattr(parameter, "type_", None)
        value = values.of_annotation(kind)
        if value is not None:
            found[getattr(parameter, "alias", None) or parameter.name] = str(value)
    for child in (getattr(dependant, "dependencies", None) or []) if depth < _DEPENDENCIES_DEEPEST else []:
        found = {**_annotated(child, depth + 1), **found}
    return found


def _add_root_path(routes: Iterable[FoundRoute], root: object, prefix: str) -> None:
    """Add the prefix below which an app is served: its root path, without the path where it is mounted."""
    if not isinstance(root, str) or not root.startswith("/"):
        return
    root = root.rstrip("/")
    root = root[: -len(prefix)] if prefix and root.endswith(prefix) else root
    for route in routes:
        if root and root not in route.prefixes:
            route.prefixes.append(root)
