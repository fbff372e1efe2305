"""The supervisor: forks keepers as the harness asks; when that is gone, it waits for them, and removes its temporary folder."""

import _socket
import contextlib
import os
import signal
import sys
import time

from .keeper import IGNORED, keep
from .tree import Waiting, adopt_orphans, descendants, end_descendants, reap

_CLOEXEC = getattr(_socket, "MSG_CMSG_CLOEXEC", 0)
_MOST_FILES = 64
_FINISH_LIMIT = 20.0
"""Seconds within which all keepers have ended: longer than the patience with any command."""


class _Supervisor:
    """Forks keepers as the harness asks, until it is gone."""

    def __init__(self, requests: _socket.socket, watch: int, folder: str) -> None:
        self._requests, self._watch, self._folder = requests, watch, folder
        self._keepers: set[int] = set()
        self._inherited: dict[int, object] = {number: signal.getsignal(number) for number in IGNORED}
        for number in (*IGNORED, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        adopt_orphans()
        self._waiting = Waiting(requests.fileno(), watch)

    def run(self) -> None:
        """Serve the harness; when it is gone, end what is left, and remove its folder."""
        strays, over = False, False
        while not over:
            asked, over = self._waiting.wait(0.02 if strays else None)
            strays = self._reaped() or (strays and self._end_strays())
            if asked and not self._fork():
                over = True
        self._waiting.only_signals()
        deadline = time.monotonic() + _FINISH_LIMIT
        while self._keepers and time.monotonic() < deadline:
            for pid in self._keepers:
                os.kill(pid, signal.SIGUSR1)
            self._waiting.wait(0.1)
            self._reaped()
        end_descendants(self._waiting)
        _remove(self._folder)

    def _reaped(self) -> bool:
        """Forget keepers that have ended; whether one was killed, which leaves its tree to this process."""
        ended, _ = reap()
        killed = any(code != 0 for pid, code in ended.items() if pid in self._keepers)
        self._keepers -= set(ended)
        return killed

    def _end_strays(self) -> bool:
        """End what stood below a keeper that is no more; whether there was anything."""
        strays = [pid for pid in descendants(os.getpid(), deep=False) if pid not in self._keepers]
        for pid in (below for stray in strays for below in (stray, *descendants(stray))):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return bool(strays)

    def _fork(self) -> bool:
        """Read one request, whose keeper does the rest. False when the harness is gone."""
        space = _socket.CMSG_SPACE(4 * _MOST_FILES)
        try:
            data, extra, _, _ = self._requests.recvmsg(1, space, _CLOEXEC)
        except ConnectionError:
            return False
        if not data:
            return False
        files = [int.from_bytes(d[i : i + 4], sys.byteorder) for _, _, d in extra for i in range(0, len(d), 4)]
        for file in files:
            os.set_inheritable(file, False)
        pid = os.fork()
        if pid == 0:
            try:
                self._requests.close()
                control = _socket.socket(fileno=files[0])
                keep(control, files[1:], self._watch, self._inherited)
            except BaseException:
                os._exit(1)  # The supervisor ends what is below.
            os._exit(0)
        self._keepers.add(pid)
        for file in files:
            os.close(file)
        return True


def _remove(folder: str) -> None:
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return
    except OSError:  # Not empty: the harness was killed.
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Arguments: where this package is; descriptors of the socket to the harness and of its folder's lock; its process id; the folder."""
    (descriptor, lock, owner), folder = map(int, sys.argv[2:5]), sys.argv[5]
    for inherited in (descriptor, lock):
        if inherited >= 0:
            os.set_inheritable(inherited, False)
    watch = -1
    with contextlib.suppress(OSError, AttributeError):  # An old kernel, or none of Linux: the socket tells as well.
        watch = os.pidfd_open(owner)
    requests = _socket.socket(fileno=descriptor)
    if os.getppid() == owner:
        _Supervisor(requests, watch, folder).run()
    else:
        _remove(folder)
    os._exit(0)
