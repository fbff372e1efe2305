"""Routes joined with their operations in the OpenAPI documents, and checked for completeness."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from harness.core.errors import TargetError
from harness.core.paths import path_shape
from harness.core.text import many, quoted
from harness.targets.agent.characters import whole_characters
from harness.targets.base import Route
from harness.targets.schema_examples import listed, table

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def parse_document(data: bytes) -> dict[str, Any]:
    """An OpenAPI document as a server sends it. Raises ValueError, in words that follow its name, for what is none."""
    try:
        document = json.loads(data)
    except UnicodeDecodeError:
        raise ValueError("is not JSON: it is not UTF-8 text (compressed?)") from None
    except ValueError as error:
        raise ValueError(f"is not JSON: {quoted(str(error))}") from None
    except RecursionError:
        raise ValueError("is no OpenAPI document: nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("is no OpenAPI document: not a JSON object")
    checked: dict[str, Any] = whole_characters(document)
    operations_of(checked)
    return checked


def operations_of(document: dict[str, Any], prefix: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    """Return (method, path) -> operation of an OpenAPI document.

    Raises ValueError for paths that are none: an operation that is left out would not be tested.
    """
    found = {}
    paths = document.get("paths")
    if not isinstance(paths, dict | None):
        raise ValueError("is no OpenAPI document: `paths` is not an object")
    for path, item in (paths or {}).items():
        if path.startswith("x-"):
            continue  # An extension (OpenAPI 3.1, Paths Object).
        where = f"is no OpenAPI document: the path {quoted(path)!r}"
        if not path.startswith("/"):
            raise ValueError(f"{where} does not begin with /")
        if path.count("{") != path.count("}"):
            raise ValueError(f"{where} has a brace too many")
        if not isinstance(item, dict):
            raise ValueError(f"{where} is not an object")
        for method, operation in item.items():
            if method not in METHODS:
                continue
            if not isinstance(operation, dict):
                raise ValueError(f"{where}: {method} is not an object")
            found[(method.upper(), prefix + path)] = operation
    return found


def _tags(operation: dict[str, Any] | None) -> tuple[str, ...]:
    return tuple(tag for tag in listed((operation or {}).get("tags")) if isinstance(tag, str))


def with_operations(found: list[Route], documents: list[tuple[str, dict[str, Any]]], app: str) -> list[Route]:
    """Return the routes that were found in an app, joined with their operations in its OpenAPI documents.

    `documents` are (prefix, document) of the app and of those that it mounts; `app` is its name, for messages. Raises
    TargetError where no routes were found, or fewer than the documents list.
    """
    documented: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}
    for prefix, document in documents:
        try:
            operations = operations_of(document, prefix)
        except ValueError as error:
            raise TargetError(f"--app {app}: what the app makes at {prefix or '/'} {error}") from None
        for (method, path), operation in operations.items():
            documented[(method, path_shape(path))] = (operation, document)
    if not found:
        raise TargetError(
            f"--app {app}: no routes found, so nothing could be proven; is it the app itself? "
            "What is neither Starlette, FastAPI, Flask, Quart, Litestar nor Django can be tested as a running server: --url, or --command"
        )
    have = {(route.method, path_shape(route.path)) for route in found}
    missing = sorted(
        f"{method} {path}" for method, path in set(documented) - have if not _automatic(method, path, have)
    )
    if missing:
        raise TargetError(
            f"--app {app}: the app's own OpenAPI document lists {many(len(missing), 'operation')} not found in its routes: "
            f"{', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}"
        )
    joined = []
    seen: set[str] = set()
    for route in found:
        if route.key in seen:
            continue  # A second route with the same method and path is never reached.
        seen.add(route.key)
        own = documented.get((route.method, path_shape(route.path)))
        described, owner = own if own is not None else (None, None)
        tags = route.tags or _tags(described)
        joined.append(replace(route, operation=described, document=owner, tags=tags))
    return joined


def joined(found: list[Route], documented: list[Route]) -> list[Route]:
    """Return the routes that were found in a server, with their operations, and those that only its document lists."""
    described = {(route.method, path_shape(route.path)): route for route in documented}
    routes = []
    for route in found:
        own = described.pop((route.method, path_shape(route.path)), None)
        if own is not None:
            route = replace(route, tags=own.tags, prefixes=own.prefixes, operation=own.operation, document=own.document)
        routes.append(route)
    return routes + list(described.values())


def _automatic(method: str, path: str, have: set[tuple[str, str]]) -> bool:
    return method in ("HEAD", "OPTIONS") and any(other == path for _, other in have)


def _prefixes(document: dict[str, Any], path: str, operation: dict[str, Any], at: str) -> tuple[str, ...]:
    """The paths of the servers that a document names for an operation, from the nearest (OpenAPI 3.1, Server Object)."""
    found = []
    for holder in (operation, document["paths"].get(path, {}), document):
        for server in map(table, listed(holder.get("servers"))):
            url = str(server.get("url", ""))
            for name, variable in table(server.get("variables")).items():
                url = url.replace("{" + name + "}", str(table(variable).get("default", "")))
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
            tags=_tags(operation),
            prefixes=_prefixes(document, path, operation, at),
            operation=operation,
            document=document,
        )
        for (method, path), operation in operations_of(document).items()
    ]
