"""Reports are written as a set: where one cannot be, those of the run before stay, all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.contracts.matrix import Plan
from harness.report import FORMATS, Listener, Meta, Record, write_all

NAMES = list(FORMATS)
RECORD = Record(Meta({}, "suites", "clerk-harness run", "probe"), Plan([], []))


class Broken(Listener):
    """A format that fails while it renders."""

    def render(self, record: Record, told: dict[str, Any] | None = None) -> str:
        """Nothing."""
        raise OSError("no space left on device")


@pytest.mark.parametrize("name", NAMES)
def test_a_report_that_fails_leaves_those_of_the_run_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for each in NAMES:
        (tmp_path / each).write_text("the report of the run before")
    monkeypatch.setitem(FORMATS, name, Broken)
    with pytest.raises(OSError, match="no space left"):
        write_all(RECORD, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        NAMES, "the report of the run before"
    )


def test_a_report_that_fails_in_an_empty_directory_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, NAMES[-1], Broken)
    with pytest.raises(OSError, match="no space left"):
        write_all(RECORD, tmp_path / "reports")
    assert not (tmp_path / "reports").exists()
