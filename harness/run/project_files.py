"""The files of a project, as far as somebody wrote them: without environments, tests and what is generated."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from harness.core.files import is_written_here

SKIPPED = {"node_modules", "site-packages", "__pycache__", "tests", "test", "build", "dist", "venv", "env"}
_PYTHON = (".py",)
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")
_TEST = re.compile(r"^test_|_test\.py$|\.(?:test|spec)\.|\.d\.[mc]?ts$")
_MOST_FILES, _MOST_BYTES, _DEPTH = 3000, 300_000, 6


def python_texts(folder: Path) -> dict[Path, str]:
    """What stands in the Python files of a project, each read once."""
    return _texts(folder, _PYTHON)


def script_texts(folder: Path) -> dict[Path, str]:
    """The same of JavaScript and TypeScript."""
    return _texts(folder, _SCRIPTS)


def _texts(folder: Path, endings: tuple[str, ...]) -> dict[Path, str]:
    return {path: text for path in _sources(folder, endings) if (text := read_quietly(path))}


def _sources(folder: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files of a project with these endings, without environments, tests and what is generated."""
    number = 0
    for directory, folders, files in os.walk(folder):
        depth = len(Path(directory).relative_to(folder).parts)
        folders[:] = sorted(
            name for name in folders
            if depth < _DEPTH and name not in SKIPPED and is_written_here(Path(directory, name))
        )  # fmt: skip
        for name in sorted(files):
            if name.endswith(endings) and not _TEST.search(name):
                number += 1
                if number > _MOST_FILES:
                    return
                yield Path(directory, name)


def read_quietly(path: Path) -> str:
    """The beginning of a file, empty where it cannot be read."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
