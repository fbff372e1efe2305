"""Free TCP ports of this machine, for the servers that the harness starts and for its tests."""

from __future__ import annotations

import random
import socket

_ATTEMPTS = 200
QUIET = range(15_000, 32_000)
"""Ports below those that systems give to outgoing connections, so that none of these takes one before a server does
(RFC 6335, section 6, and `net.ipv4.ip_local_port_range` of Linux, which begins at 32,768).
"""


def free_port(among: range = QUIET) -> int:
    """Return a random port of 127.0.0.1 that nobody listens on. Raises OSError when none of those that are tried is free."""
    for port in random.sample(among, min(_ATTEMPTS, len(among))):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port between {among.start} and {among.stop}")
