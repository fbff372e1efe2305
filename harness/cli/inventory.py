"""The command `clerk-harness inventory`: what the code says of the migration."""

from __future__ import annotations

import argparse

from harness.cli.written import write_json
from harness.core.errors import HarnessError
from harness.core.output import say
from harness.run.option_table import given_path


def inventory(arguments: argparse.Namespace) -> int:
    """Read the code, print what is left: 0, or 1 where more is than `--max-legacy` allows."""
    from harness.inventory.document import document, told  # Late: no other command needs the parser.
    from harness.inventory.reading import take

    if arguments.max_legacy is not None and arguments.max_legacy < 0:
        raise HarnessError(f"--max-legacy {arguments.max_legacy}: is less than 0")
    found = take(
        given_path(arguments.suites, "--suites") if arguments.suites is not None else None,
        given_path(arguments.app_dir, "--app-dir") if arguments.app_dir is not None else None,
        [given_path(text, "--frontend") for text in arguments.frontend],
        given_path(arguments.report, "--report") if arguments.report is not None else None,
        arguments.max_legacy,
    )
    if arguments.json is not None:
        write_json(given_path(arguments.json, "--json"), document(found))
    for text in told(found):
        say(text)
    return 1 if found.failing else 0
