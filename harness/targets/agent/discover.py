"""Find every route of an app, in whatever middleware it is wrapped, and its OpenAPI documents; see `frameworks`."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable
from typing import Any

from .diagnosis import words_of
from .frameworks import FoundRoute, Place, framework_of
from .frameworks.base import join

_LINKS = ("app", "wsgi_app", "_app", "application", "asgi_app", "wrapped", "_wrapped", "inner")
"""Attributes in which middleware usually keeps the app inside it."""
_LAYERS = 12
"""Middleware around an app, beyond which it is not looked for."""
_AROUND = 4
"""Layers that `around` looks through; an app's attributes hold more than its middleware."""
_MOST_AROUND = 200
_DEEPEST = 20


def _inner_candidates(app: Any) -> list[Callable[..., object]]:
    """What may be the app inside an app: its usual attributes first, then the others, then what it closes over."""
    attributes = getattr(app, "__dict__", {})
    found = [getattr(app, name, None) for name in _LINKS]
    found += [value for name, value in list(attributes.items()) if name not in _LINKS and callable(value)]
    for cell in getattr(app, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # An empty cell.
            found.append(cell.cell_contents)
    if inspect.ismethod(app):
        found.append(app.__self__)
    return [value for value in found if value is not None and callable(value) and not inspect.isclass(value)]


def unwrap_app(app: object) -> Any:
    """Return the app inside outer middleware: the nearest that a framework recognises; None where there is none."""
    seen = set()
    level = [app]
    for _ in range(_LAYERS):
        following: list[object] = []
        for candidate in level:
            if candidate is None or id(candidate) in seen:
                continue
            seen.add(id(candidate))
            if framework_of(candidate) is not None:
                return candidate
            following.extend(_inner_candidates(candidate))
        level = following
    return None


def around(app: object) -> list[Callable[..., object]]:
    """Return what is called for each request on the way from the app to the one that a framework recognises, and what may be."""
    found: dict[int, Any] = {}
    level: list[Any] = [app]
    for _ in range(_AROUND):
        new = {id(one): one for one in level if id(one) not in found}
        found.update(new)
        level = [inner for one in new.values() for inner in _inner_candidates(one)][:_MOST_AROUND]
    return list(found.values())


def walk(app: object, place: Place) -> list[FoundRoute] | None:
    """Return the routes of an app that is mounted at `place`; None where no framework recognises it."""
    inner = unwrap_app(app)
    framework = framework_of(inner)
    return None if framework is None else framework.routes(inner, place, walk)


def discover(app: object) -> list[FoundRoute]:
    """Return the routes of the app; none when no framework recognises it."""
    return walk(app, Place()) or []


def openapi_of(app: object) -> tuple[dict[str, Any] | None, str | None]:
    """Return (the app's own OpenAPI document, None), (None, the error in making it), or (None, None) where it makes none."""
    inner = unwrap_app(app)
    make: Any = getattr(inner if inner is not None else app, "openapi", None)
    if not callable(make) and type(inner).__module__ == "litestar.app" and inner.openapi_config is not None:

        def make() -> Any:
            return inner.openapi_schema.to_schema()

    if not callable(make):
        return None, None
    try:
        document = make()
        json.dumps(document)
    except Exception as error:  # Also a document that is no JSON, or contains itself.
        return None, "%s: %s" % (type(error).__name__, words_of(error))
    return (document, None) if isinstance(document, dict) else (None, None)


def forget_openapi(app: object) -> None:
    """Drop the document that the app has cached: routes were added after it was made."""
    inner = unwrap_app(app)
    if callable(getattr(inner, "openapi", None)) and getattr(inner, "openapi_schema", None) is not None:
        inner.openapi_schema = None


def mounted_documents(app: object, prefix: str = "", depth: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """Return (prefix, document) of every mounted app that makes an OpenAPI document of its own."""
    inner = unwrap_app(app)
    framework = framework_of(inner)
    found: list[tuple[str, dict[str, Any]]] = []
    if framework is None or depth > _DEEPEST:
        return found
    for mount in framework.mounts(inner):
        where = join(prefix, mount.path)
        document, _ = openapi_of(mount.app)
        if document:
            found.append((where, document))
        found.extend(mounted_documents(mount.app, where, depth + 1))
    return found
