"""Django's routes: every pattern of the URL configuration, included ones and class-based views as well."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any

from . import values

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


def is_django(app: Any) -> bool:
    """Whether an app is one of Django's handlers."""
    return any(base.__module__.startswith("django.core.handlers") for base in type(app).__mro__)


def path_of(pattern: Any) -> tuple[str, dict[str, Any]]:
    """A pattern as a path template, and values for its parameters: `users/<int:pk>/` and `^users/(?P<pk>\\d+)/$` are `users/{pk}/`."""
    text = getattr(pattern, "_route", None)
    if text is not None:
        found = {name: values.of_converter(converter) for name, converter in pattern.converters.items()}
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", str(text))
        return path, {name: value for name, value in found.items() if value is not None}
    text = getattr(pattern, "_regex", None)
    if text is None:
        return str(pattern), {}
    try:
        path, found = values.of_pattern(str(text))
    except Exception:
        return re.sub(r"^\^|\$$|\\Z$|\\", "", str(text)), {}
    return path, found


def _restricted(view: Any) -> Any:
    """The methods that `require_http_methods` lets through, somewhere in a chain of decorators; None without it."""
    seen = set()
    while inspect.isfunction(view) and id(view) not in seen:
        seen.add(id(view))
        names = view.__code__.co_freevars
        cells = dict(zip(names, view.__closure__ or ()))
        if "request_method_list" in cells:
            return [str(name) for name in cells["request_method_list"].cell_contents]
        view = getattr(view, "__wrapped__", None)
    return None


def _handlers(callback: Any) -> Any:
    """(method, handler, whether any other method reaches it as well) of a view."""
    actions = getattr(callback, "actions", None)
    view_class = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if actions and view_class is not None:
        return [(method.upper(), getattr(view_class, action), False) for method, action in actions.items()]
    if view_class is not None:
        return [
            (name.upper(), getattr(view_class, name), False)
            for name in _METHODS[:-1]
            if callable(getattr(view_class, name, None))
        ]
    methods = _restricted(callback)
    return [(method, callback, False) for method in methods] if methods else [("GET", callback, True)]


def walk(make: Any, resolver: Any = None, prefix: str = "/", given: Any = None) -> list[Any]:
    """All routes below a resolver, by default the project's own; `make` builds one of method, path and handler."""
    if resolver is None:
        resolver = sys.modules["django.urls"].get_resolver()
    found: list[Any] = []
    for entry in resolver.url_patterns:
        path, parameters = path_of(entry.pattern)
        path, parameters = prefix + path, {**(given or {}), **parameters}
        if hasattr(entry, "url_patterns"):
            found.extend(walk(make, entry, path, parameters))
            continue
        for method, handler, any_method in _handlers(entry.callback):
            found.append(make(method, path, handler, any_method=any_method, parameters=parameters))
    return found
