"""Names what leaves past `redirect`, or tries to: by sockets in C, sendmsg, ctypes, and programs that the target starts.

An audit hook (PEP 578) sees what Python does by whatever function, and prevents nothing. What it sees is appended to a file,
a line each: `attempt`, `program` or `library`, a space, and what it was. Code in C (libpq, gRPC, cffi) raises no events.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # In a started command, this file is loaded alone; see startup/sitecustomize.py.
    from .redirect import Redirect

# Arguments of events are `Any`: each event has its own.

_MOST = 50
"""How many are told by one process."""
_QUIET_FAMILIES = {getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK", "AF_ALG") if hasattr(socket, name)}
_C_FUNCTIONS = frozenset(
    (
        *("connect", "sendto", "sendmsg", "sendmmsg", "getaddrinfo", "gethostbyname", "gethostbyname2", "res_query"),
        *("syscall", "system", "popen", "posix_spawn", "posix_spawnp", "execv", "execve", "execvp", "execvpe"),
    )
)
"""Functions of libc by which ctypes gets past Python's own."""
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_ENVIRONMENTS = ("site-packages", "dist-packages")
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Outgoing:
    """Watches this process and its forks, from `install` until they end. Never raises into what it watches."""

    def __init__(self, redirect: Redirect, report: str) -> None:
        self.redirect = redirect
        self.report = report
        self._told: set[tuple[str, str]] = set()
        self._handlers: dict[str, Callable[[str, Any], None]] = {
            "socket.connect": self._address,
            "socket.sendto": self._address,
            "socket.sendmsg": self._address,
            "socket.getaddrinfo": self._name,
            "socket.gethostbyname": self._name,
            "socket.gethostbyaddr": self._name,
            "socket.getnameinfo": self._peer,
            "subprocess.Popen": self._popen,
            "os.posix_spawn": self._program,
            "os.exec": self._program,
            "os.system": self._shell,
            "ctypes.dlopen": self._dlopen,
            "ctypes.dlsym": self._dlsym,
            "ctypes.dlsym/handle": self._dlsym,
        }

    def install(self) -> None:
        """Begin. Python has no way to end it."""
        handlers = self._handlers

        def hook(event: str, arguments: Any) -> None:
            # Called for each import, each file, each frame that is asked for: what is not watched returns at once.
            handler = handlers.get(event)
            if handler is not None:
                try:
                    handler(event, arguments)
                except Exception:
                    return

        sys.addaudithook(hook)

    def _tell(self, kind: str, what: str, event: str = "") -> None:
        line = "%s %s" % (kind, "".join(sign if sign.isprintable() else "?" for sign in what)[:200])
        if (line, event) in self._told or len(self._told) >= _MOST:
            return
        self._told.add((line, event))
        if event:
            line += " (%s%s)" % (event, _caller())
        # One write with O_APPEND: several processes may report at once.
        descriptor = os.open(self.report, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.encode("utf-8", "replace") + b"\n")
        finally:
            os.close(descriptor)

    def _address(self, event: str, arguments: Any) -> None:
        used, address = arguments[0], arguments[1]
        if used.family in _QUIET_FAMILIES or address is None:
            return
        if used.family not in (socket.AF_INET, socket.AF_INET6):
            self._tell("attempt", "%s %s" % (getattr(used.family, "name", used.family), address), event)
        elif not self.redirect.permits(address[0]):
            kind = "udp " if used.type == socket.SOCK_DGRAM else ""
            self._tell("attempt", "%s%s:%s" % (kind, _text(address[0]), address[1]), event)

    def _name(self, event: str, arguments: Any) -> None:
        if not self.redirect.permits(arguments[0]):
            self._tell("attempt", "the name %s" % _text(arguments[0]), event)

    def _peer(self, event: str, arguments: Any) -> None:
        self._name(event, arguments[0])

    def _popen(self, event: str, arguments: Any) -> None:
        executable, words = arguments[0], arguments[1]
        self._program(event, (executable or (words if isinstance(words, (str, bytes)) else words[0]),))

    def _program(self, event: str, arguments: Any) -> None:
        self._tell("program", os.path.basename(os.fsdecode(arguments[0])))

    def _shell(self, event: str, arguments: Any) -> None:
        self._tell("program", "sh")

    def _dlopen(self, event: str, arguments: Any) -> None:
        if arguments[0]:
            name = os.path.basename(os.fsdecode(arguments[0]))
            if not name.startswith(("libc.", "libc-")):
                self._tell("library", name)

    def _dlsym(self, event: str, arguments: Any) -> None:
        name = arguments[1].decode("ascii", "replace") if isinstance(arguments[1], bytes) else arguments[1]
        if name in _C_FUNCTIONS:
            self._tell("attempt", "the C function %s" % name, event)


def _text(host: Any) -> str:
    return bytes(host).decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)


def _caller() -> str:
    """Where the target's own code, else whatever is not Python's or ours, did it: ` in file.py:12`."""
    frame = sys._getframe(1)
    best = ""
    while frame is not None:
        file = frame.f_code.co_filename
        environment = any(part in file for part in _ENVIRONMENTS)
        if not file.startswith(("<", _HERE)) and (environment or not file.startswith(_LIBRARY)):
            place = " in %s:%d" % (os.path.basename(file), frame.f_lineno)
            if not environment:
                return place
            best = best or place
        frame = frame.f_back  # type: ignore[assignment]
    return best
