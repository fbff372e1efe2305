"""Routes joined with their operations in the OpenAPI documents, and checked for completeness."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from harness.core.errors import TargetError
from harness.core.paths import path_shape
from harness.targets.base import Route

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def operations_of(document: dict[str, Any], prefix: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    """Return (method, path) -> operation of an OpenAPI document."""
    found = {}
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in METHODS and isinstance(operation, dict):
                found[(method.upper(), prefix + path)] = operation
    return found


def with_operations(found: list[Route], documents: list[tuple[str, dict[str, Any]]], app: str) -> list[Route]:
    """Return the routes that were found in an app, joined with their operations in its OpenAPI documents.

    `documents` are (prefix, document) of the app and of those that it mounts; `app` is its name, for messages. Raises
    TargetError where no routes were found, or fewer than the documents list.
    """
    listed: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}
    for prefix, document in documents:
        for (method, path), listed_operation in operations_of(document, prefix).items():
            listed[(method, path_shape(path))] = (listed_operation, document)
    if not found:
        raise TargetError(
            f"--app {app}: no routes found, so nothing could be proven; is it the app itself? "
            "What is neither Starlette, FastAPI, Flask, Quart nor Django can be tested as a running server: --url"
        )
    have = {(route.method, path_shape(route.path)) for route in found}
    missing = sorted(f"{method} {path}" for method, path in set(listed) - have if not _automatic(method, path, have))
    if missing:
        raise TargetError(
            f"--app {app}: the app's own OpenAPI document lists {len(missing)} operation(s) that were not found in its routes: "
            f"{', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}"
        )
    joined = []
    seen: set[str] = set()
    for route in found:
        if route.key in seen:
            continue  # A second route with the same method and path is never reached.
        seen.add(route.key)
        own = listed.get((route.method, path_shape(route.path)))
        operation, owner = own if own is not None else (None, None)
        tags = route.tags or tuple((operation or {}).get("tags", ()))
        joined.append(replace(route, operation=operation, document=owner, tags=tags))
    return joined


def _automatic(method: str, path: str, have: set[tuple[str, str]]) -> bool:
    return method in ("HEAD", "OPTIONS") and any(other == path for _, other in have)


def _prefixes(document: dict[str, Any], path: str, operation: dict[str, Any], at: str) -> tuple[str, ...]:
    """The paths of the servers that a document names for an operation, from the nearest (OpenAPI 3.1, Server Object)."""
    found = []
    for holder in (operation, document["paths"].get(path, {}), document):
        for server in holder.get("servers") or ():
            url = str(server.get("url", ""))
            for name, variable in (server.get("variables") or {}).items():
                url = url.replace("{" + name + "}", str(variable.get("default", "")))
            # Relative to where the document is.
            with contextlib.suppress(ValueError):
                found.append(urlsplit(urljoin(at, url) if url else "").path.rstrip("/"))
    found.append(str(document.get("basePath") or "").rstrip("/"))  # Swagger 2.
    return tuple(dict.fromkeys(prefix for prefix in found if prefix and "{" not in prefix))


def routes_of_document(document: dict[str, Any], at: str = "/openapi.json") -> list[Route]:
    """Return the routes that an OpenAPI document lists, for targets that are only a URL. `at`: the path of the document."""
    return [
        Route(
            method=method,
            path=path,
            tags=tuple(operation.get("tags", ())),
            prefixes=_prefixes(document, path, operation, at),
            operation=operation,
            document=document,
        )
        for (method, path), operation in operations_of(document).items()
    ]
