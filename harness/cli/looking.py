"""What `routes` and `init` do, which look at what a backend does today. Each takes the parsed arguments and returns an exit code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.contracts.registry import MATRIX_FILE
from harness.core.command_line import word
from harness.core.errors import HarnessError
from harness.core.onlooker import Onlooker
from harness.core.output import line, say
from harness.core.redact import is_secret
from harness.core.text import many
from harness.run.baseline import declaration_for_baseline, observe_baseline
from harness.run.context import RunContext
from harness.run.first_suites import refuse_to_overwrite, write_suites
from harness.run.options import Options
from harness.run.project import Project, with_project
from harness.run.updated_suites import update_suites


def routes(arguments: argparse.Namespace) -> int:
    """List the routes and who gets in today."""
    options: Options = arguments.options
    declaration = declaration_for_baseline(options)
    with RunContext(options, declaration) as context:
        found = observe_baseline(context)
        width = max(len(line(entry.route.key)) for entry in found)
        for entry in found:
            declared = entry.policy or "UNDECLARED"
            say(f"{line(entry.route.key):{width}}  {line(entry.router):20}  {entry.guard:14}  {declared}")
            if entry.functions:
                say(f"{'':{width}}  {'':20}  by {line(', '.join(entry.functions))}")
        say(f"{many(len(found), 'route')}; columns: route, router, who gets in today, policy")
        if context.target.blocked():
            say(f"refused connections to: {', '.join(context.target.blocked())}")
    return 0


def init(arguments: argparse.Namespace) -> int:
    """Write a declaration from what the backend does today. What is not told is found out, and said."""
    options: Options = arguments.options
    if options.update:
        return _update(options)
    found = Project()
    refuse_to_overwrite(options.suites)
    if options.url is None and options.command is None:
        options, found = with_project(options)
    for reason in found.because:
        say(f"took {line(reason)}")
    written = write_suites(options, found, _Looking())
    for sentence in written.notes:
        say(line(sentence))
    for path in written.paths:
        say(str(path))
    say("Written from what the backend does today, which is not what it should do: review every line.")
    suites = "" if options.suites == Path("suites") else f" --suites {word(str(options.suites))}"
    secret = [f" --env {name}=…" for name in options.env if is_secret(name)]
    say(f"then: clerk-harness run{suites}{''.join(secret)}")
    return 0


class _Looking(Onlooker):
    """Says on standard error what is looked at: the app is started for each, and that takes its time."""

    def phase(self, name: str) -> None:
        say(f"looking: {name}", file=sys.stderr)


def _update(options: Options) -> int:
    """Add what is new to a declaration that is there."""
    if options.database:
        given = ", ".join(f"--{name}" for name in options.database)
        raise HarnessError(f"--update excludes {given}: {options.suites}/{MATRIX_FILE} has it, in [database]")
    written = update_suites(options)
    for sentence in [*written.notes, *map(str, written.paths)]:
        say(line(sentence))
    if written.paths:
        say("Written from what the new routes do today, which is not what they should do: review their lines.")
    return 0
