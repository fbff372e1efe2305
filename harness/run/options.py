"""What a run is told: command-line and pytest options joined with the declaration's `[target]`."""

from __future__ import annotations

import base64
import binascii
import os
import shlex
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import DeclarationError, UnsafeError

if TYPE_CHECKING:
    from harness.contracts.matrix import Declaration

# Variables of the harness's own environment that a target may see. Everything else stays out: what a developer has in
# the shell (a live key, a proxy, a production database) must not decide what is proven.
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "SYSTEMROOT", "LD_LIBRARY_PATH")


@dataclass
class Options:
    """Options of a run. Empty means: as the declaration says, else the default."""

    suites: Path = Path("suites")
    app: str | None = None
    app_dir: Path | None = None
    python: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    url: str | None = None
    command: str | None = None
    openapi: str | None = None
    allow_hosts: list[str] = field(default_factory=list)
    postgres: str | None = None
    agents: int | None = None
    credentials: list[str] = field(default_factory=list)
    routers: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    time_limit: float | None = None
    issuer_port: int = 0
    database: dict[str, str] = field(default_factory=dict)
    """For `init`: the `[database]` table that is to be used and written."""
    fuzz: int = 0
    """How many mutations of a genuine token are tried on each route that stands for others."""
    seed: int = 0
    only: list[str] = field(default_factory=list)
    """The contracts to hold; all that are declared when empty."""
    sequences: int | None = None
    """How many sequences the sync contract generates; as its file says when None."""
    drills: bool = False
    """Whether drills are held: issuer outage, tokens that run out, keys that are withdrawn."""
    rotation: bool = True
    """Whether a rotation of the issuer's keys is held on each route; verifiers may take half a minute to follow."""

    @property
    def narrowed(self) -> str:
        """The options by which a part of the matrix is left out, as a user wrote them."""
        given = [f"--router {name}" for name in self.routers] + [f'--route "{key}"' for key in self.routes]
        if not given and not self.credentials and not self.drills:
            given = ["--no-drills"]
        if self.only:
            given.append(f"--only {','.join(self.only)}")
        return " ".join(given + ([f"--credentials {','.join(self.credentials)}"] if self.credentials else []))


def declares_database(suites: Path) -> bool:
    """Whether a declaration has a `[database]`, told without loading it; what is wrong with it is told when it is loaded."""
    try:
        return "database" in tomllib.loads((suites / "auth_matrix.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def parse_env(pairs: list[str]) -> dict[str, str]:
    """`NAME=VALUE` pairs. Raises DeclarationError for anything else."""
    result = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise DeclarationError(f"--env {pair}: write NAME=VALUE")
        result[name] = value
    return result


def parse_names(text: str | None) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


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
    """The migration command with the target's own Python in place of `python`, and `alembic` run by it."""
    words = shlex.split(command)
    if words and words[0] in ("python", "python3"):
        return [python, *words[1:]]
    if words and words[0] == "alembic":
        return [python, "-m", "alembic", *words[1:]]
    return words
