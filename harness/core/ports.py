"""Free TCP ports of this machine, for the servers that the harness starts and for its tests."""

from __future__ import annotations

import random
import socket

_ATTEMPTS = 200


def free_port(among: range | None = None) -> int:
    """Return a port of 127.0.0.1 that nobody listens on.

    Without `among` the system chooses it. With `among` it is a random port of that range, for example one below the ports that
    the system gives to outgoing connections, so that none of these takes it before the server does. Raises OSError when none
    of the ports that are tried is free.
    """
    candidates = [0] if among is None else random.sample(among, min(_ATTEMPTS, len(among)))
    for port in candidates:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")
