"""The contracts, in the order of a run. A new one is a package beside this file with a module `verify` that defines
`CONTRACT`, and its name in `BESIDE_THE_MATRIX`.

This module is light: a contract is imported when somebody asks for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from harness.contracts.base import Contract
from harness.core.errors import DeclarationError
from harness.core.text import meant

MATRIX = "matrix"
"""The contract that every suite has, in `auth_matrix.toml`. It is judged cell by cell, not check by check."""
MATRIX_FILE = "auth_matrix.toml"
BESIDE_THE_MATRIX = ("user_sync", "migrations", "budget", "configuration", "frontend")
NAMES = (MATRIX, *BESIDE_THE_MATRIX)
"""What `--only` can name."""
FILES = {f"{name}.toml": name for name in BESIDE_THE_MATRIX}
"""Which file declares which contract."""


def contract(name: str) -> Contract:
    """A contract by its name. Raises KeyError for a name that is none's."""
    if name not in BESIDE_THE_MATRIX:
        raise KeyError(name)
    found: Contract = importlib.import_module(f"harness.contracts.{name}.verify").CONTRACT
    return found


def contracts() -> Iterator[Contract]:
    """All of them, in the order of a run."""
    return (contract(name) for name in BESIDE_THE_MATRIX)


def chosen(only: list[str], *, narrowed: bool) -> list[str]:
    """The contracts of a run: those named, else all in a whole run and the matrix in a part of one.

    Raises DeclarationError for a name that is none.
    """
    for name in only:
        if name not in NAMES:
            raise DeclarationError(f"--only {name}: no such contract{meant(name, NAMES)}; there are {', '.join(NAMES)}")
    return only or ([MATRIX] if narrowed else list(NAMES))
