"""By which names a server is asked: the issuer's, loopback, and those that its user gave.

A page whose name was pointed here after it was loaded (DNS rebinding, CWE-350) is of the same origin as this server for its
browser, and would be told everything. The Host field gives it away. The control API, the Frontend API and the pages for people
are held to this. The Backend API and the published keys are not: they have the secret key or are public, and containers reach
them by whatever name they were given.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable


class HostNames:
    """The names of one server. `issuer` tells those of the issuer, `others` are what the user added (`--allow-host`)."""

    def __init__(self, issuer: Callable[[str], bool]) -> None:
        self.others: list[str] = []
        self._issuer = issuer

    def has(self, field: str) -> bool:
        """Whether a Host field names this server."""
        host = host_name(field)
        if host in ("localhost", *(name.lower() for name in self.others)):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return self._issuer(host)


def host_name(field: str) -> str:
    """The name in a Host field (RFC 9110, section 7.2), without port, brackets and final dot; empty for what is none."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d*)?", field)
    return (match[1] or match[2]).lower().rstrip(".") if match is not None else ""
