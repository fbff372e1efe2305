"""The command `clerk-harness`, and its exit codes: `EXIT_CODES` says what each means."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import harness
from harness.cli import completion, streams
from harness.cli.parser import Parser
from harness.cli.report_arguments import ON_REPORTS, add_commands
from harness.core import ending
from harness.core.errors import HarnessError
from harness.run.option_table import EXAMINING, add_arguments, from_arguments, whole_number
from harness.run.options import Options

if TYPE_CHECKING:
    Subcommands = argparse._SubParsersAction[Parser]

    from harness.database import EmbeddedServer

_RUN_EXAMPLE = """examples:
  clerk-harness run --suites suites                          the whole matrix
  clerk-harness run --router peers                           one router
  clerk-harness run --route "GET /peers" --credentials forged,time
  clerk-harness run --app app.main:app --app-dir ../backend --env LOG_LEVEL=warning
  clerk-harness run --router peers --fuzz 1000               and mutations of a genuine token
  clerk-harness run --only user_sync --sequences 1000             that contract alone, as a nightly run may hold it
  clerk-harness run --url http://127.0.0.1:8000
  clerk-harness run --command "node server.js"
"""
_ISSUER_EXAMPLE = """examples:
  clerk-harness issuer --port 8765                      prints the variables to set, and the address of its page
  clerk-harness issuer --seed people.toml --webhooks http://127.0.0.1:3000/webhooks
  clerk-harness issuer -- npm test                      https://api.clerk.com is the fake while it runs
"""

EXIT_CODES = (
    "exit codes: 0 all pass; 1 findings, or not all could be examined; 2 misuse or a target that cannot be examined; "
    "3 --max-time was up; 70 a mistake in the harness; 74 standard output could not be written; "
    "129, 130, 143 ended by SIGHUP, Ctrl-C, SIGTERM"
)
_OURS = "clerk-harness: this is a mistake in the harness, not in your backend; the run proves nothing"


_MODULES = dict.fromkeys(ON_REPORTS, "comparing") | {
    "routes": "looking", "init": "looking", "issuer": "issuer", "schema": "schema", "completion": "completion",
    "inventory": "inventory", "mapping": "mapping",
}  # fmt: skip
"""The module of `harness.cli` in which a command is; of the others it is `commands`."""


def _add_issuer(commands: Subcommands) -> None:
    issuer = commands.add_parser(
        "issuer", help="serve the fake Clerk alone", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_ISSUER_EXAMPLE,
    )  # fmt: skip
    issuer.add_argument("--port", type=whole_number, default=0, help="default: a free one")
    issuer.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="default: 127.0.0.1; 0.0.0.0 lets others in, for containers",
    )
    issuer.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name by which its control API is reached, for containers; repeatable",
    )
    issuer.add_argument("--domain", help="the Frontend API's host name")
    issuer.add_argument("--seed", metavar="FILE", help="users, organizations and JWT templates (TOML)")
    issuer.add_argument(
        "--webhooks", metavar="URL", help="deliver an event of every change to this URL of this machine"
    )
    issuer.add_argument("--env-file", metavar="FILE", help="write the variables there too, for dotenv")
    issuer.add_argument(
        "program",
        nargs="*",
        metavar="COMMAND",
        help="after --: run this with the fake at Clerk's real names, and end with its exit code",
    )
    issuer.set_defaults(do="issuer")


class _Version(argparse.Action):
    """argparse's own action wants the text beforehand, and what looks it up is a fifth of what `--help` takes."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parser._print_message(f"clerk-harness {harness.__version__}\n", sys.stdout)
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="clerk-harness",
        description="Contract and security tests for backends that move to Clerk.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        metavar="run | routes | token | issuer | init | diff | baseline | merge | inventory | mapping | schema | completion",
    )
    raw = argparse.RawDescriptionHelpFormatter

    run = commands.add_parser(
        "run", help="try every route with every credential and judge", formatter_class=raw, epilog=_RUN_EXAMPLE
    )
    add_arguments(run, "run")
    run.set_defaults(do="run")

    routes = commands.add_parser(
        "routes", help="what would be tested, and by which mechanism each route is guarded today", formatter_class=raw,
        epilog="example:\n  clerk-harness routes --app app.main:app --app-dir ../backend\n",
    )  # fmt: skip
    add_arguments(routes, "routes")
    routes.set_defaults(do="routes")

    init = commands.add_parser(
        "init", help="write a matrix from what a backend has today, marked for review", formatter_class=raw,
        epilog="example:\n  clerk-harness init --app app.main:app --app-dir ../backend --suites suites\n",
    )  # fmt: skip
    add_arguments(init, "init")
    init.set_defaults(do="init")

    token = commands.add_parser(
        "token", help="mint one credential, for curl", formatter_class=raw,
        epilog="examples:\n  clerk-harness token expired --explain\n"
        '  curl -H "Authorization: Bearer $(clerk-harness token clerk --issuer $CLERK_HARNESS_URL)" http://127.0.0.1:8000/me\n',
    )  # fmt: skip
    token.add_argument("name", nargs="?", help="the credential; without it, all are listed")
    token.add_argument("--explain", action="store_true", help="say what it is instead of minting it")
    token.add_argument(
        "--issuer", metavar="URL", help="mint with the keys of a running `clerk-harness issuer`: its CLERK_HARNESS_URL"
    )
    token.add_argument("--page", action="store_true", help="the whole catalogue as Markdown")
    token.set_defaults(do="token")

    _add_issuer(commands)
    add_commands(commands)
    return parser


