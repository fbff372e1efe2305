"""Cut Clerk's OpenAPI documents down to what the fake implements.

`python -m tests.fake_clerk.openapi.reduce backend-api.yml webhooks.yml`
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from harness.fake_clerk.operations import OPERATIONS

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


def reduced(document: dict[str, Any]) -> dict[str, Any]:
    """The implemented operations, and the components that they refer to."""
    wanted = {(operation.method.lower(), operation.path.removeprefix("/v1")) for operation in OPERATIONS}
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
    write("backend-api.json", reduced(yaml.safe_load(Path(sys.argv[1]).read_text())))
    write("webhooks.json", reduced_webhooks(yaml.safe_load(Path(sys.argv[2]).read_text())))
