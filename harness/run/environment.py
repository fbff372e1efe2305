"""What a target gets of this machine's environment, and how its commands are found; live keys are refused here."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.command_line import split_command
from harness.core.errors import DatabaseError, HarnessError, UnsafeError
from harness.core.files import read_toml
from harness.core.live_keys import find_live_keys
from harness.core.redact import is_secret, learn_variables
from harness.core.regular import read_regular
from harness.core.text import quoted
from harness.database import URL_VARIABLE
from harness.run.option_table import options as declared_options
from harness.run.options import Options

if TYPE_CHECKING:
    from harness.contracts.matrix import Declaration

# Variables of the harness's own environment that a target may see. Everything else stays out: what a developer has in
# the shell (a live key, a proxy, a production database) must not decide what is proven.
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "SYSTEMROOT", "LD_LIBRARY_PATH")

_EXAMPLES = (".example", ".sample", ".template", ".dist")


def declares_database(suites: Path) -> bool:
    """Whether a declaration has a `[database]`, told without loading it; what is wrong with it is told when it is loaded."""
    try:
        return "database" in read_toml(suites / "auth_matrix.toml")
    except HarnessError:
        return False


def refuse_live_keys(environment: Mapping[str, str], where: str) -> None:
    """Raises UnsafeError for a key of a production instance; the message does not repeat the key."""
    for name, value in environment.items():
        for key in find_live_keys(value):
            raise UnsafeError(
                f"{where}: {name} holds a live key ({key}); the harness brings its own keys: take the variable out"
            )


def refuse_live_words(words: Iterable[str], where: str) -> None:
    """Raises UnsafeError for a live key in what was written on the command line at `where`."""
    for key in find_live_keys(" ".join(words)):
        raise UnsafeError(f"{where} holds a live key ({key}); the harness brings its own keys: take it out")


def refuse_live_options(options: Options) -> None:
    """Raises UnsafeError for a live key in an option, or in what is passed on of the harness's own environment."""
    for option in declared_options():
        given = getattr(options, option.name)
        if isinstance(given, dict):
            refuse_live_keys(given, option.flag)
        elif isinstance(given, list):
            refuse_live_words(given, option.flag)
        elif isinstance(given, str | Path):
            refuse_live_words([str(given)], option.flag)
    server = {URL_VARIABLE: os.environ[URL_VARIABLE]} if URL_VARIABLE in os.environ else {}
    refuse_live_keys(base_environment() | server, "the environment")


def env_file_notes(directory: Path) -> Iterator[str]:
    """Notes on `.env` files in the target's directory that hold live keys.

    No reason to stop: nobody says that the app loads them, what it loads by default yields to the harness's variables, and
    many keep such a file for a deployment. A live key that is in effect is seen in the running app.
    """
    for path in sorted(directory.glob(".env*")):
        if path.suffix in _EXAMPLES or not path.is_file():
            continue
        with contextlib.suppress(OSError, ValueError):
            for line in read_regular(path).decode("utf-8", "replace").splitlines():
                name = line.strip().removeprefix("export ").partition("=")[0].strip()
                for key in find_live_keys(line):
                    held = f" in {name}" if name.isidentifier() else ""
                    yield (
                        f"{path} holds a live key ({key}){held}: nothing tells that the app runs on it, "
                        "but it has no place where tests run"
                    )


def secrets_among(given: dict[str, str], ours: Collection[str]) -> dict[str, str]:
    """Return the variables of the target that look like a secret or a key: what it may verify by as well.

    `ours`: values that have credentials of their own. Whatever is secret among all of them is cut in every output from now on.
    """
    learn_variables(given)
    return {
        name: value
        for name, value in given.items()
        if value and value not in ours and "://" not in value and (is_secret(name) or value.startswith("-----BEGIN"))
    }


def base_environment() -> dict[str, str]:
    """What every target gets of the harness's own environment."""
    return {name: os.environ[name] for name in _PASSED if name in os.environ} | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
        "NO_PROXY": "*",
    }


def address_of(options: Options, declaration: Declaration) -> tuple[str | None, str | None]:
    """The URL and the command of the target, where it is not an app."""
    target = declaration.matrix.target
    if options.app is not None:
        return None, None
    if options.url is not None or options.command is not None:
        return options.url, options.command
    return target.url, target.command


def app_directory(options: Options, declaration: Declaration) -> Path:
    """The directory from which the app is imported, or in which a command runs.

    A command is not one of the declaration's own: where no `app_dir` says otherwise, it runs where its user stands, or, declared,
    beside the declaration.
    """
    target = declaration.matrix.target
    if options.app_dir is not None:
        return options.app_dir.resolve()
    if options.app is not None:
        return Path.cwd()
    if "app_dir" not in target.model_fields_set and options.url is None:
        if options.command is not None:
            return Path.cwd()
        if target.command is not None:
            return declaration.root.resolve().parent
    return (declaration.root / target.app_dir).resolve()


def migrate_command(command: str, python: str) -> list[str]:
    """The migration command with the target's own Python in place of `python`, and `alembic` run by it.

    Raises DatabaseError for what is no command.
    """
    try:
        words = split_command(command)
    except ValueError as error:
        raise DatabaseError(f"[database] migrate {quoted(command)!r}: {error}") from None
    if words[0] in ("python", "python3"):
        return [python, *words[1:]]
    if words[0] == "alembic":
        return [python, "-m", "alembic", *words[1:]]
    return words
