"""Valid values from a JSON Schema, for requests whose declaration gives no example. The same every time."""

from __future__ import annotations

import re
from functools import cache
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
_MOST = 10_000
"""Items of a list and characters of a text, beyond which a schema's lower limit is not kept."""
_FAR = 10**30
_NODES = 5_000
"""Values in one sample, beyond which the rest is left empty: schemas that refer to themselves grow without end."""


def table(value: Any) -> dict[str, Any]:
    """The value where it is an object; else an empty one: a document may have anything anywhere."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value where it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def _count(value: Any) -> int:
    """The value where it is a number of items or characters that a request may have; else 0."""
    return value if isinstance(value, int) and 0 <= value <= _MOST else 0


def _limit(value: Any) -> int | float | None:
    """The value where it is a finite number."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _FAR else None


def resolve(given: Any, document: dict[str, Any]) -> dict[str, Any]:
    """Follow `$ref` inside the document; an unknown one, and what is no schema, gives the empty schema."""
    schema = table(given)
    for _ in range(_DEPTH):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
        schema = found if isinstance(found, dict) else {}
    return {}


def sample(schema: Any, document: dict[str, Any]) -> Any:
    """A value that the schema allows, the simplest that can be had without a search."""
    return _Sampler(document).sample(schema, 0)


class _Sampler:
    """Makes one sample. Whatever is of a wrong type in a schema counts as left out."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.left = _NODES

    def sample(self, schema: Any, depth: int) -> Any:
        self.left -= 1
        if not isinstance(schema, dict) or depth > _DEPTH or self.left < 0:
            return None
        schema = resolve(schema, self.document)
        for key in ("const", "example", "default"):
            if schema.get(key) is not None:
                return schema[key]
        for key in ("examples", "enum"):
            if isinstance(schema.get(key), list) and schema[key]:
                return schema[key][0]
        if listed(schema.get("allOf")):
            return self.sample(self._merged(schema), depth + 1)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                choices = [resolve(c, self.document) for c in listed(schema[key])]
                choices = [c for c in choices if c.get("type") != "null"]
                rest = {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf")}
                return self.sample(rest | choices[0], depth + 1) if choices else None
        return self._by_type(schema, depth)

    def _merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with those of its `allOf` in it."""
        merged: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
        for part in (resolve(each, self.document) for each in schema["allOf"]):
            merged = {
                **merged,
                **part,
                "properties": {**table(merged.get("properties")), **table(part.get("properties"))},
                "required": [*listed(merged.get("required")), *listed(part.get("required"))],
            }
        if not merged["properties"]:
            del merged["properties"]
        return merged

    def _by_type(self, schema: dict[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), None)
        if kind == "object" or "properties" in schema:
            properties = table(schema.get("properties"))
            required = [name for name in listed(schema.get("required")) if isinstance(name, str)]
            return {name: self.sample(properties.get(name, {}), depth + 1) for name in dict.fromkeys(required)}
        if kind == "array":
            wanted = min(_count(schema.get("minItems")), max(self.left, 0))
            return [self.sample(schema.get("items", {}), depth + 1) for _ in range(wanted)]
        if kind in ("integer", "number"):
            return _number(schema, kind == "integer")
        if kind == "boolean":
            return True
        return _text(schema)


def _number(schema: dict[str, Any], whole: bool) -> int | float:
    value: float = 1
    low, high = _limit(schema.get("minimum")), _limit(schema.get("maximum"))
    above, below = _limit(schema.get("exclusiveMinimum")), _limit(schema.get("exclusiveMaximum"))
    if above is not None:
        value = max(value, above + 1)
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    if below is not None and value >= below:
        value = below - 1 if whole else (below + (low or above or below - 2)) / 2
    step = _limit(schema.get("multipleOf"))
    if step is not None and step > 0:
        value = step * max(1, -(-value // step))
    return int(value) if whole else value


def _text(schema: dict[str, Any]) -> str:
    shortest, longest = _count(schema.get("minLength")), schema.get("maxLength")
    longest = longest if isinstance(longest, int) and longest >= shortest else None
    if isinstance(schema.get("pattern"), str) and schema["pattern"]:
        return _matching(schema["pattern"], shortest, longest)
    form = schema.get("format")
    if isinstance(form, str) and form in _FORMATS:
        return _FORMATS[form]
    return "sample".ljust(shortest, "x")[:longest]


@cache
def _matching(pattern: str, shortest: int, longest: int | None) -> str:
    """A text for a pattern: found by Hypothesis, which knows regular expressions."""
    import warnings

    from hypothesis import Phase, find, settings, strategies
    from hypothesis.errors import HypothesisException

    # Without the phase that explains what was found, which takes seconds for each pattern, and tells nobody.
    phases = (Phase.generate, Phase.shrink)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return find(
                strategies.from_regex(pattern),
                lambda text: shortest <= len(text) <= (longest or len(text)) and text.isprintable(),
                settings=settings(database=None, derandomize=True, deadline=None, phases=phases),
            )
    except (HypothesisException, re.error, ValueError, OverflowError, RecursionError):
        return "sample"
