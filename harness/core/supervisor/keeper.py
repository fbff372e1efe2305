"""A keeper: starts one command, says how it ends, and ends all that it has started."""

import _socket  # `socket` imports what takes longer than all the rest here.
import contextlib
import errno
import marshal
import os
import signal
import time

from .tree import Waiting, adopt_orphans, die_with_parent, end_descendants, reap

IGNORED = [getattr(signal, f"SIG{name}") for name in ("INT", "TERM", "HUP", "QUIT", "TSTP", "TTIN", "TTOU")]
"""Signals that supervisor and keepers take no notice of: the harness decides when its commands end."""
_END = 0
"""In place of a signal's number, to a keeper: end everything."""


class _Command:
    """What is to be started; `harness.core.processes.start` says what its parts mean."""

    def __init__(self, data: bytes) -> None:
        words, environment, directory, group, user, last, patience = marshal.loads(data)
        self.words: list[bytes] = words
        self.environment: dict[bytes, bytes] = environment
        self.directory: bytes = directory
        self.group: int = group
        self.user: tuple[int, int] | None = user
        self.last: int = last
        self.patience: float = patience

    def signal(self, pid: int, number: int) -> None:
        """Send a signal to its process group; to itself where it shares that of the harness."""
        with contextlib.suppress(OSError):
            (os.kill if self.group else os.killpg)(pid, number)

    def execute(self) -> None:
        """Become it, found as a shell finds it. Raises OSError. (`os.execvpe` imports a module, which another user may not read.)"""
        word, failure = self.words[0], OSError(errno.ENOENT, "")
        path = self.environment.get(b"PATH", os.fsencode(os.defpath))
        for file in [word] if b"/" in word else [os.path.join(folder, word) for folder in path.split(b":")]:
            try:
                os.execve(file, self.words, self.environment)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                    failure = error
        raise failure


def _exec(command: _Command, files: list[int], keeper: int, inherited: dict[int, object]) -> None:
    """Become the command, in the new process. Raises OSError."""
    if command.group == 0:
        os.setsid()
    else:
        with contextlib.suppress(OSError):  # Another session, where the harness has begun one.
            os.setpgid(0, command.group)
    signal.set_wakeup_fd(-1)
    for number in (*IGNORED, signal.SIGUSR1, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        # What was ignored when the harness was started (nohup, a shell's background) stays so, but for how it is ended.
        ignored = inherited.get(number) == signal.SIG_IGN and number != command.last
        signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
    high = []
    for file in files:  # First out of the way of the numbers that they get.
        while file < len(files):
            file = os.dup(file)
        high.append(file)
    for number, file in enumerate(high):
        os.dup2(file, number, inheritable=True)
    os.chdir(command.directory)
    if command.user is not None:
        uid, gid = command.user
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    die_with_parent()  # After setuid, which clears it.
    if os.getppid() != keeper:
        os._exit(127)
    command.execute()


def _spawn(command: _Command, files: list[int], inherited: dict[int, object]) -> tuple[int, int]:
    """Start the command; its process id, and the number of the error where it could not be started, else 0."""
    reader, writer = os.pipe()
    keeper, pid = os.getpid(), os.fork()
    if pid == 0:
        number = 1
        try:
            _exec(command, files, keeper, inherited)
        except OSError as error:
            number = error.errno or 1
        finally:
            os.write(writer, str(number).encode())
            os._exit(127)
    os.close(writer)
    told = os.read(reader, 16)
    os.close(reader)
    return pid, int(told or b"0")


def _tell(control: _socket.socket, text: bytes) -> None:
    with contextlib.suppress(OSError):  # The harness is gone: what is below must be ended all the same.
        control.sendall(text)


def _told(control: _socket.socket, size: int) -> bytes:
    """What the harness says; empty when it is gone."""
    try:
        return control.recv(size)
    except OSError:
        return b""


def _received(control: _socket.socket) -> bytes:
    """What the harness says first: a length in four bytes, and as many bytes. Empty when it is gone."""
    data = b""
    while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
        more = _told(control, 1 << 16)
        if not more:
            return b""
        data += more
    return data[4:]


def keep(control: _socket.socket, files: list[int], watch: int, inherited: dict[int, object]) -> None:
    """Start what the harness asks for, say how it ends, and end everything below when it is time."""
    waiting = Waiting(control.fileno(), watch)
    adopt_orphans()
    data = _received(control)
    if not data:
        return
    command = _Command(data)
    pid, error = _spawn(command, files, inherited)
    for file in set(files):
        os.close(file)
    _tell(control, b"failed %d\n" % error if error else b"started %d\n" % pid)
    code, over = None, bool(error)
    while not over:
        asked, over = waiting.wait()
        ended, _ = reap()
        if pid in ended:
            code = ended[pid]
            _tell(control, b"exit %d\n" % code)
        if asked:
            told = _told(control, 64)
            for number in told:
                if number != _END and code is None:
                    command.signal(pid, number)
            over = over or not told or _END in told
    waiting.only_signals()
    deadline = time.monotonic() + command.patience
    if code is None and command.last:
        os.kill(pid, command.last)
        while code is None and (left := deadline - time.monotonic()) > 0:
            waiting.wait(left)
            code = reap()[0].get(pid)
        if code is not None:
            _tell(control, b"exit %d\n" % code)
    if not os.path.exists("/proc/self/stat"):
        command.signal(pid, signal.SIGKILL)
    last = end_descendants(waiting).get(pid)
    if last is not None:
        _tell(control, b"exit %d\n" % last)
