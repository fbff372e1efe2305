"""Each report file is written whole or not at all: what cannot be written leaves the file of the run before as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contracts.matrix import Plan
from harness.report import FORMATS, Listener, Meta, Record, write_all

NAMES = list(FORMATS)
RECORD = Record(Meta({}, "suites", "clerk-harness run", "probe"), Plan([], []))


class Unwritable(Listener):
    """A format whose text cannot be written to its end: a lone surrogate has no UTF-8."""

    def render(self, record: Record) -> str:
        """Half a report, and then what fails."""
        return "a new report, half of which" + "\ud800"


class Broken(Listener):
    """A format that fails while it renders."""

    def render(self, record: Record) -> str:
        """Nothing."""
        raise OSError("no space left on device")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("report", "error"), [(Unwritable, UnicodeEncodeError), (Broken, OSError)])
def test_a_report_that_fails_half_way_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, report: type[Listener], error: type[Exception]
) -> None:
    for each in NAMES:
        (tmp_path / each).write_text("the report of the run before")
    monkeypatch.setitem(FORMATS, name, report)
    with pytest.raises(error):
        write_all(RECORD, tmp_path)
    failed = NAMES.index(name)
    for each in NAMES[failed:]:
        assert (tmp_path / each).read_text() == "the report of the run before", each
    for each in NAMES[:failed]:
        assert (tmp_path / each).read_text() != "the report of the run before", each
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES), "a part was left behind"


def test_a_report_that_fails_in_an_empty_directory_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, NAMES[0], Unwritable)
    with pytest.raises(UnicodeEncodeError):
        write_all(RECORD, tmp_path / "reports")
    assert list((tmp_path / "reports").iterdir()) == []
