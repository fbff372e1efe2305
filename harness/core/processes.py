"""Starts every process of a run, so that it ends with the run: when it is closed, and when the harness ends in whatever way.

A supervisor (`harness.core.supervisor`), one for each process of the harness, starts them and ends them with all that they
have started, daemons included. On Linux nothing escapes; elsewhere a daemon that has left its process group does.
"""

from __future__ import annotations

import atexit
import contextlib
import marshal
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core import temporary
from harness.core.errors import HarnessError

MARKER = "CLERK_HARNESS_RUN"
"""The variable that each process has which a run has started: a word that is the run's own."""
DEVNULL = -1
"""In place of a descriptor: /dev/null."""
_BOOT = "import sys; sys.path.append(sys.argv[1]); from supervisor.main import main; main()"
_END = 0
_EXIT_LIMIT = 30.0
"""Seconds in which a supervisor has ended everything."""


class Child:
    """A process that was started, and all that it starts. It is used by one thread at a time."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._told = b""
        self.pid = 0
        self.returncode: int | None = None
        """As of `subprocess.Popen`: negative where a signal ended it; None while it runs, or where nobody could see how it ended."""

    def _await_start(self) -> int:
        """The number of the error where it could not be started, else 0. Raises ConnectionError without a supervisor."""
        while b"\n" not in self._told:
            data = self._control.recv(4096)
            if not data:
                raise ConnectionError("the supervisor is gone")
            self._told += data
        line, _, self._told = self._told.partition(b"\n")
        self._note_exit()  # It may have ended already.
        word, _, number = line.partition(b" ")
        if word == b"failed":
            return int(number)
        self.pid = int(number)
        return 0

    def _read(self, timeout: float | None) -> bool:
        """Read what its keeper says; False when there is no more to come. Raises TimeoutError."""
        if self._control.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if not poll.poll(None if timeout is None else max(0.0, timeout) * 1000):
            raise TimeoutError
        try:
            data = self._control.recv(4096)
        except ConnectionError:
            return False
        self._told += data
        self._note_exit()
        return bool(data)

    def _note_exit(self) -> None:
        if b"\n" in self._told:
            line, _, self._told = self._told.partition(b"\n")
            self.returncode = int(line.split()[1])

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        if self.returncode is None:
            with contextlib.suppress(TimeoutError):
                if not self._read(0) and self.returncode is None:
                    self.returncode = -signal.SIGKILL  # Its keeper was killed, and it with it.
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; its exit code. What it has started may go on. Raises TimeoutError after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            if not self._read(None if deadline is None else deadline - time.monotonic()) and self.returncode is None:
                self.returncode = -signal.SIGKILL
        return self.returncode

    def signal(self, number: int) -> None:
        """Send a signal to its process group; to itself alone where it shares that of the harness."""
        with contextlib.suppress(OSError):
            self._control.send(bytes([number]))

    def close(self) -> int | None:
        """End it and everything that it has started, and wait until that is done; its exit code."""
        self.signal(_END)
        while self._read(None):
            pass
        self._control.close()
        _children.discard(self)
        return self.returncode


class _Supervisor:
    """The process that keeps the others."""

    def __init__(self) -> None:
        folder = temporary.root()
        self.requests, theirs = socket.socketpair()
        numbers = [theirs.fileno(), folder.lock]
        with theirs:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    _BOOT,
                    *map(str, (Path(__file__).parent, *numbers, os.getpid(), folder.path)),
                ],
                cwd="/",
                env=os.environ | {MARKER: marker()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=numbers,
                process_group=0,  # Out of reach of the terminal's signals, and in its session: a child may be in the foreground.
            )

    def close(self, limit: float | None = None) -> None:
        """End everything that is left, and wait for it."""
        self.requests.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(limit)


_supervisors: list[_Supervisor] = []
_children: weakref.WeakSet[Child] = weakref.WeakSet()
_guard = threading.Lock()
_words: list[str] = []


def marker() -> str:
    """The run's own word: that of the run which has started this one, where there is one."""
    if not _words:
        _words.append(os.environ.get(MARKER) or secrets.token_hex(8))
    return _words[0]


