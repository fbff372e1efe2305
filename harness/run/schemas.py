"""JSON Schemas of the TOML files and of the report, made of what reads them: editors complete keys by them, and tell mistakes as they
are typed.

They say what a file may look like. What only a run knows (whether a credential, a policy or a route exists) is told by the run.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from harness.contracts import registry
from harness.contracts.matrix.tables import MatrixFile, RouterFile
from harness.fake_clerk.seed import Seed
from harness.report.reading import json_schema

SCHEMAS = ".schemas"
"""The folder beside a declaration's files in which `init` writes them."""
REPORT = "auth-matrix"
"""The name of the report's schema."""
DRAFT = "http://json-schema.org/draft-07/schema#"
"""What editors of TOML (Taplo) read."""
_SHORT = {"RouteEntry": "policy", "Variable": "absent", "Leftover": "expect", "Page": "who"}
"""Tables for which a word alone may stand, and the field whose values that word has."""


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of each file, by the name of the contract; of the matrix `matrix` and `router`, of a seed of the fake `seed`."""
    models: dict[str, type[BaseModel]] = {registry.MATRIX: MatrixFile, "router": RouterFile}
    models |= {each.name: each.model for each in registry.contracts()}
    return {name: schema_of(model) for name, model in (models | {"seed": Seed}).items()}


def every_schema() -> dict[str, dict[str, Any]]:
    """Those of the TOML files, and that of the report as `auth-matrix`."""
    return schemas() | {REPORT: json_schema()}


def as_text(made: dict[str, Any]) -> str:
    """A schema as a file."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a file that a model reads."""
    made = model.model_json_schema(by_alias=True)
    tables: dict[str, dict[str, Any]] = made.get("$defs", {})
    found = _plain(made, tables)
    assert isinstance(found, dict)
    if "$defs" in found:
        found["definitions"] = found.pop("$defs")
    return {"$schema": DRAFT, **found}


def _plain(value: Any, tables: dict[str, dict[str, Any]]) -> Any:
    """A part of a schema without what TOML has not (null) and editors need not (titles); with the words that stand for a table."""
    if isinstance(value, list):
        return [_plain(each, tables) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value and (short := _SHORT.get(value["$ref"].rpartition("/")[2])):
        table = value["$ref"].rpartition("/")[2]
        return {"anyOf": [_plain(tables[table]["properties"][short], tables), {"$ref": f"#/definitions/{table}"}]}
    made: dict[str, Any] = {}
    for name, inner in value.items():
        if name == "$ref":
            made[name] = inner.replace("#/$defs/", "#/definitions/")
        elif name == "properties":
            made[name] = {key: _plain(each, tables) for key, each in inner.items()}
        elif (name == "default" and inner is None) or name == "title":
            continue
        elif name == "description":
            made[name] = " ".join(inner.split())
        elif name == "patternProperties":  # Names that do not match are mistakes.
            made |= {name: _plain(inner, tables), "additionalProperties": False}
        else:
            made[name] = _plain(inner, tables)
    kinds = made.get("anyOf")
    if isinstance(kinds, list) and {"type": "null"} in kinds:
        kinds = [each for each in kinds if each != {"type": "null"}]
        made = {name: each for name, each in made.items() if name != "anyOf"} | (
            kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        )
    return made
