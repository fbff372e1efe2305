"""Files that users name: text files only, of a size that a person writes, read without waiting for anybody."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path
from typing import Any

from harness.core.errors import DeclarationError, HarnessError, UnsafeError
from harness.core.live_keys import LiveKey, find_live_keys
from harness.core.regular import LARGEST, read_regular
from harness.core.text import quoted

_DEEPEST = 64
"""Tables and lists within one another: far beyond any declaration, far below what Python's recursion allows."""
_LONG_KEY = re.compile(r"(?<![\w.-])(?:[\w-]++\.){200}")
"""A dotted key, for which tomllib takes time by the square of its parts."""
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(
    path: Path,
    *,
    name: str = "",
    hint: str = "",
    error: type[HarnessError] = DeclarationError,
    largest: int = LARGEST,
) -> str:
    """The text of a regular file in UTF-8, with or without a byte order mark.

    Raises `error`, naming the file (or `name`), for whatever else is there: a pipe is not waited for, a device not read to
    its end. `hint` is added where there is no such file; `largest` is in bytes.
    """
    where = name or quoted(str(path))
    try:
        data = read_regular(path, largest)
    except FileNotFoundError:
        raise error(f"{where}: no such file{hint}") from None
    except OSError as problem:
        raise error(f"{where}: {problem.strerror or problem}") from problem
    except ValueError as problem:  # A NUL byte in the name, for one.
        raise error(f"{where}: {problem}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        guess = "UTF-16?" if data.startswith(_BOMS) else f"line {line}"
        raise error(f"{where}: not UTF-8 text ({guess}); save it as UTF-8") from None


def path_problem(path: Path) -> str | None:
    """Why a path can name nothing here, whether or not it exists: a loop of links, a name too long, a place closed to us."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        return problem.strerror or str(problem)
    except ValueError as problem:
        return str(problem)
    return None


def read_toml(path: Path, *, hint: str = "; `clerk-harness init` writes one") -> dict[str, Any]:
    """The file's tables. Raises DeclarationError naming the file (with `hint` where it is missing), and the line where TOML
    is broken; UnsafeError for a live key anywhere in it, naming the place."""
    import tomllib

    text = read_text(path, hint=hint)
    if _LONG_KEY.search(text):
        raise DeclarationError(f"{path}: nested too deeply")
    try:
        tables = tomllib.loads(text)
    except ValueError as error:  # Also a number of more digits than Python converts.
        raise DeclarationError(f"{path}: not valid TOML: {error}") from error
    except RecursionError:
        raise DeclarationError(f"{path}: nested too deeply") from None
    if _too_deep(tables):
        raise DeclarationError(f"{path}: nested too deeply")
    _refuse_live_keys(path, tables)
    for number, line in enumerate(text.splitlines(), 1):  # Comments too, and what the next release reads.
        for key in find_live_keys(line):
            raise _live(f"{path}: line {number}", key)
    return tables


def _refuse_live_keys(path: Path, value: object, *parts: str) -> None:
    """Raise UnsafeError for a live key in a value or in the name of one; `parts` lead to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            for key in find_live_keys(name):
                raise _live(f"{_table(path, parts)}: a name", key)
            _refuse_live_keys(path, inner, *parts, name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _refuse_live_keys(path, inner, *parts, str(number))
    elif isinstance(value, str):
        for key in find_live_keys(value):
            raise _live(f"{_table(path, parts[:-1])}: {parts[-1]}", key)


def _table(path: Path, parts: tuple[str, ...]) -> str:
    return f"{path} [{'.'.join(parts)}]" if parts else str(path)


def _live(place: str, key: LiveKey) -> UnsafeError:
    return UnsafeError(f"{place} holds a live key ({key}); the harness brings its own keys: take it out")


def read_json(path: Path, *, name: str = "", hint: str = "", largest: int = LARGEST) -> dict[str, Any]:
    """The object in a JSON file. Raises HarnessError naming the file (or `name`); `hint` is added where there is none; `largest`
    is in bytes."""
    text = read_text(path, name=name, hint=hint, error=HarnessError, largest=largest)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HarnessError(f"{name or path}: is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise HarnessError(f"{name or path}: is no JSON object")
    return found


def _too_deep(tables: dict[str, Any]) -> bool:
    level: list[Any] = [tables]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def is_written_here(folder: Path) -> bool:
    """Whether somebody may write source in a folder: it is not hidden, and holds no packages that were installed."""
    installed = folder.name in ("__pycache__", "node_modules", "site-packages") or (folder / "pyvenv.cfg").exists()
    return not folder.name.startswith(".") and not installed
