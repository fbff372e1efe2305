"""The command `clerk-harness`. Exit codes: 0 all pass, 1 findings, 2 misuse (one sentence on standard error)."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.core.errors import HarnessError
from harness.core.redact import is_secret, redact
from harness.database import URL_VARIABLE
from harness.run.options import Options, declares_database, parse_env, parse_names

if TYPE_CHECKING:
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
  clerk-harness issuer --port 8765                      its page is http://127.0.0.1:8765/
  clerk-harness issuer --seed people.toml --webhooks http://127.0.0.1:3000/webhooks
  clerk-harness issuer -- npm test                      https://api.clerk.com is the fake while it runs
"""


def _target_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("target (the command line wins over [target] in auth_matrix.toml)")
    group.add_argument("--app", metavar="MODULE:ATTRIBUTE", help="ASGI or WSGI app, or a factory")
    group.add_argument(
        "--app-dir", type=Path, metavar="DIR", help="where the app is imported from (default: this directory)"
    )
    group.add_argument(
        "--python", metavar="PATH", help="the target's Python (default: its project's virtual environment)"
    )
    group.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="set before the app is imported; repeatable"
    )
    group.add_argument("--url", help="a running backend instead of an app; --env then says what it was started with")
    group.add_argument(
        "--command",
        dest="start",
        metavar="COMMAND",
        help='starts a server to test, in any language: "node server.js", "uvicorn app:app --port {port}"',
    )
    group.add_argument(
        "--issuer-port",
        type=int,
        default=0,
        metavar="PORT",
        help="where a running backend finds the fake Clerk (default: a free port)",
    )
    group.add_argument("--openapi", metavar="PATH", help="path of its OpenAPI document ('' for none)")
    group.add_argument(
        "--allow-host", action="append", default=[], metavar="HOST", help="a host that is not this machine"
    )
    group.add_argument("--postgres", metavar="URL", help="a Postgres to use: a URL, docker, or embedded (default)")
    group.add_argument("--agents", type=int, metavar="N", help="agents side by side (default: one a core, two at most)")


