"""Reports: listeners to the stream of verdicts. A format is one file here and one line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.core.file_set import write_set
from harness.report.document import SCHEMA_FILE
from harness.report.gitlab import GitlabReport
from harness.report.html import HtmlReport
from harness.report.json_report import JsonReport, SchemaReport, streamed
from harness.report.junit import JunitReport
from harness.report.listener import Listener
from harness.report.markdown import MarkdownReport
from harness.report.model import Meta, Record
from harness.report.sarif import SarifReport

__all__ = ["FORMATS", "Listener", "Meta", "Record", "write_all"]

FORMATS: dict[str, type[Listener]] = {
    "auth-matrix.json": JsonReport,
    SCHEMA_FILE: SchemaReport,
    "auth-matrix.html": HtmlReport,
    "junit.xml": JunitReport,
    "summary.md": MarkdownReport,
    "auth-matrix.sarif": SarifReport,
    "gl-code-quality.json": GitlabReport,
}


def write_all(record: Record, directory: Path) -> list[Path]:
    """Write every format into `directory`: all of them, or those of the former run stay. Raises OSError.

    Cells are made when they are written, and forgotten then: half a million of them at once would take a gigabyte.
    """
    told = streamed(record)
    return write_set(directory, {directory / name: _parts(report(), record, told) for name, report in FORMATS.items()})


def _parts(report: Listener, record: Record, told: dict[str, Any]) -> Iterator[str]:
    """The parts of a format, of which nothing is made before it is written."""
    yield from report.parts(record, told)