def _begin_postgres(options: Options) -> EmbeddedServer | None:
    """The embedded Postgres, begun before anything heavy is imported; None where the run may not need it."""
    from harness.database import URL_VARIABLE
    from harness.run.environment import declares_database

    if (options.url and not options.command) or options.postgres or os.environ.get(URL_VARIABLE):
        return None
    if not declares_database(options.suites):
        return None
    from harness.database.embedded import EmbeddedServer

    return EmbeddedServer().begin()


def main(argv: list[str] | None = None) -> int:
    """Run the command in a Python that goes on afterwards; returns the exit code."""
    with ending.watched():
        return _code(argv)


def process() -> NoReturn:
    """Run the command as this process, and end with its exit code."""
    streams.hold_open()
    code = _code(None)
    ending.settle_for_good()
    sys.exit(code)


def _code(argv: list[str] | None) -> int:
    """The exit code; all is told then, and no signal changes it any more."""
    try:
        ending.watch()
        code = _attempt(argv)
        if not streams.delivered() and code in (0, 1):
            code = streams.LOST
        ending.settle(code)
    except KeyboardInterrupt as interrupt:  # It came while the end was told; it comes once.
        code = _interrupted(interrupt)
        streams.delivered()
        ending.settle(code)
    return code


def _attempt(argv: list[str] | None) -> int:
    """Do what the command says, and tell what went wrong; the exit code."""
    parser = _parser()
    if completion.asked():
        completion.complete(parser)
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        return _do(arguments, alone=argv is None)
    except HarnessError as error:
        told = arguments.options.isolation.explained(error) if hasattr(arguments, "options") else error
        streams.tell(f"clerk-harness: {told}")
        ended = ending.came()
        return ended.code if ended is not None else 2
    except KeyboardInterrupt as interrupt:
        code = _interrupted(interrupt)
        streams.tell(f"clerk-harness: {str(interrupt) or 'interrupted'}")
        return code
    except Exception as error:
        if isinstance(error, OSError) and not streams.delivered():
            return streams.LOST
        import traceback

        streams.tell("".join(traceback.format_exception(error)).rstrip())
        streams.tell(_OURS)
        return 70


def _interrupted(interrupt: KeyboardInterrupt) -> int:
    return interrupt.code if isinstance(interrupt, ending.Ended) else 130


def _do(arguments: argparse.Namespace, *, alone: bool) -> int:
    """What the command does. `alone`: this process is the command's own, which `--isolate` may change for good."""
    early = None
    try:
        if arguments.do in EXAMINING:
            arguments.options = from_arguments(arguments)
            ending.limit(arguments.options.max_time)
            with ending.held():  # Late, as all that follows: --help must not wait for it.
                from harness.core import processes
                from harness.run.isolate import isolate
            arguments.options.isolation = isolate(arguments.options, alone=alone)
        with ending.held():
            if arguments.do in EXAMINING and (arguments.options.command or not arguments.options.url):
                processes.begin()  # After the namespace was entered, which holds what is started later.
            early = _begin_postgres(arguments.options) if arguments.do == "run" else None
        with ending.held(release_after=False):  # Half of an import is nothing that a report could be written with.
            module = import_module(
                f"harness.cli.{_MODULES.get(arguments.do, 'commands')}"
            )  # Late: --help must not wait.
        if arguments.do != "run":
            ending.release()
        arguments.embedded = early
        handler = getattr(module, arguments.do)
        code: int = handler(arguments)
        return code
    finally:
        if early is not None:
            with ending.held(release_after=False):  # What the command came to stands.
                early.close()