def _suites_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--suites", type=Path, default=Path("suites"), metavar="DIR", help="the declaration (default: suites)"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clerk-harness",
        description="Contract and security tests for backends that move to Clerk.",
        epilog="exit codes: 0 all pass, 1 findings, 2 misuse or a target that cannot be examined",
    )
    parser.add_argument("--version", action="version", version=f"clerk-harness {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="run | routes | token | issuer | init")
    raw = argparse.RawDescriptionHelpFormatter

    run = commands.add_parser(
        "run", help="try every route with every credential and judge", formatter_class=raw, epilog=_RUN_EXAMPLE
    )
    _suites_option(run)
    _target_options(run)
    run.add_argument("--router", action="append", default=[], metavar="NAME", help="only this router; repeatable")
    run.add_argument("--route", action="append", default=[], metavar='"GET /path"', help="only this route; repeatable")
    run.add_argument("--credentials", metavar="NAMES", help="only these credentials or groups, separated by commas")
    run.add_argument(
        "--drills",
        action=argparse.BooleanOptionalAction,
        help="rotate keys, cut off the issuer, let tokens run out; takes some ten seconds (default: in whole runs)",
    )
    run.add_argument(
        "--fuzz",
        type=int,
        default=0,
        metavar="N",
        help="try N mutations of a genuine token too, none of which may enter",
    )
    run.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="S",
        help="other mutations and sequences (default: 0, the same every time)",
    )
    run.add_argument(
        "--only",
        metavar="NAMES",
        help="only these contracts, separated by commas: matrix, user_sync, migrations, budget, configuration",
    )
    run.add_argument(
        "--sequences",
        type=int,
        metavar="N",
        help="sequences of events for the sync contract (default: its file's, 100)",
    )
    run.add_argument("--time-limit", type=float, metavar="SECONDS", help="for each request")
    run.add_argument(
        "--reports",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="where reports are written (default: reports)",
    )
    run.add_argument("--quiet", action="store_true", help="no progress")
    run.set_defaults(do="run")

    routes = commands.add_parser(
        "routes", help="what would be tested, and by which mechanism each route is guarded today", formatter_class=raw,
        epilog="example:\n  clerk-harness routes --app app.main:app --app-dir ../backend\n",
    )  # fmt: skip
    _suites_option(routes)
    _target_options(routes)
    routes.set_defaults(do="routes")

    init = commands.add_parser(
        "init", help="write a matrix from what a backend has today, marked for review", formatter_class=raw,
        epilog="example:\n  clerk-harness init --app app.main:app --app-dir ../backend --suites suites\n",
    )  # fmt: skip
    _suites_option(init)
    _target_options(init)
    database = init.add_argument_group("database (with any of these, or --postgres, the app gets one)")
    database.add_argument(
        "--migrate", metavar="COMMAND", help='brings an empty database up to date: "alembic upgrade head"'
    )
    database.add_argument("--seed", metavar="FILE", help="an SQL file, relative to the suites")
    database.add_argument(
        "--scheme", metavar="SCHEME", help="how the app writes its URL, for example postgresql+psycopg"
    )
    init.set_defaults(do="init")

    token = commands.add_parser(
        "token", help="mint one credential, for curl", formatter_class=raw,
        epilog="examples:\n  clerk-harness token expired --explain\n"
        '  curl -H "Authorization: Bearer $(clerk-harness token clerk --issuer http://127.0.0.1:8765)" http://127.0.0.1:8000/me\n',
    )  # fmt: skip
    token.add_argument("name", nargs="?", help="the credential; without it, all are listed")
    token.add_argument("--explain", action="store_true", help="say what it is instead of minting it")
    token.add_argument("--issuer", metavar="URL", help="mint with the keys of a running `clerk-harness issuer`")
    token.add_argument("--page", action="store_true", help="the whole catalogue as Markdown")
    token.set_defaults(do="token")

    issuer = commands.add_parser(
        "issuer", help="serve the fake Clerk alone", formatter_class=raw, epilog=_ISSUER_EXAMPLE,
    )  # fmt: skip
    issuer.add_argument("--port", type=int, default=0, help="default: a free one")
    issuer.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="default: 127.0.0.1; 0.0.0.0 lets others in, for containers",
    )
    issuer.add_argument("--domain", help="the Frontend API's host name")
    issuer.add_argument("--seed", type=Path, metavar="FILE", help="users, organizations and JWT templates (TOML)")
    issuer.add_argument(
        "--webhooks", metavar="URL", help="deliver an event of every change to this URL of this machine"
    )
    issuer.add_argument("--env-file", type=Path, metavar="FILE", help="write the variables there too, for dotenv")
    issuer.add_argument(
        "program",
        nargs="*",
        metavar="COMMAND",
        help="after --: run this with the fake at Clerk's real names, and end with its exit code",
    )
    issuer.set_defaults(do="issuer")
    return parser


