"""The command `clerk-harness mapping`: which identifier of a user each table of a given database holds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli.mapping_shown import document, drawn, told
from harness.cli.progress import redraws
from harness.cli.written import write_json
from harness.contracts.user_sync import SYNC_FILE, load_sync
from harness.core.errors import HarnessError
from harness.core.output import line, say
from harness.database.mapping import Mapping, Named, read_mapping
from harness.run.option_table import given_path

_SUITES = Path("suites")


def mapping(arguments: argparse.Namespace) -> int:
    """Read the database, print the table: 0 where all agrees, 1 where something does not, or could not be read."""
    if not 0 < arguments.timeout <= 86_400:
        raise HarnessError(f"--timeout {arguments.timeout:g}: write seconds, more than 0 and at most 86400")
    found = _read(arguments, _named(arguments))
    if arguments.json is not None:
        write_json(given_path(arguments.json, "--json"), document(found))
    if redraws(sys.stdout):
        drawn(found)
    else:
        for text in told(found):
            say(text)
    return 1 if found.findings or found.unknown else 0


def _named(arguments: argparse.Namespace) -> Named:
    """The names of the options, else those of user_sync.toml, else none."""
    suites = given_path(arguments.suites, "--suites") if arguments.suites is not None else _SUITES
    if arguments.table is not None:
        return Named(arguments.table, arguments.id, arguments.clerk_id, arguments.email, "the command line")
    file = load_sync(suites)
    if file is None:
        if arguments.suites is not None:
            raise HarnessError(f"--suites {suites}: it has no {SYNC_FILE}")
        return Named(None, arguments.id, arguments.clerk_id, arguments.email, "the command line")
    if arguments.id or arguments.clerk_id or arguments.email:
        return Named(file.table.name, arguments.id, arguments.clerk_id, arguments.email, "the command line")
    table = file.table
    return Named(table.name, table.id, table.clerk_id, table.email, str(suites / SYNC_FILE), certain=False)


def _read(arguments: argparse.Namespace, named: Named) -> Mapping:
    """Read it; who waits at a terminal sees which column is read."""
    seconds, whole = arguments.timeout, arguments.whole
    if not redraws(sys.stderr):
        return read_mapping(arguments.database, named, seconds=seconds, whole=whole)
    from rich.console import Console  # Late: without a terminal nobody waits for rich.
    from rich.text import Text

    with Console(stderr=True).status("reading the table of users") as status:
        return read_mapping(
            arguments.database, named, seconds=seconds, whole=whole,
            progress=lambda text: status.update(Text(f"reading {line(text)}", no_wrap=True, overflow="ellipsis")),
        )  # fmt: skip
