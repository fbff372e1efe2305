"""What the five commands do. Each takes the parsed arguments and returns an exit code."""

from __future__ import annotations

import argparse
import sys
import time

from harness.cli import terminal
from harness.contracts.matrix import load
from harness.contracts.registry import MATRIX, chosen, contract
from harness.core.errors import HarnessError
from harness.core.output import hand_out, line, say
from harness.credentials import CATALOGUE, Credential, Legacy, Mint, based, register, select
from harness.database import Server, explained
from harness.fake_clerk import FakeClerk
from harness.report import Record, write_all
from harness.run.baseline import declaration_for_baseline, observe_baseline, write_suites
from harness.run.context import RunContext
from harness.run.minting import as_text, from_issuer
from harness.run.options import Options
from harness.run.record import new_record, what_left


def run(arguments: argparse.Namespace) -> int:
    """The gate: 0 all pass, 1 findings."""
    options: Options = arguments.options
    declaration = load(options.suites)
    try:  # Before anything is sent: a report that cannot be written would be lost.
        options.reports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"--reports {options.reports}: {error.strerror or error}") from error
    begun = arguments.embedded
    server = Server(begun.url, begun) if begun is not None else None
    contracts = chosen(options.only, narrowed=bool(options.routers or options.routes or options.credentials))
    with explained(), RunContext(options, declaration, server=server) as context:
        record = _judged(context, contracts, quiet=options.quiet)
    try:
        written = write_all(record, options.reports)
    except OSError as error:
        raise HarnessError(f"--reports {options.reports}: {error.strerror or error}") from error
    say(terminal.summary(record))
    say(f"report: {next(path for path in written if path.suffix == '.html')}")
    return 0 if record.passed else 1


def _judged(context: RunContext, contracts: list[str], *, quiet: bool) -> Record:
    """Judge the cells and verify the contracts; progress goes to standard error unless `quiet`."""
    record = new_record(context)
    if MATRIX not in contracts:
        record.plan.routes, record.plan.gaps = [], []
    progress = None if quiet else terminal.Progress(record.plan.cells)
    started = time.monotonic()
    for verdict in context.run(record.plan) if MATRIX in contracts else ():
        record.add(verdict)
        if progress is not None:
            progress.add(verdict)
    record.seconds = time.monotonic() - started
    for one in (contract(name) for name in contracts if name != MATRIX):
        report = progress.of(one) if progress is not None else None
        record.checks += one.verify(context, asked=one.name in context.options.only, progress=report)
    for name, why in record.unexamined.items():
        context.note(f"{name}: nothing was examined: {why}; hence the run fails (--only names the contracts to hold)")
    record.blocked = context.target.blocked()
    for text in what_left(context.names, context.options.isolation):
        context.note(text)
    if progress is not None:
        progress.finish()
    return record


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
        say(f"{len(found)} routes; columns: route, router, who gets in today, policy")
        if context.target.blocked():
            say(f"refused connections to: {', '.join(context.target.blocked())}")
    return 0


def init(arguments: argparse.Namespace) -> int:
    """Write a declaration from what the backend does today."""
    options: Options = arguments.options
    if options.app is None and options.url is None and options.command is None:
        raise HarnessError("init needs --app module:attribute, --command or --url")
    written = write_suites(options)
    for path in written:
        say(str(path))
    say("Written from what the backend does today, which is not what it should do: review every line.")
    return 0


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
