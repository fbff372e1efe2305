"""Django: every pattern of the URL configuration, included ones and class-based views (REST framework's, too) as well."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from typing import Any

from .. import values
from .base import FoundRoute, Framework, Place, Walk

_METHODS = ("get", "post", "put", "patch", "delete", "head")


class Django(Framework):
    """Django's ASGI and WSGI handlers."""

    packages = ("django",)

    def recognises(self, app: object) -> bool:
        """Whether the app is one of Django's handlers."""
        return any(base.__module__.startswith("django.core.handlers") for base in type(app).__mro__)

    def routes(self, app: Any, place: Place, walk: Walk) -> list[FoundRoute]:
        """Return the routes of the project's URL configuration: there is one for each process, whichever handler asks."""
        found = _below(sys.modules["django.urls"].get_resolver(), place.prefix.rstrip("/") + "/", {})
        for route in found:
            route.host = place.host
        return found


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


def _below(resolver: Any, prefix: str, outer: Mapping[str, object]) -> list[FoundRoute]:
    """All routes below a resolver; `outer` are values for the parameters of the prefix."""
    found: list[FoundRoute] = []
    for entry in resolver.url_patterns:
        path, parameters = path_of(entry.pattern)
        path, parameters = prefix + path, {**outer, **parameters}
        if hasattr(entry, "url_patterns"):
            found.extend(_below(entry, path, parameters))
            continue
        for method, handler, any_method in _handlers(entry.callback):
            found.append(FoundRoute(method, path, handler, any_method=any_method, parameters=parameters))
    return found
