"""Redirects Clerk's real names to the fake: in processes that are started, by their environment; in this one, by a context.

Nothing is changed on the machine: the redirection ends with the processes or with the context.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.fake_clerk import FakeClerk
from harness.targets.agent import clients
from harness.targets.agent.redirect import Redirect

_AGENT = Path(__file__).parent / "agent"
_LOCAL = "localhost,127.0.0.1,::1"


class Names:
    """The redirection for processes that are started with `environment()`.

    Python and Node load hooks of their own; other programs use the fake as their proxy. `blocked` lists what they were refused.
    """

    def __init__(self, clerk: FakeClerk) -> None:
        self.clerk = clerk
        self._directory = Path(tempfile.mkdtemp(prefix="clerk-harness-names-"))
        self._report = self._directory / "blocked"
        self._report.touch()
        # The started program may be another user's.
        self._directory.chmod(0o755)
        self._report.chmod(0o666)

    def environment(self, own: dict[str, str]) -> dict[str, str]:
        """Return `own`, a process' environment, with the variables of Clerk that it lacks, and with those that redirect it."""
        startup, node = os.fspath(_AGENT / "startup"), os.fspath(_AGENT / "redirect.cjs")
        # Node splits the text at spaces unless they are quoted, and takes a backslash before a quote.
        required = '--require "' + node.replace("\\", "\\\\").replace('"', '\\"') + '"'
        proxy = self.clerk.url
        return (
            self.clerk.environment()
            | own
            | {
                "PYTHONPATH": os.pathsep.join(filter(None, (startup, own.get("PYTHONPATH")))),
                "NODE_OPTIONS": " ".join(filter(None, (required, own.get("NODE_OPTIONS")))),
                "CLERK_HARNESS_NAMES": ",".join(self.clerk.api.names),
                "CLERK_HARNESS_PORT": str(self.clerk.port),
                "CLERK_HARNESS_BLOCKED": os.fspath(self._report),
                "HTTPS_PROXY": proxy,
                "https_proxy": proxy,
                "NO_PROXY": _LOCAL,
                "no_proxy": _LOCAL,
            }
        )

    def blocked(self) -> list[str]:
        """Return what the processes tried to reach, each once."""
        reported = self._report.read_text(encoding="utf-8").splitlines()
        return list(dict.fromkeys(reported + self.clerk.refused_names))

    def close(self) -> None:
        """Remove the report."""
        shutil.rmtree(self._directory, ignore_errors=True)


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
