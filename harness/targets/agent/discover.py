"""Find every route: included routers at any depth, mounts, hosts, websockets, hidden routes; ASGI (Starlette, FastAPI) and Flask."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from typing import Any

from . import django, values
from .functions import name_of, plain_function

_AUTOMATIC = {"HEAD", "OPTIONS"}


class Route:
    """One method of one path, and the handler behind it."""

    def __init__(
        self,
        method: Any,
        path: Any,
        endpoint: Any,
        *,
        kind: Any = "http",
        hidden: Any = False,
        tags: Any = (),
        dependencies: Any = (),
        mount: Any = "",
        any_method: Any = False,
        parameters: Any = None,
        host: Any = "",
    ) -> None:
        self.method = method
        self.path = path
        self.endpoint = endpoint
        self.kind = kind
        self.hidden = hidden
        self.tags = [str(getattr(tag, "value", tag)) for tag in tags]
        self.dependencies = list(dependencies)
        self.mount = mount
        self.any_method = any_method
        self.parameters = dict(parameters or {})
        self.host = host
        self.prefixes: list[str] = []

    def describe(self, handlers: Any, inside: Any) -> Any:
        """What the harness is told. `inside`: authentication functions that the handler's own code names."""
        outer = plain_function(self.endpoint) or self.endpoint
        module = getattr(outer, "__module__", "") or ""
        return {
            "method": self.method,
            "path": self.path,
            "kind": self.kind,
            "hidden": self.hidden,
            "tags": self.tags,
            "module": module,
            "endpoint": "%s:%s" % (module, getattr(outer, "__qualname__", type(self.endpoint).__name__)),
            "dependencies": [name_of(call) for call in self.dependencies],
            "mount": self.mount,
            "handlers": handlers,
            "inside": inside,
            "any_method": self.any_method,
            "prefixes": self.prefixes,
            "host": self.host,
            "parameters": self.parameters,
        }


def _contexts(routes: Any) -> Any:
    routing = sys.modules.get("fastapi.routing")
    expand = getattr(routing, "iter_route_contexts", None)
    if expand is not None:
        return list(expand(routes))
    flat = []
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


_LINKS = ("app", "wsgi_app", "_app", "application", "asgi_app", "wrapped", "_wrapped", "inner")


