"""Puts this process into a network namespace of its own, in which there is loopback and nothing else (network_namespaces(7)).

Root unshares the network alone; anybody else unshares a user namespace too, in which they stay who they are
(user_namespaces(7)). Standard library only; other processes and programs are not needed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import sys
from pathlib import Path

_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914
"""SIOCGIFFLAGS and SIOCSIFFLAGS of netdevice(7)."""
_UP = 0x1
_REQUEST = "16sH22x"
"""`struct ifreq`: the device's name, its flags, and what a union may hold beside them."""
_SOCK_DIAG, _BY_FAMILY, _DUMP, _LISTEN = 4, 20, 0x301, 10
"""NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, TCP_LISTEN."""
_HEADER = struct.Struct("=IHHII")
"""`struct nlmsghdr` of netlink(7)."""
_CAPABILITY_VERSION_3 = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3 of capget(2)."""


def unshare() -> str:
    """Leave the machine's network for good, with all processes that are started from now on. Returns why it cannot be; empty: done.

    For a user it is tried in a child first: a policy on user namespaces may refuse half-way, and must not leave us there.
    """
    if sys.platform != "linux":
        return f"there are no network namespaces on {sys.platform}"
    try:
        if len(os.listdir("/proc/self/task")) > 1:
            return "this process has begun threads already"
    except OSError:
        return "/proc is not there"
    failed = (_attempt_in_child() if os.geteuid() != 0 else 0) or _attempt()
    return f"the kernel refuses it: {os.strerror(failed)}" if failed else ""


def _attempt_in_child() -> int:
    """Do it in a child that ends at once; the number of the error, 0 for none."""
    child = os.fork()
    if child == 0:
        os._exit(_attempt())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _attempt() -> int:
    """Do it; the number of the error, 0 for none."""
    try:
        _unshare()
    except OSError as error:
        return error.errno or errno.EPERM
    except Exception:
        return errno.ENOSYS
    return 0


def _unshare() -> None:
    user, group = os.geteuid(), os.getegid()
    _libc("unshare", _NEWNET if user == 0 else _NEWUSER | _NEWNET)
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _raise_loopback()
    if user != 0:
        # What a new user namespace gives would let this process alone read what its user may not.
        _libc("capset", struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), bytes(24))


def _libc(function: str, *arguments: int | bytes) -> None:
    """Call a function of libc. Raises OSError."""
    import ctypes  # Late: only a run needs it.

    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _raise_loopback() -> None:
    """Bring `lo` up, and its addresses 127.0.0.1 and ::1 with it."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        answer = fcntl.ioctl(device, _GET_FLAGS, struct.pack(_REQUEST, b"lo", 0))
        name, flags = struct.unpack(_REQUEST, answer)
        fcntl.ioctl(device, _SET_FLAGS, struct.pack(_REQUEST, name, flags | _UP))


def listening() -> frozenset[int]:
    """The TCP ports at which something listens in this network namespace (sock_diag(7)); none where that cannot be told.

    /proc/net/tcp says it too, and takes a hundred times as long.
    """
    ports: set[int] = set()
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, AttributeError, struct.error):
            ports |= _listening(family)
    return frozenset(ports)


def _listening(family: int) -> set[int]:
    """The ports of an address family. Raises OSError."""
    ports: set[int] = set()
    query = struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, 0, 1 << _LISTEN)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as asked:
        asked.settimeout(1.0)
        asked.send(_HEADER.pack(_HEADER.size + len(query), _BY_FAMILY, _DUMP, 1, 0) + query)
        while True:
            data = asked.recv(1 << 16)
            while data:
                length, kind = _HEADER.unpack_from(data)[:2]
                if kind != _BY_FAMILY:  # NLMSG_DONE, or an error.
                    return ports
                ports.add(struct.unpack_from("!H", data, _HEADER.size + 4)[0])
                data = data[(length + 3) & ~3 :]
