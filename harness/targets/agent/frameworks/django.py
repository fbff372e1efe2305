"""Django: every pattern of the URL configuration, included ones and class-based views (REST framework's, too) as well."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from collections.abc import Mapping
from typing import Any

from .. import values
from .base import FoundRoute, Framework, Mount, Place, Walk

_METHODS = ("get", "post", "put", "patch", "delete", "head")


class Django(Framework):
    """Django's ASGI and WSGI handlers."""

    packages = ("django",)

    def recognises(self, app: object) -> bool:
        """Whether the app is one of Django's handlers."""
        return any(base.__module__.startswith("django.core.handlers") for base in type(app).__mro__)

    def mounts(self, app: Any) -> list[Mount]:
        """Return the APIs of django-ninja, which have OpenAPI documents of their own."""
        return [Mount("", _NinjaDocument(api)) for api in _ninja_apis()]

    def routes(self, app: Any, place: Place, walk: Walk) -> list[FoundRoute]:
        """Return the routes of the project's URL configuration: there is one for each process, whichever handler asks."""
        found = _below(sys.modules["django.urls"].get_resolver(), place.prefix.rstrip("/") + "/", {})
        for route in found:
            route.host = place.host
        return found


def _ninja_apis() -> list[Any]:
    """The APIs of django-ninja that the project's URLs lead to."""
    kind = getattr(sys.modules.get("ninja.main"), "NinjaAPI", None) or getattr(
        sys.modules.get("ninja"), "NinjaAPI", None
    )
    found: list[Any] = []
    resolvers = [sys.modules["django.urls"].get_resolver()] if kind is not None else []
    while resolvers:
        resolver = resolvers.pop()
        for entry in resolver.url_patterns:
            if hasattr(entry, "url_patterns"):
                resolvers.append(entry)
            for operation in _operations(getattr(entry, "callback", None)):
                api = getattr(operation, "api", None)
                if kind is not None and isinstance(api, kind) and api not in found:
                    found.append(api)
    return found


class _NinjaDocument:
    """The OpenAPI document of an API of django-ninja, whose paths are whole."""

    def __init__(self, api: Any) -> None:
        self.api = api

    def openapi(self) -> Any:
        """Make it."""
        return self.api.get_openapi_schema()


def _operations(callback: Any) -> list[Any]:
    """The operations behind a view of django-ninja, which chooses among them by method; none of any other view."""
    if not str(getattr(callback, "__module__", "")).startswith("ninja."):
        return []
    for cell in getattr(callback, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # An empty cell.
            operations = getattr(cell.cell_contents, "operations", None)
            if isinstance(operations, list):
                return operations
    return []


def path_of(pattern: Any) -> tuple[str, dict[str, object]]:
    """Return a pattern as a path template, and values for its parameters.

    `users/<int:pk>/` and `^users/(?P<pk>\\d+)/$` are `users/{pk}/`.
    """
    text = getattr(pattern, "_route", None)
    if text is not None:
        found = {name: values.of_converter(converter) for name, converter in pattern.converters.items()}
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", str(text))
        return path, {name: value for name, value in found.items() if value is not None}
    text = getattr(pattern, "_regex", None)
    if text is None:
        return str(pattern), {}
    try:
        return values.of_pattern(str(text))
    except Exception:
        return re.sub(r"^\^|\$$|\\Z$|\\", "", str(text)), {}


def _restricted(view: Any) -> list[str] | None:
    """The methods that `require_http_methods` admits, somewhere in a chain of decorators; None without it."""
    seen = set()
    while inspect.isfunction(view) and id(view) not in seen:
        seen.add(id(view))
        names = view.__code__.co_freevars
        cells = dict(zip(names, view.__closure__ or ()))
        if "request_method_list" in cells:
            return [str(name) for name in cells["request_method_list"].cell_contents]
        view = getattr(view, "__wrapped__", None)
    return None


def _handlers(callback: Any) -> list[tuple[str, object, bool]]:
    """(method, handler, whether any other method reaches it as well) of a view."""
    actions = getattr(callback, "actions", None)
    view_class = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if actions and view_class is not None:
        return [(method.upper(), getattr(view_class, action), False) for method, action in actions.items()]
    if view_class is not None:
        return [
            (name.upper(), getattr(view_class, name), False)
            for name in _METHODS
            if callable(getattr(view_class, name, None))
        ]
    methods = _restricted(callback)
    return [(method, callback, False) for method in methods] if methods else [("GET", callback, True)]


def _is_variant(entry: Any, resolver: Any) -> bool:
    """Whether a pattern is another one of the same view with a format behind it, as REST framework's routers add: `users.json`."""
    pattern = str(getattr(entry.pattern, "_regex", None) or getattr(entry.pattern, "_route", None) or "")
    if not re.search(r"\(\?P<format>|<drf_format_suffix:format>|<format_suffix:format>", pattern):
        return False
    own, name = entry.callback, getattr(entry, "name", None)
    others = (each for each in resolver.url_patterns if each is not entry and not hasattr(each, "url_patterns"))
    return any(each.callback is own or (name and getattr(each, "name", None) == name) for each in others)


def _below(resolver: Any, prefix: str, outer: Mapping[str, object]) -> list[FoundRoute]:
    """All routes below a resolver; `outer` are values for the parameters of the prefix."""
    found: list[FoundRoute] = []
    for entry in resolver.url_patterns:
        path, parameters = path_of(entry.pattern)
        path, parameters = prefix + path, {**outer, **parameters}
        if hasattr(entry, "url_patterns"):
            found.extend(_below(entry, path, parameters))
            continue
        if _is_variant(entry, resolver):
            continue
        operations = _operations(entry.callback)
        for operation in operations:
            guards = list(getattr(operation, "auth_callbacks", None) or ())
            own: dict[str, Any] = {"tags": operation.tags or (), "dependencies": guards, "parameters": parameters}
            hidden = not getattr(operation, "include_in_schema", True)
            found += [FoundRoute(name, path, operation.view_func, hidden=hidden, **own) for name in operation.methods]
        if operations:
            continue
        view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)
        more: dict[str, Any] = {"parameters": parameters, "module": getattr(view, "__module__", "")}
        for method, handler, any_method in _handlers(entry.callback):
            found.append(FoundRoute(method, path, handler, any_method=any_method, **more))
    return found