def _held(app: Any) -> Any:
    """What an app holds that may be the app inside it: telling attributes first, then the others, then closures."""
    attributes = getattr(app, "__dict__", {})
    held = [getattr(app, name, None) for name in _LINKS]
    held += [value for name, value in list(attributes.items()) if name not in _LINKS and callable(value)]
    for cell in getattr(app, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # An empty cell.
            held.append(cell.cell_contents)
    if inspect.ismethod(app):
        held.append(app.__self__)
    return [value for value in held if value is not None and callable(value) and not inspect.isclass(value)]


def unwrap_app(app: Any) -> Any:
    """The app inside outer middleware: the nearest that has routes; None where there is none."""
    seen = set()
    level = [app]
    for _ in range(12):
        following = []
        for candidate in level:
            if candidate is None or id(candidate) in seen:
                continue
            seen.add(id(candidate))
            if django.is_django(candidate):
                return candidate
            if isinstance(getattr(candidate, "routes", None), (list, tuple)) or hasattr(candidate, "url_map"):
                return candidate
            following.extend(_held(candidate))
        level = following
    return None


def _dependencies(dependant: Any) -> Any:
    calls = []
    for child in getattr(dependant, "dependencies", None) or []:
        if child.call is not None:
            calls.append(child.call)
        calls.extend(_dependencies(child))
    return calls


def _class_methods(endpoint: Any) -> Any:
    return [
        name.upper()
        for name in ("get", "post", "put", "patch", "delete", "head", "options")
        if callable(getattr(endpoint, name, None))
    ]


def _join(prefix: Any, path: Any) -> Any:
    return prefix.rstrip("/") + path if path else prefix


_BRACES = re.compile(r"\{(\w+)(?::(\w+))?\}")


def _sampled(text: Any, context: Any) -> Any:
    """Values for the parameters in a path or a host of Starlette's, where their converters say of what kind they are."""
    module = sys.modules.get("starlette.convertors")
    own = getattr(context, "param_convertors", None) or {}
    known = {**getattr(module, "CONVERTOR_TYPES", {})}
    found = {name: values.of_converter(own.get(name) or known.get(kind)) for name, kind in _BRACES.findall(text)}
    return {name: value for name, value in found.items() if value is not None}


def _filled(pattern: Any, text: Any, given: Any) -> Any:
    """A host with labels in place of its parameters."""

    def label(found: Any) -> Any:
        return str(given.get(found[1], "sample"))

    return pattern.sub(label, text)


def _annotated(dependant: Any, depth: Any = 0) -> Any:
    """Values for the parameters of the path that a FastAPI handler or a dependency declares with a type."""
    found = {}
    for parameter in getattr(dependant, "path_params", None) or []:
        kind = getattr(getattr(parameter, "field_info", None), "annotation", None) or getattr(parameter, "type_", None)
        value = values.of_annotation(kind)
        if value is not None:
            found[getattr(parameter, "alias", None) or parameter.name] = str(value)
    for child in (getattr(dependant, "dependencies", None) or []) if depth < 8 else []:
        found = {**_annotated(child, depth + 1), **found}
    return found


def _below(routes: Any, root: Any, prefix: Any) -> None:
    """The prefix under which an app with a root path is served: what the root path has before the place where it is mounted."""
    if not isinstance(root, str) or not root.startswith("/"):
        return
    root = root.rstrip("/")
    root = root[: -len(prefix)] if prefix and root.endswith(prefix) else root
    for route in routes:
        if root and root not in route.prefixes:
            route.prefixes.append(root)


def walk_asgi(app: Any, prefix: Any = "", depth: Any = 0, host: Any = "") -> Any:
    """All routes below an ASGI app, with paths as a client writes them."""
    found = _walk_asgi(app, prefix, depth, host)
    _below(found, getattr(app, "root_path", None), prefix)
    return found


def _walk_asgi(app: Any, prefix: Any, depth: Any, host: Any) -> Any:
    found: list[Any] = []
    if depth > 20:
        return found
    low = getattr(getattr(app, "router", app), "_low_priority_routes", None) or []
    for context in _contexts(list(app.routes) + list(low)):
        inner = getattr(context, "app", None)
        path = getattr(context, "path", None)
        endpoint = getattr(context, "endpoint", None)
        if endpoint is None:
            mounted = unwrap_app(inner) if inner is not None else None
            where = _join(prefix, _BRACES.sub(r"{\1}", path or ""))
            wanted = getattr(context, "host", None)
            name = host
            if isinstance(wanted, str) and path is None:
                name = _filled(_BRACES, wanted, _sampled(wanted, context))
            below: list[Any] = []
            if mounted is not None and hasattr(mounted, "url_map"):
                below = walk_flask(mounted, where, name)
            elif mounted is not None:
                below = walk_asgi(mounted, where, depth + 1, name)
                for route in below:
                    route.mount = route.mount or where
            elif inner is not None:
                below = [Route("GET", where + "/{path}", inner, kind="opaque", hidden=True, mount=where, host=name)]
            for route in below:
                route.parameters = {**_sampled(path or "", context), **route.parameters}
            found.extend(below)
            continue
        full = _join(prefix, _BRACES.sub(r"{\1}", getattr(context, "path_format", None) or path or ""))
        calls = _dependencies(getattr(context, "dependant", None))
        more = {
            "tags": getattr(context, "tags", None) or (),
            "dependencies": calls,
            "host": host,
            "parameters": {**_annotated(getattr(context, "dependant", None)), **_sampled(path or "", context)},
        }
        hidden = not getattr(context, "include_in_schema", True)
        methods = getattr(context, "methods", None)
        if methods is None and "WebSocket" in type(getattr(context, "original_route", context)).__name__:
            found.append(Route("WS", full, endpoint, kind="websocket", hidden=True, **more))
            continue
        names = set(methods or (_class_methods(endpoint) if inspect.isclass(endpoint) else ["GET"]))
        for method in sorted(names - _AUTOMATIC or names):
            handler = getattr(endpoint, method.lower(), endpoint) if inspect.isclass(endpoint) else endpoint
            found.append(Route(method, full, handler, hidden=hidden, **more))
    return found


_RULE = re.compile(r"<(?:[a-zA-Z_]\w*(?:\(.*?\))?:)?([a-zA-Z_]\w*)>")
"""A parameter of Werkzeug's rules: `<name>`, `<int:name>`, `<any(a, b):name>`."""


def _flask_host(app: Any, rule: Any, given: Any) -> Any:
    """The host that a rule wants: its own where the app routes by host, its subdomain's where it does by subdomain."""
    server = (getattr(app, "config", None) or {}).get("SERVER_NAME")
    wanted = getattr(rule, "host", None) if getattr(app.url_map, "host_matching", False) else None
    if not wanted and server and getattr(rule, "subdomain", None):
        wanted = "%s.%s" % (rule.subdomain, server)
    return _filled(_RULE, wanted, given) if wanted else ""


def walk_flask(app: Any, prefix: Any = "", host: Any = "") -> Any:
    """All rules of a Flask app."""
    found: list[Any] = []
    for rule in app.url_map.iter_rules():
        path = _join(prefix, _RULE.sub(r"{\1}", rule.rule))
        sampled = {name: values.of_converter(kind) for name, kind in getattr(rule, "_converters", {}).items()}
        sampled = {name: value for name, value in sampled.items() if value is not None}
        view = app.view_functions.get(rule.endpoint)
        view_class = getattr(view, "view_class", None)
        blueprint = rule.endpoint.rpartition(".")[0]
        methods = set(rule.methods or ["GET"]) - _AUTOMATIC
        for method in sorted(methods):
            handler = getattr(view_class, method.lower(), view) if view_class else view
            more = {"parameters": sampled, "host": _flask_host(app, rule, sampled) or host}
            found.append(Route(method, path, handler, tags=[blueprint] if blueprint else [], **more))
    return found


def discover(app: Any, interface: Any) -> Any:
    """Routes of the app, or an empty list when its kind is not known."""
    inner = unwrap_app(app)
    if inner is None:
        return []
    if django.is_django(inner):
        return django.walk(Route)
    return walk_flask(inner) if hasattr(inner, "url_map") else walk_asgi(inner)


def openapi_of(app: Any) -> Any:
    """(document, error): the app's own OpenAPI document if it makes one, sub-applications' under their prefix."""
    inner = unwrap_app(app)
    make = getattr(inner, "openapi", None)
    if not callable(make):
        return None, None
    try:
        document = make()
    except Exception as error:
        return None, "%s: %s" % (type(error).__name__, error)
    return (document, None) if isinstance(document, dict) else (None, None)


def forget_openapi(app: Any) -> None:
    """Routes came at start-up: a document made before is not the last word."""
    inner = unwrap_app(app)
    if getattr(inner, "openapi_schema", None) is not None:
        inner.openapi_schema = None


def mounted_documents(app: Any, prefix: Any = "", depth: Any = 0) -> Any:
    """(prefix, document) of every mounted sub-application that makes an OpenAPI document of its own."""
    inner = unwrap_app(app)
    found: list[Any] = []
    if inner is None or not hasattr(inner, "routes") or depth > 20:
        return found
    for context in _contexts(list(inner.routes)):
        if getattr(context, "endpoint", None) is None and getattr(context, "app", None) is not None:
            where = _join(prefix, getattr(context, "path", "") or "")
            document, _ = openapi_of(context.app)
            if document:
                found.append((where, document))
            found.extend(mounted_documents(context.app, where, depth + 1))
    return found
