"""Redirects Clerk's real names to the fake: in processes that are started, by their environment; in this one, by a context.

Nothing is changed on the machine: the redirection ends with the processes or with the context.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.core.temporary import temporary_folder
from harness.fake_clerk import FakeClerk
from harness.targets.agent import clients
from harness.targets.agent.redirect import Redirect

_AGENT = Path(__file__).parent / "agent"
_LOCAL = "localhost,127.0.0.1,::1"
_MOST = 100
"""How many attempts of a kind are told."""


class Names:
    """The redirection for processes that are started with `environment()`, and for those that an agent's app starts.

    Python and Node load hooks of their own; other programs use the fake as their proxy. `allowed`: hosts elsewhere that may be
    reached (the database's), `outside`: see `Redirect`. `blocked` lists what they were refused, `attempts` what else left or
    tried to, `live` the live keys that they gave themselves; with `beside`, another's `directory`, they are listed there.
    """

    def __init__(
        self,
        clerk: FakeClerk,
        allowed: Sequence[str] = (),
        outside: Collection[int] = (),
        beside: Path | None = None,
    ) -> None:
        self.clerk = clerk
        self.allowed, self.outside = allowed, outside
        self._own = beside is None
        self.directory = beside if beside is not None else _new_directory()
        self._report, self._attempts = self.directory / "blocked", self.directory / "attempts"
        self._live = self.directory / "live"
        for file in (self._report, self._attempts, self._live):
            file.touch()
            file.chmod(0o666)

    def hooks(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return the variables by which Python and Node processes load the hooks, beside `own`, their environment."""
        startup, node = os.fspath(_AGENT / "startup"), os.fspath(_AGENT / "redirect.cjs")
        # Node splits the text at spaces unless they are quoted, and takes a backslash before a quote.
        required = '--require "' + node.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return {
            "PYTHONPATH": os.pathsep.join(filter(None, (startup, own.get("PYTHONPATH")))),
            "NODE_OPTIONS": " ".join(filter(None, (required, own.get("NODE_OPTIONS")))),
            "CLERK_HARNESS_NAMES": ",".join(self.clerk.api.names),
            "CLERK_HARNESS_PORT": str(self.clerk.port),
            "CLERK_HARNESS_BLOCKED": os.fspath(self._report),
            "CLERK_HARNESS_ATTEMPTS": os.fspath(self._attempts),
            "CLERK_HARNESS_LIVE": os.fspath(self._live),
            "CLERK_HARNESS_ALLOWED": ",".join(self.allowed),
            "CLERK_HARNESS_OUTSIDE": ",".join(str(port) for port in sorted(self.outside)),
        }

    def environment(self, own: dict[str, str]) -> dict[str, str]:
        """Return `own`, a process' environment, with the variables of Clerk that it lacks, and with those that redirect it."""
        proxy = self.clerk.url
        proxies = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": _LOCAL, "no_proxy": _LOCAL}
        return self.clerk.environment() | own | self.hooks(own) | proxies

    def blocked(self) -> list[str]:
        """Return what the processes tried to reach and were refused, each once."""
        return list(dict.fromkeys(_lines(self._report) + self.clerk.refused_names))

    def attempts(self) -> dict[str, list[str]]:
        """Return what left or tried to by ways that are not refused (`attempt`), which programs were started (`program`), and
        which libraries were loaded by ctypes (`library`), each once. Any process may have written it: it is cut.
        """
        found: dict[str, list[str]] = {"attempt": [], "program": [], "library": []}
        for line in dict.fromkeys(_lines(self._attempts)):
            kind, _, what = line.partition(" ")
            if kind in found and len(found[kind]) < _MOST:
                found[kind].append(what[:300])
        return found

    def live(self) -> list[str]:
        """Return sentences on live keys that Python processes have put into their environment, each once."""
        return list(dict.fromkeys(_lines(self._live)))

    def close(self) -> None:
        """Remove the reports, unless they are another's."""
        if self._own:
            shutil.rmtree(self.directory, ignore_errors=True)


def _new_directory() -> Path:
    directory = temporary_folder("names")
    directory.chmod(0o755)  # The started program may be another user's.
    return directory


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []


@contextmanager
def real_names(clerk: FakeClerk) -> Iterator[Redirect]:
    """In this process, while the context lasts, `https://api.clerk.com` and the instance's domain are the fake.

    Yields the redirection, whose `blocked` lists what else was asked for and refused.

    >>> import urllib.request
    >>> from harness.fake_clerk import FakeClerk
    >>> with FakeClerk() as clerk, real_names(clerk), urllib.request.urlopen(clerk.jwks_url) as answer:
    ...     answer.status
    200
    """
    redirect = Redirect(clerk.api.names, clerk.port)
    trusted = clerk.tls.environment()
    before = {name: os.environ.get(name) for name in trusted}
    os.environ.update(trusted)
    redirect.install()
    clients.install(redirect)
    try:
        yield redirect
    finally:
        clients.uninstall()
        redirect.uninstall()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
