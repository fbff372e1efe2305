"""What the five commands do. Each takes the parsed arguments and returns an exit code."""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.parse
import urllib.request
from typing import Any

from harness.cli import terminal
from harness.cli.main import options_of, repeat_command
from harness.contracts.matrix import load
from harness.contracts.registry import HOLD, chosen
from harness.core.errors import HarnessError
from harness.credentials import CATALOGUE, Credential, Legacy, Mint, Presentation, based, register, select
from harness.database import Server, explained
from harness.fake_clerk import FakeClerk
from harness.report import Meta, Record, write_all
from harness.run.baseline import declaration_for_baseline, observe_baseline, write_suites
from harness.run.context import Session


def run(arguments: argparse.Namespace) -> int:
    """The gate: 0 all pass, 1 findings."""
    options = options_of(arguments)
    declaration = load(options.suites)
    try:  # Before anything is sent: a report that cannot be written would be lost.
        arguments.reports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"--reports {arguments.reports}: {error.strerror or error}") from error
    begun = arguments.embedded
    server = Server(begun.url, begun) if begun is not None else None
    narrow = bool(options.routers or options.routes or options.credentials)
    contracts = chosen(options.only, narrowed=narrow)
    with explained(), Session(options, declaration, server=server) as session:
        plan = session.plan()
        if "matrix" not in contracts:
            plan.routes, plan.gaps = [], []
        meta = Meta(
            target=session.target.description,
            suites=str(options.suites),
            repeat=repeat_command(options),
            evidence="probe" if session.target.probed else "http",
            narrowed=options.narrowed,
            database=declaration.matrix.database is not None,
            missing_variables=session.target.missing_variables,
        )
        record = Record(meta, plan, notes=session.notes)
        progress = None if arguments.quiet else terminal.Progress(plan.cells)
        started = time.monotonic()
        for verdict in session.run(plan) if "matrix" in contracts else ():
            record.add(verdict)
            if progress is not None:
                progress.add(verdict)
        record.seconds = time.monotonic() - started
        for name, verify in HOLD.items():
            if name in contracts:
                told = progress.of(name) if progress is not None else None
                record.checks += verify(session, asked=name in options.only, progress=told)
        for name, why in record.unexamined.items():
            session.note(
                f"{name}: nothing was examined: {why}; hence the run fails (--only names the contracts to hold)"
            )
        record.blocked = session.target.blocked()
        if progress is not None:
            progress.finish()
    try:
        written = write_all(record, arguments.reports)
    except OSError as error:
        raise HarnessError(f"--reports {arguments.reports}: {error.strerror or error}") from error
    print(terminal.summary(record))
    print(f"report: {next(path for path in written if path.suffix == '.html')}")
    return 0 if record.passed else 1


def routes(arguments: argparse.Namespace) -> int:
    """List the routes and who gets in today."""
    options = options_of(arguments)
    declaration = declaration_for_baseline(options)
    with Session(options, declaration) as session:
        found = observe_baseline(session)
        width = max(len(entry.route.key) for entry in found)
        for entry in found:
            declared = entry.policy or "UNDECLARED"
            print(f"{entry.route.key:{width}}  {entry.router:20}  {entry.guard:14}  {declared}")
            if entry.functions:
                print(f"{'':{width}}  {'':20}  by {', '.join(entry.functions)}")
        print(f"{len(found)} routes; columns: route, router, who gets in today, policy")
        if session.target.blocked():
            print(f"refused connections to: {', '.join(session.target.blocked())}")
    return 0


def init(arguments: argparse.Namespace) -> int:
    """Write a declaration from what the backend does today."""
    options = options_of(arguments)
    if options.app is None and options.url is None and options.command is None:
        raise HarnessError("init needs --app module:attribute, --command or --url")
    written = write_suites(options)
    for path in written:
        print(path)
    print("Written from what the backend does today, which is not what it should do: review every line.")
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


def _as_text(presentation: Presentation, mint: Mint) -> str:
    if presentation.delivery is not None:
        return "\n".join(f"{name}: {value}" for name, value in presentation.delivery(b"{}").items())
    lines = [presentation.token] if presentation.token is not None and not presentation.cookies else []
    if presentation.token is not None and presentation.cookies:
        lines.append(f"Authorization: Bearer {presentation.token}")
    lines += [f"Authorization: {value.decode('latin-1')}" for value in presentation.authorization]
    lines += [f"Cookie: {name}={value}" for name, value in presentation.cookies]
    lines += [f"?{name}={value}" for name, value in presentation.query]
    return "\n".join(lines)


def token(arguments: argparse.Namespace) -> int:
    """Mint one credential, or explain it, or list them all."""
    if arguments.catalogue_markdown:
        from harness.credentials.catalogue_docs import catalogue_markdown

        sys.stdout.write(catalogue_markdown())
        return 0
    if arguments.name is None:
        for each in CATALOGUE.values():
            print(f"{each.group:10} {each.name:32} {each.why}")
        return 0
    credential, base = based(arguments.name)
    if credential is None:
        select([arguments.name])
        raise HarnessError(
            f"{arguments.name!r} is a group; name one of {', '.join(c.name for c in select([arguments.name]))}"
        )
    if arguments.explain:
        print(_explain(credential))
        return 0
    if credential.bypass or credential.browser:
        raise HarnessError(
            f"{credential.name} is no token but a bent request: --explain says how, and "
            f'`clerk-harness run --route "GET /path" --credentials {credential.name}` sends it'
        )
    if arguments.issuer:
        print(from_issuer(arguments.issuer, arguments.name, option="--issuer ")["text"])
        return 0
    clerk = FakeClerk()
    mint = Mint(clerk, register(clerk, {}), Legacy())
    sys.stdout.write(_as_text(mint.present(credential, base), mint) + "\n")
    print("minted with keys of its own: only --issuer makes one that a running backend can verify", file=sys.stderr)
    return 0


def from_issuer(url: str, name: str, *, option: str) -> dict[str, Any]:
    """What a running `clerk-harness issuer` mints; see `minted`. `option` is how the user named it.

    Raises HarnessError when none answers, UnsafeError when it is on another machine.
    """
    from harness.targets.url import check_host

    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise HarnessError(f"{option}{url}: write http://127.0.0.1:PORT, as `clerk-harness issuer` prints it")
    check_host(parts.hostname, [])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url.rstrip('/')}/_harness/token/{name}", timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        if "text" not in found:
            raise ValueError("it answers something else")
    except (OSError, ValueError) as error:
        raise HarnessError(f"{option}{url}: no `clerk-harness issuer` answers there ({error})") from error
    return found


def minted(mint: Mint, name: str) -> dict[str, object] | None:
    """What `/_harness/token/NAME` answers; None for a name that is no credential's."""
    try:
        credential, base = based(name)
    except HarnessError:
        return None
    if credential is None:
        return None
    presented = mint.present(credential, base)
    return {
        "text": _as_text(presented, mint),
        "token": presented.token,
        "authorization": [value.decode("latin-1") for value in presented.authorization],
        "cookies": presented.cookies,
        "query": presented.query,
        "headers": presented.headers,
    }
