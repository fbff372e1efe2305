"""What `run` and `token` do. Each takes the parsed arguments and returns an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext
from pathlib import Path

from harness.cli import terminal
from harness.cli.progress import Progress
from harness.cli.watch import watch
from harness.contracts.matrix import load
from harness.contracts.registry import chosen
from harness.core import ending
from harness.core.ending import Ended
from harness.core.errors import HarnessError, UnsafeError
from harness.core.output import hand_out, say
from harness.core.text import many
from harness.credentials import CATALOGUE, Credential, Legacy, Mint, based, register, select
from harness.database import Server, explained
from harness.fake_clerk import FakeClerk
from harness.report import Record, write_all
from harness.report.annotations import workflow_commands
from harness.report.baseline import read_baseline
from harness.run.context import RunContext
from harness.run.judging import OURS, Judging
from harness.run.minting import as_text, from_issuer
from harness.run.options import Options


def run(arguments: argparse.Namespace) -> int:
    """The gate: 0 all pass, 1 findings, or the code of what has ended it; with `--watch` again and again, until a signal comes."""
    if arguments.options.watch:
        watch(arguments, _run)
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    """One run. What was judged is reported in any case, whatever ends it."""
    options: Options = arguments.options
    with ending.held(release_after=False):  # What comes before there is anything to report is reported, too.
        declaration = load(options.suites)
        part = bool(options.routers or options.routes or options.credentials) or options.depth == "quick"
        contracts = chosen(options.only, narrowed=part)
        known = read_baseline(options.baseline) if options.baseline is not None else None
        judging = Judging(options, declaration, contracts, known)
        try:  # Before anything is sent: a report that cannot be written would be lost.
            options.reports.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HarnessError(f"--reports {options.reports}: {error.strerror or error}") from error
    ended: Ended | None = None
    try:
        ending.release()
        begun = arguments.embedded
        server = Server(begun.url, begun) if begun is not None else None
        progress = None if options.quiet else Progress()
        with (
            progress or nullcontext(),
            explained(),
            RunContext(options, declaration, server=server, onlooker=progress, shared=judging.shared) as context,
        ):
            judging.judge(context, progress)
    except Ended as end:
        ended = end
        judging.cut_short(str(end))
    except UnsafeError:
        raise  # What was judged before was judged of an app that may not be tested.
    except HarnessError as error:
        if not judging.begun:
            raise
        judging.cut_short(str(error))
    except Exception as error:
        judging.crash = judging.crash or error
        judging.cut_short(f"{OURS}: {type(error).__name__}")
    ending.limit(None)
    gone = known.judge(judging.record) if known is not None else []
    write_reports(judging.record, options.reports, options.annotations, brief=options.quiet)
    if known is not None and options.update_baseline and gone:
        known.without(gone).write()
        say(f"{known.path}: {many(len(gone), 'known finding is', 'known findings are')} gone and taken out")
    if judging.crash is not None:
        raise judging.crash
    if ended is not None:
        raise ended
    return 0 if judging.record.passed else 1


def write_reports(record: Record, directory: Path, annotations: bool | None = None, *, brief: bool = False) -> None:
    """Write the reports, print the summary and the annotations; a signal that comes meanwhile waits until the files are whole.

    `annotations`: print GitHub's; None for where GitHub runs it. `brief`: the summary as `--quiet` has it.
    """
    with ending.held(release_after=False):
        try:
            written = write_all(record, directory)
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            raise HarnessError(f"--reports {directory}{where}: {error.strerror or error}") from error
    ending.release()
    say(terminal.summary(record, brief=brief))
    say(f"report: {next(path for path in written if path.suffix == '.html')}")
    if annotations if annotations is not None else os.environ.get("GITHUB_ACTIONS") == "true":
        for command in workflow_commands(record):
            hand_out(command)  # Escaped by its own rules; `say` would make it no command.


def _explain(credential: Credential) -> str:
    judged = (
        "either answer is right"
        if credential.tolerate
        else f"as `{'` or `'.join(credential.followed)}`"
        if credential.follows
        else "rejected unless a policy accepts it"
    )
    return (
        f"{credential.name}  (group {credential.group})\n  {credential.why}\n"
        f"  weakness {credential.cwe}; source {credential.source}\n  speaks for {credential.identity}; where a policy is silent: {judged}"
    )


def token(arguments: argparse.Namespace) -> int:
    """Mint one credential, or explain it, or list them all."""
    if arguments.page:
        from harness.credentials.catalogue_docs import catalogue_markdown

        hand_out(catalogue_markdown(), end="")
        return 0
    if arguments.name is None:
        for each in CATALOGUE.values():
            say(f"{each.group:10} {each.name:32} {each.why}")
        return 0
    credential, base = based(arguments.name)
    if credential is None:
        select([arguments.name])
        raise HarnessError(
            f"{arguments.name!r} is a group; name one of {', '.join(c.name for c in select([arguments.name]))}"
        )
    if arguments.explain:
        say(_explain(credential))
        return 0
    if credential.bypass or credential.browser:
        raise HarnessError(
            f"{credential.name} is no token but a bent request: --explain says how, and "
            f'`clerk-harness run --route "GET /path" --credentials {credential.name}` sends it'
        )
    if arguments.issuer:
        hand_out(from_issuer(arguments.issuer, arguments.name, option="--issuer ")["text"])
        return 0
    clerk = FakeClerk()
    mint = Mint(clerk, register(clerk, {}), Legacy())
    hand_out(as_text(mint.present(credential, base)))
    say("minted with keys of its own: only --issuer makes one that a running backend can verify", file=sys.stderr)
    return 0
