"""The lines on which keys of a TOML file stand, which no parser of the standard library tells."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.core.regular import read_regular

Key = tuple[str, ...]
"""A key by its parts; an element of an array is its number."""

_LONGEST = 1000
_LARGEST = 1 << 20

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'" r"|#[^\n]*|[\[{]|[\]}]|\n",
    re.DOTALL,
)
"""What decides where a statement ends (TOML 1.0): texts and comments, in which brackets mean nothing; brackets; line ends."""


def key_lines(text: str) -> dict[Key, int]:
    """The line of each key and table of a valid TOML text, counted from 1; a key of an inline table stands on its statement's.

    Of a text that is not valid, what stands before the first mistake.
    """
    found: dict[Key, int] = {}
    arrays: dict[Key, int] = {}
    table: Key = ()
    for line, statement in _statements(text):
        try:
            values = tomllib.loads(statement)
        except ValueError:
            break
        if statement.startswith("["):
            table = _header(values, arrays)
            found.setdefault(table, line)
        else:
            _note(found, table, values, line)
    return found


def line_of(lines: dict[Key, int], key: Key) -> int | None:
    """The line of a key, else of the nearest table around it; None where there is neither."""
    for length in range(len(key), 0, -1):
        if key[:length] in lines:
            return lines[key[:length]]
    return None


def placed(message: str) -> str:
    """A message of the form `FILE.toml: some.key: what is wrong`, with the line and column of that key in that file.

    It stays as it is where the file cannot be read, or has neither the key nor a table around it.
    """
    path, mark, rest = message.partition(".toml: ")
    try:
        # What the message tells of may be that it is no file that can be read.
        text = read_regular(Path(f"{path}.toml"), _LARGEST).decode("utf-8") if mark and len(path) < _LONGEST else ""
    except (OSError, ValueError):
        return message
    key = _leading_key(rest) if text else None
    line = line_of(key_lines(text), key) if key else None
    if key is None or line is None:
        return message
    written = text.splitlines()[line - 1]
    column = next((at for part in reversed(key) if (at := written.find(part)) >= 0), 0)
    column -= column > 0 and written[column - 1] in "\"'"
    return f"{message} (at line {line}, column {column + 1})"


def _leading_key(text: str) -> Key | None:
    """The dotted key that a text begins with, up to a colon; None where it begins with something else."""
    at = text.find(": ")
    while 0 < at < _LONGEST:
        try:
            values: Any = tomllib.loads(f"{text[:at]} = 0")
        except ValueError:
            at = text.find(": ", at + 1)
            continue
        key: Key = ()
        while isinstance(values, dict):
            ((name, values),) = values.items()
            key = (*key, name)
        return key
    return None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of each header and each pair, which may go on over several lines."""
    begin, line, depth, first = 0, 1, 0, 1
    for token in _TOKEN.finditer(text + "\n"):
        mark = token[0]
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        line += mark.count("\n")
        if mark == "\n" and depth <= 0:
            statement = text[begin : token.start()].strip()
            if statement and not statement.startswith("#"):
                yield first, statement
            begin, first, depth = token.end(), line, 0


def _header(values: dict[str, Any], arrays: dict[Key, int]) -> Key:
    """The table that a header opens; `arrays` has the number of the last element of each array of tables."""
    key: Key = ()
    inner: Any = values
    while isinstance(inner, dict) and inner:
        ((name, inner),) = inner.items()
        key = (*key, name)
        if isinstance(inner, list):
            arrays[key] = arrays.get(key, -1) + 1
        if key in arrays:
            key = (*key, str(arrays[key]))
    return key


def _note(found: dict[Key, int], table: Key, value: Any, line: int) -> None:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        key = (*table, str(name))
        found.setdefault(key, line)
        _note(found, key, inner, line)
