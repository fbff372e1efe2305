"""Clerk's real names lead to the fake; nothing else leaves the machine.

The names resolve to a sentinel loopback address, and connecting to it connects to the fake's port. That reaches every
client built on Python's sockets, those with explicit transports included, while TLS still sees the real name. `clients.py`
serves clients with sockets of their own.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

# Hosts and addresses are `Any`: whatever Python's socket functions take, of any address family.

SENTINEL = "127.99.0.1"
_CLOSED = 7
"""TCP_CLOSE, the first byte of TCP_INFO (tcp(7)): on loopback a refusal is there at once."""


class Redirect:
    """Installs itself into `socket`. What it refuses is listed in `blocked`, and is appended to the file `report`.

    `allowed`: hosts elsewhere that may be reached, and their addresses: the database's. `outside`: ports of this machine that
    something serves outside of this network namespace; a connection that fails for that is listed too.
    """

    def __init__(
        self,
        names: Sequence[str],
        port: int,
        report: str | None = None,
        *,
        allowed: Sequence[str] = (),
        outside: Sequence[int] = (),
    ) -> None:
        self.names = [name.lower() for name in names]
        self.port = port
        self.report = report
        self.blocked: list[str] = []
        self.allowed_names = {"", "localhost", "ip6-localhost", "0.0.0.0", "::", socket.gethostname().lower(), *allowed}
        self.outside = frozenset(outside)
        self._real: list[tuple[Any, str, Any]] = []

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
        text = _plain(host)
        if self.is_clerk(text):
            return SENTINEL
        # Loopback wherever names are resolved (RFC 6761 section 6.3), of which not all systems know.
        if text.endswith(".localhost"):
            return "127.0.0.1"
        if text in self.allowed_names:
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
        if _is_elsewhere(_plain(host)) and _plain(host) not in self.allowed_names:
            self._refuse("%s:%s" % (host, port))
            raise ConnectionRefusedError(
                "clerk-harness: connection to %s:%s refused, nothing may leave this machine" % (host, port)
            )
        return (host, *address[1:])

    def permits(self, host: Any) -> bool:
        """Whether a host, by name or address, is this machine or is allowed; Clerk's names are not, for they lead to the fake."""
        if host is None:
            return True
        text = _plain(host)
        if text in self.allowed_names or text.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(text.split("%")[0])
        except ValueError:
            return False
        return not _is_elsewhere(text)

    def missed(self, used: Any, address: Any) -> None:
        """List a connection that failed where this machine serves the port, but outside of this network namespace."""
        try:
            if address[1] in self.outside and used.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _CLOSED:
                self._refuse("%s:%s (served outside of the run's own network: --no-isolate)" % tuple(address[:2]))
        except (AttributeError, IndexError, TypeError, OSError):
            return  # No address of the Internet, or no TCP.

    def install(self) -> None:
        """Replace name look-up and connect in this process."""
        self._install_names()
        self._install_connect()
        self._install_send()

    def _replace(self, owner: Any, replacement: Any) -> None:
        name = replacement.__name__
        self._real.append((owner, name, getattr(owner, name)))
        setattr(owner, name, replacement)

    def uninstall(self) -> None:
        """Undo `install`."""
        while self._real:
            setattr(*self._real.pop())

    def _install_names(self) -> None:
        real_getaddrinfo = socket.getaddrinfo
        real_gethostbyname, real_gethostbyname_ex = socket.gethostbyname, socket.gethostbyname_ex
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

        for function in (getaddrinfo, gethostbyname, gethostbyname_ex):
            self._replace(socket, function)

    def _install_connect(self) -> None:
        real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
        redirect = self

        def connect(self: Any, address: Any) -> Any:
            goal = redirect.address(address)
            try:
                return real_connect(self, goal)
            except OSError:
                redirect.missed(self, goal)
                raise

        def connect_ex(self: Any, address: Any) -> Any:
            goal = redirect.address(address)
            number = real_connect_ex(self, goal)
            if number:
                redirect.missed(self, goal)
            return number

        self._replace(socket.socket, connect)
        self._replace(socket.socket, connect_ex)

    def _install_send(self) -> None:
        real_sendto, real_sendmsg = socket.socket.sendto, socket.socket.sendmsg
        redirect = self

        def sendto(self: Any, data: Any, *rest: Any) -> Any:
            if rest and isinstance(rest[-1], tuple):
                rest = (*rest[:-1], redirect.address(rest[-1]))
            return real_sendto(self, data, *rest)

        def sendmsg(self: Any, buffers: Any, ancdata: Any = (), flags: Any = 0, address: Any = None) -> Any:
            if address is None:
                return real_sendmsg(self, buffers, ancdata, flags)
            return real_sendmsg(self, buffers, ancdata, flags, redirect.address(address))

        self._replace(socket.socket, sendto)
        self._replace(socket.socket, sendmsg)


def settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """What the variables of a started process say of a redirection, beside its names and its port."""
    return {
        "report": environment.get("CLERK_HARNESS_BLOCKED"),
        "allowed": environment.get("CLERK_HARNESS_ALLOWED", "").split(","),
        "outside": [int(port) for port in environment.get("CLERK_HARNESS_OUTSIDE", "").split(",") if port],
    }


def _plain(host: Any) -> str:
    """A host as it is compared."""
    text = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
    return text.lower().rstrip(".")


def _is_elsewhere(host: str) -> bool:
    """Whether that is an address, and not of this machine's loopback."""
    try:
        parsed = ipaddress.ip_address(host.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return not parsed.ipv4_mapped.is_loopback
    return not (parsed.is_loopback or parsed.is_unspecified)
