"""Valid values for the parameters of a path, from the converters and patterns by which a framework routes."""

from __future__ import annotations

import datetime
import enum
import importlib
import inspect
import re
import uuid
from typing import Any, Union

# What it returns has no types: a list of (operation, argument), and arguments of any shape.
_PARSER: Any = getattr(re, "_parser", None) or importlib.import_module("sre_parse")
Value = Union[str, int, float]
UUID = "00000000-0000-4000-8000-000000000001"
_KINDS: dict[str, Value] = {"uuid": UUID, "integer": 1, "int": 1, "float": 1.5, "path": "sample"}
_ANNOTATED: dict[type, Value] = {
    uuid.UUID: UUID,
    datetime.date: "2026-01-15",
    datetime.datetime: "2026-01-15T12:00:00Z",
}
_ANY_TEXT = ("", "[^/]+", "[^/]{1,}", "[^/].*?")


def matching(pattern: str) -> str | None:
    """Return a short text that a regular expression matches whole; None where none is found."""
    try:
        text = _text(_PARSER.parse(pattern))
        return text if text and re.fullmatch(pattern, text) else None
    except Exception:
        return None


def _text(tree: Any) -> str:
    return "".join(_piece(str(kind), argument) for kind, argument in tree)


def _piece(kind: str, argument: Any) -> str:
    if kind == "LITERAL":
        return chr(argument)
    if kind in ("IN", "NOT_LITERAL", "ANY"):
        return _character(kind, argument)
    if kind.endswith("_REPEAT"):
        least, most, inner = argument
        # An optional part is left out; one or more of anything would be an empty value.
        several = len(inner) == 1 and str(inner[0][0]) in ("IN", "ANY", "NOT_LITERAL", "LITERAL") and most > 1
        times: int = max(least, 1 if several else 0)
        return _text(inner) * times
    if kind == "BRANCH":
        return _text(argument[1][0])
    if kind in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _text(argument[-1] if kind == "SUBPATTERN" else argument)
    return ""  # An anchor, which matches no character.


def _character(kind: str, argument: Any) -> str:
    if kind == "ANY":
        return "1"
    if kind == "NOT_LITERAL":
        return "1" if argument != ord("1") else "a"
    if all(str(entry) == "LITERAL" for entry, _ in argument):
        code: int = argument[0][1]
        return chr(code)
    candidates: list[str] = [*"1aA-_. ", *map(chr, range(33, 127))]
    return next(text for text in candidates if _within(text, argument))


def _within(text: str, entries: Any) -> bool:
    """Whether a character is in a class of the parsed expression."""
    negated = inside = False
    for kind, argument in entries:
        name = str(kind)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            inside = inside or ord(text) == argument
        elif name == "RANGE":
            inside = inside or argument[0] <= ord(text) <= argument[1]
        elif name == "CATEGORY":
            word = str(argument)
            known = {"DIGIT": text.isdigit(), "WORD": text.isalnum() or text == "_", "SPACE": text.isspace()}
            found = next((value for part, value in known.items() if word.endswith(part)), False)
            inside = inside or found != ("NOT_" in word)
    return inside != negated


def of_converter(converter: Any) -> Value | None:
    """Return a value that a converter of Flask, Starlette or Django takes; None where any text will do, or none is found."""
    regex = getattr(converter, "regex", None)
    if not isinstance(regex, str):
        return None
    value: Value | None
    if hasattr(converter, "num_convert"):
        value = _number(converter)
    else:
        names = [re.sub(r"convert[eo]r$", "", base.__name__.lower()) for base in type(converter).__mro__]
        value = next((_KINDS[name] for name in names if name in _KINDS), None)
    if value is not None and re.fullmatch(regex, str(value)):
        return value
    return None if regex in _ANY_TEXT else matching(regex)


def _number(converter: Any) -> Value:
    """Werkzeug's numbers, which may have bounds and a number of digits."""
    whole = converter.num_convert is int
    value: int | float = 1 if whole else 1.5
    if getattr(converter, "min", None) is not None:
        value = max(value, converter.num_convert(converter.min))
    if getattr(converter, "max", None) is not None:
        value = min(value, converter.num_convert(converter.max))
    digits = getattr(converter, "fixed_digits", 0)
    return str(value).zfill(digits) if digits else value


def of_annotation(kind: Any) -> Any:
    """Return a value of a parameter's declared type, where `1` is none; None where `1` is one or the type is not known."""
    if inspect.isclass(kind) and issubclass(kind, enum.Enum):
        return next((member.value for member in kind), None)
    literal = getattr(kind, "__args__", ()) if str(getattr(kind, "__origin__", "")) == "typing.Literal" else ()
    if literal:
        return literal[0]
    return _ANNOTATED.get(kind) if inspect.isclass(kind) else None


def of_pattern(pattern: str) -> tuple[str, dict[str, object]]:
    """Return (path template, values) of a regular expression: a captured group is a parameter, the rest is written out.

    Raises what the parser raises.
    """
    tree = _PARSER.parse(pattern)
    names = {number: name for name, number in getattr(tree, "state", tree).groupdict.items()}
    path = ""
    values: dict[str, object] = {}
    for kind, argument in tree:
        number = argument[0] if str(kind) == "SUBPATTERN" else None
        if number is None or (names and number not in names):
            path += _piece(str(kind), argument)
            continue
        name = names.get(number, "arg%d" % number)
        path += "{%s}" % name
        values[name] = _text(argument[-1])
    return path, {name: value for name, value in values.items() if value}
