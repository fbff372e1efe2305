"""What a body must have, as a backend's own complaint about an empty one tells: for routes that no schema describes.

The words are those of class-validator, Zod, Ajv, msgspec, pydantic, marshmallow, and of people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_WORDS = (
    re.compile(
        r"['\"`]?\b([A-Za-z_]\w*)['\"`]? (?:must (?:not )?be|should (?:not )?be|is (?:a )?required|is missing|cannot be)([^,;\"\]]*)"
    ),
    re.compile(r"required property '?\"?([A-Za-z_]\w*)()"),
    re.compile(r"[Mm]issing (?:required )?(?:field|parameter|property|key):? ?[`'\"]?([A-Za-z_]\w*)()"),
)
_PLACES = ("field", "key", "property", "param", "name")
_NO_FIELDS = {
    "body",
    "request",
    "payload",
    "data",
    "field",
    "value",
    "input",
    "json",
    "it",
    "this",
    "token",
    "authorization",
    "header",
}
_KINDS: tuple[tuple[str, Any], ...] = (
    (r"\b(?:integer|int|number|numeric|float|decimal)\b", 1), (r"\bbool", True), (r"\barray|\blist\b", []), (r"\bobject|\bdict", {}),
    (r"e-?mail", "somebody@example.com"), (r"uuid", "11111111-1111-4111-8111-111111111111"), (r"\bur[il]\b", "https://example.com/"),
    (r"\bdate", "2024-01-01"),
)  # fmt: skip


def learned_body(complaint: str, known: dict[str, Any]) -> dict[str, Any] | None:
    """The body with the fields that an answer asks for; None where it asks for none, or for those that were there already."""
    asked = {name: _value(f"{name} {words}") for name, words in _fields(complaint) if name.lower() not in _NO_FIELDS}
    wanted = {name: value for name, value in asked.items() if known.get(name) != value}
    return known | wanted if wanted else None


def _value(words: str) -> Any:
    """A value of the kind that a complaint speaks of; a text otherwise."""
    return next((value for pattern, value in _KINDS if re.search(pattern, words, re.I)), "sample")


def _fields(complaint: str) -> Iterator[tuple[str, str]]:
    """Yield the fields that a complaint names, each with what it says of it."""
    try:
        told = json.loads(complaint)
    except (ValueError, RecursionError):
        told = None
    for pattern in _WORDS:
        for match in pattern.finditer(complaint):
            yield match[1], f"{match[1]} {match[2]}"
    yield from _in_items(told)


def _in_items(told: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the fields of items such as {"loc": ["body", "title"], "msg": …}, {"path": ["title"]}, {"key": "title"}."""
    if depth > 4:
        return
    if isinstance(told, list):
        for each in told:
            yield from _in_items(each, depth + 1)
    elif isinstance(told, dict):
        words = " ".join(str(value) for value in told.values() if isinstance(value, str))
        for place in ("loc", "path"):
            path = told.get(place)
            if isinstance(path, list) and path and isinstance(path[-1], str):
                yield path[-1], words
        if any(name in told for name in ("message", "msg", "error", "code")):
            yield from (
                (told[place], words)
                for place in _PLACES
                if isinstance(told.get(place), str) and told[place].isidentifier()
            )
        for value in told.values():
            yield from _in_items(value, depth + 1)
