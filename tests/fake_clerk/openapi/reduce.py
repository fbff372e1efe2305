"""Cut Clerk's OpenAPI documents down to what the fake implements.

`python -m tests.fake_clerk.openapi.reduce backend-api.yml webhooks.yml frontend-api.yml`
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from harness.fake_clerk import CLERK, frontend
from harness.fake_clerk.operations import OPERATIONS
from harness.fake_clerk.well_known import well_known_operations
from harness.fake_clerk.wire import Operation

HERE = Path(__file__).parent
EVENTS = [
    f"{what}.{event}"
    for what, events in {
        "user": "created updated deleted",
        "session": "created pending ended removed revoked",
        "organization": "created updated deleted",
        "organizationMembership": "created updated deleted",
        "organizationInvitation": "created revoked",
    }.items()
    for event in events.split()
]
"""The webhook events that the fake sends."""


def references(value: Any) -> set[str]:
    """All `$ref`s in a document's part."""
    return set(re.findall(r'"\$ref": "(#/components/[^"]+)"', json.dumps(value)))


def reduced(document: dict[str, Any], operations: list[Operation], prefix: str) -> dict[str, Any]:
    """The implemented operations, and the components that they refer to; `prefix` of paths is not in the document."""
    wanted = {(operation.method.lower(), operation.path.removeprefix(prefix)) for operation in operations}
    paths: dict[str, Any] = {}
    for path, item in document["paths"].items():
        kept = {method: operation for method, operation in item.items() if (method, path) in wanted}
        if kept:
            paths[path] = kept
    head = {"openapi": document["openapi"], "info": document["info"]}
    return head | {"paths": paths, "components": components_for(document, paths)}


def reduced_webhooks(document: dict[str, Any]) -> dict[str, Any]:
    """The bodies of the events that the fake sends, by type, and the components that they refer to."""
    events = {
        name: item["post"]["requestBody"]["content"]["application/json"]["schema"]
        for name, item in document["x-webhooks"].items()
        if name in EVENTS
    }
    return {"info": document["info"], "events": events, "components": components_for(document, events)}


def missing(document: dict[str, Any], operations: list[Operation]) -> dict[str, str]:
    """The documented operations that the fake does not have, by method and path: their names."""
    had = {(operation.method.lower(), operation.path) for operation in operations}
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if (method, path) not in had and "operationId" in operation
    }


def components_for(document: dict[str, Any], parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The components that `parts` refer to, and those that these refer to."""
    components: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    todo = references(parts)
    while todo - seen:
        reference = sorted(todo - seen)[0]
        seen.add(reference)
        kind, name = reference.removeprefix("#/components/").split("/")
        found = document["components"][kind][name]
        components.setdefault(kind, {})[name] = found
        todo |= references(found)
    return components


def write(name: str, small: dict[str, Any]) -> None:
    """Write a document beside this file."""
    (HERE / name).write_text(json.dumps(small, indent=1, default=str) + "\n")


if __name__ == "__main__":
    write("backend-api.json", reduced(yaml.safe_load(Path(sys.argv[1]).read_text()), OPERATIONS, "/v1"))
    write("webhooks.json", reduced_webhooks(yaml.safe_load(Path(sys.argv[2]).read_text())))
    whole = yaml.safe_load(Path(sys.argv[3]).read_text())
    served = [*frontend.OPERATIONS, *well_known_operations(CLERK)]
    write("frontend-api.json", reduced(whole, served, "") | {"x-missing": missing(whole, served)})
