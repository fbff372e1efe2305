"""What a target gets of this machine's environment, and how its commands are found; live keys are refused here."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.command_line import split_command
from harness.core.errors import DatabaseError, HarnessError, UnsafeError
from harness.core.files import read_toml
from harness.core.redact import is_secret, learn_variables
from harness.core.text import shown
from harness.run.options import Options

if TYPE_CHECKING:
    from harness.contracts.matrix import Declaration

# Variables of the harness's own environment that a target may see. Everything else stays out: what a developer has in
# the shell (a live key, a proxy, a production database) must not decide what is proven.
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "SYSTEMROOT", "LD_LIBRARY_PATH")


def declares_database(suites: Path) -> bool:
    """Whether a declaration has a `[database]`, told without loading it; what is wrong with it is told when it is loaded."""
    try:
        return "database" in read_toml(suites / "auth_matrix.toml")
    except HarnessError:
        return False


def refuse_live_keys(environment: dict[str, str], where: str) -> None:
    """Raises UnsafeError for a key of a production instance; the message does not repeat the key."""
    for name, value in environment.items():
        for word in value.replace(",", " ").split():
            if word.startswith(("sk_live_", "pk_live_")):
                host = _host_of(word)
                raise UnsafeError(
                    f"{where}: {name} holds a live key ({word[:8]}…{f' of {host}' if host else ''}); "
                    "the harness brings its own keys: take the variable out"
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


def _host_of(key: str) -> str:
    text = key.split("_", 2)[2]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode().rstrip("$")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def base_environment() -> dict[str, str]:
    """What every target gets of the harness's own environment."""
    return {name: os.environ[name] for name in _PASSED if name in os.environ} | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
        "NO_PROXY": "*",
    }


def app_directory(options: Options, declaration: Declaration) -> Path:
    """The directory from which the app is imported."""
    if options.app_dir is not None:
        return options.app_dir.resolve()
    if options.app is not None:
        return Path.cwd()
    return (declaration.root / declaration.matrix.target.app_dir).resolve()


def migrate_command(command: str, python: str) -> list[str]:
    """The migration command with the target's own Python in place of `python`, and `alembic` run by it.

    Raises DatabaseError for what is no command.
    """
    try:
        words = split_command(command)
    except ValueError as error:
        raise DatabaseError(f"[database] migrate {shown(command)!r}: {error}") from None
    if words[0] in ("python", "python3"):
        return [python, *words[1:]]
    if words[0] == "alembic":
        return [python, "-m", "alembic", *words[1:]]
    return words
