"""What the commands on reports do: `diff`, `baseline`, `merge`. Each takes the parsed arguments and returns an exit code."""

from __future__ import annotations

import argparse

from harness.cli.commands import write_reports
from harness.core.errors import HarnessError
from harness.core.file_set import write_set
from harness.core.output import say, shown
from harness.core.text import many
from harness.report.baseline import baseline_of_report, read_baseline
from harness.report.compare import as_html, as_markdown, as_text, compare
from harness.report.merge import merged
from harness.report.reading import read_report
from harness.run.option_table import given_path

_FORMATS = {"text": as_text, "markdown": as_markdown, "html": as_html}


def diff(arguments: argparse.Namespace) -> int:
    """What changed from one report to a later one: 0 nothing new fails, 1 something does."""
    old, new = (read_report(given_path(text, "diff")) for text in (arguments.old, arguments.new))
    found = compare(old, new)
    text = _FORMATS[arguments.format](found)
    if arguments.output is None:
        say(text, end="")
    else:
        path = given_path(arguments.output, "--output")
        try:
            write_set(path.parent, {path: shown(text)})
        except OSError as error:
            raise HarnessError(f"--output {path}: {error.strerror or error}") from error
    return 1 if found.worse else 0


def baseline(arguments: argparse.Namespace) -> int:
    """Write a first baseline from a report."""
    path = given_path(arguments.file, "baseline")
    if path.exists() and not arguments.overwrite:
        raise HarnessError(
            f"{path} exists: `clerk-harness run --baseline {path} --update-baseline` takes out what is gone; "
            "--overwrite writes it anew, and with it every finding of today is known"
        )
    found = baseline_of_report(read_report(given_path(arguments.report, "baseline")), path)
    found.write()
    say(
        f"{path}: {many(len(found.known), 'known finding')} of {many(len(set(found.known.values())), 'cause')}; read them"
    )
    return 0


def merge(arguments: argparse.Namespace) -> int:
    """The reports of a whole run from those of its shards, with the exit code of the whole run."""
    directory = given_path(arguments.reports, "--reports")
    known = read_baseline(given_path(arguments.baseline, "--baseline")) if arguments.baseline is not None else None
    given = [given_path(text, "merge") for text in arguments.files]
    reports = {str(path): read_report(path) for path in given}
    if len(reports) < len(given):
        raise HarnessError("merge: a report is named twice")
    record = merged(reports)
    if known is not None:
        known.judge(record)
    write_reports(record, directory)
    return 0 if record.passed else 1
