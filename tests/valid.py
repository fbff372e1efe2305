"""JSON reports as a program reads them that has nothing but their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

from harness.report.reading import json_schema

_VALID = jsonschema_rs.validator_for(json_schema())


def misfits(report: Any) -> list[str]:
    """What in a report does not fit the schema, each with its place; nothing for one that is right."""
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in _VALID.iter_errors(report)]


def report(path: Path) -> dict[str, Any]:
    """The report in a file, which must fit its schema, as every report does that a test makes."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    assert misfits(found) == []
    return found
