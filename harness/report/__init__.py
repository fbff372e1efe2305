"""Reports: listeners to the stream of verdicts. A format is one file here and one line in `FORMATS`."""

from __future__ import annotations

from pathlib import Path

from harness.report.html import HtmlReport
from harness.report.json_report import JsonReport
from harness.report.junit import JunitReport
from harness.report.markdown import MarkdownReport
from harness.report.model import Listener, Meta, Record

__all__ = ["FORMATS", "Listener", "Meta", "Record", "write_all"]

FORMATS: dict[str, type[Listener]] = {
    "auth-matrix.json": JsonReport,
    "auth-matrix.html": HtmlReport,
    "junit.xml": JunitReport,
    "summary.md": MarkdownReport,
}


def write_all(record: Record, directory: Path) -> list[Path]:
    """Write every format into `directory`, each file whole or not at all. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, report in FORMATS.items():
        path = directory / name
        temporary = path.with_name(f".{name}.part")
        try:
            temporary.write_text(report().render(record), encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        written.append(path)
    return written