def options_of(arguments: argparse.Namespace) -> Options:
    """The options of a run from parsed arguments. Raises HarnessError for values that cannot be meant."""
    if arguments.app and (arguments.url or arguments.start):
        raise HarnessError("--app excludes --url and --command: name one target")
    if arguments.agents is not None and not 1 <= arguments.agents <= 64:
        raise HarnessError(f"--agents {arguments.agents}: between 1 and 64")
    if not 0 <= arguments.issuer_port <= 65535:
        raise HarnessError(f"--issuer-port {arguments.issuer_port}: between 1 and 65535")
    fuzz = getattr(arguments, "fuzz", 0)
    if not 0 <= fuzz <= 1_000_000:
        raise HarnessError(f"--fuzz {fuzz}: between 0 and 1000000")
    sequences = getattr(arguments, "sequences", None)
    if sequences is not None and not 1 <= sequences <= 1_000_000:
        raise HarnessError(f"--sequences {sequences}: between 1 and 1000000")
    limit = getattr(arguments, "time_limit", None)
    if limit is not None and not 0 < limit <= 600:
        raise HarnessError(f"--time-limit {limit:g}: between 0 and 600 seconds")
    credentials = parse_names(getattr(arguments, "credentials", None))
    routers, routes = getattr(arguments, "router", []), getattr(arguments, "route", [])
    drills = getattr(arguments, "drills", None)
    return Options(
        suites=arguments.suites,
        app=arguments.app,
        app_dir=arguments.app_dir,
        python=arguments.python,
        env=parse_env(arguments.env),
        url=arguments.url,
        command=arguments.start,
        openapi=arguments.openapi,
        allow_hosts=arguments.allow_host,
        postgres=arguments.postgres,
        agents=arguments.agents,
        credentials=credentials,
        routers=routers,
        routes=routes,
        fuzz=fuzz,
        only=parse_names(getattr(arguments, "only", None)),
        sequences=sequences,
        seed=getattr(arguments, "seed", 0),
        drills=drills if drills is not None else bool(credentials) or not (routers or routes),
        rotation=bool(drills) or bool(credentials) or not (routers or routes),
        time_limit=limit,
        issuer_port=arguments.issuer_port,
        database={
            key: getattr(arguments, key)
            for key in ("migrate", "seed", "scheme")
            if getattr(arguments, key, None) is not None
        },
    )


def _program() -> str:
    """The command as this shell can find it."""
    called = Path(sys.argv[0])
    if called.name == "clerk-harness" and shutil.which("clerk-harness") is None:
        return os.path.relpath(called)
    return "clerk-harness"


def repeat_command(options: Options) -> str:
    """The beginning of a command that tests the same target by the same declaration.

    Values that are likely secrets are left to the shell: `--env API_KEY="$API_KEY"`.
    """
    words = [_program(), "run", "--suites", str(options.suites)]
    for flag, value in (
        ("--app", options.app),
        ("--app-dir", options.app_dir),
        ("--python", options.python),
        ("--url", options.url),
        ("--command", options.command),
        ("--openapi", options.openapi),
        ("--issuer-port", options.issuer_port or None),
    ):
        if value is not None:
            words += [flag, str(value)]
    for host in options.allow_hosts:
        words += ["--allow-host", host]
    shown = [shlex.join(words)]
    for name, value in options.env.items():
        shown.append("--env " + (f'{name}="${name}"' if is_secret(name) else shlex.quote(f"{name}={value}")))
    return " ".join(shown)


def _begin_postgres(arguments: argparse.Namespace) -> EmbeddedServer | None:
    """The embedded Postgres, begun before anything heavy is imported; None where the run may not need it."""
    if (arguments.url and not arguments.start) or arguments.postgres or os.environ.get(URL_VARIABLE):
        return None
    if not declares_database(arguments.suites):
        return None
    from harness.database.embedded import EmbeddedServer

    return EmbeddedServer().begin()


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    # A CI job that is cancelled gets SIGTERM: everything is stopped and removed as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    early = None
    try:
        early = _begin_postgres(arguments) if arguments.do == "run" else None
        from harness.cli import commands, issuer  # Late: --help must not wait for pydantic and psycopg.

        arguments.embedded = early
        handler = issuer.issuer if arguments.do == "issuer" else getattr(commands, arguments.do)
        code: int = handler(arguments)
        return code
    except HarnessError as error:
        print(f"clerk-harness: {redact(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("clerk-harness: interrupted; no report was written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 141
    except Exception:
        import traceback

        traceback.print_exc()
        print(
            "clerk-harness: this is a mistake in the harness, not in your backend; the run proves nothing",
            file=sys.stderr,
        )
        return 70
    finally:
        if early is not None:
            early.close()
