"""`--isolate`: whether a run has a network namespace of its own, from which nothing leaves, and why not where it has none.

Decided at the very beginning, before anything heavy is imported, Postgres is begun, or a thread exists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.core.errors import DatabaseError, HarnessError, TargetError
from harness.core.files import read_text, read_toml
from harness.database import URL_VARIABLE

if TYPE_CHECKING:
    from harness.run.options import Options

_CONTAINERS = frozenset(
    {"docker", "docker-compose", "podman", "podman-compose", "nerdctl", "kubectl", "minikube", "ssh"}
)
"""Programs whose servers run elsewhere, whatever they are started by."""
_LOCAL = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):(\d{1,5})\b", re.IGNORECASE)
_WORDS = re.compile(r"refused|unreachable|resolution|resolve|timed out|connect", re.IGNORECASE)


@dataclass(frozen=True)
class Isolation:
    """How a run is kept from the network. `why`: it has no network namespace of its own; empty: it has.

    `outside`: the TCP ports of this machine at which something listened when the run left the machine's network.
    """

    why: str = "the harness was called by another program"
    outside: frozenset[int] = frozenset()

    def __str__(self) -> str:
        """As reports say it."""
        return f"none ({self.why})" if self.why else "network namespace"

    @property
    def on(self) -> bool:
        """Whether nothing can leave."""
        return not self.why

    def explained(self, error: HarnessError) -> str:
        """The message, with the way out where a target may have missed a server outside the namespace."""
        if not self.on or not isinstance(error, TargetError | DatabaseError) or not _WORDS.search(str(error)):
            return str(error)
        return f"{error}; this run has a network of its own: --no-isolate, where it needs a server outside"


def isolate(options: Options, *, alone: bool) -> Isolation:
    """Put this process into a network namespace, where that is wanted and can be. It cannot be undone.

    `alone`: the process is the harness' own. Raises HarnessError where `--isolate` is given and it cannot be.
    """
    if options.isolate is False:
        return Isolation("--no-isolate")
    if not alone and not options.isolate:
        return Isolation()
    # The options of every command have an `Isolation`; only a command that examines a target loads what puts it there.
    from harness.run import namespace

    outside = namespace.listening()
    why = _obstacle(options, outside, asked=bool(options.isolate)) or namespace.unshare()
    if why and options.isolate:
        raise HarnessError(f"--isolate: {why}; leave it out, or take --no-isolate")
    return Isolation(why, frozenset() if why else outside)


def _obstacle(options: Options, outside: frozenset[int], *, asked: bool) -> str:
    """Why a run can have no network of its own, though the kernel might allow it; empty where it can."""
    declared = _declared(options.suites)
    command, url = _target(options, declared)
    if url and not command:
        return f"the backend at {_shown(url)} runs outside"
    first = Path((command or "").split()[0]).name if (command or "").split() else ""
    if first in _CONTAINERS:
        return f"what {first} starts listens outside"
    if options.postgres or os.environ.get(URL_VARIABLE):
        name = "--postgres" if options.postgres else URL_VARIABLE
        if obstacle := _postgres(options.postgres or os.environ[URL_VARIABLE]):
            return f"{name} {obstacle}"
    if asked:
        return ""  # Whoever asks for it may have started what the variables name for something else.
    for name, port in _named_ports(options, declared):
        if port in outside:
            return f"{name} names port {port} of this machine, where a server listens that would be outside"
    return ""


def _declared(suites: Path) -> dict[str, Any]:
    """The table `[target]` of a declaration; what is wrong with it is told when it is loaded."""
    try:
        table = read_toml(suites / "auth_matrix.toml").get("target", {})
    except HarnessError:
        return {}
    return table if isinstance(table, dict) else {}


def _target(options: Options, declared: dict[str, Any]) -> tuple[str | None, str | None]:
    """The command and the URL of the target, where it is no app."""
    if options.app is not None:
        return None, None
    if options.url is not None or options.command is not None:
        return options.command, options.url
    command, url = declared.get("command"), declared.get("url")
    return (command if isinstance(command, str) else None), (url if isinstance(url, str) else None)


def _shown(url: str) -> str:
    """A URL without what may be secret."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "--url"
    except ValueError:
        return "--url"  # What is wrong with it is told when it is asked.


def _postgres(choice: str) -> str:
    """What keeps a choice of Postgres from being reached; empty for the embedded one, and for one at a socket of the file system."""
    if choice == "embedded":
        return ""
    if choice == "docker":
        return "docker: the container listens outside"
    from harness.database.hosts import at_socket

    return "" if at_socket(choice) else "names a server that runs outside"


def _named_ports(options: Options, declared: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The ports of this machine that the target's variables name, and the variable: URLs, and numbers of a `…PORT`."""
    given = declared.get("env")
    own = given if isinstance(given, dict) and options.app is None else {}
    files = _dotenv((options.app_dir or _app_dir(options, declared)) / ".env")
    for name, value in (files | own | options.env).items():
        for found in _LOCAL.findall(str(value)):
            yield name, int(found)
        if name.upper().endswith("PORT") and name.upper() != "PORT" and str(value).strip().isdecimal():
            yield name, int(value)


def _app_dir(options: Options, declared: dict[str, Any]) -> Path:
    directory = declared.get("app_dir", "")
    return Path.cwd() if options.app is not None else options.suites / (directory if isinstance(directory, str) else "")


def _dotenv(path: Path) -> dict[str, str]:
    """The variables of a file for dotenv, roughly."""
    try:
        lines = read_text(path).splitlines()
    except HarnessError:
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, equals, value in pairs if equals}
