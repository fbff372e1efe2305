"""TOML files that users write: checked by pydantic, a mistake told with file, key and what was expected."""

from __future__ import annotations

import datetime
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from harness.core.errors import DeclarationError
from harness.core.files import read_toml
from harness.core.text import meant, quoted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Table(BaseModel):
    """A table of a file; keys that it does not know are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ContractTable(Table):
    """The file of a contract."""

    reviewed: bool = Field(
        default=True,
        description="false where init wrote the file and nobody has read it: it declares nothing then, and a run examines nothing by it",
    )


def listed(value: Any) -> Any:
    """A text or a number alone as a list of it, for keys that take one or several."""
    return [value] if isinstance(value, (str, int)) else value


def _of_the_system(text: str) -> str:
    if "\0" in text:
        raise ValueError("has a NUL byte")
    return text


def _of_json(value: Any) -> Any:
    """The value with dates of TOML as texts (RFC 3339). Raises ValueError for a number that JSON has not."""
    if isinstance(value, dict):
        return {key: _of_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_of_json(inner) for inner in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("JSON has neither nan nor inf")
    return value


def _of_variables(name: str) -> str:
    if not name or "=" in name or "\0" in name:
        raise ValueError("is no name of a variable")
    return name


VariableName = Annotated[str, AfterValidator(_of_variables)]
"""A name of an environment variable."""


def _of_a_field(value: str) -> str:
    if not all(" " <= c <= "\xff" or c == "\t" for c in value):
        raise ValueError("has a line end or a letter that a header field cannot have")
    return value


_TOLD: dict[str, str] = {}
"""What to write, by the pattern that it must match."""


def shape(pattern: str, words: str) -> str:
    """A pattern for a field, of which a mistake tells `words`: a regular expression is no way out for whoever wrote the file."""
    _TOLD[pattern] = words
    return pattern


HeaderName = Annotated[
    str, Field(pattern=shape(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "the name of a header field, such as x-tenant"))
]
"""A name of a header field (RFC 9110, section 5.1)."""
HeaderValue = Annotated[str, AfterValidator(_of_a_field)]
"""A value of a header field, in ISO 8859-1 (RFC 9110, section 5.5)."""
JsonValue = Annotated[Any, AfterValidator(_of_json)]
"""What is sent or signed as JSON."""
SystemText = Annotated[str, AfterValidator(_of_the_system)]
"""A text that goes to the operating system, as a path, a command or a variable: none of these can have a NUL byte."""


def _key(part: str) -> str:
    """A part of a key as TOML writes it."""
    return part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{quoted(part)}"'


def _cause(errors: list[ErrorDetails]) -> ErrorDetails:
    """What is told of several mistakes: the first; where that is a key that is missing, the misspelt one beside it, if there is one."""
    first = errors[0]
    table = first["loc"][:-1]
    misspelt = (e for e in errors if e["type"] == "extra_forbidden" and e["loc"][:-1] == table)
    return next(misspelt, first) if first["type"] == "missing" else first


def explain(path: Path, error: ValidationError, known: dict[str, list[str]]) -> DeclarationError:
    """What pydantic found, as one sentence; `known` has the keys of each table by its name, `""` for the file's own."""
    first = _cause(error.errors())
    places = (
        first["loc"][:-1] if first["loc"][-1:] == ("[key]",) else first["loc"]
    )  # It is the key itself that is wrong.
    key = ".".join(_key(str(part)) for part in places)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        names = known.get(str(first["loc"][0]) if len(first["loc"]) > 1 else "", []) or known[""]
        message = "unknown key" + (meant(str(first["loc"][-1]), names) or f"; known: {', '.join(names)}")
    elif first["type"] == "missing":
        message = "is missing"
    elif first["type"] == "string_pattern_mismatch" and (words := _TOLD.get(first["ctx"]["pattern"])):
        message = f"{quoted(str(first['input']))!r}: write {words}"
    elif first["type"] in ("model_type", "dict_type", "model_attributes_type"):
        message = "must be a table, or what docs/keys.md says in its place"
    more = len(error.errors()) - 1
    return DeclarationError(f"{path}: {key}: {message}" + (f" (and {more} more)" if more else ""))


Declared = TypeVar("Declared", bound=Table)


def load_table(path: Path, kind: type[Declared], known: dict[str, list[str]]) -> Declared | None:
    """A file of a contract, where there is one; see `explain`. Raises DeclarationError naming file and key."""
    if not os.path.lexists(path):
        return None
    try:
        return kind.model_validate(read_toml(path))
    except ValidationError as error:
        raise explain(path, error, known) from None
