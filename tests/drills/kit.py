"""A run in a process of its own that can be killed, and the look for whatever it has left behind."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.processes import MARKER
from tests.conftest import ROOT

_LIMIT = 60.0
"""Seconds after which something has not happened; nothing is timed by it."""


def until(condition: Callable[[], bool], what: str) -> None:
    """Look for something that other processes do; they are no children of ours, so it can only be looked for."""
    deadline = time.monotonic() + _LIMIT
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def every_process() -> Iterator[int]:
    """The processes of this machine, but for those that have ended and are not yet waited for."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                yield int(name)
        except OSError:
            continue


@dataclass
class Victim:
    """A run of the harness in a process of its own. Whatever belongs to it has its word, or works in its folder."""

    folder: Path
    temporary: Path
    word: str = field(default_factory=lambda: secrets.token_hex(8))
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def below(cls, folder: Path) -> Victim:
        """One whose project is `folder`, with temporary folders of its own."""
        # Not below pytest's own folders, which are closed to others: Postgres under root is another user's.
        temporary = Path(tempfile.mkdtemp(prefix="harness-drill-"))
        temporary.chmod(0o755)
        victim = cls(folder, temporary)
        weakref.finalize(victim, shutil.rmtree, temporary, ignore_errors=True)
        return victim

    def start(self, *arguments: str, module: str = "harness") -> Victim:
        """Start `python -m MODULE ARGUMENTS`."""
        environment = os.environ | {MARKER: self.word, "TMPDIR": str(self.temporary), "PYTHONPATH": str(ROOT)}
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=environment,
                # A shell that runs the tests in the background ignores Ctrl-C for all below it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            )  # fmt: skip
        return self

    def output(self) -> str:
        """What it has printed."""
        return (self.folder / "output").read_text(errors="replace")

    def reaches(self, *names: str) -> Victim:
        """Wait until files of these names are in its folder: what it has started has written them."""
        assert self.process is not None
        process = self.process

        def there() -> bool:
            assert process.poll() is None, f"it ended with {process.returncode}: {self.output()[-2000:]}"
            return all((self.folder / name).exists() for name in names)

        until(there, f"{names} never came: {self.output()[-2000:]}")
        return self

    def left(self) -> list[str]:
        """The processes that are left of it, for a reader."""
        found = []
        for pid in every_process():
            try:
                environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                # Postgres writes its title where its variables were.
                where = os.readlink(f"/proc/{pid}/cwd")
                if f"{MARKER}={self.word}".encode() in environment or where.startswith(str(self.temporary)):
                    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    found.append(f"{pid}: {command[:200]}")
            except OSError:
                continue
        return found

    def folders(self) -> list[Path]:
        """The temporary folders that are left of it; pytest keeps one of its own."""
        return [path for path in self.temporary.iterdir() if not path.name.startswith("pytest-of-")]

    def kill(self) -> None:
        """SIGKILL, to the harness alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def leaves_nothing(self) -> None:
        """Everything that it has started ends, and its temporary folders go."""
        try:
            until(lambda: not self.left(), f"left running: {self.left()}")
            until(lambda: not self.folders(), f"left: {self.folders()}")
        finally:
            self.clean()

    def left_nothing(self) -> None:
        """The same, at this moment: it has ended by itself."""
        try:
            assert self.left() == []
            assert self.folders() == []
        finally:
            self.clean()

    def clean(self) -> None:
        """After a failure: end what is left of it."""
        for line in self.left():
            os.kill(int(line.partition(":")[0]), signal.SIGKILL)