def begin() -> None:
    """Start the supervisor, where there is none yet, so that nobody has to wait for it later. Raises HarnessError."""
    with _guard:
        if not _supervisors:
            try:
                _supervisors.append(_Supervisor())
            except OSError as error:
                raise HarnessError(
                    f"no process can be started ({Path(sys.executable).name}: {error.strerror or error})"
                ) from error
            atexit.register(_close, os.getpid())


def start(
    command: Sequence[str],
    *,
    cwd: str | os.PathLike[str],
    env: dict[str, str],
    files: Sequence[int] = (DEVNULL, DEVNULL, DEVNULL),
    user: tuple[int, int] | None = None,
    foreground: bool = False,
    last: int = 0,
    patience: float = 0.0,
) -> Child:
    """Start a command, in a session of its own. Raises OSError where it cannot be started, ValueError for a null byte in a word.

    `files`: descriptors that become its 0, 1, 2 and so on. `user`: user and group id. `foreground`: in the harness's process
    group instead, so that it can use the terminal. `last`: the signal by which it is ended, before everything that is left
    is killed after `patience` seconds.
    """
    words = [os.fsencode(word) for word in command]
    environment = {os.fsencode(k): os.fsencode(v) for k, v in (env | {MARKER: marker()}).items()}
    if any(b"\0" in part for part in (*words, *environment, *environment.values())):
        raise ValueError("embedded null byte")
    group = os.getpgrp() if foreground else 0
    data = marshal.dumps((words, environment, os.fsencode(cwd), group, user, int(last), patience))
    for attempt in (1, 2):
        begin()
        supervisor = _supervisors[0]
        try:
            child, error = _ask(supervisor, len(data).to_bytes(4, "big") + data, files)
        except ConnectionError:
            if attempt == 2:
                raise
            with _guard:  # It was killed: another one.
                if _supervisors and _supervisors[0] is supervisor:
                    _supervisors.clear()
                    supervisor.close(0.1)
            continue
        if error:
            raise OSError(error, os.strerror(error), command[0])
        break
    _children.add(child)
    return child


def _ask(supervisor: _Supervisor, data: bytes, files: Sequence[int]) -> tuple[Child, int]:
    ours, theirs = socket.socketpair()
    null = os.open(os.devnull, os.O_RDWR)
    try:
        given = [theirs.fileno(), *(null if file == DEVNULL else file for file in files)]
        socket.send_fds(supervisor.requests, [b"\0"], given)
        theirs.close()
        ours.sendall(data)
        child = Child(ours)
        return child, child._await_start()
    except BaseException:
        ours.close()
        raise
    finally:
        os.close(null)
        theirs.close()


@dataclass(frozen=True)
class Finished:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run(
    command: Sequence[str],
    *,
    cwd: str | os.PathLike[str],
    env: dict[str, str],
    timeout: float,
    user: tuple[int, int] | None = None,
    last: int = 0,
    patience: float = 0.0,
) -> Finished:
    """Run a command to its end, after which nothing that it has started is left; see `start`.

    Raises OSError where it cannot be started, TimeoutError where it takes longer than `timeout` seconds.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        files = (DEVNULL, out.fileno(), err.fileno())
        child = start(command, cwd=cwd, env=env, files=files, user=user, last=last, patience=patience)
        try:
            code = child.wait(timeout)
        finally:
            child.close()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace").replace("\r\n", "\n"))
        return Finished(code, *texts)


def _close(owner: int) -> None:
    """At the end of the process: nothing that it has started is left when it is gone."""
    if os.getpid() == owner:
        for supervisor in _supervisors:
            supervisor.close(_EXIT_LIMIT)
        _supervisors.clear()


def _forked() -> None:
    """In a child that was forked: the supervisor and what it keeps are the parent's, and end with that."""
    global _guard  # noqa: PLW0603 - it may have been held at the fork
    _guard = threading.Lock()
    for one in [supervisor.requests for supervisor in _supervisors] + [child._control for child in _children]:
        one.close()
    _supervisors.clear()
    _children.clear()


os.register_at_fork(after_in_child=_forked)
