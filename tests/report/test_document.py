"""The report's form: every report fits its schema, and readers refuse what does not, with file and place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from harness.cli.main import main
from harness.contracts.base import Check
from harness.contracts.matrix import CellVerdict
from harness.contracts.matrix.tables import Policy
from harness.report.criteria import Criterion
from harness.report.document import (
    SCHEMA_FILE,
    VERSION,
    CheckEntry,
    CriterionEntry,
    LooseEntry,
    PolicyEntry,
)
from harness.report.json_report import document
from harness.report.reading import json_schema, read_report, schema_text
from tests import valid
from tests.browser.records import ALL, failing, incomplete
from tests.conftest import ROOT

WHOLE = document(failing())
CELL = "routers[0].routes[0].cells[0]"


def _cell(report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = report["routers"][0]["routes"][0]["cells"][0]
    return found


UNFIT: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another program's": (lambda r: r.update(schema="x"), "is no auth-matrix.json"),
    "without a schema": (lambda r: r.pop("schema"), "is no auth-matrix.json"),
    "of an older version": (lambda r: r.update(version=1), f"is of version 1, and this clerk-harness reads version {VERSION}"),
    "of a newer version": (lambda r: r.update(version=99), "is of version 99"),
    "without a version": (lambda r: r.pop("version"), "is of version None"),
    "a part missing": (lambda r: r.pop("policies"), "policies: is missing"),
    "a key too many": (lambda r: r.update(surprise=1), "surprise: is no key of a report"),
    "null for a list": (lambda r: r.update(causes=None), "causes: Input should be a valid list"),
    "no verdict": (lambda r: _cell(r).update(verdict="fine"), f"{CELL}.verdict: Input should be 'pass'"),
    "a status in words": (lambda r: _cell(r).update(status="200"), f"{CELL}.status: Input should be a valid integer"),
    "a cell without its credential": (lambda r: _cell(r).pop("credential"), f"{CELL}.credential: is missing"),
    "a key too many in a cell": (lambda r: _cell(r).update(x=1), f"{CELL}.x: is no key"),
    "passed in words": (lambda r: r.update(passed="yes"), "passed: Input should be a valid boolean"),
    "a check without a state": (lambda r: r["contracts"][0].update(status="fine"), "contracts[0].status: "),
    "a cause that counts below nothing": (lambda r: r["causes"][0].update(cells=-1), "causes[0].cells: "),
    "two mistakes": (lambda r: (r.pop("policies"), r.pop("causes")), "(and 1 more)"),
    "a name that a terminal obeys": (lambda r: r.update({"\x1b[31m": 1}), r"\x1b[31m: is no key"),
}  # fmt: skip


@pytest.mark.parametrize(("broken", "told"), UNFIT.values(), ids=UNFIT)
def test_what_does_not_fit_is_refused_with_file_and_place(
    broken: Callable[[dict[str, Any]], Any], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = copy.deepcopy(WHOLE)
    broken(report)
    assert valid.misfits(report)
    path, good = tmp_path / "unfit.json", tmp_path / "good.json"
    path.write_text(json.dumps(report))
    good.write_text(json.dumps(WHOLE))
    for words in (
        ["diff", str(good), str(path)],
        ["merge", str(path)],
        ["baseline", str(path), str(tmp_path / "b.json")],
    ):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert f"{path}: " in error and told in error and len(error.strip().splitlines()) == 1
    assert not (tmp_path / "b.json").exists()


@pytest.mark.parametrize("made", ALL.values(), ids=ALL)
def test_every_report_fits_and_is_read_as_it_was_written(made: Callable[[], Any], tmp_path: Path) -> None:
    path = tmp_path / "auth-matrix.json"
    path.write_text(json.dumps(document(made())))
    assert read_report(path) == valid.report(path)


def test_the_report_names_its_schema_by_a_file_beside_it() -> None:
    assert WHOLE["$schema"] == SCHEMA_FILE
    assert (ROOT / "docs" / "schemas" / SCHEMA_FILE).read_text("utf-8") == schema_text()
    jsonschema_rs.meta.validate(json_schema())


def test_objects_of_the_schema_take_no_other_keys() -> None:
    """But those whose keys are names, and what contracts measured or somebody signed."""
    tables = {"the report": json_schema(), **json_schema()["$defs"]}
    assert [name for name, table in tables.items() if table["additionalProperties"] is not False] == []


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        (CheckEntry, {each.name for each in fields(Check)}),
        (CriterionEntry, {each.name for each in fields(Criterion)}),
        (LooseEntry, {each.name for each in fields(CellVerdict)}),
        (PolicyEntry, set(Policy.model_fields)),
    ],
)
def test_what_is_written_as_it_is_has_the_keys_that_are_said(entry: Any, names: set[str]) -> None:
    assert set(entry.__annotations__) == names


def test_a_part_of_a_run_fits_too() -> None:
    record = incomplete()
    record.shard = {
        "index": 1, "count": 2, "fingerprint": {"seed": "0"}, "routes": ["GET /me"], "narrowed": "", "suites": "suites",
        "repeat": "clerk-harness run", "database": True, "missing_variables": [], "criteria": [["It holds", ["legacy"]]],
        "places": {"functions": {}, "handlers": {"GET /me": ("app.py", 3)}, "declared": {}, "files": {}},
    }  # fmt: skip
    assert valid.misfits(json.loads(json.dumps(document(record)))) == []
