"""Clerk's real names lead to the fake; nothing else leaves the machine.

The names resolve to a sentinel loopback address, and connecting to it connects to the fake's port. That reaches every
client built on Python's sockets, those with explicit transports included, while TLS still sees the real name. `clients.py`
serves clients with sockets of their own.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence
from typing import Any

# Hosts and addresses are `Any`: whatever Python's socket functions take, of any address family.

SENTINEL = "127.99.0.1"


class Redirect:
    """Installs itself into `socket`. What it refuses is listed in `blocked`, and is appended to the file `report`."""

    def __init__(self, names: Sequence[str], port: int, report: str | None = None) -> None:
        self.names = [name.lower() for name in names]
        self.port = port
        self.report = report
        self.blocked: list[str] = []
        self.allowed_names = {"", "localhost", "ip6-localhost", "0.0.0.0", "::", socket.gethostname().lower()}
        self._real: tuple[Any, ...] = ()

    def is_clerk(self, host: str) -> bool:
        """Whether a name in lower case is one of Clerk's."""
        return any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in self.names)

    def _refuse(self, what: str) -> None:
        if what in self.blocked:
            return
        self.blocked.append(what)
        if self.report is not None:
            # One write with O_APPEND: several processes may report at once.
            descriptor = os.open(self.report, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, what.encode("utf-8", "replace") + b"\n")
            finally:
                os.close(descriptor)

    def resolve(self, host: Any) -> Any:
        """Return the host to look up instead. Raises socket.gaierror for one that is not on this machine."""
        if host is None:
            return None
        text = (
            (host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)).lower().rstrip(".")
        )
        if self.is_clerk(text):
            return SENTINEL
        if text in self.allowed_names or text.endswith(".localhost"):
            return host
        try:
            ipaddress.ip_address(text.split("%")[0])
            return host
        except ValueError:
            self._refuse(text)
            raise socket.gaierror(
                socket.EAI_NONAME, "clerk-harness: %r was asked for, and nothing may leave this machine" % text
            ) from None

    def address(self, address: Any) -> Any:
        """Return the address to connect to instead, of any family. Raises OSError for one that is not on this machine."""
        if not isinstance(address, tuple) or len(address) < 2:
            return address
        host, port = address[0], address[1]
        if host == SENTINEL:
            return ("127.0.0.1", self.port)
        host = self.resolve(host)
        if host == SENTINEL:
            return ("127.0.0.1", self.port)
        try:
            parsed = ipaddress.ip_address(str(host).split("%")[0])
            local = parsed.is_loopback or parsed.is_unspecified
            if parsed.version == 6 and parsed.ipv4_mapped is not None:
                local = parsed.ipv4_mapped.is_loopback
        except ValueError:
            local = True
        if not local:
            self._refuse("%s:%s" % (host, port))
            raise ConnectionRefusedError(
                "clerk-harness: connection to %s:%s refused, nothing may leave this machine" % (host, port)
            )
        return (host, *address[1:])

    def install(self) -> None:
        """Replace name look-up and connect in this process."""
        real_getaddrinfo = socket.getaddrinfo
        real_gethostbyname = socket.gethostbyname
        real_gethostbyname_ex = socket.gethostbyname_ex
        real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
        real_sendto = socket.socket.sendto
        self._real = (
            real_getaddrinfo,
            real_gethostbyname,
            real_gethostbyname_ex,
            real_connect,
            real_connect_ex,
            real_sendto,
        )
        redirect = self

        def getaddrinfo(host: Any, port: Any, family: Any = 0, type: Any = 0, proto: Any = 0, flags: Any = 0) -> Any:
            found = redirect.resolve(host)
            if found == SENTINEL and family == socket.AF_INET6:
                raise socket.gaierror(socket.EAI_NONAME, "clerk-harness: the fake has no IPv6 address")
            return real_getaddrinfo(found, port, family, type, proto, flags)

        def gethostbyname(host: Any) -> Any:
            return real_gethostbyname(redirect.resolve(host))

        def gethostbyname_ex(host: Any) -> Any:
            return real_gethostbyname_ex(redirect.resolve(host))

        def connect(self: Any, address: Any) -> Any:
            return real_connect(self, redirect.address(address))

        def connect_ex(self: Any, address: Any) -> Any:
            return real_connect_ex(self, redirect.address(address))

        def sendto(self: Any, data: Any, *rest: Any) -> Any:
            if rest and isinstance(rest[-1], tuple):
                rest = (*rest[:-1], redirect.address(rest[-1]))
            return real_sendto(self, data, *rest)

        socket.getaddrinfo = getaddrinfo
        socket.gethostbyname = gethostbyname
        socket.gethostbyname_ex = gethostbyname_ex
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
        socket.socket.sendto = sendto  # type: ignore[method-assign]

    def uninstall(self) -> None:
        """Undo `install`."""
        socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex = self._real[:3]
        socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto = self._real[3:]  # type: ignore[method-assign]
