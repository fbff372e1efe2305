"""What stands below a process, and the waiting for it to end."""

import contextlib
import os
import select
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_KILL_LIMIT = 5.0
"""Seconds after which processes that cannot be killed (another user's, by setuid) are left alone."""

if sys.platform == "linux":
    import ctypes

    _libc = ctypes.CDLL(None)

    def _prctl(option: int, value: int) -> None:
        _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)
else:

    def _prctl(option: int, value: int) -> None:
        del option, value


def die_with_parent() -> None:
    """Be killed when the parent ends; prctl(2), PR_SET_PDEATHSIG. Changes of the user undo it."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends; prctl(2), PR_SET_CHILD_SUBREAPER."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
            found += map(int, file.read().split())
    return found


def _parents() -> dict[int, list[int]]:
    """The children of every process, from the status of each: for kernels that have no file of them."""
    below: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            parent = int(file.read().rpartition(b")")[2].split()[1])
            below.setdefault(parent, []).append(int(name))
    return below


def descendants(pid: int, *, deep: bool = True) -> list[int]:
    """Everything below a process, parents first, or its children alone; empty where there is no /proc.

    The kernel may leave some out while others end (proc(5)): ask again until there are none.
    """
    found: list[int] = []
    try:
        known = None if os.path.exists(f"/proc/self/task/{os.getpid()}/children") else _parents()
    except OSError:
        return []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        with contextlib.suppress(OSError):  # It has ended meanwhile.
            below = _children(parent) if known is None else known.get(parent, [])
            found += below
            waiting += below if deep else []
    return found


class Waiting:
    """Waits for a socket, for the end of the harness (of which the supervisor tells by SIGUSR1 too), and for children that end."""

    def __init__(self, descriptor: int, watch: int) -> None:
        self.descriptor, self._watch = descriptor, watch
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._poll = select.poll()
        for each in (descriptor, watch, self._reader):
            if each >= 0:
                self._poll.register(each, select.POLLIN)

    def wait(self, seconds: float | None = None) -> tuple[bool, bool]:
        """Whether `descriptor` can be read, and whether everything is to end."""
        ready = {number for number, _ in self._poll.poll(None if seconds is None else seconds * 1000)}
        told = b""
        if self._reader in ready:
            with contextlib.suppress(BlockingIOError):
                told = os.read(self._reader, 4096)
        return self.descriptor in ready, self._watch in ready or signal.SIGUSR1 in told

    def only_signals(self) -> None:
        """From now on wait for signals alone: the others stay ready once they are."""
        for each in (self.descriptor, self._watch):
            with contextlib.suppress(KeyError, ValueError):
                self._poll.unregister(each)


def reap() -> tuple[dict[int, int], bool]:
    """The exit codes of the children that have ended, and whether there are others."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if pid == 0:
            return ended, True
        ended[pid] = os.waitstatus_to_exitcode(status)


def end_descendants(waiting: Waiting) -> dict[int, int]:
    """Kill everything below this process. A subreaper without children has no descendants: then it is done."""
    deadline = time.monotonic() + _KILL_LIMIT
    ended: dict[int, int] = {}
    while True:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        more, left = reap()
        ended.update(more)
        if not left or time.monotonic() > deadline:
            return ended
        waiting.wait(0.02)
