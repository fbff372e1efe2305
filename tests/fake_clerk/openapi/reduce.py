"""Cut Clerk's OpenAPI document down to what the fake implements: `python -m tests.fake_clerk.openapi.reduce DOCUMENT.yml`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from harness.fake_clerk.api import OPERATIONS

HERE = Path(__file__).parent


def references(value: Any) -> set[str]:
    """All `$ref`s in a document's part."""
    return set(re.findall(r'"\$ref": "(#/components/[^"]+)"', json.dumps(value)))


def reduced(document: dict[str, Any]) -> dict[str, Any]:
    """The implemented operations, and the components that they refer to."""
    wanted = {(o.method.lower(), o.path.removeprefix("/v1")) for o in OPERATIONS if o.path.startswith("/v1")}
    paths: dict[str, Any] = {}
    for path, item in document["paths"].items():
        kept = {method: operation for method, operation in item.items() if (method, path) in wanted}
        if kept:
            paths[path] = kept
    components: dict[str, dict[str, Any]] = {}
    todo, seen = references(paths), set()
    while todo - seen:
        reference = sorted(todo - seen)[0]
        seen.add(reference)
        kind, name = reference.removeprefix("#/components/").split("/")
        found = document["components"][kind][name]
        components.setdefault(kind, {})[name] = found
        todo |= references(found)
    return {"openapi": document["openapi"], "info": document["info"], "paths": paths, "components": components}


if __name__ == "__main__":
    small = reduced(yaml.safe_load(Path(sys.argv[1]).read_text()))
    (HERE / "backend-api.json").write_text(json.dumps(small, indent=1, default=str) + "\n")
    print(len(small["paths"]), "paths")
