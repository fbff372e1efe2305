"""Reports: listeners to the stream of verdicts. A format is one file here and one line in `FORMATS`."""

from __future__ import annotations

from pathlib import Path

from harness.core.file_set import write_set
from harness.report.document import SCHEMA_FILE
from harness.report.gitlab import GitlabReport
from harness.report.html import HtmlReport
from harness.report.json_report import JsonReport, SchemaReport, document
from harness.report.junit import JunitReport
from harness.report.markdown import MarkdownReport
from harness.report.model import Listener, Meta, Record
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
    """Write every format into `directory`: all of them, or those of the former run stay. Raises OSError."""
    told = document(record)
    return write_set(directory, {directory / name: report().render(record, told) for name, report in FORMATS.items()})
