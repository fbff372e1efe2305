"""Valid values from a JSON Schema, for requests whose declaration gives no example. The same every time."""

from __future__ import annotations

from typing import Any

_FORMATS = {
    "date": "2026-01-15",
    "date-time": "2026-01-15T12:00:00Z",
    "time": "12:00:00",
    "duration": "PT1H",
    "uuid": "11111111-1111-4111-8111-111111111111",
    "email": "sample@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "binary": "sample",
    "byte": "c2FtcGxl",
}
_DEPTH = 12


def resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Follow `$ref` inside the document; an unknown one gives the empty schema."""
    for _ in range(_DEPTH):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
        schema = found if isinstance(found, dict) else {}
    return {}


def sample(schema: Any, document: dict[str, Any], depth: int = 0) -> Any:
    """A value that the schema allows, the simplest that can be had without a search."""
    if not isinstance(schema, dict) or depth > _DEPTH:
        return None
    schema = resolve(schema, document)
    for key in ("const", "example", "default"):
        if schema.get(key) is not None:
            return schema[key]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    if "allOf" in schema:
        merged: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
        for part in schema["allOf"]:
            part = resolve(part, document)
            merged = {
                **merged,
                **part,
                "properties": {**merged.get("properties", {}), **part.get("properties", {})},
                "required": [*merged.get("required", []), *part.get("required", [])],
            }
        if not merged["properties"]:
            del merged["properties"]
        return sample(merged, document, depth + 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            choices = [c for c in schema[key] if resolve(c, document).get("type") != "null"]
            return (
                sample(
                    {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf")} | resolve(choices[0], document),
                    document,
                    depth + 1,
                )
                if choices
                else None
            )
    return _by_type(schema, document, depth)


def _by_type(schema: dict[str, Any], document: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), None)
    if kind == "object" or "properties" in schema:
        required = schema.get("required", [])
        return {
            name: sample(schema.get("properties", {}).get(name, {}), document, depth + 1)
            for name in dict.fromkeys(required)
        }
    if kind == "array":
        return [sample(schema.get("items", {}), document, depth + 1) for _ in range(schema.get("minItems", 0))]
    if kind in ("integer", "number"):
        return _number(schema, kind == "integer")
    if kind == "boolean":
        return True
    return _text(schema)


def _number(schema: dict[str, Any], whole: bool) -> int | float:
    value: float = 1
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(above, (int, float)) and not isinstance(above, bool):
        value = max(value, above + 1)
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    if isinstance(below, (int, float)) and not isinstance(below, bool) and value >= below:
        value = below - 1 if whole else (below + (low or above or below - 2)) / 2
    step = schema.get("multipleOf")
    if step:
        value = step * max(1, -(-value // step))
    return int(value) if whole else value


def _text(schema: dict[str, Any]) -> str:
    if schema.get("pattern"):
        return _matching(schema["pattern"], schema.get("minLength", 0), schema.get("maxLength"))
    text = _FORMATS.get(schema.get("format", ""), "sample")
    if schema.get("format") in _FORMATS:
        return text
    if len(text) < schema.get("minLength", 0):
        text = text.ljust(schema["minLength"], "x")
    return text[: schema["maxLength"]] if "maxLength" in schema else text


def _matching(pattern: str, shortest: int, longest: int | None) -> str:
    """A text for a pattern: found by Hypothesis, which knows regular expressions."""
    import warnings

    from hypothesis import find, settings, strategies
    from hypothesis.errors import HypothesisException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return find(
                strategies.from_regex(pattern),
                lambda text: shortest <= len(text) <= (longest or len(text)) and text.isprintable(),
                settings=settings(database=None, derandomize=True, deadline=None),
            )
    except (HypothesisException, ValueError):
        return "sample"
