"""Reads `auth-matrix.json` for whoever goes on from a report: what does not fit its schema is refused, with file and place."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import HarnessError
from harness.core.files import read_json
from harness.core.text import quoted
from harness.report.document import DRAFT, SCHEMA, VERSION, Document

_LARGEST = 1 << 30
"""Bytes of a report; 250,000 cells are some 100 MiB."""
_WAY_OUT = "run it again with this clerk-harness"


@cache
def _form() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a report (draft 2020-12), without the titles that pydantic makes of names."""
    made = _untitled(_form().json_schema())
    return {"$schema": DRAFT, "title": f"{SCHEMA}, version {VERSION}", **made}


def schema_text() -> str:
    """The same as a file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _untitled(value: Any, names: bool = False) -> Any:
    """`names`: whether the keys of this object are names of properties, of which one may be `title`."""
    if isinstance(value, list):
        return [_untitled(each) for each in value]
    if not isinstance(value, dict):
        return " ".join(value.split()) if isinstance(value, str) else value
    return {
        key: _untitled(each, names=not names and key in ("properties", "$defs"))
        for key, each in value.items()
        if names or key != "title"
    }


def read_report(path: Path) -> dict[str, Any]:
    """A report as data. Raises HarnessError naming the file, and the place in it, where it is none, or one of another version."""
    found = read_json(path, largest=_LARGEST)
    if found.get("schema") != SCHEMA:
        raise HarnessError(f"{path}: is no auth-matrix.json of clerk-harness")
    if found.get("version") != VERSION:
        version = quoted(str(found.get("version")))
        raise HarnessError(
            f"{path}: is of version {version}, and this clerk-harness reads version {VERSION}: {_WAY_OUT}"
        )
    try:
        _form().validate_python(found)
    except ValidationError as error:
        raise HarnessError(f"{path}: {_told(error)}: {_WAY_OUT}") from None
    return found


def _told(error: ValidationError) -> str:
    """The first mistake, by its place (`routers[0].routes[2].cells[7].status`), and how many more there are."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{quoted(part)}" for part in first["loc"]).lstrip(".")
    told = {"missing": "is missing", "extra_forbidden": "is no key of a report"}.get(first["type"], first["msg"])
    more = error.error_count() - 1
    return f"{place}: {told}" + (f" (and {more} more)" if more else "")
