"""The files of a migration tool: regular ones, of a size that a person writes; nothing else is opened, by the harness or the tool."""

from __future__ import annotations

import os
from pathlib import Path

from harness.core.errors import DeclarationError
from harness.core.files import is_written_here
from harness.core.regular import read_regular, unfit

_DEPTH = 8
"""How many folders deep a tool's scripts are looked for."""


def text_of(path: Path, directory: Path) -> str:
    """The text of a file, whatever its encoding. Raises DeclarationError, with its name in `directory`, for what is none."""
    try:
        return read_regular(path).decode("utf-8", "replace")
    except OSError as error:
        raise DeclarationError(f"migrations.toml: {_shown(path, directory)}: {error.strerror or error}") from error
    except ValueError as error:
        raise DeclarationError(f"migrations.toml: {_shown(path, directory)}: {error}") from None


def text_if_any(path: Path) -> str:
    """The text of a file, empty where there is none that can be read: to see whose it is."""
    try:
        return text_of(path, path.parent)
    except DeclarationError:
        return ""


def refuse_irregular(config: Path, directory: Path) -> None:
    """Look at what a tool that is a program of the app would read: `config`, and the Python files below `directory`.

    Raises DeclarationError for a pipe, on which it would wait, and for a device or a file without an end, which it would hold in
    memory.
    """
    if config.exists():
        _refuse(config, directory)
    for folder, folders, files in os.walk(directory):
        here = Path(folder)
        deep = len(here.relative_to(directory).parts) >= _DEPTH
        folders[:] = [] if deep else [name for name in folders if is_written_here(here / name)]
        for name in files:
            if name.endswith(".py"):
                _refuse(here / name, directory)


def _refuse(path: Path, directory: Path) -> None:
    try:
        why = unfit(path.stat())
    except OSError:
        return  # A link to nothing, which the tool tells by itself.
    if why:
        raise DeclarationError(f"migrations.toml: {_shown(path, directory)}: {why}")


def _shown(path: Path, directory: Path) -> str:
    return path.relative_to(directory).as_posix() if path.is_relative_to(directory) else path.name
