"""The command `clerk-harness issuer`: the fake Clerk alone, for local development and for tests in any language."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import re
import select
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from harness.core import ending, processes
from harness.core.errors import HarnessError
from harness.core.output import hand_out, line, say
from harness.core.redact import learn
from harness.core.text import quoted
from harness.core.urls import check_host_name
from harness.credentials import Legacy, Mint, register
from harness.fake_clerk import Endpoint, FakeClerk
from harness.fake_clerk.control_access import TOKEN
from harness.fake_clerk.seed import Seed, load_seed, plant
from harness.run.environment import refuse_live_keys, refuse_live_words
from harness.run.minting import minted
from harness.run.option_table import given_path
from harness.targets.host_redirect import Names

_DOMAIN = "harness-under-test.clerk.accounts.dev"
_PATIENCE = 5.0
_TOKEN = "CLERK_HARNESS_TOKEN"


def issuer(arguments: argparse.Namespace) -> int:
    """Serve the fake Clerk until interrupted, or while a command runs; then its exit code."""
    refuse_live_words(arguments.program, "the command after --")
    seed = load_seed(given_path(arguments.seed, "--seed")) if arguments.seed is not None else Seed()
    env_file = given_path(arguments.env_file, "--env-file") if arguments.env_file is not None else None
    _check(arguments)
    clerk = FakeClerk(
        arguments.domain or seed.domain or _DOMAIN,
        host=arguments.host,
        port=arguments.port,
        secret_key=seed.secret_key,
        webhook_secret=seed.webhook_secret,
    )
    plant(clerk, seed)
    if not seed.users:
        register(clerk, {})
    # Beside a seed nobody stands who was not declared, unless a credential is asked for that needs such a person.
    mint = functools.cache(lambda: Mint(clerk, register(clerk, {}), Legacy()))
    clerk.api.mint = lambda name: minted(mint(), name)
    clerk.serve_control()
    _admit(clerk, arguments.allow_host)
    if arguments.webhooks is not None:
        try:
            clerk.outbox.send_to(Endpoint(arguments.webhooks))
        except ValueError as error:
            raise HarnessError(f"--webhooks: {error}") from error
    try:
        clerk.start()
    except (OSError, OverflowError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise HarnessError(f"--host {quoted(arguments.host)} --port {arguments.port}: {reason}") from error
    with contextlib.closing(clerk), _env_file(env_file, clerk):
        if arguments.program:
            return _run(clerk, arguments.program)
        with contextlib.suppress(KeyboardInterrupt):
            _tell(clerk)
            _until_interrupted()
    return 0


def _admit(clerk: FakeClerk, hosts: list[str]) -> None:
    """Say by which further names the control API is reached, and its token where the environment has one.

    Containers that are started together cannot read what this one prints.
    """
    for host in hosts:
        if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", host):
            raise HarnessError(f"--allow-host {host}: a host's name or address, without scheme and port")
    # The address that was bound is a name of its own, but 0.0.0.0 and :: are nobody's.
    clerk.api.hosts.others = [*hosts, *({clerk.host} - {"0.0.0.0", "::", ""})]
    if (given := os.environ.get(_TOKEN)) is not None:
        if not TOKEN.fullmatch(given):
            raise HarnessError(f"{_TOKEN}: 16 to 128 letters, digits, - and _; or leave it out, and one is made")
        learn(given)
        clerk.api.access.token = given


def _until_interrupted() -> NoReturn:
    """Wait for a signal, also for one that has come already: `signal.pause` would miss it and wait for the next."""
    # Shells start background commands with the signal ignored.
    ending.heed(signal.SIGINT)
    receiver, sender = socket.socketpair()
    with receiver, sender:
        sender.setblocking(False)
        signal.set_wakeup_fd(sender.fileno())
        try:
            while True:
                select.select([receiver], [], [])  # The handler of the signal raises KeyboardInterrupt.
                receiver.recv(64)
        finally:
            signal.set_wakeup_fd(-1)


def _tell(clerk: FakeClerk) -> None:
    say(f"# fake Clerk on {clerk.url} and {clerk.https_url}; keys live until it stops")
    for name, value in clerk.standalone_environment().items():
        hand_out(f"export {name}={json.dumps(value) if chr(10) not in value else _multiline(value)}")
    say(f"# users: {line(', '.join(user.email or user.id for user in clerk.directory.users.values()))}")
    hand_out(f"# its page, with users and sessions: {clerk.control_url}/")
    hand_out(f"# a token: clerk-harness token clerk --issuer {clerk.control_url}")
    if clerk.host != "127.0.0.1":
        say("clerk-harness: other machines may reach it: nothing behind it may be real", file=sys.stderr)


def _multiline(value: str) -> str:
    return "$'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


@contextlib.contextmanager
def _env_file(path: Path | None, clerk: FakeClerk) -> Iterator[None]:
    """The variables in a file, as dotenv reads them, while the issuer runs."""
    if path is None:
        yield
        return
    if os.path.lexists(path):
        raise HarnessError(
            f"--env-file {path}: exists already; name a new file, which is removed when the issuer stops"
        )
    lines = [f"{name}={json.dumps(value)}" for name, value in clerk.standalone_environment().items()]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise HarnessError(f"--env-file {path}: {error.strerror or error}") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _check(arguments: argparse.Namespace) -> None:
    """Raise HarnessError for an address that is none, before anything is started."""
    try:
        if arguments.domain:
            check_host_name(arguments.domain)
    except ValueError as error:
        raise HarnessError(f"--domain {quoted(arguments.domain)}: {error}") from None
    if not arguments.host.strip():
        raise HarnessError("--host: is empty; 127.0.0.1 is the default, 0.0.0.0 lets others in")
    if not 0 <= arguments.port <= 65535:
        raise HarnessError(f"--port {arguments.port}: between 1 and 65535")


def _run(clerk: FakeClerk, program: list[str]) -> int:
    """Run a command whose requests to Clerk come here; its exit code."""
    own = dict(os.environ) | clerk.environment() | {"CLERK_HARNESS_URL": clerk.control_url}
    refuse_live_keys(own, "the environment")
    names = Names(clerk)
    try:
        process = processes.start(
            [shutil.which(program[0]) or program[0], *program[1:]],
            cwd=os.getcwd(),
            env=names.environment(own),
            files=[
                processes.DEVNULL if stream is None else number  # Closed by whoever started us.
                for number, stream in enumerate((sys.__stdin__, sys.__stdout__, sys.__stderr__))
            ],
            foreground=True,
        )
    except (OSError, ValueError) as error:
        names.close()
        reason = (error.strerror if isinstance(error, OSError) else "") or error
        raise HarnessError(f"{quoted(program[0]) or 'the command'}: cannot be started: {reason}") from error
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            process.wait(_PATIENCE)
        raise
    finally:
        process.close()
        blocked, live = names.blocked(), names.live()
        names.close()
        for sentence in live:
            say(f"clerk-harness: {sentence}: the command set it itself; it has no place in tests", file=sys.stderr)
        if blocked:
            say(f"clerk-harness: refused connections to: {', '.join(blocked)}", file=sys.stderr)
    counts = ", ".join(f"{name} {count}" for name, count in sorted(clerk.api.counts.items()))
    say(f"clerk-harness: Clerk was asked for: {counts or 'nothing'}", file=sys.stderr)
    return code if code >= 0 else 128 - code
