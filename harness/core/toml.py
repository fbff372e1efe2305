"""TOML files that users write: checked by pydantic, a mistake told with file, key and what was expected."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.core.errors import DeclarationError


class Table(BaseModel):
    """A table of a file; keys that it does not know are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_toml(path: Path, *, hint: str = "; `clerk-harness init` writes one") -> dict[str, Any]:
    """The file's tables. Raises DeclarationError naming the file (with `hint` where it is missing), and the line where TOML
    is broken."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DeclarationError(f"{path}: no such file{hint}") from None
    except OSError as error:
        raise DeclarationError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{path}: not valid TOML: {error}") from error


def explain(path: Path, error: ValidationError, known: dict[str, list[str]]) -> DeclarationError:
    """What pydantic found, as one sentence; `known` has the keys of each table by its name, `""` for the file's own."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        names = known.get(str(first["loc"][0]) if len(first["loc"]) > 1 else "", []) or known[""]
        close = difflib.get_close_matches(str(first["loc"][-1]), names, n=1)
        message = "unknown key" + (f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names)}")
    elif first["type"] == "missing":
        message = "is missing"
    more = len(error.errors()) - 1
    return DeclarationError(f"{path}: {key}: {message}" + (f" (and {more} more)" if more else ""))


Declared = TypeVar("Declared", bound=Table)


def load_table(path: Path, kind: type[Declared], known: dict[str, list[str]]) -> Declared | None:
    """A file of a contract, where there is one; see `explain`. Raises DeclarationError naming file and key."""
    if not path.is_file():
        return None
    try:
        return kind.model_validate(read_toml(path))
    except ValidationError as error:
        raise explain(path, error, known) from None
