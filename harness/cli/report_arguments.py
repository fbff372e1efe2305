"""The arguments of the commands that examine no target: those on reports, code, databases, schemas and completion."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.completion import SHELLS
from harness.run.option_table import whole_number

if TYPE_CHECKING:
    from harness.cli.parser import Parser

    Subcommands = argparse._SubParsersAction[Parser]

ON_REPORTS = ("diff", "baseline", "merge")
_RAW = argparse.RawDescriptionHelpFormatter


def add_commands(commands: Subcommands) -> None:
    """Add them to the command line."""
    diff = commands.add_parser(
        "diff", help="what changed between two reports", formatter_class=_RAW,
        epilog="exit codes: 0 nothing new fails; 1 something does, or the newer run did not end; 2 misuse\n"
        "example:\n  clerk-harness diff main.json reports/auth-matrix.json --format markdown\n",
    )  # fmt: skip
    diff.add_argument("old", metavar="OLD.json", help="auth-matrix.json of the older run")
    diff.add_argument("new", metavar="NEW.json", help="auth-matrix.json of the newer run")
    diff.add_argument("--format", choices=("text", "markdown", "html"), default="text", help="default: text")
    diff.add_argument("--output", metavar="FILE", help="write it there instead of printing it")
    diff.set_defaults(do="diff")

    baseline = commands.add_parser(
        "baseline", help="write the findings of a report as known ones, for run --baseline", formatter_class=_RAW,
        epilog="example:\n  clerk-harness baseline reports/auth-matrix.json suites/baseline.json\n",
    )  # fmt: skip
    baseline.add_argument("report", metavar="REPORT", help="auth-matrix.json of a run")
    baseline.add_argument("file", metavar="FILE", help="the baseline to write")
    baseline.add_argument("--overwrite", action="store_true", help="write it anew where it exists")
    baseline.set_defaults(do="baseline")

    _add_inventory(commands)
    _add_mapping(commands)
    _add_others(commands)


def _add_inventory(commands: Subcommands) -> None:
    inventory = commands.add_parser(
        "inventory", help="what is left of the old mechanism in the code, read without running it", formatter_class=_RAW,
        epilog="exit codes: 0; 1 more legacy places than --max-legacy, or files that could not be read; 2 misuse\n"
        "examples:\n  clerk-harness inventory --frontend ../web --report reports/auth-matrix.json\n"
        "  clerk-harness inventory --app-dir . --max-legacy 17 --json inventory.json\n",
    )  # fmt: skip
    inventory.add_argument(
        "--suites", metavar="DIR", help="the declaration, for its [mechanisms] (default: suites, where there is one)"
    )
    inventory.add_argument("--app-dir", metavar="DIR", help="the backend's folder (default: the declaration's, or .)")
    inventory.add_argument(
        "--frontend", metavar="DIR", action="append", default=[], help="the folder of a front end; repeatable"
    )
    inventory.add_argument("--report", metavar="FILE", help="auth-matrix.json of a run, to hold the code to what ran")
    inventory.add_argument("--json", metavar="FILE", help="write the inventory there as JSON, too")
    inventory.add_argument(
        "--max-legacy", metavar="N", type=whole_number, help="end with exit code 1 where more legacy places are left"
    )
    inventory.set_defaults(do="inventory")


def _add_mapping(commands: Subcommands) -> None:
    mapping = commands.add_parser(
        "mapping", help="which identifier of a user each table of a database holds; it is only read", formatter_class=_RAW,
        epilog="exit codes: 0 all agrees; 1 mixed columns, orphans or doubles, or what could not be read; "
        "2 misuse, or a database that cannot be reached\n"
        "examples:\n  clerk-harness mapping --database postgresql://me@127.0.0.1/restored_dump\n"
        "  clerk-harness mapping --database postgresql:///dump --table app.Users --clerk-id clerkId --json mapping.json\n",
    )  # fmt: skip
    mapping.add_argument(
        "--database", metavar="URL", required=True, help="postgresql://user@host:port/database, a restored dump at best"
    )
    mapping.add_argument(
        "--suites",
        metavar="DIR",
        help="the declaration, for [table] of its user_sync.toml (default: suites, where it is)",
    )
    mapping.add_argument(
        "--table", metavar="NAME", help="the table of users, with its schema where that is not the usual"
    )
    mapping.add_argument("--id", metavar="COLUMN", help="its key")
    mapping.add_argument("--clerk-id", metavar="COLUMN", help="its column of Clerk's id")
    mapping.add_argument("--email", metavar="COLUMN", help="its column of the address")
    mapping.add_argument("--json", metavar="FILE", help="write the mapping there as JSON, too")
    mapping.add_argument("--whole", action="store_true", help="read large tables whole, not 16 MB for each column")
    mapping.add_argument(
        "--timeout", metavar="SECONDS", type=float, default=30.0, help="how long a statement may take (default: 30)"
    )
    mapping.set_defaults(do="mapping")


def _add_others(commands: Subcommands) -> None:
    schema = commands.add_parser(
        "schema", help="the JSON Schema of a TOML file, by which editors complete keys, or of auth-matrix.json", formatter_class=_RAW,
        epilog="example:\n  clerk-harness schema --write suites/.schemas\n",
    )  # fmt: skip
    schema.add_argument(
        "name", nargs="?", default="", help="matrix, router, seed, a contract, or auth-matrix (the report)"
    )
    schema.add_argument("--write", metavar="DIR", help="write all of them there")
    schema.set_defaults(do="schema")

    shell = commands.add_parser(
        "completion", help="print what makes a shell complete this command", formatter_class=_RAW,
        epilog='example, in ~/.bashrc:\n  eval "$(clerk-harness completion bash)"\n',
    )  # fmt: skip
    shell.add_argument("shell", choices=SHELLS, help="which shell")
    shell.set_defaults(do="completion")

    merge = commands.add_parser(
        "merge", help="put the reports of shards together", formatter_class=_RAW,
        epilog="exit codes: those of the whole run: 0 all pass; 1 findings; 2 misuse, or not all shards of one run\n"
        "example:\n  clerk-harness merge shards/*/auth-matrix.json --reports reports\n",
    )  # fmt: skip
    merge.add_argument("files", nargs="+", metavar="REPORT", help="auth-matrix.json of each `run --shard N/COUNT`")
    merge.add_argument(
        "--reports", metavar="DIR", default="reports", help="where reports are written (default: reports)"
    )
    merge.add_argument("--baseline", metavar="FILE", help="findings that are known and do not fail the run")
    merge.set_defaults(do="merge")
