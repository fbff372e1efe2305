"""Every key of every TOML file, with type and default: `docs/keys.md`, written of the schemas by `make docs`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.contracts import registry
from harness.run.schemas import schemas

Schema = dict[str, Any]

_HEAD = """# All keys

Written by `make docs` from the schemas in `docs/schemas`, by which editors complete keys; a test holds it to be
current. `clerk-harness init` writes the schemas beside the files that it makes, `clerk-harness schema NAME` prints one. What the keys mean
is told on the page of each file; whatever a file has beyond them is a mistake, and told with line and column.
"""
_OTHER_FILES = {
    registry.MATRIX: ("auth_matrix.toml", "matrix.md"),
    "router": ("routers/NAME.toml", "matrix.md#routes-routersnametoml"),
    "seed": ("a seed file of the fake Clerk", "fake-clerk.md#seed-file"),
}


def page() -> str:
    """The page."""
    parts = [_HEAD]
    for name, made in schemas().items():
        file, told = _OTHER_FILES.get(name) or (f"{name}.toml", f"{name.replace('_', '-')}.md")
        parts.append(f"\n## {file}\n\nExplained in [{told.partition('#')[0]}]({told}).\n")
        parts += [_table(title, table) for title, table in tables(made)]
    return "".join(parts)


def tables(made: Schema) -> Iterator[tuple[str, Schema]]:
    """(title, schema) of the file itself and of each table in it, in the file's order; each kind of table once."""
    definitions: dict[str, Schema] = made.get("definitions", {})
    seen: set[str] = set()

    def below(table: Schema, path: str) -> Iterator[tuple[str, Schema]]:
        for key, value in table.get("properties", {}).items():
            for reference, suffix, several in _references(value):
                name = reference.rpartition("/")[2]
                if name in seen:
                    continue
                seen.add(name)
                where = f"{path}.{key}{suffix}".lstrip(".")
                title = f"[[{where}]]" if several and not path else f"[{where}]"
                yield title, definitions[name]
                yield from below(definitions[name], where)

    yield "", made
    yield from below(made, "")


def _references(value: Schema) -> Iterator[tuple[str, str, bool]]:
    """(what is referred to, what is appended to the key, whether there are several) of each table that a key takes."""
    if "$ref" in value:
        yield value["$ref"], "", False
    for each in value.get("anyOf", []):
        yield from _references(each)
    for reference, suffix, _ in _references(value["items"]) if "items" in value else ():
        yield reference, suffix, True
    for inner in _named(value):
        for reference, suffix, several in _references(inner):
            yield reference, f".NAME{suffix}", several


def _table(title: str, table: Schema) -> str:
    """A table's keys; a column for what is said of single keys stands only where something is."""
    keys: dict[str, Schema] = table.get("properties", {})
    required = set(table.get("required", []))
    rows = [
        [f"`{key}`", kind(value), _default(key, value, required), value.get("description", "")]
        for key, value in keys.items()
    ]
    width = 4 if any(row[3] for row in rows) else 3
    head = [["key", "type", "default", ""][:width], ["---"] * width]
    lines = [f"| {' | '.join(map(_cell, row[:width]))} |" for row in (*head, *rows)]
    above = [f"\n### `{title}`\n", *_about(table)] if title else [""]
    return "\n".join([*above, *lines, ""])


def _about(table: Schema) -> list[str]:
    return [f"{table['description']}\n"] if "description" in table else []


def kind(value: Schema) -> str:
    """What may stand there, in words."""
    if "anyOf" in value:
        return ", or ".join(dict.fromkeys(kind(each) for each in value["anyOf"]))
    if "enum" in value or "const" in value:
        return ", ".join(f"`{json.dumps(each)}`" for each in value.get("enum", [value.get("const")]))
    if "$ref" in value:
        return "table"
    of = str(value.get("type", "anything"))
    if of == "array":
        return f"list of {kind(value['items'])}" if value.get("items") else "list"
    if of == "object":
        inner = [each for each in _named(value) if each]
        return f"table by name: {kind(inner[0])}" if inner else "table"
    text = "date" if value.get("format") == "date" else _WORDS.get(of, of)
    limits = [f"{word} {value[key]:,}" for key, word in _LIMITS.items() if key in value]
    return " ".join([text, *limits])


def _named(value: Schema) -> list[Schema]:
    """The schemas of what stands under any name."""
    found = (value.get("additionalProperties"), *value.get("patternProperties", {}).values())
    return [each for each in found if isinstance(each, dict)]


_WORDS = {"string": "text", "boolean": "`true` or `false`", "integer": "whole number"}
_LIMITS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}


def _default(key: str, value: Schema, required: set[str]) -> str:
    if key in required:
        return "required"
    default = value.get("default")
    if default in (None, {}, []) or isinstance(default, dict):
        return ""
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
