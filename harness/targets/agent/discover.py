"""Find every route: included routers at any depth, mounts, websockets, hidden routes; ASGI (Starlette, FastAPI) and Flask."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from typing import Any

from . import django
from . import probe as probes

_AUTOMATIC = {"HEAD", "OPTIONS"}
_AUTH_WORD = re.compile(
    r"auth|token|verif|jwt|bearer|current_user|currentuser|credential|claim|session_user|principal|login_required|require_|permission"
)
_LIBRARIES = {
    "jwt.api_jwt": ["PyJWT.decode_complete"],
    "jose.jwt": ["decode"],
    "jose.jws": ["verify"],
    "joserfc.jwt": ["decode"],
    "authlib.jose.rfc7519.jwt": ["JsonWebToken.decode"],
    "authlib.jose.rfc7515.jws": ["JsonWebSignature.deserialize_compact"],
    "jwcrypto.jwt": ["JWT.deserialize"],
    "clerk_backend_api.security.verifytoken": ["verify_token", "verify_token_async"],
    "clerk_backend_api.security.authenticaterequest": ["authenticate_request", "authenticate_request_async"],
    "svix.webhooks": ["Webhook.verify"],
    "standardwebhooks.webhooks": ["Webhook.verify"],
}


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

    def describe(self, handlers: Any, inside: Any) -> Any:
        """What the harness is told. `inside`: authentication functions that the handler's own code names."""
        outer = probes.plain_function(self.endpoint) or self.endpoint
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
        }


def name_of(call: Any) -> Any:
    """`module:qualified name` of a callable."""
    function = probes.plain_function(call) or call
    return "%s:%s" % (getattr(function, "__module__", ""), getattr(function, "__qualname__", type(function).__name__))


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


def walk_asgi(app: Any, prefix: Any = "", depth: Any = 0) -> Any:
    """All routes below an ASGI app, with paths as a client writes them."""
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
            where = _join(prefix, path or "")
            if mounted is not None and hasattr(mounted, "url_map"):
                found.extend(walk_flask(mounted, where))
            elif mounted is not None:
                below = walk_asgi(mounted, where, depth + 1)
                for route in below:
                    route.mount = route.mount or where
                found.extend(below)
            elif path is not None and inner is not None:
                found.append(
                    Route("GET", _join(prefix, path) + "/{path}", inner, kind="opaque", hidden=True, mount=where)
                )
            continue
        full = _join(prefix, getattr(context, "path_format", None) or path or "")
        full = re.sub(r"\{(\w+):\w+\}", r"{\1}", full)
        calls = _dependencies(getattr(context, "dependant", None))
        tags = getattr(context, "tags", None) or ()
        hidden = not getattr(context, "include_in_schema", True)
        methods = getattr(context, "methods", None)
        if methods is None and "WebSocket" in type(getattr(context, "original_route", context)).__name__:
            found.append(Route("WS", full, endpoint, kind="websocket", hidden=True, tags=tags, dependencies=calls))
            continue
        names = set(methods or (_class_methods(endpoint) if inspect.isclass(endpoint) else ["GET"]))
        for method in sorted(names - _AUTOMATIC or names):
            handler = getattr(endpoint, method.lower(), endpoint) if inspect.isclass(endpoint) else endpoint
            found.append(Route(method, full, handler, hidden=hidden, tags=tags, dependencies=calls))
    return found


def walk_flask(app: Any, prefix: Any = "") -> Any:
    """All rules of a Flask app."""
    found: list[Any] = []
    for rule in app.url_map.iter_rules():
        path = _join(prefix, re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule))
        view = app.view_functions.get(rule.endpoint)
        view_class = getattr(view, "view_class", None)
        blueprint = rule.endpoint.rpartition(".")[0]
        methods = set(rule.methods or ["GET"]) - _AUTOMATIC
        for method in sorted(methods):
            handler = getattr(view_class, method.lower(), view) if view_class else view
            found.append(Route(method, path, handler, tags=[blueprint] if blueprint else []))
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


def named_in(function: Any, watched: Any, depth: Any = 2) -> Any:
    """Names of watched functions that a handler's code, or a function of its own module that it calls, refers to.

    `watched`: code -> name. Tells that a handler may decide by itself, without running it.
    """
    found: list[Any] = []
    names = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes.extend(constant for constant in code.co_consts if inspect.iscode(constant))
    for name in sorted(names):
        value = probes.plain_function(function.__globals__.get(name)) if name in function.__globals__ else None
        if value is not None and value.__code__ in watched:
            found.append(watched[value.__code__])
        elif value is not None and depth and value is not function and value.__module__ == function.__module__:
            found.extend(named_in(value, watched, depth - 1))
        elif value is None:
            found.extend(full for full in watched.values() if full.rpartition(":")[2].endswith("." + name))
    return list(dict.fromkeys(found))


def own_modules(app_dir: Any) -> Any:
    """Modules whose source lies in the target's own directory, not in an environment."""
    found: list[Any] = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if (
            file
            and file.startswith(app_dir)
            and "site-packages" not in file
            and not name.startswith("_clerk_harness_agent")
        ):
            found.append(module)
    return found


def functions_of(module: Any) -> Any:
    """(name, function) of the functions and methods that the module itself defines."""
    for value in list(vars(module).values()):
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            yield "%s:%s" % (module.__name__, value.__qualname__), value
        elif inspect.isclass(value) and value.__module__ == module.__name__:
            for member in list(vars(value).values()):
                member = getattr(member, "__func__", member)
                if inspect.isfunction(member):
                    yield "%s:%s" % (module.__name__, member.__qualname__), member


def authentication_functions(routes: Any, app_dir: Any, patterns: Any) -> Any:
    """(name, function) of what may authenticate: dependencies and own functions with a telling name, known libraries, patterns.

    What merely runs beside it (a database session, paging) must stay out: the order of these functions and the handler
    tells where a route decides.
    """
    from fnmatch import fnmatchcase

    found: dict[str, Any] = {}
    for route in routes:
        for call in route.dependencies:
            function = probes.plain_function(call)
            name = name_of(call)
            if (
                function is not None
                and _AUTH_WORD.search(name.lower())
                and not name.startswith(("fastapi.", "starlette."))
            ):
                found.setdefault(name, function)
    for module in own_modules(app_dir):
        for name, function in functions_of(module):
            if _AUTH_WORD.search(name.rpartition(":")[2].lower()) and not name.endswith("__"):
                found.setdefault(name, function)
    for module_name, names in _LIBRARIES.items():
        module = sys.modules.get(module_name)
        for qualified in names:
            value = module
            for part in qualified.split("."):
                value = getattr(value, part, None)
            function = probes.plain_function(value) if value is not None else None
            if function is not None:
                found.setdefault("%s:%s" % (module_name, qualified), function)
    for pattern in patterns:
        module_pattern = pattern.partition(":")[0]
        for module_name, module in list(sys.modules.items()):
            if module is not None and fnmatchcase(module_name, module_pattern):
                for name, function in functions_of(module):
                    if fnmatchcase(name, pattern):
                        found.setdefault(name, function)
    return found
